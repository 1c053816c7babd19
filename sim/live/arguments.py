"""What our locustfiles add to Locust's command line, its configuration files and the form of its web UI."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from sim.errors import UsageError
from sim.live.access.credentials import load_credentials
from sim.live.prepare import Request
from sim.scenario import Actors, load

DEFAULT_SCENARIO: Final = "quick"
DEFAULT_CREDENTIALS: Final = Path("credentials.json")
"""Is taken where it exists and no other is named."""

_OPENING, _CLOSING = "[{", "]}"


class Options(msgspec.Struct, frozen=True):
    """Our arguments, as Locust has parsed them or the form of the web UI has set them."""

    scenario: str
    credentials: str
    set: str | list[str] | None
    fault: str | list[str] | None
    history: bool
    out: str
    allow_host: list[str] | None
    rebalance: bool


def add_arguments(parser: LocustArgumentParser) -> None:
    """Add ours. Not in a group of their own: what is in a group does not reach the web UI."""
    parser.add_argument(
        "--scenario", default=DEFAULT_SCENARIO, env_var="ZTNA_SCENARIO", metavar="<name or file>",
        help="Name or TOML file; `ztna-sim scenarios` lists the names",
    )  # fmt: skip
    parser.add_argument(
        "--credentials", default="", env_var="ZTNA_CREDENTIALS", metavar="<filename>",
        help="File that says whom to act as at the host; ./credentials.json if it is there",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", env_var="ZTNA_SET", metavar="<key=value>",
        help="Changed keys of the scenario, such as fleet.organisations=50; repeat it, or put commas between them",
    )  # fmt: skip
    parser.add_argument(
        "--fault", action="append", env_var="ZTNA_FAULT", metavar="<name[:parameter]>",
        help="Of the reference backend that is started where there is no host; `ztna-sim serve --faults` lists them",
    )  # fmt: skip
    parser.add_argument(
        "--rebalance", action="store_true", env_var="ZTNA_REBALANCE",
        help="Let the other workers take over the organisations of a lost one",
    )  # fmt: skip
    parser.add_argument(
        "--history", action="store_true", env_var="ZTNA_HISTORY", help="Keep every observation (history.npz)"
    )
    parser.add_argument(
        "--out", default="results", env_var="ZTNA_OUT", metavar="<folder>", include_in_web_ui=False,
        help="The run folder is made in it. Default: results",
    )  # fmt: skip
    parser.add_argument(
        "--allow-host", action="append", env_var="ZTNA_ALLOW_HOST", metavar="<name>", include_in_web_ui=False,
        help="A host that is not this machine and may be sent load, since you own it. Repeatable",
    )  # fmt: skip


def options_of(environment: Environment) -> Options:
    """Our arguments as they are now: the web UI may have changed them."""
    return msgspec.convert(vars(environment.parsed_options), Options, strict=False, from_attributes=False)


def request_of(options: Options, actors: Actors, host: str, users: int | None, run_time_s: float | None) -> Request:
    """What to run. The locustfile's actors, Locust's number of users and its run time, where given, change it.

    Raises `UsageError` for a host without credentials, and `ScenarioError` as `load` does.
    """
    overrides = list(listed(options.set))
    if actors != "all":
        overrides.append(f"fleet.actors={actors}")
    if users is not None:
        overrides.append(f"fleet.organisations={users}")
    if run_time_s is not None:
        overrides.append(f"duration_s={run_time_s}")
    scenario = load(options.scenario, overrides)
    file = _credentials_file(options.credentials)
    if host and file is None:
        raise UsageError(
            f"--host {host} needs --credentials FILE: whom to act as there; ./{DEFAULT_CREDENTIALS} is found by itself,"
            f" and `ztna-sim serve --credentials {DEFAULT_CREDENTIALS}` writes one"
        )
    target = host or (load_credentials(file).url if file else "") or None
    if file is not None and target is None:
        raise UsageError(f"credentials {file}: it has no url; say where its organisations are with --host URL")
    faults = tuple(listed(options.fault))
    if target is not None and faults:
        raise UsageError("--fault is for a backend that is started for the run; start `ztna-sim serve --fault ...`")
    return Request(
        scenario=scenario,
        target=target,
        credentials_file=file,
        allowed_hosts=tuple(options.allow_host or ()),
        keep_history=options.history,
        faults=faults,
        out=Path(options.out),
    )


def listed(given: str | list[str] | None) -> Iterator[str]:
    """A repeatable argument's values: a list from the command line, one text with commas from the web UI.

    A comma within brackets is part of its value: `dashboard.retry_delays_s=[1,2],seed=3` is two.
    """
    text = given if isinstance(given, str) else ",".join(given or ())
    depth, begin = 0, 0
    for place, character in enumerate(text):
        depth += (character in _OPENING) - (character in _CLOSING)
        if character == "," and depth == 0:
            yield from _worded([text[begin:place]])
            begin = place + 1
    yield from _worded([text[begin:]])


def _worded(texts: Iterable[str]) -> Iterator[str]:
    return (text.strip() for text in texts if text.strip())


def _credentials_file(given: str) -> Path | None:
    if given:
        return Path(given)
    return DEFAULT_CREDENTIALS if DEFAULT_CREDENTIALS.is_file() else None
