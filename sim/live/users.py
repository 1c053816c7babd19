"""The Locust user: one organisation, claimed from the master and driven until the run is over."""

from weakref import WeakKeyDictionary

from locust import User, constant, task
from locust.env import Environment
from locust.exception import StopUser

from sim.live.share import Share

_SHARES: "WeakKeyDictionary[Environment, Share]" = WeakKeyDictionary()


def set_share(environment: Environment, share: Share) -> None:
    """Tell the users of an environment which share of a run they belong to."""
    _SHARES[environment] = share


class OrganisationUser(User):
    """One organisation: its agents and its dashboards. Its work is done in callbacks of the hub; it only waits."""

    wait_time = constant(0)

    def on_start(self) -> None:
        """Claim an organisation and make it ready for the window."""
        _SHARES[self.environment].join()

    @task
    def stay(self) -> None:
        """Be there until the run is over."""
        _SHARES[self.environment].over.wait()
        raise StopUser
