from sim.target.hooks import FrameHook, FrameSender, Hooks, Recipient


class Sink:
    """A recipient that keeps what it is sent."""

    live = True

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def send(self, frame: bytes) -> bool:
        self.received.append(frame)
        return True


def marked(mark: bytes) -> FrameHook:
    """A hook that leaves its mark on a frame."""

    def pass_on(forward: FrameSender, socket: Recipient, frame: bytes) -> bool:
        return forward(socket, frame + mark)

    return pass_on


def test_a_frame_passes_all_hooks_first_taken_first() -> None:
    sink = Sink()
    for marks in ([], [b"1"], [b"1", b"2", b"3"]):
        assert Hooks(frame=[marked(mark) for mark in marks]).frame_sender()(sink, b"frame")
    assert sink.received == [b"frame", b"frame1", b"frame123"]
