"""What all records of a scenario share: strictness, the word "none", and sizes that may be a plain number."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, NoReturn

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

NONE_WORD: Final = "none"
RELATION: Final = "relation"


class Record(BaseModel):
    """A frozen record that refuses unknown keys, text where a number belongs, and infinities."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


def refuse(allowed: str, key: str = "") -> NoReturn:
    """Refuse a value for its relation to others: `allowed` says what it must be, `key` where in this field.

    Raises the error that sim.scenario.problems puts into a line.
    """
    refuse_all([(key, allowed)])


def refuse_all(problems: Sequence[tuple[str, str]]) -> NoReturn:
    """The same for several problems of one field, each a key (dotted, where it lies deeper) and what is allowed."""
    message = "; ".join(allowed for _, allowed in problems)
    raise PydanticCustomError(RELATION, "{message}", {"message": message, "problems": problems})


class Described:
    """An annotation that changes the JSON Schema which pydantic derives for a field, and nothing else."""

    def __init__(self, change: Callable[[JsonSchemaValue], JsonSchemaValue]) -> None:
        self._change = change

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self._change(handler(core))


def _none_of(value: object) -> object:
    return None if value == NONE_WORD else value


def _none_in_schema(schema: JsonSchemaValue) -> JsonSchemaValue:
    choices = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
    return {"anyOf": [*choices, {"const": NONE_WORD}]}


OptionalPositive = Annotated[
    Annotated[float, Field(gt=0)] | None,
    BeforeValidator(_none_of),
    Described(_none_in_schema),
    Field(json_schema_extra={"default": NONE_WORD}),
]
"""A number greater than 0, or "none": TOML has no null, and an override must be able to take a value away."""

Share = Annotated[float, Field(ge=0, le=1)]
"""A share of a whole, 0 to 1."""

SomeShare = Annotated[float, Field(gt=0, le=1)]
"""A share of a whole that is more than nothing."""

AtLeastZero = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
