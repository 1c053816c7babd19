import pytest

from sim.errors import UsageError
from sim.target.faults import KINDS
from sim.virtual.faults import FAULTS, Faults


def test_a_fault_comes_each_nth_time_and_counts() -> None:
    faults = Faults(["drop_event:3"])
    assert [faults.strikes("drop_event") for _ in range(7)] == [False, False, True] * 2 + [False]
    assert (faults.counts["drop_event"].hits, faults.counts["drop_event"].opportunities) == (2, 7)


def test_a_fault_that_is_not_on_never_comes() -> None:
    faults = Faults()
    assert not faults.strikes("drop_event")
    assert not faults.is_on("drop_event")
    assert faults.counts == {}


@pytest.mark.parametrize("name", FAULTS)
def test_names_and_defaults_are_those_of_the_reference_backend(name: str) -> None:
    assert FAULTS[name] == tuple(parameter.default for parameter in KINDS[name].parameters)


@pytest.mark.parametrize("name", FAULTS)
def test_parameters_have_defaults(name: str) -> None:
    faults = Faults([name])
    assert faults.is_on(name)
    assert [faults.value(name, k) for k in range(len(FAULTS[name]))] == list(FAULTS[name])


@pytest.mark.parametrize(
    "text", ["nothing", "drop_event:0", "drop_event:x", "drop_event:1:2", "no_evict:1", "slow_rpc:nan"]
)
def test_what_is_not_allowed_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(UsageError, match=text.split(":", maxsplit=1)[0]):
        Faults([text])
