"""A driver for the tests: it wakes a page at each of its deadlines and writes down what the page asked for."""

from collections.abc import Sequence

from sim.dashboard import Effect, Page, StartFetch

Log = list[tuple[int, Effect]]


class Driver:
    """A page with the log of its effects, each with the time of the call that returned it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.log: Log = []

    def until(self, now_ns: int) -> "Driver":
        """Wake the page at every deadline up to then, and then."""
        while self.page.deadline_ns < now_ns:
            due_ns = self.page.deadline_ns
            self.took(due_ns, self.page.wake(due_ns))
        self.took(now_ns, self.page.wake(now_ns))
        return self

    def took(self, now_ns: int, effects: Sequence[Effect]) -> None:
        """Write down what a call returned."""
        self.log += [(now_ns, effect) for effect in effects]

    def mounted(self, now_ns: int) -> "Driver":
        """Mount the page, open its socket and answer its first load, all at that time."""
        page = self.until(now_ns).page
        self.took(now_ns, page.mount(now_ns))
        self.took(now_ns, page.opened(now_ns))
        self.took(now_ns, page.subscribed(now_ns))
        self.took(now_ns, page.answered(now_ns, 0, 0, True))
        return self

    def events(self, *arrivals_ns: int) -> "Driver":
        """Deliver events at these times, waking the page at its deadlines in between."""
        for arrived_ns in arrivals_ns:
            self.until(arrived_ns)
            self.took(arrived_ns, self.page.event(arrived_ns))
        return self

    def starts(self) -> list[tuple[int, StartFetch]]:
        """The requests that the page asked for, and when."""
        return [(at_ns, effect) for at_ns, effect in self.log if isinstance(effect, StartFetch)]

    def start_times_ns(self) -> list[int]:
        """When they were asked for."""
        return [at_ns for at_ns, _ in self.starts()]
