from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.results.figures import HISTOGRAM_NAMES
from sim.results.summary import Distribution, Metrics, Summary
from sim.scenario import LATENCY_NAMES, OBJECTIVE_PATHS, Objective

OPERATORS = ("<", "<=", ">", ">=", "==")


@given(
    st.sampled_from(OBJECTIVE_PATHS),
    st.sampled_from(OPERATORS),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_line_reads_back_as_the_same_objective(path: str, relation: str, bound: float) -> None:
    objective = Objective(path, relation, bound)
    assert Objective.parse(str(objective)) == objective


@pytest.mark.parametrize(
    ("relation", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
    ],
)
def test_each_operator_holds_where_it_should(relation: str, below: bool, equal: bool, above: bool) -> None:
    objective = Objective.parse(f"loss.lost {relation} 2")
    assert (objective.holds(1), objective.holds(2), objective.holds(3)) == (below, equal, above)


def test_spaces_do_not_matter_and_whole_bounds_are_written_whole() -> None:
    assert str(Objective.parse("  write.p99_ms<5e2 ")) == "write.p99_ms < 500"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "it must be PATH OP NUMBER"),
        ("write.p99_ms", "it must be PATH OP NUMBER"),
        ("write.p99_ms != 3", "it must be PATH OP NUMBER"),
        ("write.p99_ms < 5 ms", "it must be PATH OP NUMBER"),
        ("write.p99_ms < five", "it must be PATH OP NUMBER"),
        ("write.p99_ms < nan", "its bound must be a finite number"),
        ("write.p99_ms < inf", "its bound must be a finite number"),
        ("write.p99ms < 5", "did you mean write.p99_ms?"),
        ("foo.bar < 5", "it must be in one of the groups event_to_refetch, delivery,"),
    ],
)
def test_another_line_is_refused_with_what_is_allowed(line: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is compared below, in full
        Objective.parse(line)
    assert message in str(caught.value)


def test_every_path_is_a_figure_of_the_summary() -> None:
    sections = get_type_hints(Summary)
    for path in OBJECTIVE_PATHS:
        group, figure = path.split(".")
        if group in LATENCY_NAMES:
            assert group in Metrics.__struct_fields__
            assert figure.removesuffix("_ms") in Distribution.__struct_fields__
        else:
            assert figure in sections[group].__struct_fields__


def test_the_latency_names_are_those_of_the_figures_and_of_the_metrics() -> None:
    assert LATENCY_NAMES == HISTOGRAM_NAMES
    assert set(LATENCY_NAMES) == set(Metrics.__struct_fields__)
