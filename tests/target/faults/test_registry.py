import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import UsageError
from sim.target.faults import KINDS, FaultKind, describe, parse_faults

ALL = [
    "leak_event", "leak_row", "leak_count", "leak_after_reconnect", "widen_filter", "skip_membership_ws",
    "skip_membership_rpc", "skip_membership_crud", "accept_expired", "accept_unsigned", "drop_event",
    "duplicate_event", "reorder_event", "delay_event", "late_transition", "lost_write", "stale_rpc",
    "wrong_count", "echo_heartbeat", "silent_crud", "freeze", "slow_rpc", "error_rpc", "cut_sockets",
    "refuse_upgrade", "evict_early", "no_evict", "pong_silent", "garbage_frame", "half_close",
]  # fmt: skip


def test_every_fault_is_described_in_a_line_that_starts_with_how_to_ask_for_it() -> None:
    lines = [describe(kind) for kind in KINDS.values()]
    for line, (name, kind) in zip(lines, KINDS.items(), strict=True):
        asked, _, description = line.partition("  ")
        assert (asked, description.strip()) == (kind.asked, kind.description)
        assert asked.partition("[")[0] == name
        assert len(kind.description) > 20
        assert "\n" not in line
    starts = {line.index(kind.description) for line, kind in zip(lines, KINDS.values(), strict=True)}
    assert len(starts) == 1  # one column


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("leak_event", "leak_event[:N=100]"),
        ("freeze", "freeze[:AT=1[:MS=1000]]"),
        ("evict_early", "evict_early[:S=5]"),
        ("no_evict", "no_evict"),
    ],
)
def test_how_a_fault_is_asked_for_shows_what_may_be_left_out(name: str, asked: str) -> None:
    assert KINDS[name].asked == asked


def test_all_faults_are_there() -> None:
    assert set(KINDS) == set(ALL)


def test_every_parameter_has_a_default_that_it_allows() -> None:
    for request in parse_faults(KINDS):
        parameters = request.kind.parameters
        assert request.parameters == tuple(parameter.default for parameter in parameters)
        assert all(parameter.allows(parameter.default) for parameter in parameters)


@pytest.mark.parametrize(
    ("text", "values"), [("freeze", (1, 1_000)), ("freeze:2", (2, 1_000)), ("freeze:2:3", (2, 3)), ("no_evict", ())]
)
def test_parameters_may_be_left_out_from_the_end(text: str, values: tuple[float, ...]) -> None:
    (request,) = parse_faults([text])
    assert request.parameters == values


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_no_fault_takes_a_parameter_that_is_no_number(kind: FaultKind) -> None:
    for place in range(len(kind.parameters) + 1):
        good = [f"{parameter.default:g}" for parameter in kind.parameters[:place]]
        for wrong in ("", "x", "nan", "-1"):
            with pytest.raises(UsageError, match=f"^fault {kind.name}"):
                parse_faults([":".join([kind.name, *good, wrong])])


def test_faults_combine() -> None:
    requests = parse_faults(["leak_event:50", "freeze:0:250.5"])
    assert [(request.kind.name, request.parameters) for request in requests] == [
        ("leak_event", (50,)),
        ("freeze", (0.0, 250.5)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("leak_evnt:3", "fault leak_evnt: unknown; did you mean leak_event?"),
        ("zzz", "fault zzz: unknown; it must be one of leak_event, leak_row"),
        ("leak_row:1:2", "fault leak_row:1:2: it must be leak_row[:N=10]"),
        ("freeze:1:2:3", "fault freeze:1:2:3: it must be freeze[:AT=1[:MS=1000]]"),
        ("no_evict:1", "fault no_evict:1: it must be no_evict"),
        ("leak_row:", "fault leak_row: N '' is not allowed"),
        ("drop_event:0", "fault drop_event: N '0' is not allowed; it must be a whole number of at least 1"),
        ("drop_event:1.5", "fault drop_event: N '1.5' is not allowed"),
        ("delay_event:0", "fault delay_event: MS '0' is not allowed; it must be a number greater than 0"),
        ("delay_event:inf", "fault delay_event: MS 'inf' is not allowed"),
        ("freeze:-1:5", "fault freeze: AT '-1' is not allowed; it must be a number of at least 0"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_faults([text])
    assert str(caught.value).startswith(said)


def test_a_fault_is_given_once() -> None:
    with pytest.raises(UsageError, match="fault leak_row: given twice"):
        parse_faults(["leak_row:1", "leak_row:2"])


@given(st.text())
def test_any_text_is_a_fault_or_refused(text: str) -> None:
    try:
        names = [request.kind.name for request in parse_faults([text])]
    except UsageError:
        names = []
    assert set(names) <= set(KINDS)
