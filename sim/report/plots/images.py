"""A drawn figure as bytes: PNG and SVG files, and an SVG to be set into a page.

Equal figures give equal bytes.
"""

import io
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
from matplotlib import style
from matplotlib.figure import Figure

from sim.report.plots.style import GRID, INK, MUTED, PAPER, SHADE, STYLE

PNG_DPI: Final = 144

_PAGE_COLOURS: Final = {INK: "ink", MUTED: "muted", GRID: "grid", SHADE: "shade", PAPER: "paper"}
_HEAD: Final = re.compile(r"\A.*?(?=<svg)", re.DOTALL)
_METADATA: Final = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_ID: Final = re.compile(r'\bid="|href="#|url\(#')


@dataclass(frozen=True, slots=True)
class Images:
    """One plot as the bytes of two files, and as an `<svg>` element for a page."""

    png: bytes
    svg: bytes
    inline_svg: str


def rendered(figure: Figure, prefix: str) -> Images:
    """All images of a figure; `prefix` keeps the ids of several plots on one page apart."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # else every drawing moves things by a hair
    page_svg = _svg(figure, "none").decode()
    return Images(_png(figure), _svg(figure, "path"), inline(page_svg, prefix))


def in_our_style() -> AbstractContextManager[None]:
    """The context in which figures are drawn and rendered: our style, whatever the user's own settings."""
    return style.context(["default", STYLE])


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()


def _svg(figure: Figure, text_as: str) -> bytes:
    """`path` draws letters as shapes, right wherever the file is shown; `none` leaves them as text."""
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": text_as}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def inline(svg: str, prefix: str) -> str:
    """An SVG file as an element that can stand in an HTML page beside others.

    No XML head, no name space, no metadata, no size of its own; ids with the prefix; and our greys as custom
    properties (`--plot-ink` and so on), which the page sets for light and dark.
    """
    element = _METADATA.sub("", _HEAD.sub("", svg)).replace("xlink:href", "href")
    element = re.sub(r' xmlns(:\w+)?="[^"]*"', "", element, count=2)
    for attribute in ("width", "height"):
        element = re.sub(rf'(<svg\b[^>]*?) {attribute}="[^"]*"', r"\1", element, count=1)
    element = _ID.sub(lambda found: f"{found[0]}{prefix}-", element)
    for colour, name in _PAGE_COLOURS.items():
        element = element.replace(colour, f"var(--plot-{name})")
    return element.strip()
