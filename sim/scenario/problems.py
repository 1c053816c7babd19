"""From pydantic's errors to lines that a user can act on: path, value, what is allowed."""

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sim.scenario.base import RELATION
from sim.scenario.keys import tables

_ALLOWED: Final[Mapping[str, str]] = {
    "greater_than": "it must be greater than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than_equal": "it must be at most {le}",
    "int_type": "it must be a whole number",
    "float_type": "it must be a number",
    "finite_number": "it must be a finite number",
    "bool_type": "it must be true or false",
    "string_type": "it must be a text",
    "string_pattern_mismatch": "it must be lower-case letters, digits, - and _, at most 64",
    "tuple_type": "it must be a list",
    "too_long": "it must have at most {max_length} items",
    "literal_error": "it must be {expected}",
    "model_type": "it must be a table",
    "model_attributes_type": "it must be a table",
}
_SHOWN_CHARACTERS: Final = 60


def problems_of(error: ValidationError, data: object) -> list[str]:
    """A line for each problem of a scenario that was read as `data`."""
    lines: list[str] = []
    for detail in error.errors(include_url=False):
        lines += _relations(detail, data) if detail["type"] == RELATION else [_problem(detail, data)]
    return lines


def shown(value: object) -> str:
    """A value as the file has it, cut where it is long."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 3] + "..."


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word that was most likely meant, if any is near."""
    return next(iter(difflib.get_close_matches(word, list(words), n=1, cutoff=0.6)), None)


def _problem(detail: ErrorDetails, data: object) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    path = _path_in_file(detail["loc"], data)
    if kind == "extra_forbidden":
        return _unknown_key(detail["loc"], path)
    if kind == "missing":
        return f"{path}: missing; it must be given"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _unknown_form(detail["input"], context, path)
    plain = {name: _whole(bound) for name, bound in context.items()}
    allowed = _ALLOWED[kind].format_map(plain) if kind in _ALLOWED else detail["msg"]
    return f"{path}: {shown(detail['input'])} is not allowed; {allowed}"


def _relations(detail: ErrorDetails, data: object) -> list[str]:
    path = _path_in_file(detail["loc"], data)
    return [
        f"{path}.{key}".strip(".") + f": {shown(_inner(detail['input'], key))} is not allowed; {allowed}"
        for key, allowed in detail["ctx"]["problems"]
    ]


def _inner(value: object, key: str) -> object:
    """What lies at this dotted key of a value; the value itself where the key is empty."""
    for part in filter(None, key.split(".")):
        if isinstance(value, dict | list):
            value = _child(value, int(part) if isinstance(value, list) else part)
    return value


def _whole(bound: object) -> object:
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _path_in_file(location: tuple[int | str, ...], data: object) -> str:
    """The dotted path without the names of forms, which pydantic puts in and the file does not have."""
    shown_parts: list[str] = []
    here, form_seen = data, False
    for part in location:
        if isinstance(here, dict) and not form_seen and part in (here.get("kind"), here.get("distribution")):
            form_seen = True
        elif isinstance(here, dict | list):
            shown_parts.append(str(part))
            here, form_seen = _child(here, part), False
    return ".".join(shown_parts)


def _child(here: dict[str, object] | list[object], part: int | str) -> object:
    if isinstance(here, list):
        return here[part] if isinstance(part, int) else None
    return here.get(str(part))


def _unknown_key(location: tuple[int | str, ...], path: str) -> str:
    table = ".".join(str(part) for part in location[:-1] if isinstance(part, str))
    key, before = str(location[-1]), path.rpartition(".")[0]
    keys = tables()[table]
    near = nearest(key, keys)
    if near is not None:
        return f"{path}: unknown key; did you mean {f'{before}.{near}'.strip('.')}?"
    elsewhere = [name for name, its_keys in tables().items() if key in its_keys and name.count(".") == 0]
    if elsewhere:
        return f"{path}: unknown key; did you mean {f'{elsewhere[0]}.{key}'.strip('.')}?"
    return f"{path}: unknown key; the keys here are {', '.join(keys)}"


def _unknown_form(form: Mapping[str, object], context: Mapping[str, str], path: str) -> str:
    key = context["discriminator"].strip("'")
    whose = "".join(f"{part}." for part in path.split(".") if not part.isdecimal())
    names = {table.removeprefix(whose) for table, keys in tables().items() if table.startswith(whose) and key in keys}
    listed = "it must be one of " + ", ".join(f'"{name}"' for name in sorted(names))
    if "tag" not in context:
        return f"{path}.{key}: missing; {listed}"
    near = nearest(context["tag"], names)
    meant = f'; did you mean "{near}"?' if near else ""
    return f"{path}.{key}: {shown(form[key])} is not allowed; {listed}{meant}"
