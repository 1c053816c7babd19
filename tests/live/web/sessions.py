"""A session beside a web UI, in this process, in any state that a run can be in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask.testing import FlaskClient
from locust.argument_parser import parse_options
from locust.env import Environment
from locust.web import WebUI

from sim.errors import UsageError
from sim.live.prepare import Request
from sim.live.session import Session
from sim.live.shape import use_shape
from sim.live.sharing.coordinator import Coordinator
from sim.live.sharing.post import Post
from sim.live.web import open_tab
from sim.results.summary import Summary
from tests.live.nodes import Nodes
from tests.live.plans import plan_of, scenario


def _nothing() -> tuple[Request, bool]:
    raise UsageError("nothing is to be run here")


@dataclass
class Page:
    """Locust's web UI with the tab."""

    web_ui: WebUI
    session: Session
    nodes: Nodes

    @property
    def client(self) -> FlaskClient:
        """A browser without a session."""
        assert self.web_ui.app is not None
        return self.web_ui.app.test_client()

    def begin(self) -> Coordinator:
        """A run is under way; its other nodes are the test's."""
        coordinator = Coordinator(self.nodes.environment, self.nodes.post, plan_of(scenario(2, 60.0)))
        self.session.coordinator = coordinator
        return coordinator

    def end(self, summary: Summary, folder: Path | None) -> None:
        """The run has ended like this."""
        self.session.summary, self.session.folder = summary, folder


def page(base: str = "", web_login: bool = False, request: Callable[[], tuple[Request, bool]] = _nothing) -> Page:
    """The web UI before the first run; `request` says what a start of a test is to run."""
    environment = Environment(parsed_options=parse_options(["--web-base-path", base] if base else []))
    environment.create_local_runner()
    web_ui = WebUI(environment, "127.0.0.1", 0, web_base_path=base, web_login=web_login, delayed_start=True)
    session = Session(environment, Post(environment), request)
    use_shape(environment, session.users)
    open_tab(web_ui, session)
    return Page(web_ui, session, Nodes())
