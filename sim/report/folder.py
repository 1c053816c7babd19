"""The report's files in a run folder."""

from pathlib import Path

from sim.errors import RunFolderError
from sim.report.junit import junit
from sim.report.markdown import markdown
from sim.report.page import PagePlot, html
from sim.report.plots import PLOTS
from sim.results.draw import figures_of
from sim.results.executed import Executed
from sim.results.figures import Figures
from sim.results.folder import write_run
from sim.results.summary import Summary


def write_executed(folder: Path, executed: Executed, summary: Summary) -> None:
    """Write all of a run into its folder. Raises `RunFolderError` naming what cannot be written."""
    write_run(folder, executed, summary)
    write_report(folder, summary, figures_of(executed.partials))


def write_report(folder: Path, summary: Summary, figures: Figures) -> None:
    """Write `plots/*.png` and `*.svg`, `report.html`, `summary.md` and `junit.xml` into an existing folder.

    Files of those names are replaced. Raises `RunFolderError` where one cannot be written.
    """
    try:
        _write(folder, summary, figures)
    except OSError as error:
        raise RunFolderError(f"{folder}: the report cannot be written: {error.strerror}") from None


def _write(folder: Path, summary: Summary, figures: Figures) -> None:
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    on_page = []
    for plot in PLOTS:
        images = plot.images(summary, figures)
        (plots / f"{plot.name}.png").write_bytes(images.png)
        (plots / f"{plot.name}.svg").write_bytes(images.svg)
        on_page.append(PagePlot(plot.title, plot.how_to_read, images.inline_svg))
    (folder / "report.html").write_text(html(summary, on_page), encoding="utf-8")
    (folder / "summary.md").write_text(markdown(summary), encoding="utf-8")
    (folder / "junit.xml").write_bytes(junit(summary))
