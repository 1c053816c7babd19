"""The query language of the CRUD API, from texts to records (contract 5). Pure: what is refused is raised."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from sim.contract import ErrorCode, Status
from sim.target.envelope import RequestError
from sim.target.options import LARGEST_PAGE
from sim.target.records import MachineFilter, MachineQuery
from sim.target.times import canonical_iso

ORGANISATION: Final = "org_id"
READABLE: Final = (
    "id", "org_id", "name", "tailnet_ip", "os", "version", "status", "last_seen", "created_at",
    "wg_public_key", "ephemeral", "admin_disabled", "key_expires_at", "client_connectivity", "derp_latencies",
    "endpoints",
)  # fmt: skip
FILTERABLE: Final = (
    "id",
    "org_id",
    "name",
    "tailnet_ip",
    "os",
    "version",
    "status",
    "last_seen",
    "created_at",
)
WRITABLE: Final = ("name", "os", "version", "status", "last_seen")
"""Other columns of a PATCH are dropped without a word (documented by the product)."""

_EQUALS: Final = "eq."
_MOST_DIGITS: Final = 15
_MOST_CONDITIONS: Final = 100
"""A request needs one or two; a store has its own limit (SQLite: 1,000 in all), which must not be met."""


class _Condition(msgspec.Struct, frozen=True):
    column: str
    value: str
    op: str = "="


class WriteRequest(msgspec.Struct, frozen=True, rename={"filters": "_filters"}):
    """The body of a PATCH or a DELETE: its filter in either form, and the columns that a PATCH may write."""

    filters: dict[str, str] | list[_Condition] | None = None
    name: str | msgspec.UnsetType = msgspec.UNSET
    os: str | msgspec.UnsetType = msgspec.UNSET
    version: str | msgspec.UnsetType = msgspec.UNSET
    status: Status | msgspec.UnsetType = msgspec.UNSET
    last_seen: str | msgspec.UnsetType | None = msgspec.UNSET


def read_query(query: Mapping[str, str], organisations: tuple[str, ...], page_size: int) -> MachineQuery:
    """What a GET asks for. Raises RequestError for an unknown column and for a limit that is no number."""
    column, direction = _order(query)
    offset, limit = _range(query, page_size)
    return MachineQuery(
        filter=MachineFilter(organisations, equals_of_url(query)),
        columns=_columns(query),
        order=column,
        ascending=direction,
        limit=limit,
        offset=offset,
    )


def equals_of_url(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The filter in a URL: `column=eq.value`, or the bare value. Raises RequestError for too many of them."""
    equals = [(column, value.removeprefix(_EQUALS)) for column, value in query.items() if column in FILTERABLE]
    return _few(equals)


def named_organisation(query: Mapping[str, str]) -> str | None:
    """The organisation that a URL's filter names, if it names one."""
    value = query.get(ORGANISATION)
    return None if value is None else value.removeprefix(_EQUALS)


def equals_of_body(body: WriteRequest) -> tuple[tuple[str, str], ...]:
    """The filter in a body: an object, or a list of `{column, op: "=", value}`. Raises RequestError."""
    if body.filters is None:
        return ()
    if isinstance(body.filters, dict):
        equals = [(column, value.removeprefix(_EQUALS)) for column, value in body.filters.items()]
    else:
        equals = [(condition.column, condition.value) for condition in body.filters]
        for condition in body.filters:
            if condition.op != "=":
                raise _invalid("op", condition.op, "=")
    for column, _ in equals:
        _require_column(column, FILTERABLE)
    return _few(equals)


def changes_of(body: WriteRequest) -> dict[str, str | None]:
    """The columns that a PATCH writes. Raises RequestError if last_seen is no time, or a name is empty."""
    changes: dict[str, str | None] = {}
    for column in WRITABLE:
        value: str | msgspec.UnsetType | None = getattr(body, column)
        if value is not msgspec.UNSET:
            changes[column] = value
    if changes.get("name") == "":
        raise _invalid("name", "", "a name")
    last_seen = changes.get("last_seen")
    if last_seen is not None:
        try:
            changes["last_seen"] = canonical_iso(last_seen)
        except ValueError as error:
            raise _invalid("last_seen", last_seen, "an ISO 8601 time") from error
    return changes


def _columns(query: Mapping[str, str]) -> tuple[str, ...]:
    wanted = query.get("select", "*")
    if wanted == "*":
        return READABLE
    columns = tuple(dict.fromkeys(column.strip() for column in wanted.split(",")))
    for column in columns:
        _require_column(column, READABLE)
    return columns


def _order(query: Mapping[str, str]) -> tuple[str, bool]:
    """Column, and whether ascending: `order=col.desc`, or `order=col&ascending=true` (C21)."""
    column, dot, direction = query.get("order", "id").partition(".")
    _require_column(column, READABLE)
    if dot:
        if direction not in ("asc", "desc"):
            raise _invalid("order", direction, "asc or desc")
        return column, direction == "asc"
    return column, query.get("ascending", "true") == "true"


def _range(query: Mapping[str, str], page_size: int) -> tuple[int, int | None]:
    """Offset and limit: `range_from`, `range_to` (exclusive) and `limit` (documented by the product)."""
    start, end, limit = _number(query, "range_from"), _number(query, "range_to"), _number(query, "limit")
    sizes = [size for size in (limit, None if end is None else max(0, end - (start or 0))) if size is not None]
    if page_size:
        sizes = [min(*sizes, LARGEST_PAGE) if sizes else page_size]
    return start or 0, min(sizes, default=None)


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise _invalid(name, text, f"a whole number of at most {_MOST_DIGITS} digits")
    return int(text)


def _few(equals: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    if len(equals) > _MOST_CONDITIONS:
        raise _invalid("filter", f"{len(equals)} conditions", f"at most {_MOST_CONDITIONS}")
    return tuple(equals)


def _require_column(column: str, allowed: tuple[str, ...]) -> None:
    if column not in allowed:
        raise _invalid("column", column, f"one of {', '.join(allowed)}")


def _invalid(name: str, value: str, allowed: str) -> RequestError:
    return RequestError(400, ErrorCode.INVALID_INPUT, f"{name}: {value[:80]!r} is not allowed; it must be {allowed}")
