"""Targets that are not of the contract: the run says so, ends, and shows no secret and no traceback."""

import json
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.commands import Ended, finding, run_folder, scenario, settings, ztna
from tests.e2e.targets import HEARTBEAT, REALTIME, ROWS, RPC, Manners, target, text

NOWHERE = {"type": "event", "channel": "machines", "event": "UPDATE", "payload": {"id": "m9-9", "status": "online"}}


def _run(tmp_path: Path, manners: Manners, *overrides: str) -> Ended:
    with target(manners, tmp_path) as options:
        changes = settings("warmup.timeout_s=2", "fleet.online_share=1.0", "drain.timeout_s=1", "duration_s=1", *overrides)
        shown = ztna("run", scenario(tmp_path), *options, *changes, "--json", cwd=tmp_path)
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    texts = [shown.out, shown.err] + [path.read_bytes().decode(errors="replace") for path in files]
    assert not any("secret" in written for written in texts)
    return shown


def _summary(tmp_path: Path) -> Mapping[str, object]:
    found: dict[str, object] = json.loads((run_folder(tmp_path / "results") / "summary.json").read_text())
    return found


def test_500_to_all_is_said_before_any_load(tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(status_of=dict.fromkeys((ROWS, RPC, HEARTBEAT, REALTIME), 500)))
    assert (shown.code, shown.out) == (3, "")
    assert "answered 500; expected 200: is it a QuickZTNA deployment?" in shown.err
    assert not (tmp_path / "results").exists()


def test_a_token_that_is_refused_is_2(tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(status_of={ROWS: 401}))
    assert (shown.code, shown.out) == (2, "")
    assert "its token is not taken" in shown.err


@pytest.mark.parametrize(
    ("manners", "said"),
    [
        (Manners(status_of={REALTIME: 401}), "upgrade refused"),
        (Manners(status_of={REALTIME: 500}), "upgrade refused"),
        (Manners(frames=b"\x82\x00" * 3 + b"hello"), ""),
    ],
)
def test_dashboards_that_cannot_open_end_the_warm_up(manners: Manners, said: str, tmp_path: Path) -> None:
    shown = _run(tmp_path, manners)
    assert shown.code == 3
    assert said in shown.err


def test_500_to_every_refetch(tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(status_of={RPC: 500}))
    assert shown.code == 3
    summary = _summary(tmp_path)
    assert summary["partial"] is True
    assert "not every dashboard was subscribed and shown its first load within 2 s" in str(summary["reason"])


def test_500_to_every_heartbeat(tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(status_of={HEARTBEAT: 500}))
    assert shown.code == 1
    assert "heartbeat: answered 500" in str(finding(_summary(tmp_path), "availability")["text"])


def test_heartbeats_that_are_answered_and_not_announced(tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(), "loss.deadline_s=0.5")
    assert shown.code == 1
    assert finding(_summary(tmp_path), "loss")["verdict"] == "FAILED"


@pytest.mark.parametrize("body", [b"hello", b"{", b'{"success":true,"data":{"data":{"machines":5}}}'])
def test_refetches_that_are_answered_with_something_else(body: bytes, tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(body_of={RPC: body}))
    assert shown.code == 3
    assert finding(_summary(tmp_path), "protocol")["name"] == "protocol"


@pytest.mark.parametrize(
    "frames",
    [text(b"{broken"), text(b"\xff\xfe"), text([1, 2]), text({"kind": "event"}), text(b"z" * (2**20 + 1)), b"\xc1\x00"],
    ids=["broken", "no text", "a list", "no type", "huge", "reserved bits"],
)
def test_frames_that_are_not_of_the_contract_fail_the_protocol(frames: bytes, tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(frames=frames))
    assert shown.code in (1, 3), shown.err
    summary = _summary(tmp_path)
    assert summary["verdict"] == "failed", summary["reason"]
    assert finding(summary, "protocol")["verdict"] == "FAILED"


def test_events_of_machines_of_nobody_are_no_leaks(tmp_path: Path) -> None:
    _run(tmp_path, Manners(frames=text(NOWHERE)))
    leakage = _summary(tmp_path)["leakage"]
    assert isinstance(leakage, dict)
    assert (leakage["leaks"], leakage["unknown_events"]) == (0, 8)


def test_an_event_of_another_organisation_is_a_leak(tmp_path: Path) -> None:
    shown = _run(tmp_path, Manners(frames=text(NOWHERE | {"payload": {"id": "m0-0", "status": "online"}})))
    assert shown.code == 1
    leakage = _summary(tmp_path)["leakage"]
    assert isinstance(leakage, dict)
    assert leakage["leaks"] == 6


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
