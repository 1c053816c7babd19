"""A summary whose every text tries to break out of the report."""

import msgspec

from sim.results.summary import FindingSummary, Summary
from tests.report.samples import failed

SCRIPT = "<script>alert('x')</script>"
TEXT = (
    f"{SCRIPT} | `code` **bold** [link](https://evil.example) &amp; \x1b[31m\u202e \ud800 \x00 ]]> "
    "{{ 7*7 }}\n# head"
)


def hostile() -> Summary:
    """The failed sample with TEXT in every field that holds a text."""
    good = failed().summary
    finding = FindingSummary(
        name=TEXT, verdict=TEXT, value=1.0, unit=TEXT, count=1, bound=2.0, first=TEXT, worst=TEXT, last=TEXT + "!",
        text=TEXT,
    )  # fmt: skip
    return msgspec.structs.replace(
        good, scenario=TEXT, question=TEXT, started_utc=TEXT, schedule_hash=TEXT, executor=TEXT, target=TEXT,
        reason=TEXT, findings=[finding, *good.findings],
    )  # fmt: skip
