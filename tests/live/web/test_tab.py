"""Our routes and what we add to Locust's own."""

import json
import re
from pathlib import Path

import gevent
import msgspec
import pytest
from flask.testing import FlaskClient
from gevent.event import Event

from sim.live.prepare import Request
from sim.live.web.rows import COLUMNS, final_rows
from sim.live.web.view import view_of
from tests.live.peers import LONGEST_WAIT_S
from tests.live.web.sessions import Page, page
from tests.report import samples

ROUTES = ("realtime/state", "realtime/report", "realtime/summary.json", "realtime/realtime.js")
BASES = ("", "/x")


class _Somebody:
    """What a log-in manager asks of a user."""

    is_authenticated = is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        return "somebody"


def _guarded(base: str = "") -> Page:
    """As Locust's documentation says how to add a log-in."""
    made = page(base, web_login=True)
    assert made.web_ui.app is not None
    made.web_ui.app.secret_key = "of this test"
    made.web_ui.login_manager.user_loader(lambda _: _Somebody())
    return made


def _logged_in(made: Page) -> FlaskClient:
    """A browser that has logged in."""
    client = made.client
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = "somebody", True
    return client


def _statuses(client: FlaskClient, base: str) -> list[int]:
    """What our routes answer; each gives a file, which is closed here."""
    statuses = []
    for route in ROUTES:
        with client.get(f"{base}/{route}") as answer:
            statuses.append(answer.status_code)
    return statuses


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with what the routes give."""
    (tmp_path / "report.html").write_text("<p>the report</p>")
    (tmp_path / "summary.json").write_text('{"schema": 1}')
    return tmp_path


@pytest.mark.parametrize("base", BASES)
def test_the_page_has_the_tab_its_columns_and_the_script(base: str) -> None:
    html = page(base).client.get(f"{base}/").text
    scripts = re.findall(r'<script src="([^"]+)" defer></script></body>', html)
    assert scripts == [f"{base}/realtime/realtime.js"]
    assert '"extended_tabs": [{"key": "realtime", "title": "Realtime"}]' in html
    for key, title in COLUMNS:
        assert f'{{"key": "{key}", "title": "{title}"}}' in html


@pytest.mark.parametrize("base", BASES)
def test_every_route_is_below_the_base_path(base: str, folder: Path) -> None:
    made = page(base)
    made.end(samples.held().summary, folder)
    assert _statuses(made.client, base) == [200] * len(ROUTES)
    if base:
        assert _statuses(made.client, "") == [404] * len(ROUTES)


def test_the_state_is_the_view() -> None:
    made = page()
    made.begin()
    made.end(samples.failed().summary, None)
    answer = made.client.get("/realtime/state")
    assert answer.mimetype == "application/json"
    assert answer.json == msgspec.to_builtins(view_of(made.session))


@pytest.mark.parametrize("base", BASES)
def test_the_rows_are_in_locusts_own_statistics_too(base: str) -> None:
    made = page(base)
    client = made.client
    before = client.get(f"{base}/stats/requests").json
    assert before is not None
    assert before["extended_stats"] == [{"key": "realtime", "data": []}]
    assert before["state"] == "ready"
    summary = samples.held().summary
    made.end(summary, None)
    after = client.get(f"{base}/stats/requests").json  # which Locust keeps for two seconds
    assert after is not None
    assert after["extended_stats"] == [{"key": "realtime", "data": msgspec.to_builtins(final_rows(summary))}]
    assert after.keys() == before.keys()


def test_other_answers_are_left_alone() -> None:
    client = page().client
    assert client.get("/exceptions").json == {"exceptions": []}
    assert "realtime.js" not in client.get("/login").text
    report = client.get("/stats/report").text
    assert "realtime.js" not in report


def test_before_a_run_has_ended_there_is_no_report() -> None:
    made = page()
    made.begin()
    for route in ("realtime/report", "realtime/summary.json"):
        answer = made.client.get(f"/{route}")
        assert (answer.status_code, "no run has ended yet" in answer.text) == (404, True)


def test_afterwards_they_are_the_folders_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = page()
    monkeypatch.chdir(folder.parent)
    made.end(samples.held().summary, Path(folder.name))
    with made.client.get("/realtime/report") as report:
        assert (report.mimetype, report.get_data()) == ("text/html", b"<p>the report</p>")
    with made.client.get("/realtime/summary.json") as summary:
        assert (summary.mimetype, json.loads(summary.get_data())) == ("application/json", {"schema": 1})


@pytest.mark.parametrize("base", BASES)
def test_with_a_log_in_nobody_gets_anything_without_one(base: str, folder: Path) -> None:
    made = _guarded(base)
    made.begin()
    made.end(samples.held().summary, folder)
    for path in ("", "stats/requests", *ROUTES):
        answer = made.client.get(f"{base}/{path}")
        assert (answer.status_code, answer.location.startswith(f"{base}/login?")) == (302, True), path
        for told in ("the report", "Event to refetch", "small", "schema"):
            assert told not in answer.text
    assert _statuses(_logged_in(made), base) == [200] * len(ROUTES)


def test_with_a_log_in_a_report_that_is_not_there_is_not_found() -> None:
    answer = _logged_in(_guarded()).get("/realtime/report")
    assert (answer.status_code, "no run has ended yet" in answer.text) == (404, True)


@pytest.mark.parametrize("base", BASES)
def test_a_start_that_cannot_be_says_why(base: str) -> None:
    answer = page(base).client.post(f"{base}/swarm", data={"user_count": 1, "spawn_rate": 1}).get_json()
    assert (answer["success"], answer["message"]) == (False, "nothing is to be run here")


@pytest.mark.parametrize("base", BASES)
def test_a_run_that_is_being_prepared_can_be_stopped_but_not_started_again(base: str) -> None:
    asked = Event()

    def request() -> tuple[Request, bool]:
        asked.set()
        Event().wait()
        raise AssertionError("it was ended")

    made = page(base, request=request)
    first = gevent.spawn(made.client.post, f"{base}/swarm", data={"user_count": 1, "spawn_rate": 1})
    assert asked.wait(LONGEST_WAIT_S)
    assert made.client.get(f"{base}/realtime/state").get_json()["phase"] == "preparing"
    second = made.client.post(f"{base}/swarm", data={"user_count": 1, "spawn_rate": 1}).get_json()
    assert (second["success"], second["message"]) == (False, "a run is under way: stop it first")
    assert made.client.post(f"{base}/stop").get_json()["success"] is True
    assert not made.session.is_under_way
    ended = first.get(timeout=LONGEST_WAIT_S).get_json()
    assert (ended["success"], ended["message"]) == (False, "ended by the user before the run began")
    assert made.client.get(f"{base}/realtime/state").get_json()["phase"] == ""
