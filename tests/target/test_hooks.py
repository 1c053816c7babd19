from dataclasses import replace

from sim.target.hooks import FrameHook, FramePlace, FrameSender, Hooks, Recipient, StoreHook, StorePlace
from sim.target.sqlite import open_sqlite
from sim.target.store import Store
from tests.target.sinks import Sink


def marked(mark: bytes) -> FrameHook:
    """A hook that leaves its mark on a frame."""

    def pass_on(forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        return forward(socket, frame + mark)

    return pass_on


def test_a_frame_passes_all_hooks_first_taken_first() -> None:
    sink = Sink(clock=lambda: 0)
    for marks in ([], [b"1"], [b"1", b"2", b"3"]):
        hooks = Hooks(frame=[(FramePlace.HOW_OFTEN, marked(mark)) for mark in marks])
        assert hooks.frame_sender()(sink, b"frame")
    assert sink.frames == [b"frame", b"frame1", b"frame123"]


def test_a_frame_passes_hooks_in_the_order_of_their_places() -> None:
    sink = Sink(clock=lambda: 0)
    places = (FramePlace.SOCKET, FramePlace.WHEN, FramePlace.HOW_OFTEN, FramePlace.SOCKET)
    hooks = Hooks(frame=[(place, marked(b"%d" % number)) for number, place in enumerate(places)])
    assert hooks.frame_sender()(sink, b"frame")
    assert sink.frames == [b"frame1203"]


def test_the_store_is_behind_all_hooks_in_the_order_of_their_places() -> None:
    order: list[str] = []

    def noting(name: str) -> StoreHook:
        def before(store: Store) -> Store:
            order.append(name)
            return replace(store)

        return before

    hooks = Hooks(store=[(place, noting(place.name)) for place in (StorePlace.WATCHED, StorePlace.ANNOUNCED)])
    store = open_sqlite()
    assert Hooks().store_before(store) is store
    assert hooks.store_before(store) is not store
    assert order == ["WATCHED", "ANNOUNCED"]  # what is in front comes last
