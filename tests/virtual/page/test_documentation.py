"""docs/page.md names all that a script may say."""

from sim.virtual.page.script import (
    ACTIONS,
    PROTOCOLS,
    Action,
    Close,
    Eviction,
    Failure,
    Flap,
    PageOptions,
    Script,
    Slow,
)
from tests.dashboard.tables import PAGE
from tests.docs.pages import codes, rows, sections

_TABLE = rows(sections(PAGE)["A recorded page, simulated from its script"], "script", "says")


def test_every_field_of_a_script_has_its_place() -> None:
    assert sorted(name for row in _TABLE for name in codes(row[0])) == sorted(Script.__struct_fields__)


def test_what_the_fields_say() -> None:
    said = {name for row in _TABLE for name in codes(row[1])}
    fields = {
        name for part in (Close, Eviction, Failure, Flap, PageOptions, Slow, Action) for name in part.__struct_fields__
    }
    assert fields - {"reason", "from_ms", "to_ms"} <= said
    assert {*ACTIONS, *PROTOCOLS} <= said
