"""Locust's shape: as many users as the run has organisations at the moment."""

from collections.abc import Callable

from locust import LoadTestShape
from locust.env import Environment

Users = Callable[[], tuple[int, float] | None]
"""How many users there should be, and how many may start per second; None ends the test."""


def use_shape(environment: Environment, users: Users) -> None:
    """From now on Locust asks this how many users there should be."""
    shape = OrganisationShape(users)
    shape.runner = environment.runner
    environment.shape_class = shape


def let_shape_go(environment: Environment) -> None:
    """After a test was stopped: nobody asks for users any more.

    Locust's master does it by itself, unless the test is stopped before its first user: then it would go on.
    """
    runner = environment.runner
    if runner is not None and runner.shape_greenlet is not None:
        runner.shape_greenlet.kill(block=True)
        runner.shape_greenlet, runner.shape_last_tick = None, None


class OrganisationShape(LoadTestShape):
    """Follows a run: its warm-up, its stages, its end. Asked once per second."""

    def __init__(self, users: Users) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Locust's is untyped
        self._users = users

    def tick(self) -> tuple[int, float] | None:
        """What Locust is to do now."""
        return self._users()
