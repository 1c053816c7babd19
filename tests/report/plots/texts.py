"""What can be read on a figure."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def texts_of(figure: Figure) -> list[str]:
    """Every text on a figure that is not empty."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def clipped_texts(figure: Figure) -> list[str]:
    """The visible texts that reach beyond the figure's edges."""
    figure.draw_without_rendering()
    width, height = figure.bbox.width, figure.bbox.height
    found = []
    for text in figure.findobj(Text):
        if not isinstance(text, Text) or not text.get_text() or not _is_drawn(text):
            continue
        box = text.get_window_extent()
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1:
            found.append(text.get_text())
    return found


def lines_of(axes: Axes) -> dict[str, int]:
    """The labelled lines of some axes, with their number of points."""
    return {
        str(line.get_label()): len(line.get_xdata(orig=True))
        for line in axes.get_lines()
        if _is_named(line.get_label())
    }


def _is_named(label: object) -> bool:
    return not str(label).startswith("_")


def _is_drawn(text: Text) -> bool:
    """Tick labels outside the view keep their text but are not drawn."""
    axes = text.axes
    if axes is None or not text.get_visible():
        return text.get_visible()
    ticks = [
        label
        for axis in (axes.xaxis, axes.yaxis)
        for label in (*axis.get_ticklabels(), *axis.get_ticklabels(minor=True))
    ]
    if text not in ticks:
        return True
    box = axes.get_window_extent()
    extent = text.get_window_extent()
    centre = ((extent.x0 + extent.x1) / 2, (extent.y0 + extent.y1) / 2)
    return box.x0 - 1 <= centre[0] <= box.x1 + 1 or box.y0 - 1 <= centre[1] <= box.y1 + 1
