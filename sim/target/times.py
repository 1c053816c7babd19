"""The target's clock, and times as contract 1 writes them: ISO 8601 with milliseconds and Z."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def iso(time_ms: int) -> str:
    """`time_ms` as text, for example 2026-03-17T10:30:45.123Z. Texts of this form sort as their times do."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"


def canonical_iso(text: str) -> str:
    """Any ISO 8601 time in the form of `iso`; UTC where it has no offset. Raises ValueError if it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return iso((moment - _EPOCH) // timedelta(milliseconds=1))
    except OverflowError as error:
        raise ValueError(f"{text} is out of range") from error
