import re

import matplotlib as mpl
from matplotlib.figure import Figure

from sim.report.plots import PLOTS
from sim.report.plots.images import in_our_style, inline, rendered
from sim.report.plots.style import INK
from tests.report.samples import held


def _latency_images() -> tuple[bytes, bytes, str]:
    images = PLOTS[0].images(held().summary, held().figures)
    return images.png, images.svg, images.inline_svg


def test_equal_figures_give_equal_bytes_whatever_the_users_settings() -> None:
    first = _latency_images()
    with mpl.rc_context({"font.size": 30, "axes.grid": False, "svg.hashsalt": "other", "savefig.dpi": 30}):
        second = _latency_images()
    assert first == second


def test_our_style_is_left_behind() -> None:
    before = mpl.rcParams["axes.labelcolor"]
    with in_our_style():
        assert mpl.rcParams["text.color"] == INK
    assert mpl.rcParams["axes.labelcolor"] == before


def test_files_have_no_date_and_carry_their_letters() -> None:
    _, svg, _ = _latency_images()
    assert b"<dc:date>" not in svg
    assert b"<text" not in svg


def test_an_inline_picture_keeps_its_text_and_nothing_of_a_file() -> None:
    _, _, element = _latency_images()
    assert element.startswith("<svg")
    assert element.endswith("</svg>")
    assert "event-to-refetch</text>" in element
    assert not re.search(r"xmlns|<metadata|<!DOCTYPE|<\?xml|http|pt\" height=", element)
    assert "viewBox" in element
    assert INK not in element


def test_every_reference_of_an_inline_picture_is_found_in_it() -> None:
    with in_our_style():
        element = rendered(PLOTS[2].draw(held().summary, held().figures), "p").inline_svg
    ids = set(re.findall(r'\bid="([^"]+)"', element))
    references = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', element))
    assert references
    assert {a or b for a, b in references} <= ids
    assert all(name.startswith("p-") for name in ids)


def test_only_the_outer_size_goes() -> None:
    source = '<?xml?><svg xmlns="u" width="9pt" height="8pt" viewBox="0 0 9 8"><rect width="1" height="2"/></svg>'
    assert inline(source, "p") == '<svg viewBox="0 0 9 8"><rect width="1" height="2"/></svg>'


def test_an_empty_figure_renders() -> None:
    images = rendered(Figure(), "p")
    assert images.png.startswith(b"\x89PNG")
