"""Heartbeats only: machines that come and go, with no dashboard open.

locust -f locustfiles/agents.py --scenario morning --host http://127.0.0.1:8787
"""

from sim.live.locustfile import OrganisationUser


class Agents(OrganisationUser):
    """One user is one organisation's machines."""

    dashboards = False
