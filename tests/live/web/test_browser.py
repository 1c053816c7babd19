"""The tab "Realtime" in a real browser, at Locust's own command as a process of its own with a real target.

All runs are begun at once, and each has its page from its begin. Screenshots are left in the test's folder, and where
ZTNA_SCREENSHOTS names another one, there, too.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from sim.live.web.rows import BLANK, COLUMNS, shown
from sim.results.summary import Distribution, Summary
from tests.live.web.locusts import DASHBOARD, Locust, Tab, Theme, free_port, locust, opened, settings

pytestmark = pytest.mark.browser

LENIENT: Final = settings(
    'objectives=["leakage.leaks == 0", "loss.lost == 0"]',
    "generator.max_lateness_ms=60000",
    "generator.max_hub_lag_ms=60000",
    "generator.max_cpu_share=1.0",
)
"""A busy test machine must not decide what a run finds."""
SMALL: Final = settings("fleet.organisations=4")
CHARTS: Final = {
    "Event to refetch, per second (ms)": 3,
    "Debounce collapse ratio (deliveries per refetch)": 1,
    "Per second, and sockets": 3,
    "Cross-org leaks so far": 1,
}
"""How many lines each has."""
RED, GREEN, ORANGE = "rgb(198, 40, 40)", "rgb(46, 125, 50)", "rgb(179, 92, 0)"
ROUTES: Final = ("realtime/state", "realtime/realtime.js", "realtime/report", "realtime/summary.json")
BASE: Final = "/x"
PASSWORD: Final = "of this test"

GUARDED: Final = f'''
"""A log-in as Locust's documentation shows it."""

from flask import Blueprint, redirect, request, session, url_for
from flask_login import UserMixin, login_user
from locust import events

from sim.live.locustfile import OrganisationUser


class Organisation(OrganisationUser):
    """As in dashboard.py."""


class Somebody(UserMixin):
    id = "somebody"


@events.init.add_listener
def guard(environment, **_):
    web_ui = environment.web_ui
    web_ui.login_manager.user_loader(lambda _: Somebody())
    web_ui.app.config["SECRET_KEY"] = "secret of this test"
    web_ui.auth_args = {{"username_password_callback": "/enter"}}
    routes = Blueprint("auth", "auth")

    @routes.route("/enter", methods=["POST"])
    def enter():
        if request.form["password"] == {PASSWORD!r}:
            login_user(Somebody())
            return redirect(url_for("locust.index"))
        session["auth_error"] = "no"
        return redirect(url_for("locust.login"))

    web_ui.app.register_blueprint(routes)
