"""The pages of the documentation, cut into what tests look at."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
CONTRACT: Final = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
MEASURES: Final = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")

_CODE: Final = re.compile(r"`([^`\n]+)`")


def sections(page: str) -> dict[str, str]:
    """The text below each second-level heading, without nested headings of its own being cut off."""
    parts = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    return {heading: body for heading, _, body in (part.partition("\n") for part in parts)}


def rows(text: str, *header: str) -> list[tuple[str, ...]]:
    """The rows of all tables of a text that begin with these columns, as cells."""
    found: list[tuple[str, ...]] = []
    inside = False
    for line in text.splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split("|")) if line.startswith("|") else ()
        if inside and cells and not set(line) <= set("|- "):
            found.append(cells)
        inside = cells[: len(header)] == header or (inside and bool(cells))
    return found


def codes(text: str) -> list[str]:
    """What is set as code within lines, in order."""
    return _CODE.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def code(cell: str) -> str:
    """The one code that a cell consists of."""
    (found,) = codes(cell)
    return found


def headings(page: str) -> Sequence[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    plain = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page, flags=re.DOTALL), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain]
