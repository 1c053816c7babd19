from hypothesis import given
from hypothesis import strategies as st

from sim.checks.finding import Witness, Witnesses
from tests.checks.laws import assert_merges

witnesses = st.builds(
    Witness,
    at_ns=st.integers(-3, 3),
    organisation=st.integers(0, 2),
    dashboard=st.integers(-1, 1),
    size=st.sampled_from([0.5, 1.0, 2.0]),
    text=st.sampled_from(["a", "b"]),
)


def test_a_witness_says_when_where_and_what() -> None:
    assert str(Witness(1_234_567_890, 3, 2, 1.0, "gone")) == "1.235 s, organisation 3, dashboard 2: gone"
    assert str(Witness(-500_000_000, 3, -1, 1.0, "gone")) == "-0.500 s, organisation 3: gone"


def test_the_three_of_many() -> None:
    early, bad, late = (Witness(at, 0, 0, size, "") for at, size in ((1, 1.0), (2, 9.0), (3, 1.0)))
    assert Witnesses.of([late, bad, early]) == Witnesses(early, bad, late)


def test_nothing_has_no_witness() -> None:
    assert Witnesses.of([]) == Witnesses(None, None, None)


@given(st.lists(witnesses))
def test_first_and_last_are_so_by_time_and_none_is_worse_than_the_worst(many: list[Witness]) -> None:
    kept = Witnesses.of(many)
    if many:
        assert kept.first is not None
        assert kept.worst is not None
        assert kept.last is not None
        assert kept.first.at_ns == min(witness.at_ns for witness in many)
        assert kept.last.at_ns == max(witness.at_ns for witness in many)
        assert kept.worst.size == max(witness.size for witness in many)


@given(st.lists(st.lists(witnesses, max_size=4), max_size=4))
def test_merging_gives_the_three_of_the_whole_in_any_order(groups: list[list[Witness]]) -> None:
    parts = [Witnesses.of(group) for group in groups]
    assert_merges(parts, Witnesses.merged, Witnesses())
    whole = Witnesses()
    for part in parts:
        whole = whole.merged(part)
    assert whole == Witnesses.of([witness for group in groups for witness in group])
