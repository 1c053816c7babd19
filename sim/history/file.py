"""`history.npz`: the histories of all organisations of a run, kept when asked for.

For each table one int64 array of shape (rows, 1 + columns), named as the table; its first column is the number of the
organisation. `<table>_columns` names the columns. `frames` holds one JSON text (`RunFrame`) for each history, and
`<table>_lengths` how many rows of the table are its: an organisation that comes and goes has a history for each stay.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.history.columns import (
    Answers,
    Breaches,
    Deliveries,
    Fetches,
    History,
    Machines,
    Mounts,
    Probes,
    RunFrame,
    Sessions,
    States,
    Table,
    Writes,
    column_names,
)

TABLES: Final[dict[str, type[Table]]] = {
    "writes": Writes,
    "deliveries": Deliveries,
    "fetches": Fetches,
    "answers": Answers,
    "sessions": Sessions,
    "mounts": Mounts,
    "breaches": Breaches,
    "states": States,
    "machines": Machines,
    "probes": Probes,
}


def write_histories(histories: Iterable[History]) -> bytes:
    """The file's bytes."""
    kept = sorted(histories, key=lambda history: (history.frame.organisation, history.frame.stay_from_ns))
    arrays: dict[str, NDArray[np.generic]] = {
        "frames": np.array([msgspec.json.encode(history.frame).decode() for history in kept], dtype=np.str_)
    }
    for name, kind in TABLES.items():
        arrays[f"{name}_columns"] = np.array(["organisation", *column_names(kind)], dtype=np.str_)
        parts = [_with_organisation(history, name) for history in kept]
        arrays[f"{name}_lengths"] = np.array([len(part) for part in parts], np.int64)
        arrays[name] = np.concatenate(parts) if parts else np.empty((0, 1 + kind.width()), np.int64)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_histories(data: bytes) -> list[History]:
    """The histories of a file's bytes, by organisation, then time.

    Raises `ValueError` for bytes that are no such file, or a damaged one.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            frames = [msgspec.json.decode(str(text), type=RunFrame) for text in file["frames"]]
            tables = {name: _table(file, name, kind, len(frames)) for name, kind in TABLES.items()}
    except (KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"it holds no histories: {error}") from None
    return [_history(frame, {name: parts[k] for name, parts in tables.items()}) for k, frame in enumerate(frames)]


def _table(
    file: Mapping[str, NDArray[np.int64]], name: str, kind: type[Table], histories: int
) -> list[NDArray[np.int64]]:
    """The rows of a table, for each of so many histories."""
    rows, lengths = file[name], file[f"{name}_lengths"]
    if rows.dtype != np.int64 or rows.ndim != 2 or rows.shape[1] != 1 + kind.width():
        raise ValueError(f"{name} is not an int64 array of {1 + kind.width()} columns")
    if lengths.dtype != np.int64 or lengths.shape != (histories,) or lengths.min(initial=0) < 0:
        raise ValueError(f"{name}_lengths is not an int64 array of one length for each history")
    if int(lengths.sum()) != len(rows):
        raise ValueError(f"{name} has not as many rows as its histories")
    return np.split(rows[:, 1:], np.cumsum(lengths)[:-1]) if histories else []


def _with_organisation(history: History, name: str) -> NDArray[np.int64]:
    rows = getattr(history, name).rows()
    return np.insert(rows, 0, history.frame.organisation, axis=1)


def _history(frame: RunFrame, own: dict[str, NDArray[np.int64]]) -> History:
    return History(
        frame=frame,
        writes=Writes.from_rows(own["writes"]),
        deliveries=Deliveries.from_rows(own["deliveries"]),
        fetches=Fetches.from_rows(own["fetches"]),
        answers=Answers.from_rows(own["answers"]),
        sessions=Sessions.from_rows(own["sessions"]),
        mounts=Mounts.from_rows(own["mounts"]),
        breaches=Breaches.from_rows(own["breaches"]),
        states=States.from_rows(own["states"]),
        machines=Machines.from_rows(own["machines"]),
        probes=Probes.from_rows(own["probes"]),
    )
