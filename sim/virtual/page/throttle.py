"""How Chromium holds back the sockets of a tab whose handshakes keep failing.

After `failed` and `succeeded` handshakes, with `pending` under way, the next one waits
uniform(1 s, 5 s) x 2 ** min(16, pending + failed // (succeeded + 1)) / 2 ** 16 (WebSocketPerProcessThrottler in
Chromium's network service); here the mean of it. Counts are those of the present and the last period of two minutes.
A tab whose last two periods had no success is forgotten at the end of a period in which nothing is pending.
"""

from typing import Final

PERIOD_NS: Final = 120_000_000_000
"""As the recordings have it: after a close, delays are short again in the third period, 240 s and 360 s on."""
MEAN_NS: Final = 3_000_000_000
LARGEST_EXPONENT: Final = 16


class Throttle:
    """The handshakes of one tab."""

    def __init__(self) -> None:
        self._period = 0
        self._pending = 0
        self._failed = [0, 0]
        self._succeeded = [0, 0]

    def begin(self, age_ns: int) -> int:
        """A handshake of a tab so old begins; the delay (ns) before it is sent."""
        self._roll(age_ns // PERIOD_NS)
        doublings = self._pending + sum(self._failed) // (sum(self._succeeded) + 1)
        self._pending += 1
        return (MEAN_NS << min(doublings, LARGEST_EXPONENT)) >> LARGEST_EXPONENT

    def end(self, age_ns: int, succeeded: bool) -> None:
        """A handshake ended."""
        self._roll(age_ns // PERIOD_NS)
        self._pending -= 1
        (self._succeeded if succeeded else self._failed)[-1] += 1

    def _roll(self, period: int) -> None:
        while self._period < period:
            self._period += 1
            self._failed = [self._failed[-1], 0]
            self._succeeded = [self._succeeded[-1], 0]
            if not self._pending and not self._succeeded[0]:
                self._failed = [0, 0]
