"""The socket's table is total, is the documented one, and reaches all that it names."""

from sim.dashboard import SOCKET_TRANSITIONS, SocketAction, SocketInput, SocketState
from tests.dashboard.tables import PAGE, markdown, picture


def test_every_pair_has_an_entry() -> None:
    assert set(SOCKET_TRANSITIONS) == {(state, entry) for state in SocketState for entry in SocketInput}


def test_documentation_has_this_table() -> None:
    assert markdown(SocketState, SocketInput, SOCKET_TRANSITIONS) in PAGE
    assert picture(SOCKET_TRANSITIONS) in PAGE


def test_every_state_input_and_action_is_used() -> None:
    transitions = [transition for transition in SOCKET_TRANSITIONS.values() if transition is not None]
    assert {state for state, _ in transitions} == set(SocketState)
    assert {action for _, actions in transitions for action in actions} == set(SocketAction)
    assert {entry for (_, entry), transition in SOCKET_TRANSITIONS.items() if transition} == set(SocketInput)


def test_the_page_connects_exactly_on_the_way_to_connecting() -> None:
    for (state, entry), transition in SOCKET_TRANSITIONS.items():
        if transition is not None and transition[0] is not state:
            following, actions = transition
            assert (SocketAction.CONNECT in actions) == (following is SocketState.CONNECTING), (state, entry)
