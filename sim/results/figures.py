"""The arrays behind the plots: `histograms.npz` of the run folder.

The file holds plain numpy arrays, named as below, so that a notebook needs nothing of ours to read it. No array holds
a secret or a Python object (`allow_pickle` stays off).
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

HISTOGRAM_NAMES: Final = (
    "event_to_refetch", "delivery", "debounce", "refetch", "write", "lateness",
    "event_to_refetch_from_due", "write_from_due", "blocked", "handling",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HistogramColumns:
    """One latency histogram as columns: bucket k holds `count[k]` values in [`low_ns[k]`, `high_ns[k]`]; sorted."""

    low_ns: Ints
    high_ns: Ints
    count: Ints


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the plots show. Row i of the `*_per_bucket` columns is the i-th time bucket of the run."""

    histograms: Mapping[str, HistogramColumns]
    """By the names of HISTOGRAM_NAMES; an empty histogram has empty columns."""

    bucket_s: float
    """Length of a time bucket. Bucket i covers [i, i + 1) x bucket_s seconds of the measured window and the drain."""

    window_s: float
    """Length of the measured window; buckets after it belong to the drain."""

    writes_per_bucket: Ints
    announced_per_bucket: Ints
    """Transitions announced to anybody: the events that could have leaked."""
    deliveries_per_bucket: Ints
    refetches_per_bucket: Ints
    sockets_per_bucket: Ints
    """Dashboards that were subscribed throughout the bucket."""
    opportunities_per_bucket: Ints
    leaks_per_bucket: Ints
    event_to_refetch_ms_p50_per_bucket: Floats
    """By the time of the write; NaN where nothing was measured. So too the next four."""
    event_to_refetch_ms_p95_per_bucket: Floats
    event_to_refetch_ms_p99_per_bucket: Floats
    lateness_ms_p99_per_bucket: Floats
    handling_ms_p99_per_bucket: Floats

    organisation: Ints
    """Numbers of the organisations; row i of the next four columns belongs to organisation[i]."""
    organisation_dashboards: Ints
    organisation_deliveries: Ints
    organisation_refetches: Ints
    """Refetches that deliveries caused."""
    organisation_events_per_s: Floats
    """Deliveries per dashboard per second of the window: the rate r of the closed form exp(r w)."""

    debounce_s: float = field(default=0.5)
    """The debounce window w; 0 for a page without one."""

    def to_bytes(self) -> bytes:
        """The .npz file's bytes."""
        arrays: dict[str, NDArray[np.generic]] = {
            f.name: np.asarray(getattr(self, f.name)) for f in fields(self) if f.name != "histograms"
        }
        for name, columns in self.histograms.items():
            arrays[f"{name}_low_ns"] = columns.low_ns
            arrays[f"{name}_high_ns"] = columns.high_ns
            arrays[f"{name}_count"] = columns.count
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Figures":
        """The figures of a file's bytes.

        Raises `KeyError` for a missing array and `ValueError` for bytes that are no .npz file.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            histograms = {
                name: HistogramColumns(file[f"{name}_low_ns"], file[f"{name}_high_ns"], file[f"{name}_count"])
                for name in HISTOGRAM_NAMES
            }
            plain = {f.name: file[f.name] for f in fields(cls) if f.name != "histograms"}
        bucket_s, window_s, debounce_s = (float(plain.pop(name)) for name in ("bucket_s", "window_s", "debounce_s"))
        return cls(histograms=histograms, bucket_s=bucket_s, window_s=window_s, debounce_s=debounce_s, **plain)
