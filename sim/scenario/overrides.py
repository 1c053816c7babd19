"""Overrides of a scenario's keys: `key.path=value`, the value as in TOML, a bare word a text."""

import copy
import tomllib
from collections.abc import Sequence
from typing import Final

_CANNOT_BE_WORDS: Final = ('"', "'", "[", "{")


def overridden(data: dict[str, object], overrides: Sequence[str]) -> tuple[dict[str, object], list[str]]:
    """The data with the overrides put in, in their order, and a line for each that cannot be.

    A path reaches into tables by key and into lists by number from 0: `bursts.0.at_s=3`. Tables that the
    file does not have are made. Whether the key exists and the value is allowed is left to the validation.
    """
    changed, problems = copy.deepcopy(data), []
    for override in overrides:
        try:
            path, value = _parsed(override)
            _put(changed, path, value)
        except ValueError as error:
            problems.append(str(error))
    return changed, problems


def _parsed(override: str) -> tuple[list[str], object]:
    key, equals, text = override.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise ValueError(f"{override}: it must be key.path=value, such as fleet.organisations=50")
    return path, _value(key.strip(), text.strip())


def _value(key: str, text: str) -> object:
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        if text.startswith(_CANNOT_BE_WORDS):
            raise ValueError(f"{key}: {text} is not allowed; it must be a value as in TOML") from None
        return text
    return document["value"] if len(document) == 1 else text


def _put(data: dict[str, object], path: list[str], value: object) -> None:
    here: object = data
    for depth, part in enumerate(path[:-1]):
        here = _inner(here, path, depth) if isinstance(here, dict) else _item(here, path, depth)[int(part)]
    if isinstance(here, dict):
        here[path[-1]] = value
    else:
        _item(here, path, len(path) - 1)[int(path[-1])] = value


def _inner(here: dict[str, object], path: list[str], depth: int) -> object:
    at = ".".join(path[: depth + 1])
    if path[depth] not in here and path[depth + 1].isdecimal():
        raise ValueError(f"{'.'.join(path)}: the scenario has no list {at}; set the whole list, {at}=[...]")
    return here.setdefault(path[depth], {})


def _item(here: object, path: list[str], depth: int) -> list[object]:
    """The list `here`, which has the item that the path asks for."""
    whole, at, part = ".".join(path), ".".join(path[:depth]), path[depth]
    if not isinstance(here, list):
        raise ValueError(f"{whole}: {at} is a plain value here and has no parts; set {at} as a whole")
    if not (part.isdecimal() and int(part) < len(here)):
        allowed = f"a number from 0 to {len(here) - 1}" if here else "left out, since the list is empty"
        raise ValueError(f"{whole}: {part} is no item of {at}; it must be {allowed}")
    return here
