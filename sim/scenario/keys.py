"""Which keys a scenario has, read from its JSON Schema, so that suggestions cannot drift from the model."""

from collections.abc import Iterator, Mapping
from functools import cache

from pydantic.json_schema import JsonSchemaValue

from sim.scenario.model import Scenario


@cache
def tables() -> Mapping[str, tuple[str, ...]]:
    """The keys of every table, by its dotted path: "" for the top level, `fleet`, `bursts.wave`, ...

    A table of several forms has a path per form, which ends in the form's name: the burst's kind, the
    size's distribution.
    """
    schema = Scenario.model_json_schema()
    return dict(_tables(schema, schema["$defs"], ""))


def _tables(node: JsonSchemaValue, definitions: JsonSchemaValue, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for form in _forms(node, definitions):
        properties = form.get("properties")
        if properties is None:
            continue
        here = _joined(path, _form_name(properties))
        yield here, tuple(properties)
        for key, child in properties.items():
            yield from _tables(child, definitions, _joined(here, key))


def _forms(node: JsonSchemaValue, definitions: JsonSchemaValue) -> Iterator[JsonSchemaValue]:
    if "$ref" in node:
        yield from _forms(definitions[node["$ref"].rpartition("/")[2]], definitions)
    elif "items" in node:
        yield from _forms(node["items"], definitions)
    elif choices := node.get("anyOf") or node.get("oneOf"):
        for choice in choices:
            yield from _forms(choice, definitions)
    else:
        yield node


def _form_name(properties: JsonSchemaValue) -> str:
    tag = properties.get("kind") or properties.get("distribution") or {}
    return str(tag.get("const", ""))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}".strip(".")
