"""The run folder: what is written of a run, and read again by `report` and `check`."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from sim.checks import Partials, decode_partials, encode_partials
from sim.errors import RunFolderError, ScenarioError
from sim.results.draw import figures_of
from sim.results.environment import describe_environment
from sim.results.executed import Executed
from sim.results.figures import Figures
from sim.results.summary import Summary, decode, encode
from sim.scenario import Scenario, load, resolved

SUMMARY: Final = "summary.json"
SCENARIO: Final = "scenario.toml"
ENVIRONMENT: Final = "environment.json"
HISTOGRAMS: Final = "histograms.npz"
PARTIALS: Final = "partials.json"
HISTORY: Final = "history.npz"
LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run folder holds."""

    folder: Path
    summary: Summary
    scenario: Scenario
    partials: Partials

    @property
    def figures(self) -> Figures:
        """The arrays behind the plots."""
        return figures_of(self.partials)


@contextmanager
def created_folder(parent: Path, scenario: Scenario, started: datetime) -> Iterator[Path]:
    """A new folder `<scenario>-<UTC>-<seed>` in `parent`; nothing is overwritten.

    It is made before the load, since it may not be writable; a run that ends before it has anything to write leaves
    none. Raises `RunFolderError` if it cannot be made.
    """
    is_new = not parent.exists()
    folder = _create(parent, f"{scenario.name}-{started:%Y%m%dT%H%M%SZ}-{scenario.seed}")
    try:
        yield folder
    finally:
        with suppress(OSError):  # it is not empty
            folder.rmdir()
            if is_new:
                parent.rmdir()


def _create(parent: Path, name: str) -> Path:
    for attempt in range(1, 1_000):
        folder = parent / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RunFolderError(f"--out {parent}: the run folder cannot be made: {error.strerror}") from None
        return folder
    raise RunFolderError(f"--out {parent}: there are too many folders named {name}")


def write_run(folder: Path, executed: Executed, summary: Summary) -> None:
    """Write everything but the report's own files.

    Raises `RunFolderError` naming the file that cannot be written.
    """
    partials = executed.partials
    environment = describe_environment(executed.environment)
    files: dict[str, bytes] = {
        SUMMARY: encode(summary),
        SCENARIO: resolved(executed.scenario).encode(),
        ENVIRONMENT: msgspec.json.format(msgspec.json.encode(environment), indent=2) + b"\n",
        PARTIALS: encode_partials(partials),
        HISTOGRAMS: figures_of(partials).to_bytes(),
    }
    if executed.history is not None:
        files[HISTORY] = executed.history
    for name, data in files.items():
        try:
            (folder / name).write_bytes(data)
        except OSError as error:
            raise RunFolderError(f"{folder / name}: cannot be written: {error.strerror}") from None


def read_run(folder: Path) -> Run:
    """A run from its folder alone.

    Raises `RunFolderError` for a folder that is none, or whose files are damaged.
    """
    try:
        summary = decode((folder / SUMMARY).read_bytes())
        partials = decode_partials((folder / PARTIALS).read_bytes())
    except OSError as error:
        raise RunFolderError(f"{folder}: not a run folder ({Path(error.filename).name}: {error.strerror})") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise RunFolderError(f"{folder}: damaged: {error}") from None
    try:
        scenario = load(str(folder / SCENARIO))
    except ScenarioError as error:
        raise RunFolderError(f"{folder}: damaged: {error}") from None
    return Run(folder, summary, scenario, partials)


def find_run(name: str, parent: Path) -> Path:
    """The folder that RUN means: a path, the name of a folder in `parent`, or `latest`.

    Raises `RunFolderError` where there is none.
    """
    if name == LATEST:
        folders = sorted(parent.glob(f"*/{SUMMARY}"), key=lambda file: file.stat().st_mtime)
        if not folders:
            raise RunFolderError(f"there is no run in {parent}/ yet: `ztna-sim run quick` makes one")
        return folders[-1].parent
    for folder in (Path(name), parent / name):
        if folder.is_dir():
            return folder
    raise RunFolderError(f"{name}: there is no such folder, nor {parent / name}; `latest` is the newest run")
