"""What can be read on a figure."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


def texts_of(figure: Figure) -> list[str]:
    """Every text on a figure that is not empty, those of ticks out of view too."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def overhang_in(figure: Figure) -> float:
    """How far, in inches, the outermost thing that is drawn reaches beyond the figure's edge; 0 if nothing does."""
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    return float(max(0.0, -drawn.x0, -drawn.y0, drawn.x1 - width, drawn.y1 - height))


def lines_of(axes: Axes) -> dict[str, int]:
    """The lines that the legend names, with their number of points."""
    lines = {str(line.get_label()): np.size(line.get_xdata(orig=True)) for line in axes.get_lines()}
    return {label: points for label, points in lines.items() if not label.startswith("_")}
