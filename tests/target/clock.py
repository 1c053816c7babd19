"""An event loop whose time is the test's: it passes only while the loop waits, and then at once."""

import asyncio
import selectors


class _Selector(selectors.SelectSelector):
    """Never waits: notes how long it should have."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now_s += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at time 0. Nothing may come from outside of it."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now_s


async def pass_time(seconds: float) -> None:
    """Let time pass on a `VirtualLoop`: it takes none."""
    await asyncio.sleep(seconds)
