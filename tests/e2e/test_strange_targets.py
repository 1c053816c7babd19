"""Targets that are not of the contract: the run says so, ends, and shows no secret and no traceback."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.commands import Ended, finding, run_folder, scenario, section, settings, together, ztna
from tests.e2e.targets import HEARTBEAT, REALTIME, ROWS, RPC, Manners, target, text

EVENT = {"type": "event", "channel": "machines", "event": "UPDATE"}
NO_FRAMES = (b"{broken", b"\xff\xfe", [1, 2], {"kind": "event"}, {"type": "event", "payload": 5})
"""Five texts that are not frames of the contract."""

HUGE_FRAME = text(b"z" * (2**20 + 1))

CASES: Mapping[str, Manners] = {
    "500 to all": Manners(status_of=dict.fromkeys((ROWS, RPC, HEARTBEAT, REALTIME), 500)),
    "401 to the first request": Manners(status_of={ROWS: 401}),
    "401 to upgrades": Manners(status_of={REALTIME: 401}),
    "500 to refetches": Manners(status_of={RPC: 500}),
    "no answers": Manners(body_of={RPC: b'{"success":true,"data":{"data":{"machines":5}}}'}),
    "500 to heartbeats": Manners(status_of={HEARTBEAT: 500}),
    "silence": Manners(),
    "no frames": Manners(frames=b"".join(text(message) for message in NO_FRAMES)),
    "a huge frame": Manners(frames=HUGE_FRAME),
    "of nobody": Manners(frames=text(EVENT | {"payload": {"id": "m9-9", "status": "online"}})),
    "of another": Manners(frames=text(EVENT | {"payload": {"id": "m0-0", "status": "online"}})),
}


@dataclass(frozen=True)
class Judged:
    """How a run ended, and the summary that it wrote, if it did."""

    ended: Ended
    summary: Mapping[str, object] | None

    def written(self) -> Mapping[str, object]:
        assert self.summary is not None, self.ended.err
        return self.summary


def _run(folder: Path, manners: Manners) -> Judged:
    # A page whose socket breaks before its first load is shown is ready when it has connected again.
    patience_s = 30 if manners.frames == HUGE_FRAME else 2
    with target(manners, folder) as options:
        changes = settings(
            f"warmup.timeout_s={patience_s}",
            "fleet.online_share=1.0",
            "drain.timeout_s=1",
            "duration_s=1",
            "loss.deadline_s=0.5",
        )
        shown = ztna("run", scenario(folder), *options, *changes, "--json", cwd=folder)
    files = [path for path in (folder / "results").rglob("*") if path.is_file()]
    texts = [shown.out, shown.err] + [path.read_bytes().decode(errors="replace") for path in files]
    assert not any("secret" in written for written in texts)
    if not files:
        return Judged(shown, None)
    return Judged(shown, json.loads((run_folder(folder / "results") / "summary.json").read_text()))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Judged]]:
    """The run of a case."""
    runs = {name: partial(_run, manners=manners) for name, manners in CASES.items()}
    with together(runs, tmp_path_factory) as run_of:
        yield run_of


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("500 to all", 3, "answered 500; expected 200: is it a QuickZTNA deployment?"),
        ("401 to the first request", 2, "its token is not taken"),
    ],
)
def test_what_is_seen_at_once_is_said_before_any_load(
    name: str, code: int, said: str, case: Callable[[str], Judged]
) -> None:
    judged = case(name)
    assert (judged.ended.code, judged.ended.out, judged.summary) == (code, "", None)
    assert said in judged.ended.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("401 to upgrades", "HTTP 401"),
        ("500 to refetches", "answered 500"),
        ("no answers", "something else than the contract says"),
    ],
)
def test_dashboards_that_cannot_load_end_the_warm_up(name: str, said: str, case: Callable[[str], Judged]) -> None:
    judged = case(name)
    assert judged.ended.code == 3
    summary = judged.written()
    assert (summary["verdict"], summary["partial"]) == ("unknown", True)
    assert "not every dashboard was subscribed and shown its first load within 2 s" in str(summary["reason"])
    assert said in str(summary["reason"])


@pytest.mark.parametrize(
    ("name", "check", "said"),
    [
        ("500 to heartbeats", "availability", "heartbeat: answered 500"),
        ("silence", "loss", "were lost"),
        ("no frames", "protocol", "40 of "),
        ("a huge frame", "protocol", "messages were not of the contract"),
        ("of another", "leakage", "6 events"),
    ],
)
def test_the_check_fails_that_it_is_for(name: str, check: str, said: str, case: Callable[[str], Judged]) -> None:
    judged = case(name)
    assert judged.ended.code == 1, judged.ended.err
    found = finding(judged.written(), check)
    assert found["verdict"] == "FAILED"
    assert said in str(found["text"])


def test_a_huge_frame_has_its_close_code_in_the_witness(case: Callable[[str], Judged]) -> None:
    assert "closed with 1009" in str(finding(case("a huge frame").written(), "protocol")["first"])


def test_events_of_machines_of_nobody_are_counted_and_no_leaks(case: Callable[[str], Judged]) -> None:
    leakage = section(case("of nobody").written(), "leakage")
    assert (leakage["leaks"], leakage["unknown_events"]) == (0, 8)


def _serve_hello(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(65_536)
            connection.sendall(b"hello\r\n")


def test_a_server_that_says_hello(tmp_path: Path) -> None:
    with target(Manners(), tmp_path) as options, socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve_hello, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        shown = ztna("run", scenario(tmp_path), *options, "--target", url, cwd=tmp_path)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert shown.code == 3
    assert f"target {url}: no answer" in shown.err
    assert not (tmp_path / "results").exists()


def test_a_target_that_is_not_there(tmp_path: Path) -> None:
    with target(Manners(), tmp_path) as options:
        pass
    shown = ztna("run", scenario(tmp_path), *options, cwd=tmp_path)
    assert shown.code == 3
    assert "no answer" in shown.err
    assert "is it running?" in shown.err
