"""A request, on its way from a page through the browser to the server and back."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False)
class Request:
    """A request of a page; once it `arrived_ns`, the server sees it. A silent resend is a second one."""

    tab: int
    fetch: int
    """Which call of fetch of its tab this is, from 0."""
    ended: Callable[[int, "Request"], None]
    successor: "Request | None" = None
    resent: bool = False
    abandoned: bool = False
    connection: int | None = None
    arrived_ns: int | None = None
    finished_ns: int | None = None
    aborted_ns: int | None = None
    status: int | str | None = None

    @property
    def awaited(self) -> bool:
        """Whether the browser still waits for its end."""
        return self.finished_ns is None and not self.abandoned
