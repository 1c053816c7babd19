from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sim.report.folder import write_report
from sim.report.plots import PLOTS
from tests.report.samples import Sample, empty, failed, held, one_bucket


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("sample", [held(), empty(), one_bucket()], ids=["held", "empty", "one bucket"])
def test_all_files_are_written(tmp_path: Path, sample: Sample) -> None:
    write_report(tmp_path, sample.summary, sample.figures)
    files = _files(tmp_path)
    plots = {f"plots/{plot.name}.{kind}" for plot in PLOTS for kind in ("png", "svg")}
    assert files.keys() == plots | {"report.html", "summary.md", "junit.xml"}
    assert all(data.startswith(b"\x89PNG") for name, data in files.items() if name.endswith(".png"))
    assert all(ET.fromstring(data) is not None for name, data in files.items() if name.endswith((".svg", ".xml")))


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        write_report(tmp_path / name, failed().summary, failed().figures)
    assert _files(tmp_path / "first") == _files(tmp_path / "second")


def test_a_report_replaces_an_earlier_one(tmp_path: Path) -> None:
    write_report(tmp_path, empty().summary, empty().figures)
    write_report(tmp_path, empty().summary, empty().figures)
    assert "UNKNOWN" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_holds_every_plot_with_ids_of_its_own(tmp_path: Path) -> None:
    write_report(tmp_path, held().summary, held().figures)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg role=") == len(PLOTS)
    assert "http" not in page
    ids = page.split(' id="')[1:]
    names = [text.split('"')[0] for text in ids]
    assert len(names) == len(set(names))
