"""Whatever a target says, and when, an organisation survives it, and every check can fold and judge its history."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.actors import Answer, NoMeter, Organisation, Reply, RunRules
from sim.checks import decode_partials, encode_partials, judge, observe
from sim.history import History
from sim.live.wire.answers import Reader
from sim.live.wire.page_socket import PageSocket
from sim.scenario import Scenario
from sim.schedule import Stay
from tests.actors.lines import FakeLine, Opened
from tests.live.test_fuzz_json import ANSWERS, FRAMES
from tests.live.wire.test_page_socket import OWNERS, opened

S = 1_000_000_000
MACHINES = 1  # of each of the owners
GAPS_NS = st.one_of(st.sampled_from([0, 0, S // 10, S // 2, S, 5 * S]), st.integers(0, S))
STATUSES = st.sampled_from([200, 200, 200, 0, 201, 302, 401, 429, 500])
GOOD_FRAMES = [
    b'{"type":"subscribed"}',
    b'{"type":"pong"}',
    b'{"type":"event","channel":"machines","event":"UPDATE","payload":{"id":"a0","status":"online"}}',
    b'{"type":"event","channel":"machines","event":"DELETE","payload":{"id":"b0","last_seen":"2026-03-01T12:00:00Z"}}',
]
GOOD_ANSWERS = [
    b'{"data":{"data":{"machines":[{"id":"a0","status":"online"}],"machineCount":1,"onlineCount":1,"offlineCount":0}}}',
    b'{"data":{"data":{"machines":[{"id":"b0"},{"id":"x"}],"machineCount":9,"onlineCount":0,"offlineCount":9}}}',
    b'{"data":[{"id":"a0","status":"offline"},{"id":"a0","status":"online"}]}',
    b'{"data":[]}',
]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("upgrade"), GAPS_NS, st.just(101)),
        st.tuples(st.just("frame"), GAPS_NS, st.sampled_from(GOOD_FRAMES)),
        st.tuples(st.just("answer"), GAPS_NS, st.sampled_from(GOOD_ANSWERS)),
        st.tuples(st.just("frame"), GAPS_NS, FRAMES),
        st.tuples(st.just("answer"), GAPS_NS, ANSWERS),
        st.tuples(st.just("failure"), GAPS_NS, STATUSES),
        st.tuples(st.just("beaten"), GAPS_NS, STATUSES),
        st.tuples(st.just("closed"), GAPS_NS, st.sampled_from([0, 401, 403, 429, 1000, 1006, 4000, 65_535])),
    ),
    min_size=8,
    max_size=30,
)


class _Run:
    """Organisation 0 at a target that says what the test wants."""

    def __init__(self, page: str) -> None:
        scenario = Scenario.model_validate(
            {
                "schema": 1, "name": "fuzzed", "duration_s": 20, "heartbeat": {"interval_s": 2},
                "fleet": {"organisations": 2, "machines": MACHINES, "dashboards": 2},
                "churn": {"events_per_s": 1.0}, "dashboard": {"page": page},
            }
        )  # fmt: skip
        self._line = FakeLine()
        self._reader = Reader(0, MACHINES, page == "health", OWNERS)
        self._sockets: list[tuple[Opened, PageSocket]] = []
        self._organisation = Organisation(0, RunRules(scenario, 1), self._line, NoMeter(), None, Stay(0, 0, 20 * 10**9))
        for dashboard in range(self._organisation.dashboards):
            self._organisation.mount(dashboard, lambda: None)
        self._upgrade(self._line.time_ns, 101)
        self._organisation.start(self._line.time_ns)

    def take(self, step: str, gap_ns: int, what: int | bytes) -> None:
        """Let time pass, and say this if there is anybody to say it to."""
        self._line.time_ns += gap_ns
        now_ns = self._line.time_ns
        due = [alarm for alarm in self._line.alarms if alarm[1] <= now_ns]
        self._line.alarms = [alarm for alarm in self._line.alarms if alarm[1] > now_ns]
        for who, _ in due:
            self._organisation.ring(who, now_ns)
        getattr(self, f"_{step}")(now_ns, what)

    def told(self) -> History:
        """All that was noted."""
        return self._organisation.finish(self._line.time_ns)

    def _upgrade(self, now_ns: int, _: int) -> None:
        known = [socket for socket, _ in self._sockets]
        for socket in self._line.sockets:
            if socket not in known and not {"close", "cut"} & set(socket.did):
                self._sockets.append((socket, opened(socket.listener)[0]))
                socket.listener.opened(now_ns)

    def _frame(self, now_ns: int, frame: bytes) -> None:
        for socket, page in self._sockets:
            if not {"close", "cut"} & set(socket.did):
                page.text(now_ns, frame)

    def _closed(self, now_ns: int, code: int) -> None:
        for socket in self._line.sockets:
            if not {"close", "cut"} & set(socket.did):
                socket.did.append("close")
                socket.listener.closed(now_ns, code, "the target closed it")

    def _answer(self, now_ns: int, body: bytes) -> None:
        self._reply(Answer(Reply(200, now_ns), self._reader.refetch(body)))

    def _failure(self, now_ns: int, status: int) -> None:
        self._reply(Answer(Reply(status, now_ns, "" if status else "connection refused"), None))

    def _reply(self, answer: Answer) -> None:
        asked, self._line.refetches = self._line.refetches, []
        for request in asked:
            if not request.is_aborted:
                request.done(answer)

    def _beaten(self, now_ns: int, status: int) -> None:
        asked, self._line.beats = self._line.beats, []
        for request in asked:
            request.done(Reply(status, now_ns))


@settings(max_examples=100)
@given(st.sampled_from(["dashboard", "health"]), STEPS)
def test_any_run_is_survived_and_judged(page: str, steps: list[tuple[str, int, int | bytes]]) -> None:
    run = _Run(page)
    for step in steps:
        run.take(*step)
    partials = observe(run.told(), b"")
    assert partials.broken == {}
    assert [finding.text for finding in judge(partials) if "the check broke" in finding.text] == []
    assert encode_partials(decode_partials(encode_partials(partials))) == encode_partials(partials)
