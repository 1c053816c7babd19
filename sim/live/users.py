"""The Locust user: one organisation, claimed from the coordinator and driven until its stay is over."""

from typing import Any, ClassVar, Final

import gevent
from gevent import GreenletExit
from locust import FastHttpUser, constant
from locust.env import Environment
from locust.exception import StopUser

from sim.live.access.credentials import Organisation
from sim.live.sharing.share import share_of

_LATER: Final = "http://127.0.0.1"


class OrganisationUser(FastHttpUser):
    """One organisation: its agents and its dashboards.

    They live in callbacks of the hub, so the user itself has nothing to do. A subclass may have tasks, which then run
    while the window is measured: with `self.organisation` (its id, token and machines), and with `self.client` and
    `self.headers` for requests of its own to the target.
    """

    abstract = True
    wait_time = constant(1)
    max_redirects = 0
    """A redirect could lead to a host that nobody allowed."""

    agents: ClassVar[bool] = True
    """Whether its machines send heartbeats; without, dashboards watch what others write."""
    dashboards: ClassVar[bool] = True
    """Whether its dashboards are open."""

    organisation: Organisation

    def __init__(self, environment: Environment) -> None:
        self.host = _LATER  # Locust's client wants one at once; where the run goes is known in `on_start`
        super().__init__(environment)
        self._share = share_of(environment)
        self._ticket = self._share.ticket()
        self.tasks = self.tasks or [_stay]  # --tags may have left none

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.tasks:  # Locust warns of a class that has none
            cls.tasks = [_stay]

    @property
    def headers(self) -> dict[str, str]:
        """Says who asks: the organisation's own user."""
        return {"Authorization": f"Bearer {self.organisation.token}"}

    def on_start(self) -> None:
        """Claim an organisation, make it ready, and wait for its stay to begin."""
        organisation = self._share.host(self._ticket)
        if organisation is None:
            raise GreenletExit  # StopUser would be logged as an error here
        self.organisation = organisation
        self.host = self.client.base_url = self._share.url
        if self.tasks != [_stay]:
            gevent.spawn(self._end_with_stay)

    def on_stop(self) -> None:
        """Give the organisation back, unless its stay has begun: then it goes on without this user."""
        self._share.release(self._ticket)

    def stay(self) -> None:
        """Wait until the stay is over. Blocks."""
        hosted = self._share.hosted(self._ticket)
        if hosted is not None:
            hosted.over.wait()

    def _end_with_stay(self) -> None:
        """A subclass's tasks are part of the load: they end with it, and not with the drain."""
        hosted = self._share.hosted(self._ticket)
        if hosted is not None:
            hosted.closing.wait()
            self.stop(force=True)


def _stay(user: OrganisationUser) -> None:
    """The task of a user that has no other."""
    user.stay()
    raise StopUser


class FleetOrganisation(OrganisationUser):
    """What `ztna-sim run` drives: agents and dashboards, and nothing besides."""
