"""Dashboards only: they watch a deployment that has traffic already, or that `agents.py` drives from elsewhere.

locust -f locustfiles/viewers.py --scenario steady --host http://127.0.0.1:8787
"""

from sim.live.locustfile import OrganisationUser


class Viewers(OrganisationUser):
    """One user is one organisation's open dashboards."""

    agents = False
