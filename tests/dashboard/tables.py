"""The transitions as Markdown: the table and the picture that docs/page.md must have."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Final, TypeVar

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "page.md").read_text(encoding="utf-8")

State = TypeVar("State", bound=IntEnum)
Entry = TypeVar("Entry", bound=IntEnum)
Action = TypeVar("Action", bound=IntEnum)
Transition = tuple[State, tuple[Action, ...]] | None


def markdown(
    states: type[State], entries: type[Entry], table: Mapping[tuple[State, Entry], Transition[State, Action]]
) -> str:
    """A row per input, a column per state: the next state and the actions; a dash where it is impossible."""
    header = ["input", *(state.name for state in states)]
    rows = [[entry.name, *(_cell(state, table[state, entry]) for state in states)] for entry in entries]
    return "\n".join(_line(row) for row in [header, ["---"] * len(header), *rows])


def picture(table: Mapping[tuple[State, Entry], Transition[State, Action]]) -> str:
    """A Mermaid diagram of the transitions that change the state."""
    labels: dict[tuple[str, str], list[str]] = {}
    for (state, entry), transition in table.items():
        if transition is not None and transition[0] != state:
            labels.setdefault((state.name, transition[0].name), []).append(entry.name)
    arrows = [f"    {start} --> {end}: {', '.join(names)}" for (start, end), names in labels.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", *arrows, "```"])


def _cell(state: State, transition: Transition[State, Action]) -> str:
    if transition is None:
        return "—"
    following, actions = transition
    did = ", ".join(action.name for action in actions)
    if following == state:
        return did or "stays"
    return f"**{following.name}** {did}".strip()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
