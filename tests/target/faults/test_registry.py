import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import UsageError
from sim.target.faults import KINDS, describe, parse_faults


def test_every_fault_is_described_in_a_line_that_starts_with_how_to_ask_for_it() -> None:
    for name, kind in KINDS.items():
        line = describe(kind)
        assert line.startswith(":".join([name, *(parameter.name for parameter in kind.parameters)]))
        assert len(kind.description) > 20
        assert "\n" not in line


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
        ("leak_row", "fault leak_row: it must be leak_row:N"),
        ("freeze:1", "fault freeze:1: it must be freeze:AT:MS"),
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
