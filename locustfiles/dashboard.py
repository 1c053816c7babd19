"""A whole scenario: agents that send heartbeats, and dashboards that hear of it and fetch again.

locust -f locustfiles/dashboard.py
locust -f locustfiles/dashboard.py --scenario busy-tenant --host http://127.0.0.1:8787 --headless -t 60s
"""

from sim.live.locustfile import OrganisationUser


class Organisation(OrganisationUser):
    """One user is one organisation, with all its machines and all its open dashboards."""
