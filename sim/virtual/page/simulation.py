"""A run of a trace: the script is carried out on tabs, their browser and the server that they talk to."""

from typing import Final

from sim.virtual.clock import Clock, Step
from sim.virtual.page.browser import Browser
from sim.virtual.page.delays import FIRST_UPGRADE_NS, MS_NS, SENT_NS, STARTED_NS
from sim.virtual.page.observed import Observed, Observer, Sent
from sim.virtual.page.realtime import Realtime
from sim.virtual.page.script import Action
from sim.virtual.page.sockets import ABNORMAL, PROTOCOL_ERROR
from sim.virtual.page.trace import Inputs, Trace
from sim.virtual.page.user import User

FATAL_GARBAGE: Final = "bad_utf8"
"""The only kind over which a browser closes the socket (RFC 6455, 8.1); the page ignores the others."""


def simulate(trace: Trace) -> Observed:
    """What the trace's server would see.

    Events and actions that were recorded happen when they really did, the others when the script says.
    """
    return _Simulation(trace).run()


class _Simulation:
    """One run."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._script = trace.script
        self._inputs = trace.observed or Inputs()
        self._zero_ns = round(trace.t0_monotonic_ms * MS_NS)
        self._clock = Clock()
        self._browser = Browser(self._clock, self._script, is_get=trace.page == "health")
        self._realtime = Realtime(self._clock, self._script, self._zero_ns)
        self._user = User(trace, self._clock, self._browser, self._realtime)
        self._sent: list[Sent] = []

    def run(self) -> Observed:
        """Carry the script out to its end."""
        self._user.open_tab(0, self._zero_ns - FIRST_UPGRADE_NS)
        self._plan_events()
        self._plan_closes()
        self._plan_sweeps()
        self._plan_actions()
        until_ns = self._ns(self._script.duration_ms)
        self._clock.run(until_ns)
        observer = Observer(self._zero_ns, until_ns, self._script.protocol == "h2")
        return observer.observe(self._browser.arrived, self._realtime.upgraded, self._sent)

    def _plan_events(self) -> None:
        recorded = self._inputs.events
        for i, at_ms in enumerate(self._script.events):
            sent_ns = self._ns(recorded[i].sent_ms) if i < len(recorded) else self._ns(at_ms) + SENT_NS
            self._clock.at(sent_ns, self._sending(at_ms))

    def _sending(self, at_ms: float) -> Step:
        return lambda now_ns: self._sent.append(Sent(at_ms, now_ns, self._realtime.deliver(now_ns)))

    def _plan_closes(self) -> None:
        for close in self._script.closes:
            self._plan_drop(close.at_ms, ABNORMAL if close.code is None else close.code)
        recorded = self._inputs.garbage
        for i, garbage in enumerate(self._script.garbage):
            if garbage.kind == FATAL_GARBAGE:
                self._plan_drop(recorded[i].sent_ms if i < len(recorded) else garbage.at_ms, PROTOCOL_ERROR)

    def _plan_drop(self, at_ms: float, code: int) -> None:
        self._clock.at(self._ns(at_ms), lambda now_ns: self._realtime.drop(now_ns, code))

    def _plan_sweeps(self) -> None:
        if (eviction := self._script.eviction) is None:
            return
        timeout_ns = round(eviction.timeout_ms * MS_NS)
        at_ms = eviction.sweep_ms - eviction.phase_ms % eviction.sweep_ms
        while at_ms <= self._script.duration_ms:
            self._clock.at(self._ns(at_ms), lambda now_ns: self._realtime.sweep(now_ns, timeout_ns))
            at_ms += eviction.sweep_ms

    def _plan_actions(self) -> None:
        recorded = self._inputs.actions
        for i, action in enumerate(self._script.actions):
            start_ns = self._ns(action.at_ms) + STARTED_NS
            if i < len(recorded):
                start_ns = self._ns(recorded[i].started_ms)
            self._clock.at(start_ns, self._doing(action))

    def _doing(self, action: Action) -> Step:
        return lambda now_ns: self._user.do(now_ns, action)

    def _ns(self, at_ms: float) -> int:
        return self._zero_ns + round(at_ms * MS_NS)
