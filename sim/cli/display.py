"""What a run shows on the terminal: what happens now, how far it is, and what came out."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sim.report.terminal import render_terminal
from sim.results.summary import Summary, encode

_BAR_WIDTH: Final = 40


class Display:
    """One live block on a terminal, plain lines elsewhere."""

    def __init__(self, to_stderr: bool) -> None:
        self.console = Console(stderr=to_stderr, highlight=False)
        self._live: Live | None = None

    def __enter__(self) -> Self:
        self.say("starting")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def say(self, text: str) -> None:
        """One line about what happens now."""
        self.stop()
        self.console.print(Text(f"{text} ..."))

    def show(self, text: str, done: float, figures: list[tuple[str, str]]) -> None:
        """How far it is, 0 to 1, with its words and figures; on a terminal alone."""
        if not self.console.is_terminal:
            return
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(_block(text, done, figures), refresh=True)

    def conclude(self, summary: Summary, report: Path | None, as_json: bool) -> None:
        """The summary for people, and as JSON on stdout if asked for; `report` is None where none was written."""
        self.console.print(render_terminal(summary, report))
        if as_json:
            sys.stdout.write(encode(summary).decode())
            sys.stdout.flush()

    def stop(self) -> None:
        """Show nothing more."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _block(text: str, done: float, figures: list[tuple[str, str]]) -> RenderableType:
    bar, grid = Table.grid(), Table.grid(padding=(0, 2))
    bar.add_row(ProgressBar(total=1.0, completed=done, width=_BAR_WIDTH))
    for name, value in figures:
        grid.add_row(Text(name, style="dim"), Text(value))
    return Group(Text(text, style="bold"), bar, grid)
