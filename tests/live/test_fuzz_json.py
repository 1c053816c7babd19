"""Whatever JSON, or nearly JSON, a target sends, nothing is raised, and what is noted of it can be kept and judged."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from sim.actors import Contents
from sim.checks import judge, observe
from sim.contract import EventPayload
from sim.history import HistoryBuilder, ProbeOutcome, RunFrame
from sim.live.probes.answers import judge as judge_probe
from sim.live.wire.answers import Reader
from sim.live.wire.events import EventReader
from sim.live.wire.http import Reply
from sim.schedule import ProbeKind
from tests.json_texts import broken, lists, objects, quoted, values, words
from tests.live.wire.test_page_socket import OWNERS, Page, opened

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IDS = words("a0", "b0", "x")
STATUSES = words("online", "offline", "quarantined", "new")
TIMES = st.one_of(
    words("2026-03-01T12:00:00.250Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"), st.text().map(quoted)
)
PAYLOADS = objects({"id": IDS, "status": STATUSES, "last_seen": TIMES}, values())
FRAMES = broken(
    objects(
        {
            "type": words("event", "subscribed", "pong", "connected", "error"),
            "channel": words("machines", "audit"),
            "event": words("UPDATE", "DELETE"),
            "payload": PAYLOADS,
            "timestamp": TIMES,
        },
        values(("type", "payload")),
    )
)
ROWS = lists(objects({"id": IDS, "status": STATUSES, "name": STATUSES, "last_seen": TIMES}, values()), 3)
NUMBERS = st.one_of(st.integers(0, 3), st.integers(0, 3), st.integers()).map(lambda number: b"%d" % number)
SUCCESS = st.sampled_from([b"true", b"false"])
STATS = objects({"machines": ROWS, "machineCount": NUMBERS, "onlineCount": NUMBERS, "offlineCount": NUMBERS}, values())
ANSWERS = broken(
    st.one_of(
        objects({"success": SUCCESS, "data": objects({"data": STATS}, values())}, values()),
        objects({"success": SUCCESS, "data": ROWS}, values()),
    )
)
FRAME = RunFrame(
    organisation=0, machines=1, dashboards=1, window_ns=100, ended_ns=100, bucket_ns=10, debounce_ns=5,
    max_wait_ns=None, loss_deadline_ns=5,
)  # fmt: skip


@given(FRAMES)
@example(b"[" * 5_000 + b"]" * 5_000)
@example(b'{"type":"event","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}")
def test_any_frame_is_an_event_a_breach_or_nothing(frame: bytes) -> None:
    page, history = Page(), HistoryBuilder()
    opened(page)[0].text(5, frame)
    assert len(page.told) <= 1
    for kind, at_ns, *rest in page.told:
        assert kind in ("event", "stray", "breach", "subscribed", "pong")
        assert at_ns == 5
        if kind == "event":
            owner, machine, status, last_seen_ms = rest
            assert isinstance(owner, int)
            assert isinstance(machine, int)
            assert isinstance(status, int)
            assert isinstance(last_seen_ms, int)
            history.delivery(0, owner, machine, status, last_seen_ms, 5, 6)
    _is_judged(history)


@given(st.text())
@example("9999-12-31T23:59:59.999999-23:59")
@example("0001-01-01T00:00:00+23:59")
@example("0001-01-01")
def test_any_last_seen_is_a_time_or_none(text: str) -> None:
    history = HistoryBuilder()
    history.delivery(0, *EventReader(OWNERS).read(EventPayload("a0", "online", text)), 5, 6)
    _is_judged(history)


@given(st.datetimes(), st.integers(-1439, 1439))
def test_a_last_seen_is_exact_in_any_year_and_at_any_offset(local: datetime, offset_min: int) -> None:
    moment = local.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    event = EventReader(OWNERS).read(EventPayload("a0", "online", moment.isoformat(timespec="milliseconds")))
    assert event.last_seen_ms == (moment - EPOCH) // timedelta(milliseconds=1)


def _counting(count: int) -> bytes:
    counts = b'"machineCount":%d,"onlineCount":%d,"offlineCount":0' % (count, count)
    return b'{"data":{"data":{"machines":[],%b}}}' % counts


@given(ANSWERS, st.booleans())
@example(_counting(2**63 - 1), False)
@example(_counting(2**64 - 1), False)
@example(_counting(-(2**63)), False)
@example(_counting(10**30), False)
@example(b'{"data":{"x":' + b"[" * 5_000 + b"]" * 5_000 + b"}}", False)
def test_any_answer_has_contents_or_none(body: bytes, health: bool) -> None:
    contents = Reader(0, 1, health, OWNERS).refetch(body)
    if contents is None:
        return
    assert len(contents.statuses) == 1
    history = HistoryBuilder()
    _note(history, contents)
    _is_judged(history)


@given(ANSWERS, st.sampled_from(ProbeKind), st.one_of(st.just(200), st.integers(0, 999)))
def test_any_answer_to_a_probe_is_judged(body: bytes, kind: ProbeKind, status: int) -> None:
    outcome, contents, is_breach = judge_probe(kind, Reply(status, 5, body, ""), Reader(0, 1, False, OWNERS))
    assert not is_breach or (outcome, status) == (ProbeOutcome.UNANSWERED, 200)
    history = HistoryBuilder()
    history.probe(kind, 5, 6, 1 if kind.is_foreign else 0, outcome, status)
    if contents is not None:
        _note(history, contents)
    _is_judged(history)


def _note(history: HistoryBuilder, held: Contents) -> None:
    """As an organisation notes an odd answer."""
    history.odd_answer(
        0, 5, held.own_rows, held.foreign_rows, held.unknown_rows, held.foreign_owner, held.excess_count, held.miscount
    )


def _is_judged(history: HistoryBuilder) -> None:
    partials = observe(history.build(FRAME, 0), b"")
    assert partials.broken == {}
    assert [finding.text for finding in judge(partials) if "the check broke" in finding.text] == []
