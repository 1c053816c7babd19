import re
from html.parser import HTMLParser

import pytest

from sim.report.glossary import GLOSSARY
from sim.report.page import PagePlot, html, sign_of, tone_of, unbroken
from sim.report.sentences import plain
from tests.report.hostile import SCRIPT, TEXT, hostile
from tests.report.samples import all_of_them, empty, held, invalid, partial

PLOT = PagePlot("A plot", "How to read it.", '<svg viewBox="0 0 1 1"><path style="stroke: #0072b2"/></svg>')
_VOID = {"meta", "path", "br"}


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, the text, and whether every tag is closed."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.wrong: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text, white space collapsed."""
        return " ".join("".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.mark.parametrize("name", list(all_of_them()))
def test_every_page_is_well_formed_and_complete(name: str) -> None:
    summary = all_of_them()[name].summary
    page = Page(html(summary, [PLOT]))
    assert page.wrong == []
    assert page.open == []
    assert summary.verdict.upper() in page.text
    assert all(finding.name in page.text and finding.text in page.text for finding in summary.findings)
    assert all(word in page.text for word, _ in GLOSSARY)
    assert f"ztna-sim run scenario.toml --seed {summary.seed}" in page.text


def test_the_order_is_verdict_answers_findings_times_load_generator_plots_words_again() -> None:
    text = Page(html(held().summary, [PLOT])).text
    marks = (
        "✓ HELD", "How fresh is the dashboard?", "Findings", "Times, by segment", "Load", "Load generator", "Plots",
        "Words", "The same run again",
    )  # fmt: skip
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    source = html(held().summary, [PLOT])
    page = Page(source)
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.elements}
    assert "http" not in source
    assert "@import" not in source
    assert not re.search(r"url\((?!#)", source)


def test_hostile_texts_are_shown_and_never_obeyed() -> None:
    page = Page(html(hostile(), [PLOT]))
    assert page.all("script") == []
    assert page.wrong == []
    assert page.text.count(SCRIPT) > 8
    assert "49" not in page.text.split("{{")[1][:20]
    assert plain(TEXT) in page.text
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)


def test_the_plot_has_a_description_and_the_colours_of_the_page() -> None:
    source = html(held().summary, [PagePlot('A "plot"', "How <to> read it.", PLOT.svg)])
    drawing = Page(source).all("svg")[0]
    assert drawing["role"] == "img"
    assert drawing["aria-label"] == 'Plot: A "plot". How <to> read it.'
    assert "stroke: var(--plot-blue)" in source


def test_tables_have_heads_and_headings_do_not_skip() -> None:
    page = Page(html(held().summary, [PLOT]))
    assert all(attributes.get("scope") in {"col", "row"} for attributes in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert dict(page.elements)["html"]["lang"] == "en"


def test_an_invalid_and_a_partial_run_say_so_and_why() -> None:
    text = Page(html(invalid().summary, [])).text
    assert "! INVALID" in text
    assert "Reason: the generator was saturated" in text
    text = Page(html(partial().summary, [])).text
    assert "? UNKNOWN PARTIAL" in text
    assert "interrupted after 21 s of 60 s" in text
    assert "PARTIAL" not in Page(html(held().summary, [])).text


def test_a_run_without_findings_says_that_nothing_was_checked() -> None:
    assert "There are no findings: nothing was checked." in Page(html(empty().summary, [])).text


def test_verdicts_differ_without_colour() -> None:
    signs = [sign_of(verdict) for verdict in ("HELD", "FAILED", "UNKNOWN", "INVALID")]
    assert len(set(signs)) == 4
    assert tone_of("made up by a plug-in") == "unknown"


@pytest.mark.parametrize(
    ("text", "held_together"),
    [("12 ms or 3 s", "12\xa0ms or 3\xa0s"), ("95 % of 2 sites", "95\xa0% of 2 sites"), ("1 message", "1 message")],
)
def test_a_number_stays_with_its_unit(text: str, held_together: str) -> None:
    assert unbroken(text) == held_together


def test_light_dark_and_print_have_their_colours() -> None:
    source = html(held().summary, [])
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_text_colour_has_the_contrast_of_wcag_aa() -> None:
    """WCAG 2.1, 1.4.3: at least 4.5 to 1, on the page and on its faint ground, in light and in dark."""
    source = html(held().summary, [])
    schemes = re.findall(r":root \{(.*?)\}", source, re.DOTALL)[:2]
    for scheme in schemes:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", scheme))
        for ground in ("paper", "faint"):
            for name in ("ink", "muted", "held", "failed", "unknown", "invalid"):
                light, dark = sorted((_luminance(colours[name]), _luminance(colours[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)
