import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from sim.scenario import Churn
from sim.scenario.base import Record, refuse, refuse_all


class _Pair(Record):
    first: float
    second: bool = True


@pytest.mark.parametrize(
    "data",
    [
        {"first": "1"},
        {"first": True},
        {"first": float("inf")},
        {"first": 1, "third": 2},
        {"first": 1, "second": 0},
    ],
)
def test_a_record_takes_no_stranger_and_no_other_type(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        _Pair.model_validate(data)


def test_a_whole_number_is_a_number() -> None:
    assert _Pair.model_validate({"first": 1}) == _Pair(first=1.0)


@pytest.mark.parametrize(("given", "taken"), [("none", None), (None, None), (2, 2.0)])
def test_the_word_none_takes_a_value_away(given: object, taken: float | None) -> None:
    assert Churn.model_validate({"events_per_s": given}).events_per_s == taken


def test_refuse_says_what_is_allowed() -> None:
    with pytest.raises(PydanticCustomError, match="it must rise"):
        refuse("it must rise")


def test_several_problems_are_refused_together() -> None:
    with pytest.raises(PydanticCustomError, match="it must rise; it must be even") as caught:
        refuse_all([("0.a", "it must rise"), ("b", "it must be even")])
    assert caught.value.context == {
        "message": "it must rise; it must be even",
        "problems": [("0.a", "it must rise"), ("b", "it must be even")],
    }