'''


@dataclass(frozen=True)
class Seen:
    """A process and its page."""

    locust: Locust
    tab: Tab


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def runs(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Seen]]:
    """All runs, begun at the same time, each with its page at the tab."""
    port = str(free_port())
    workers = ("--processes", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port)
    arguments = {
        "alone": (*LENIENT, "-t", "8s"),
        "workers": (*LENIENT, "-t", "8s", *workers),
        "leaking": (*LENIENT, *SMALL, "-t", "6s", "--fault", "leak_event:20"),
        "late": (*SMALL, *settings("generator.max_lateness_ms=0.001"), "-t", "120s"),
        "ended": (*LENIENT, *SMALL, "-t", "1s"),
        "guarded": (*LENIENT, *SMALL, "-t", "1s", "--web-login"),
    }
    guarded = tmp_path_factory.mktemp("files") / "guarded.py"
    guarded.write_text(GUARDED)
    bases, files = {"leaking": BASE}, {"guarded": guarded}
    with ExitStack() as stack:
        begun = {
            name: stack.enter_context(
                locust(tmp_path_factory.mktemp(name), *given, base=bases.get(name, ""), file=files.get(name, DASHBOARD))
            )
            for name, given in arguments.items()
        }
        seen = {}
        for name, process in begun.items():
            process.await_page()
            seen[name] = Seen(process, stack.enter_context(opened(browser, process.url)))
            if name != "guarded":
                seen[name].tab.open()
        yield seen


def _expected(summary: Summary) -> list[list[str]]:
    """The whole table, from the run folder."""
    metrics, generator, collapse, leakage = summary.metrics, summary.generator, summary.collapse, summary.leakage
    share, cpu_share = summary.blind.share, generator.cpu_share
    return [
        _times("Event to refetch", metrics.event_to_refetch),
        _times("Event to refetch: delivery", metrics.delivery),
        _times("Event to refetch: debounce", metrics.debounce),
        _times("Event to refetch: refetch", metrics.refetch),
        _times("Heartbeat", metrics.write),
        _times("Generator: lateness", metrics.lateness),
        _figure("Debounce collapse ratio", collapse.ratio, shown(collapse.refetches)),
        _figure("Cross-org leaks", leakage.leaks, shown(leakage.opportunities)),
        _figure("Deliveries lost", summary.loss.lost, shown(summary.loss.expected)),
        _figure("Blind share (%)", None if share is None else 100 * share),
        _figure("Generator: busiest core (%)", None if cpu_share is None else 100 * cpu_share),
        _figure("Generator: event loop late, p99 (ms)", generator.hub_lag_p99_ms),
        _figure("Generator: errors", generator.errors),
    ]


def _times(name: str, times: Distribution) -> list[str]:
    return [name, BLANK, *map(shown, (times.p50, times.p95, times.p99, times.max, times.count))]


def _figure(name: str, value: float | None, count: str = BLANK) -> list[str]:
    return [name, shown(value), BLANK, BLANK, BLANK, BLANK, count]


@pytest.mark.parametrize("name", ["alone", "workers", "leaking"])
def test_afterwards_every_figure_is_the_summarys(name: str, runs: Mapping[str, Seen]) -> None:
    seen = runs[name]
    seen.tab.await_end()
    assert seen.tab.page.locator("table thead th").all_inner_texts() == [title for _, title in COLUMNS]
    summary = seen.locust.summary
    assert seen.tab.rows == _expected(summary)
    assert summary.load.deliveries > 0
    assert summary.generator.workers == (2 if name == "workers" else 1)


@pytest.mark.parametrize("name", ["alone", "workers", "leaking"])
def test_no_figure_is_ever_written_beside_another(name: str, runs: Mapping[str, Seen]) -> None:
    # Two have the table in their hands at the end: Locust's page, which polls it, and our script.
    seen = runs[name]
    seen.tab.await_end()
    twice = {text * 2 for row in _expected(seen.locust.summary) for text in row if len(text) > 2}
    assert twice & seen.tab.cells_seen == set()


@pytest.mark.parametrize("name", ["alone", "workers"])
def test_a_page_that_is_opened_afterwards_shows_the_same(name: str, browser: Browser, runs: Mapping[str, Seen]) -> None:
    seen = runs[name]
    seen.tab.await_end()
    with opened(browser, seen.locust.url) as late:
        late.open()
        late.page.get_by_role("link", name="Open the report").wait_for()
        assert late.rows == _expected(seen.locust.summary)
        assert late.errors == []


@pytest.mark.parametrize("name", ["alone", "workers"])
def test_a_good_run_says_so(name: str, runs: Mapping[str, Seen]) -> None:
    seen = runs[name]
    seen.tab.await_end()
    ((text, colour),) = seen.tab.banners
    assert text.startswith("HELD: The run could be judged, and nothing that was asked of it failed.")
    assert colour == GREEN
    assert "Scenario quick: over" in seen.tab.page.locator("#realtime-panel p").inner_text()


@pytest.mark.parametrize("name", ["alone", "workers", "leaking"])
def test_four_charts_draw_the_course(name: str, runs: Mapping[str, Seen]) -> None:
    seen = runs[name]
    seen.tab.await_end()
    figures = seen.tab.page.locator("#realtime-panel figure")
    assert figures.locator("figcaption").all_inner_texts() == list(CHARTS)
    for title, lines in CHARTS.items():
        paths = seen.tab.page.locator(f"#realtime-panel svg[aria-label='{title}'] path").all()
        drawn = [path.get_attribute("d") or "" for path in paths]
        assert len(drawn) == lines
        assert all(path.startswith("M") and path.count("L") >= 2 and "NaN" not in path for path in drawn), title


@pytest.mark.parametrize("name", ["alone", "workers", "leaking"])
def test_the_links_lead_to_the_run_folders_files(name: str, runs: Mapping[str, Seen]) -> None:
    seen = runs[name]
    seen.tab.await_end()
    page = seen.tab.page
    for title, file in (("Open the report", "report.html"), ("summary.json", "summary.json")):
        address = page.get_by_role("link", name=title).evaluate("(link) => link.href")
        answer = page.request.get(address)
        assert (answer.status, address.startswith(seen.locust.url)) == (200, True)
        assert answer.body() == (seen.locust.folder / file).read_bytes()
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="Open the report").click()
    opening.value.wait_for_load_state()
    assert seen.locust.summary.scenario in opening.value.title()
    opening.value.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_can_be_read(theme: Theme, browser: Browser, runs: Mapping[str, Seen], tmp_path: Path) -> None:
    seen = runs["alone"]
    seen.tab.await_end()
    with opened(browser, seen.locust.url, theme) as themed:
        themed.open()
        themed.page.get_by_role("link", name="Open the report").wait_for()
        background = str(themed.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        first = themed.page.locator("#realtime-panel svg path").first.get_attribute("stroke")
        ink = str(themed.page.locator("#realtime-panel figcaption").first.evaluate("(e) => getComputedStyle(e).color"))
        assert (_is_dark(background), _is_dark(ink)) == (theme == "dark", theme == "light")
        assert first == {"light": "#0072b2", "dark": "#56b4e9"}[theme]
        image = themed.page.screenshot(path=tmp_path / f"realtime-{theme}.png", full_page=True, animations="disabled")
        assert image.startswith(b"\x89PNG")
        if there := os.environ.get("ZTNA_SCREENSHOTS"):
            Path(there).mkdir(parents=True, exist_ok=True)
            (Path(there) / f"realtime-{theme}.png").write_bytes(image)
        assert themed.errors == []


def _is_dark(colour: str) -> bool:
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return red + green + blue < 384


def test_leaks_are_shown_in_red(runs: Mapping[str, Seen]) -> None:
    seen = runs["leaking"]
    seen.tab.await_end()
    leaks = next(row for row in seen.tab.rows if row[0] == "Cross-org leaks")
    assert int(leaks[1].replace(",", "")) == seen.locust.summary.leakage.leaks > 0
    ((text, colour),) = seen.tab.banners
    assert text.startswith("FAILED: At least one check or objective failed.")
    assert colour == RED


def test_an_invalid_run_says_so_while_it_runs_and_can_be_stopped(runs: Mapping[str, Seen]) -> None:
    seen = runs["late"]
    seen.tab.await_banner("This run is invalid if it goes on so: saturated: sends were ")
    assert seen.tab.banners[0][1] == ORANGE
    seen.tab.page.get_by_role("button", name="Stop", exact=True).click()
    seen.tab.await_end()
    (verdict, colour), (reason, _) = seen.tab.banners
    assert verdict.startswith("INVALID, PARTIAL: ")
    assert (reason, colour) == ("ended by the user", ORANGE)
    assert seen.tab.rows == _expected(seen.locust.summary)


def test_below_a_base_path_there_is_all_and_elsewhere_nothing(runs: Mapping[str, Seen]) -> None:
    seen = runs["leaking"]
    seen.tab.await_end()
    page = seen.tab.page
    assert page.url.startswith(f"{seen.locust.url}")
    for route in ROUTES:
        assert page.request.get(f"{seen.locust.url}{route}").status == 200
        assert page.request.get(f"http://127.0.0.1:{seen.locust.port}/{route}").status == 404


@pytest.mark.parametrize("name", ["alone", "workers", "leaking", "late"])
def test_neither_browser_nor_locust_complain(name: str, runs: Mapping[str, Seen]) -> None:
    seen = runs[name]
    seen.tab.await_end()
    assert seen.tab.errors == []
    assert "Traceback" not in seen.locust.log
    assert "/ERROR/" not in seen.locust.log


def test_a_process_that_is_ended_after_its_run_says_and_exits_with_its_verdict(runs: Mapping[str, Seen]) -> None:
    seen = runs["ended"]
    seen.tab.await_end()
    summary = seen.locust.summary
    assert seen.locust.end() == summary.verdict.exit_code
    assert summary.verdict.upper() in seen.locust.log


def test_with_a_log_in_only_who_has_one_sees_it(runs: Mapping[str, Seen]) -> None:
    seen = runs["guarded"]
    page, url = seen.tab.page, seen.locust.url
    for route in ROUTES:
        answer = page.request.get(f"{url}{route}", max_redirects=0)
        assert (answer.status, answer.headers["location"].startswith("/login?")) == (302, True)
    assert page.url.startswith(f"{url}login?")
    page.locator("input[name=username]").fill("somebody")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Login").click()
    seen.tab.open()
    page.get_by_role("link", name="Open the report").wait_for()
    assert seen.tab.rows == _expected(seen.locust.summary)
    assert [page.request.get(f"{url}{route}").status for route in ROUTES] == [200] * len(ROUTES)
    assert seen.tab.errors == []
