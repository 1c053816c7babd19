"""The target's options: its timers, and its reading where the product's public documents disagree."""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from sim import contract
from sim.errors import UsageError

LARGEST_PAGE: Final = 100
"""Most rows of a page of the CRUD API, where it pages at all (contract 5, C22)."""

_TIMES: Final = (
    "cleanup_interval_s",
    "offline_after_s",
    "evict_after_s",
    "evict_sweep_s",
    "token_lifetime_s",
)
_SWITCHES: Final = ("evict", "patch_announces", "insert_announces", "event_timestamp", "rate_limits")
_SWITCH_WORDS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """Checked when made: UsageError names the option, its value and what is allowed."""

    cleanup_interval_s: float = float(contract.CLEANUP_INTERVAL_S)
    """From one run of the cleanup job to the next (contract 4)."""
    offline_after_s: float = float(contract.OFFLINE_AFTER_S)
    """Silence after which the cleanup job marks a machine offline (contract 4)."""
    evict_after_s: float = float(contract.EVICT_AFTER_S)
    """A socket that sent no ping for so long is closed (contract 1)."""
    evict_sweep_s: float = float(contract.EVICTION_SWEEP_S)
    """From one look for such sockets to the next (contract 1)."""
    evict: bool = True
    """Whether silent sockets are closed at all."""
    sockets_per_organisation: int = contract.SOCKETS_PER_ORGANISATION
    """Most sockets of one organisation (contract 1)."""
    patch_announces: bool = True
    """Whether a PATCH of a machine, or an admin's change but for a quarantine, announces an UPDATE (C9)."""
    patch_filter: str = "both"
    """Where a PATCH's filter is read from: `both` URL and body, or the `body` alone (contract 5, C26)."""
    insert_announces: bool = False
    """Whether a registration announces its INSERT, or UPDATE where the machine was known (contract 1, C8)."""
    no_member: str = "403"
    """Refusal of a socket of a stranger: before the upgrade, or close code `4003` after it (C2)."""
    event_timestamp: bool = True
    """Whether event frames carry a timestamp (contract 1, C3)."""
    page_size: int = 0
    """Rows per page of the CRUD API; 0 gives all (contract 5, C22)."""
    token_lifetime_s: float = float(contract.TOKEN_LIFETIME_S)
    """Lifetime of an access token, rounded up to whole seconds (contract 6)."""
    rate_limits: bool = False
    """Whether log-in and registration are limited as in production (contract 4 and 6)."""

    def __post_init__(self) -> None:
        for name in _TIMES:
            value = getattr(self, name)
            _require(_is_number(value) and 0 < value < math.inf, name, value, "a number of seconds greater than 0")
        for name in _SWITCHES:
            _require(isinstance(getattr(self, name), bool), name, getattr(self, name), "true or false")
        cap, page = self.sockets_per_organisation, self.page_size
        _require(_is_whole(cap) and cap >= 1, "sockets_per_organisation", cap, "a whole number of at least 1")
        _require(_is_whole(page) and 0 <= page <= LARGEST_PAGE, "page_size", page, f"0 to {LARGEST_PAGE}")
        _require(self.patch_filter in ("both", "body"), "patch_filter", self.patch_filter, "both or body")
        _require(self.no_member in ("403", "4003"), "no_member", self.no_member, "403 or 4003")


OPTION_NAMES: Final = tuple(field.name for field in fields(TargetOptions))


def target_options(values: Mapping[str, object], settings: Sequence[str] = ()) -> TargetOptions:
    """Options from `values` by name, overridden by texts `name=value`; what is not named keeps its default.

    Raises UsageError for an unknown name, and for a value that its option does not allow.
    """
    changes = dict(values)
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator:
            raise UsageError(f"option {setting!r}: it must be name=value, for example page_size=20")
        _require_known(name)
        changes[name] = _value_of(name, text)
    for name in changes:
        _require_known(name)
    return _changed(changes)


def _changed(changes: Mapping[str, Any]) -> TargetOptions:
    return replace(TargetOptions(), **changes)  # the record checks the values itself


def _value_of(name: str, text: str) -> object:
    default: object = getattr(TargetOptions(), name)
    if isinstance(default, bool):
        return _SWITCH_WORDS.get(text, text)
    if isinstance(default, str):
        return text
    try:
        return int(text) if isinstance(default, int) else float(text)
    except ValueError:
        return text  # refused with its name by the record's own check


def _require_known(name: str) -> None:
    if name in OPTION_NAMES:
        return
    near = difflib.get_close_matches(name, OPTION_NAMES, 1)
    hint = f"did you mean {near[0]}?" if near else f"it must be one of {', '.join(OPTION_NAMES)}"
    raise UsageError(f"option {name}: unknown; {hint}")


def _require(holds: bool, name: str, value: object, allowed: str) -> None:
    if not holds:
        raise UsageError(f"option {name}: {value!r} is not allowed; it must be {allowed}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_whole(value) or isinstance(value, float)
