"""The query's table is total, is the documented one, and reaches all that it names."""

from sim.dashboard import QUERY_TRANSITIONS, QueryAction, QueryInput, QueryState
from tests.dashboard.tables import PAGE, markdown, picture


def test_every_pair_has_an_entry() -> None:
    assert set(QUERY_TRANSITIONS) == {(state, entry) for state in QueryState for entry in QueryInput}


def test_documentation_has_this_table() -> None:
    assert markdown(QueryState, QueryInput, QUERY_TRANSITIONS) in PAGE
    assert picture(QUERY_TRANSITIONS) in PAGE


def test_every_state_input_and_action_is_used() -> None:
    transitions = [transition for transition in QUERY_TRANSITIONS.values() if transition is not None]
    assert {state for state, _ in transitions} == set(QueryState)
    assert {action for _, actions in transitions for action in actions} == set(QueryAction)
    assert {entry for (_, entry), transition in QUERY_TRANSITIONS.items() if transition} == set(QueryInput)


def test_a_request_is_sent_exactly_on_the_way_to_fetching() -> None:
    for (state, entry), transition in QUERY_TRANSITIONS.items():
        if transition is None:
            continue
        following, actions = transition
        joins = state in (QueryState.FETCHING, QueryState.LEFT_FETCHING) and not actions
        sends = following is QueryState.FETCHING and not joins
        assert (QueryAction.SEND in actions) == sends, (state, entry)
