from pathlib import Path

import pytest

from tests.scenario.files import SMALLEST, problems

FLEET = "[fleet]\norganisations = 3\nmachines = 5\ndashboards = 1\n"
HEAD = 'name = "a"\nduration_s = 10\n'
KINDS = '"flapping", "mass_reconnect", "rolling_restart", "site_outage", "wave"'

ONE_PROBLEM = {
    "machnes = 5": "fleet.machnes: unknown key; did you mean fleet.machines?",
    "zz = 5": "fleet.zz: unknown key; the keys here are organisations, machines, dashboards, online_share, actors",
    "online_share = 1.5": "fleet.online_share: 1.5 is not allowed; it must be at most 1",
    "online_share = -1": "fleet.online_share: -1 is not allowed; it must be at least 0",
    "online_share = nan": "fleet.online_share: NaN is not allowed; it must be a finite number",
    'online_share = "1"': 'fleet.online_share: "1" is not allowed; it must be a number',
    "[heartbeat]\njitter_s = true": "heartbeat.jitter_s: true is not allowed; it must be a number",
    "[heartbeat]\njitter_s = 60": ("heartbeat.jitter_s: 60 is not allowed; it must be less than interval_s, 60"),
    "[dashboard]\npage = 1": "dashboard.page: 1 is not allowed; it must be 'dashboard' or 'health'",
    "[dashboard]\nabort = 1": "dashboard.abort: 1 is not allowed; it must be true or false",
    "[dashboard]\nretry_delays_s = 1": "dashboard.retry_delays_s: 1 is not allowed; it must be a list",
    "[dashboard]\nretry_delays_s = [1, '2']": ('dashboard.retry_delays_s.1: "2" is not allowed; it must be a number'),
    "[dashboard]\nmax_wait_ms = 'no'": 'dashboard.max_wait_ms: "no" is not allowed; it must be a number',
    "[dashboard]\nmax_wait_ms = 0": "dashboard.max_wait_ms: 0 is not allowed; it must be greater than 0",
    "[target]\npage_size = 20.0": "target.page_size: 20.0 is not allowed; it must be a whole number",
    "[target]\nno_member = '404'": "target.no_member: \"404\" is not allowed; it must be '403' or '4003'",
    "[churn]\nup_per_hour = 1\nevents_per_s = 1": (
        "churn.events_per_s: 1 is not allowed; it excludes up_per_hour: give one or the other"
    ),
    "[[bursts]]\nkind = 'wave'\nat_s = 10": ("bursts.0.at_s: 10 is not allowed; it must be less than duration_s, 10"),
    "[[bursts]]\nkind = 'wave'\nat_s = 1\nshare = 0": ("bursts.0.share: 0 is not allowed; it must be greater than 0"),
    "[[bursts]]\nkind = 'wave'\nat_s = 1\nspred_s = 1": (
        "bursts.0.spred_s: unknown key; did you mean bursts.0.spread_s?"
    ),
    "[[bursts]]\nkind = 'wave'": "bursts.0.at_s: missing; it must be given",
    "[[bursts]]\nat_s = 1": f"bursts.0.kind: missing; it must be one of {KINDS}",
    "[[bursts]]\nkind = 'wav'\nat_s = 1": (
        f'bursts.0.kind: "wav" is not allowed; it must be one of {KINDS}; did you mean "wave"?'
    ),
    "[[bursts]]\nkind = 7\nat_s = 1": f"bursts.0.kind: 7 is not allowed; it must be one of {KINDS}",
}


@pytest.mark.parametrize(("text", "line"), ONE_PROBLEM.items())
def test_a_problem_has_its_path_its_value_and_what_is_allowed(text: str, line: str, tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD + FLEET + text) == [line]


