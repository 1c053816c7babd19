"""Rate limits by a sliding window, as production has them for log-in and registration (contract 4 and 6)."""

from collections import deque
from typing import Final

from sim.contract import LOGIN_WINDOW_S, LOGINS_PER_ADDRESS

LOGINS_PER_EMAIL: Final = LOGINS_PER_ADDRESS
"""Contract 6: ten per IP and ten per address, each in the same window."""
REGISTRATIONS_PER_IP: Final = 10
REGISTRATION_IP_WINDOW_S: Final = 600
REGISTRATIONS_PER_KEY: Final = 5
REGISTRATION_KEY_WINDOW_S: Final = 300
"""Contract 4, C12."""
FORGET_AT: Final = 10_000
"""So many subjects make a limit look for those whose window is over."""


class WindowLimit:
    """At most `count` times in any `window_s` seconds, for each subject on its own."""

    def __init__(self, count: int, window_s: float) -> None:
        self._count = count
        self._window_s = window_s
        self._times: dict[str, deque[float]] = {}

    def admits(self, subject: str, now_s: float) -> bool:
        """Whether the subject may act at `now_s`; if so, it counts as one of its times."""
        if len(self._times) >= FORGET_AT:
            self._forget(now_s)
        times = self._times.setdefault(subject, deque())
        self._drop(times, now_s)
        if len(times) >= self._count:
            return False
        times.append(now_s)
        return True

    def _drop(self, times: deque[float], now_s: float) -> None:
        while times and times[0] <= now_s - self._window_s:
            times.popleft()

    def _forget(self, now_s: float) -> None:
        for times in self._times.values():
            self._drop(times, now_s)
        self._times = {subject: times for subject, times in self._times.items() if times}


class Limits:
    """The limits of one server; all admit everything unless `enforced`."""

    def __init__(self, enforced: bool) -> None:
        self._enforced = enforced
        self._login_ip = WindowLimit(LOGINS_PER_ADDRESS, LOGIN_WINDOW_S)
        self._login_email = WindowLimit(LOGINS_PER_EMAIL, LOGIN_WINDOW_S)
        self._register_ip = WindowLimit(REGISTRATIONS_PER_IP, REGISTRATION_IP_WINDOW_S)
        self._register_key = WindowLimit(REGISTRATIONS_PER_KEY, REGISTRATION_KEY_WINDOW_S)

    def admits_login(self, ip: str, email: str, now_s: float) -> bool:
        return self._both((self._login_ip, ip), (self._login_email, email), now_s)

    def admits_registration(self, ip: str, key: str, now_s: float) -> bool:
        return self._both((self._register_ip, ip), (self._register_key, key), now_s)

    def _both(self, first: tuple[WindowLimit, str], second: tuple[WindowLimit, str], now_s: float) -> bool:
        if not self._enforced:
            return True
        admitted = [limit.admits(subject, now_s) for limit, subject in (first, second)]
        return all(admitted)
