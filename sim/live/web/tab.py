"""Puts the tab into Locust's page: its table is Locust's own, the banner and the charts are drawn by our script."""

import json
from pathlib import Path
from typing import Final

import msgspec
from flask import Blueprint, Response, g, request, send_file
from locust.web import WebUI

from sim.live.session import Session
from sim.live.shape import let_shape_go
from sim.live.signals import ENDED
from sim.live.web.rows import COLUMNS
from sim.live.web.view import rows_of, view_of

_KEY: Final = "realtime"
_SCRIPT: Final = Path(__file__).with_name("realtime.js")
_STATS: Final = "/stats/requests"
_START: Final = "/swarm"
_STOP: Final = "/stop"
_START_TIMEOUT_S: Final = 30.0


def open_tab(web_ui: WebUI, session: Session) -> None:
    """Add the tab and its routes; they ask for the log-in where Locust's own do."""
    web_ui.template_args["extended_tabs"] = [{"title": "Realtime", "key": _KEY}]
    web_ui.template_args["extended_tables"] = [{"key": _KEY, "structure": _structure()}]
    base = (web_ui.environment.parsed_options.web_base_path if web_ui.environment.parsed_options else "") or ""
    assert web_ui.app is not None
    web_ui.app.register_blueprint(_routes(web_ui, session, base))

    @web_ui.app.before_request
    def note() -> None:
        runner = web_ui.environment.runner
        g.was_under_way = session.is_under_way or (runner is not None and runner.shape_greenlet is not None)
        if request.path.removeprefix(base) == _START and not g.was_under_way:
            session.tried.clear()

    @web_ui.app.after_request
    def extend(response: Response) -> Response:
        path = request.path.removeprefix(base)
        if path == _START and response.is_json:
            if problem := _start_problem(session):
                response.set_data(json.dumps({**response.get_json(), "success": False, "message": problem}))
        elif path == _STOP and response.is_json:
            let_shape_go(web_ui.environment)
            session.finish(ENDED)
        elif path == _STATS and response.is_json:
            stats = {"key": _KEY, "data": [msgspec.to_builtins(row) for row in rows_of(session)]}
            response.set_data(json.dumps({**response.get_json(), "extended_stats": [stats]}))
        elif path in ("", "/") and response.mimetype == "text/html":
            response.direct_passthrough = False
            script = f'<script src="{base}/realtime/realtime.js" defer></script></body>'
            response.set_data(response.get_data(as_text=True).replace("</body>", script))
        return response


def _start_problem(session: Session) -> str:
    """Locust says that it has started; whether the run could begin is known when the shape has been asked."""
    if g.was_under_way:
        return "a run is under way: stop it first"
    return session.problem if session.tried.wait(_START_TIMEOUT_S) else ""


def _structure() -> list[dict[str, str]]:
    return [{"key": key, "title": title} for key, title in COLUMNS]


def _routes(web_ui: WebUI, session: Session, base: str) -> Blueprint:
    def state() -> Response:
        return Response(msgspec.json.encode(view_of(session)), mimetype="application/json")

    def script() -> Response:
        return send_file(_SCRIPT, mimetype="text/javascript", max_age=0)

    routes = Blueprint("realtime", __name__, url_prefix=f"{base}/realtime")
    for rule, view in (
        ("state", state),
        ("report", lambda: _file(session, "report.html")),
        ("summary.json", lambda: _file(session, "summary.json")),
        ("realtime.js", script),
    ):
        routes.add_url_rule(f"/{rule}", rule.replace(".", "_"), web_ui.auth_required_if_enabled(view))
    return routes


def _file(session: Session, name: str) -> Response:
    if session.folder is None:
        return Response("no run has ended yet", 404)  # the log-in's wrapper would make a page of an exception
    return send_file((session.folder / name).resolve(), max_age=0)