AT_THE_TOP = {
    "duration_s = -5": "duration_s: -5 is not allowed; it must be greater than 0",
    "duration_s = 86401": "duration_s: 86401 is not allowed; it must be at most 86400",
    "seed = '5'": 'seed: "5" is not allowed; it must be a whole number',
    "seed = 9223372036854775808": ("seed: 9223372036854775808 is not allowed; it must be at most 9223372036854775807"),
    "name = 'A b'": 'name: "A b" is not allowed; it must be lower-case letters, digits, - and _, at most 64',
    "name = 5": "name: 5 is not allowed; it must be a text",
    "schema = 2": "schema: 2 is not allowed; it must be 1",
    "heartbeat = 4": "heartbeat: 4 is not allowed; it must be a table",
    "bursts = 3": "bursts: 3 is not allowed; it must be a list",
    "bursts = [3]": "bursts.0: 3 is not allowed; it must be a table",
    "machines = 3": "machines: unknown key; did you mean fleet.machines?",
    "objectives = [3]": ("objectives.0: 3 is not allowed; it must be a text such as event_to_refetch.p95_ms < 5000"),
    "objectives = ['leakage.leeks == 0']": (
        'objectives.0: "leakage.leeks == 0" is not allowed; '
        "there is no figure leakage.leeks; did you mean leakage.leaks?"
    ),
}


@pytest.mark.parametrize(("text", "line"), AT_THE_TOP.items())
def test_so_have_problems_of_the_top_level(text: str, line: str, tmp_path: Path) -> None:
    key = text.partition(" =")[0]
    kept = "".join(part + "\n" for part in HEAD.splitlines() if not part.startswith(f"{key} ="))
    assert problems(tmp_path, kept + text + "\n" + FLEET) == [line]


SIZES = {
    "0": "fleet.machines: 0 is not allowed; every organisation must have at least 1 machine",
    "-1": "fleet.machines: -1 is not allowed; it must be at least 0",
    "2000000": "fleet.machines: 2000000 is not allowed; it must be at most 1000000",
    '"five"': ('fleet.machines: "five" is not allowed; it must be a whole number, or a table with a distribution'),
    "5.0": "fleet.machines: 5.0 is not allowed; it must be a whole number, or a table with a distribution",
    '{distribution = "uniform", low = 3}': "fleet.machines.high: missing; it must be given",
    '{distribution = "uniform", low = 3, high = 2}': (
        "fleet.machines.high: 2 is not allowed; it must be at least low, 3"
    ),
    '{distribution = "lognormal", median = 9, sigma = 1, maximum = 5}': (
        "fleet.machines.maximum: 5 is not allowed; it must be at least median, 9"
    ),
    '{distribution = "zipf", exponent = 1, largest = 5, minimum = 6}': (
        "fleet.machines.minimum: 6 is not allowed; it must be at most largest, 5"
    ),
    '{distribution = "zipf", exponent = "1", largest = 5}': (
        'fleet.machines.exponent: "1" is not allowed; it must be a number'
    ),
    '{distribution = "zipf", zipf = 1, exponent = 1, largest = 5}': (
        "fleet.machines.zipf: unknown key; the keys here are distribution, exponent, largest, minimum"
    ),
    "{low = 3}": ('fleet.machines.distribution: missing; it must be one of "fixed", "lognormal", "uniform", "zipf"'),
    '{distribution = "zpf"}': (
        'fleet.machines.distribution: "zpf" is not allowed; '
        'it must be one of "fixed", "lognormal", "uniform", "zipf"; did you mean "zipf"?'
    ),
}


@pytest.mark.parametrize(("size", "line"), SIZES.items())
def test_so_have_problems_of_sizes(size: str, line: str, tmp_path: Path) -> None:
    text = f"{HEAD}[fleet]\norganisations = 3\nmachines = {size}\ndashboards = 1\n"
    assert problems(tmp_path, text) == [line]


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = "duration_s = -5\nzz = 1\n[fleet]\norganisations = 0\nmachnes = 2\n[heartbeat]\ninterval_s = 0\n"
    found = problems(tmp_path, text, ["seed", "bursts.0.at_s=3"])
    assert [line.partition(":")[0] for line in found] == [
        "seed",
        "bursts.0.at_s",
        "name",
        "duration_s",
        "fleet.organisations",
        "fleet.machines",
        "fleet.dashboards",
        "fleet.machnes",
        "heartbeat.interval_s",
        "zz",
    ]


def test_a_long_value_is_cut(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, SMALLEST, [f"seed={'x' * 500}"])
    assert found.startswith('seed: "xxx')
    assert "x... is not allowed" in found
    assert len(found) < 120
