"""Messages between nodes: whole, to the right end, and only those of the present run."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from locust.env import Environment

from sim.live.sharing.post import Assigned, Claim, Handler, Left, Message, Part, Post, Pulse, Route
from sim.schedule import Stay
from tests.live.nodes import KINDS, Nodes

Got = list[tuple[str, Message]]
times_ns = st.integers(-(2**62), 2**62)
machines = st.dictionaries(st.integers(0, 2**31), st.lists(st.text(max_size=5), max_size=3), max_size=3)
VALUES: Mapping[object, st.SearchStrategy[object]] = {
    str: st.text(max_size=5),
    bytes: st.binary(max_size=5),
    bool: st.booleans(),
    float: st.floats(0, 10),
    int: times_ns,
    int | None: st.none() | times_ns,
    list[str]: st.lists(st.text(max_size=5), max_size=3),
    dict[int, list[str]]: machines,
    Stay | None: st.none() | st.builds(Stay, times_ns, times_ns, times_ns),
}
"""What fields of messages may hold: whatever goes through Locust's connection."""


def _handlers(got: Got, *kinds: type[Message]) -> Mapping[type[Message], Handler]:
    return {kind: lambda node, message: got.append((node, message)) for kind in kinds}


def _unbroken(text: str) -> None:
    raise AssertionError(text)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_every_message_arrives_as_it_left(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(st.builds(kind, **{field.name: VALUES[field.type] for field in msgspec.structs.fields(kind)}))
    nodes, got = Nodes(), Got()
    nodes.post.route(Route(message.run, _handlers(got, kind), _unbroken))
    nodes.post.send(message, "b")
    assert [(sent.message, sent.to) for sent in nodes.sent.items] == [(message, "b")]
    nodes.say("a", message)
    assert got == [("a", message)]


def test_bytes_stay_bytes_and_a_stay_stays_one() -> None:
    nodes, got = Nodes(), Got()
    part = Part(run="r", partials=b"\x00\xff", until_ns=2**62, history=b"", reason="", is_last=True, is_departure=False)
    assigned = Assigned(run="r", ticket=1, number=2, stay=Stay(3, 0, 2**62), workers=4)
    nodes.post.route(Route("r", _handlers(got, Part, Assigned), _unbroken))
    nodes.say("a", part)
    nodes.say("a", assigned)
    assert got == [("a", part), ("a", assigned)]


@pytest.mark.parametrize(
    ("route", "message", "arrives"),
    [("now", "now", True), ("now", "before", False), ("now", "", True), ("", "now", True), ("", "", True)],
)
def test_what_is_left_of_another_run_is_dropped(route: str, message: str, arrives: bool) -> None:
    nodes, got = Nodes(), Got()
    nodes.post.route(Route(route, _handlers(got, Left), _unbroken))
    nodes.say("a", Left(run=message, number=1))
    assert bool(got) is arrives


def test_from_the_next_run_on_messages_go_to_its_end() -> None:
    nodes, first, second = Nodes(), Got(), Got()
    nodes.post.route(Route("1", _handlers(first, Left, Claim), _unbroken))
    nodes.post.route(Route("2", _handlers(second, Left), _unbroken))
    nodes.say("a", Left(run="1", number=1))
    nodes.say("a", Left(run="2", number=2))
    nodes.say("a", Claim(run="1", ticket=3))
    assert first == [("a", Claim(run="1", ticket=3))]
    assert second == [("a", Left(run="2", number=2))]


def test_a_handler_that_fails_is_told_and_takes_no_other_with_it() -> None:
    nodes, told, got = Nodes(), list[str](), Got()

    def fails(node: str, message: Message) -> None:
        raise ValueError(f"{node} said {message.run}")

    nodes.post.route(Route("r", {Left: fails, **_handlers(got, Pulse)}, told.append))
    nodes.say("a", Left(run="r", number=1))
    nodes.say("a", Pulse(run="r"))
    assert told == ["left: ValueError: a said r"]
    assert got == [("a", Pulse(run="r"))]


def test_in_one_process_a_message_goes_to_the_other_end_at_once() -> None:
    environment = Environment()
    runner = environment.create_local_runner()
    post, got = Post(environment), Got()
    post.route(Route("r", _handlers(got, Left), _unbroken))
    post.send(Left(run="r", number=7))
    assert got == [("local", Left(run="r", number=7))]
    runner.quit()
