"""A user's mistake is a line on stderr and exit 2, before any load and with nothing written."""

import json
import socket
from pathlib import Path

import pytest

from tests.e2e.commands import Ended, scenario, settings, ztna


def _refused(tmp_path: Path, *arguments: str) -> Ended:
    shown = ztna(*arguments, cwd=tmp_path)
    assert (shown.code, shown.out.removeprefix("starting ...\n")) == (2, ""), shown.err
    assert shown.err.startswith(("ztna-sim: ", "Usage: "))
    assert not (tmp_path / "results").exists()
    return shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "quick", "--set", "fleet.organisations=0", "--set", "seed=x"], "2 problems"),
        (["run", "quick", "--target", "http://127.0.0.1:1", "--credentials", "none"], "none: cannot be read"),
        (["run", "quick", "--fault", "leek_event:5"], "did you mean leak_event?"),
        (["report", "latest"], "there is no run in results/ yet"),
    ],
)
def test_the_line_says_what_is_wrong(arguments: list[str], said: str, tmp_path: Path) -> None:
    assert said in _refused(tmp_path, *arguments).err


def _credentials(tmp_path: Path, organisations: int = 4) -> str:
    orgs = [
        {
            "org_id": f"org-{number}",
            "token": f"tok-secret-{number}",
            "machines": [{"id": f"m{number}-{k}", "node_key": f"nk-secret-{number}-{k}"} for k in range(6)],
        }
        for number in range(organisations)
    ]
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"orgs": orgs}))
    return str(path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://LOGIN.QUICKZTNA.COM.", "quickztna.com is a shared production service and never a target"),
        ("http://192.168.1.1", "is not this machine; if you own it, add --allow-host 192.168.1.1"),
    ],
)
def test_a_target_that_is_not_allowed(url: str, said: str, tmp_path: Path) -> None:
    allowed = [part for name in ("quickztna.com", "login.quickztna.com") for part in ("--allow-host", name)]
    given = ["run", scenario(tmp_path), "--target", url, "--credentials", _credentials(tmp_path), *allowed]
    assert said in _refused(tmp_path, *given).err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"orgs": [{"org_id": "a", "token": "tok-secret-9\n"}]}, "the token has characters that no token has"),
    ],
)
def test_credentials_that_do_not_do(content: dict[str, object], said: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        path = tmp_path / "credentials.json"
        path.write_text(json.dumps(content))
        shown = _refused(tmp_path, "run", scenario(tmp_path), "--target", url, "--credentials", str(path))
    assert said in shown.err
    assert "secret" not in shown.err


def test_too_few_organisations_name_both_numbers(tmp_path: Path) -> None:
    given = ["--target", "http://127.0.0.1:9", "--credentials", _credentials(tmp_path, 3)]
    shown = _refused(tmp_path, "run", scenario(tmp_path), *given)
    assert "3 organisations, but the scenario needs 4; add some, or --set fleet.organisations=3" in shown.err


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shown = ztna("run", scenario(tmp_path), "--out", "file", *settings("duration_s=0.1"), cwd=tmp_path)
    assert shown.code == 2
    assert "Directory 'file' is a file" in shown.err
