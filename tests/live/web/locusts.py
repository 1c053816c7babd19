"""Locust's own command with a web UI, as a process of its own, and the page that it serves in a real browser."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import httpx
from playwright.sync_api import Browser, Page

from sim.results.folder import read_run
from sim.results.summary import Summary
from tests.e2e.commands import run_folder

DASHBOARD: Final = Path(__file__).parents[3] / "locustfiles" / "dashboard.py"
LONGEST_WAIT_MS: Final = 60_000.0
LONGEST_WAIT_S: Final = LONGEST_WAIT_MS / 1_000
_CONNECT_ATTEMPTS: Final = 8
"""httpx waits between them, each time twice as long."""

_RECORDER: Final = """
window.bannersSeen = [];
window.cellsSeen = [];
const note = (selector, seen) => {
  for (const { textContent } of document.querySelectorAll(selector)) {
    if (!seen.includes(textContent)) seen.push(textContent);
  }
};
new MutationObserver(() => {
  note("#realtime-banners [role=alert]", bannersSeen);
  note("table tbody tr > *", cellsSeen);
}).observe(document, { childList: true, subtree: true, characterData: true });
"""
_ROWS: Final = """() => [...document.querySelectorAll("table tbody tr")].map(
  (row) => [...row.children].map((cell) => cell.textContent))"""

_BANNERS: Final = """() => [...document.querySelectorAll("#realtime-banners [role=alert]")].map(
  (banner) => [banner.textContent, getComputedStyle(banner).backgroundColor])"""
_AWAIT_START: Final = """async (deadlineMs) => {
  const until = Date.now() + deadlineMs;
  while (Date.now() < until) {
    if ((await (await fetch("./stats/requests")).json()).state !== "ready") return true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}"""

Theme = Literal["light", "dark"]


def free_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@dataclass
class Locust:
    """A process with its web UI, and the run folder of its one run."""

    process: "subprocess.Popen[bytes]"
    home: Path
    url: str
    """Of the page, with a slash at the end."""
    port: int

    def await_page(self) -> None:
        """Until it answers."""
        with httpx.Client(transport=httpx.HTTPTransport(retries=_CONNECT_ATTEMPTS), timeout=LONGEST_WAIT_S) as client:
            assert client.get(self.url).status_code in (200, 302), self.log

    @property
    def log(self) -> str:
        """What it said on stderr."""
        return (self.home / "stderr.txt").read_text()

    @property
    def folder(self) -> Path:
        """Its run folder."""
        return run_folder(self.home / "out")

    @property
    def summary(self) -> Summary:
        """What it found."""
        return read_run(self.folder).summary

    def end(self) -> int:
        """End it as a service manager would; its exit code."""
        self.process.terminate()
        return self.process.wait(LONGEST_WAIT_S)


@contextmanager
def locust(home: Path, *arguments: str, file: Path = DASHBOARD, base: str = "") -> Iterator[Locust]:
    """Locust with an embedded target; it and all its children are ended with the context."""
    port = free_port()
    where = ("--web-host", "127.0.0.1", "--web-port", str(port), *(("--web-base-path", base) if base else ()))
    command = [sys.executable, "-m", "locust", "-f", str(file), *where, "--autostart", "--out", "out", *arguments]
    with (
        (home / "stderr.txt").open("wb") as log,
        subprocess.Popen(
            command, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield Locust(process, home, f"http://127.0.0.1:{port}{base}/", port)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def settings(*overrides: str) -> Sequence[str]:
    """Options that set keys of the scenario."""
    return [part for override in overrides for part in ("--set", override)]


@dataclass
class Tab:
    """The page in a browser, at the tab "Realtime"."""

    page: Page
    errors: list[str] = field(default_factory=list)
    """What the browser's console had to complain about."""

    def open(self) -> None:
        """Go to the tab, which a page has that was loaded after the start of the test: Locust's own does not look."""
        assert self.page.evaluate(_AWAIT_START, LONGEST_WAIT_MS), "the test does not start"
        self.page.reload()
        self.page.get_by_role("tab", name="Realtime").click()

    def await_end(self) -> None:
        """Until the run is over, its report written, and Locust has stopped the test."""
        self.page.get_by_role("link", name="Open the report").wait_for()
        self.page.get_by_role("button", name="New", exact=True).wait_for()

    def await_banner(self, beginning: str) -> None:
        """Until such a banner is shown, or has been."""
        self.page.wait_for_function(
            "(beginning) => bannersSeen.some((text) => text.startsWith(beginning))", arg=beginning
        )

    @property
    def rows(self) -> list[list[str]]:
        """The table, cell by cell."""
        found: list[list[str]] = self.page.evaluate(_ROWS)
        return found

    @property
    def cells_seen(self) -> set[str]:
        """Whatever stood in a cell of the table at any time."""
        return set(self.page.evaluate("cellsSeen"))

    @property
    def banners(self) -> list[tuple[str, str]]:
        """The banners: text and colour."""
        return [(text, colour) for text, colour in self.page.evaluate(_BANNERS)]


@contextmanager
def opened(browser: Browser, url: str, theme: Theme = "light") -> Iterator[Tab]:
    """The page in a browser of its own."""
    with ExitStack() as stack:
        context = browser.new_context(color_scheme=theme, viewport={"width": 1280, "height": 1500})
        stack.callback(context.close)
        context.set_default_timeout(LONGEST_WAIT_MS)
        context.add_init_script(_RECORDER)
        tab = Tab(context.new_page())
        tab.page.on("console", lambda said: tab.errors.append(said.text) if said.type == "error" else None)
        tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
        tab.page.goto(url)
        yield tab
