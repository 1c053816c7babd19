"""A socket as it lasts, and what is known of it where a part of a run ends."""

from dataclasses import dataclass

from sim.history import NEVER_NS


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket of a dashboard; `unponged` is the number of its first ping without a pong."""

    dashboard: int
    opened_ns: int
    subscribed_ns: int
    closed_ns: int
    code: int
    by_us: bool
    pings_ns: tuple[int, ...] = ()
    unponged: int = 0

    def row(self, until_ns: int) -> list[int]:
        """What is known of it at this time: arguments of the builder's `session`."""
        pings_ns = [at_ns for at_ns in self.pings_ns if at_ns < until_ns]
        silent_ns = pings_ns[-1] if pings_ns else self.opened_ns
        unponged_ns = next(iter(pings_ns[self.unponged :]), NEVER_NS)
        closed_ns, code, by_us = self.closed_ns, self.code, self.by_us
        if closed_ns >= until_ns:
            closed_ns, code, by_us = NEVER_NS, 0, True
        return [self.dashboard, self.opened_ns, self.subscribed_ns, closed_ns, code, by_us, silent_ns, unponged_ns]
