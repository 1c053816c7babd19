"""`history.npz`: the histories of all organisations of a run, kept when asked for.

For each table one int64 array of shape (rows, 1 + columns), named as the table; its first column is the number of the
organisation. `<table>_columns` names the columns. `frames` holds one JSON text (`RunFrame`) for each organisation.
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
    kept = sorted(histories, key=lambda history: history.frame.organisation)
    arrays: dict[str, NDArray[np.generic]] = {
        "frames": np.array([msgspec.json.encode(history.frame).decode() for history in kept], dtype=np.str_)
    }
    for name, kind in TABLES.items():
        arrays[f"{name}_columns"] = np.array(["organisation", *column_names(kind)], dtype=np.str_)
        parts = [_with_organisation(history, name) for history in kept]
        arrays[name] = np.concatenate(parts) if parts else np.empty((0, 1 + kind.width()), np.int64)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_histories(data: bytes) -> list[History]:
    """The histories of a file's bytes, by organisation.

    Raises `ValueError` for bytes that are no such file, or a damaged one.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            frames = [msgspec.json.decode(str(text), type=RunFrame) for text in file["frames"]]
            rows = {name: _table(file, name, kind) for name, kind in TABLES.items()}
    except (KeyError, EOFError, TypeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"it holds no histories: {error}") from None
    return [_history(frame, rows) for frame in frames]


def _table(file: Mapping[str, NDArray[np.int64]], name: str, kind: type[Table]) -> NDArray[np.int64]:
    rows = file[name]
    if rows.dtype != np.int64 or rows.ndim != 2 or rows.shape[1] != 1 + kind.width():
        raise ValueError(f"{name} is not an int64 array of {1 + kind.width()} columns")
    return rows


def _with_organisation(history: History, name: str) -> NDArray[np.int64]:
    rows = getattr(history, name).rows()
    return np.insert(rows, 0, history.frame.organisation, axis=1)


def _history(frame: RunFrame, rows: dict[str, NDArray[np.int64]]) -> History:
    own = {name: table[table[:, 0] == frame.organisation, 1:] for name, table in rows.items()}
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
