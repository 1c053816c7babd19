"""Our arguments, from the command line and from the form of the web UI, and what they ask for."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from sim.errors import CredentialsError, ScenarioError, UsageError
from sim.live.arguments import DEFAULT_CREDENTIALS, Options, add_arguments, listed, options_of, request_of
from sim.scenario import Actors, load
from tests.e2e.commands import SMALL

URL = "http://127.0.0.1:8787"
words = st.text("ab=.:1", min_size=1, max_size=4)
values = st.recursive(
    words,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(inner, max_size=3).map(lambda items: f"{{{', '.join(items)}}}"),
    ),
    max_leaves=5,
)
lists = st.lists(values, max_size=5)


@given(lists)
def test_a_list_of_the_command_line_comes_back(given_values: list[str]) -> None:
    assert list(listed(given_values)) == given_values


@given(lists, st.sampled_from([",", ", ", " ,", ",,"]))
def test_so_does_one_text_with_commas(given_values: list[str], comma: str) -> None:
    assert list(listed(comma.join(given_values))) == given_values


@pytest.mark.parametrize("nothing", [None, "", " ", ",", " , ,", []])
def test_nothing_is_no_value(nothing: str | list[str] | None) -> None:
    assert list(listed(nothing)) == []


def test_a_comma_within_brackets_is_part_of_its_value() -> None:
    assert list(listed("dashboard.retry_delays_s=[1,2],seed=3")) == ["dashboard.retry_delays_s=[1,2]", "seed=3"]
    assert list(listed("stages=[{duration_s=1, load=[1,2]}], seed=3")) == [
        "stages=[{duration_s=1, load=[1,2]}]",
        "seed=3",
    ]


@given(lists)
def test_what_the_web_ui_has_split_at_every_comma_is_one_again(given_values: list[str]) -> None:
    # Locust's form sets an argument that was a list to its text's split.
    assert list(listed(",".join(given_values).split(","))) == given_values


def _parsed(*arguments: str) -> Options:
    parser = LocustArgumentParser()
    add_arguments(parser)
    return options_of(Environment(parsed_options=parser.parse_args(list(arguments))))


def test_what_is_not_given_has_its_default() -> None:
    expected = Options(
        scenario="quick", credentials="", set=None, fault=None, history=False, out="results", allow_host=None,
        rebalance=False,
    )  # fmt: skip
    assert _parsed() == expected


def test_every_argument_reaches_the_options() -> None:
    found = _parsed(
        "--scenario", "steady", "--credentials", "c.json", "--set", "a=1", "--set", "b=[1,2]", "--fault", "freeze",
        "--rebalance", "--history", "--out", "o", "--allow-host", "h",
    )  # fmt: skip
    assert found == Options(
        scenario="steady", credentials="c.json", set=["a=1", "b=[1,2]"], fault=["freeze"], history=True, out="o",
        allow_host=["h"], rebalance=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "field", "found"),
    [
        ("ZTNA_SCENARIO", "steady", "scenario", "steady"),
        ("ZTNA_CREDENTIALS", "c.json", "credentials", "c.json"),
        ("ZTNA_SET", "[a=1, b=2]", "set", ["a=1", "b=2"]),
        ("ZTNA_FAULT", "freeze", "fault", ["freeze"]),
        ("ZTNA_REBALANCE", "true", "rebalance", True),
        ("ZTNA_HISTORY", "true", "history", True),
        ("ZTNA_OUT", "o", "out", "o"),
        ("ZTNA_ALLOW_HOST", "h", "allow_host", ["h"]),
    ],
)
def test_so_does_every_variable_of_the_environment(
    name: str, value: str, field: str, found: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(_parsed(), field) == found


def test_the_form_may_set_a_list_to_one_text() -> None:
    parser = LocustArgumentParser()
    add_arguments(parser)
    environment = Environment(parsed_options=parser.parse_args([]))
    vars(environment.parsed_options)["set"] = "seed=3,duration_s=4"
    vars(environment.parsed_options)["history"] = True
    options = options_of(environment)
    assert (list(listed(options.set)), options.history) == (["seed=3", "duration_s=4"], True)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _options(**changes: object) -> Options:
    return msgspec.structs.replace(_parsed(), **changes)


def _written(path: Path, **more: str) -> str:
    path.write_text(json.dumps({"orgs": [{"org_id": "org-0", "token": "tok"}]} | more))
    return str(path)


def test_locusts_users_and_run_time_change_the_scenario(home: Path) -> None:
    options = _options(set=["fleet.organisations=7", "duration_s=9", "seed=3"])
    as_given = request_of(options, "all", "", None, None)
    assert as_given.scenario == load("quick", ["fleet.organisations=7", "duration_s=9", "seed=3"])
    changed = request_of(options, "all", "", 4, 2.5).scenario
    assert (changed.fleet.organisations, changed.duration_s, changed.seed) == (4, 2.5, 3)
    with pytest.raises(ScenarioError, match=r"duration_s: 0 is not allowed.*\n.*fleet.organisations: 0 is not allowed"):
        request_of(options, "all", "", 0, 0)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("actors", get_args(Actors))
def test_the_locustfile_says_who_acts_and_otherwise_the_scenario(actors: Actors, home: Path) -> None:
    assert request_of(_options(), actors, "", None, None).scenario.fleet.actors == actors
    given = request_of(_options(set="fleet.actors=agents"), actors, "", None, None).scenario.fleet.actors
    assert given == ("agents" if actors == "all" else actors)
    assert list(home.iterdir()) == []


def test_without_host_and_credentials_the_backend_is_the_embedded_one(home: Path) -> None:
    options = _options(fault="freeze:5,drop_event:50", history=True, out="there", allow_host=["h"])
    request = request_of(options, "all", "", None, None)
    assert (request.target, request.credentials_file) == (None, None)
    assert request.faults == ("freeze:5", "drop_event:50")
    assert (request.keep_history, request.out, request.allowed_hosts) == (True, Path("there"), ("h",))
    assert not (home / "there").exists()


def test_a_file_of_the_usual_name_is_found_by_itself(home: Path) -> None:
    _written(home / DEFAULT_CREDENTIALS)
    request = request_of(_options(), "all", URL, None, None)
    assert (request.target, request.credentials_file) == (URL, DEFAULT_CREDENTIALS)
    other = request_of(_options(credentials=_written(home / "other.json")), "all", URL, None, None)
    assert other.credentials_file == home / "other.json"


def test_the_files_url_is_the_target_where_there_is_no_host(home: Path) -> None:
    file = _written(home / "mine.json", url=URL)
    assert request_of(_options(credentials=file), "all", "", None, None).target == URL
    assert (
        request_of(_options(credentials=file), "all", "http://127.0.0.1:1", None, None).target == "http://127.0.0.1:1"
    )


@pytest.mark.parametrize(
    ("more", "host", "fault", "said"),
    [
        ({}, "", None, r"mine\.json: it has no url; say where its organisations are with --host URL"),
        ({"url": URL}, "", ["freeze"], r"--fault is for a backend that is started for the run"),
        ({}, URL, "freeze", r"--fault is for a backend that is started for the run"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    more: dict[str, str], host: str, fault: str | Sequence[str] | None, said: str, home: Path
) -> None:
    options = _options(credentials=_written(home / "mine.json", **more), fault=fault)
    with pytest.raises(UsageError, match=said) as raised:
        request_of(options, "all", host, None, None)
    assert "\n" not in str(raised.value)
    assert "tok" not in str(raised.value).replace("token", "")


@pytest.mark.usefixtures("home")
def test_a_host_needs_credentials() -> None:
    with pytest.raises(UsageError, match=f"--host {URL} needs --credentials FILE"):
        request_of(_options(), "all", URL, None, None)
    with pytest.raises(CredentialsError, match="none: cannot be read"):
        request_of(_options(credentials="none"), "all", "", None, None)


def test_every_problem_of_the_scenario_is_said(home: Path) -> None:
    (home / "small.toml").write_text(SMALL)
    options = _options(scenario="small.toml", set="fleet.organisations=0,seed=x")
    with pytest.raises(ScenarioError, match="2 problems"):
        request_of(options, "all", "", None, None)
    assert request_of(_options(scenario="small.toml"), "all", "", None, None).scenario.name == "small"
