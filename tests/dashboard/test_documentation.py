"""The example of docs/page.md is true."""

import re

from tests.dashboard.tables import PAGE


def test_the_example_runs_and_says_what_comes_back() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    claims = re.findall(r"^page\.(\w+\(.*?\))  # (\(.*?\))(?::.*)?$", example, re.MULTILINE)
    assert len(claims) == 3
    exec("from sim.dashboard import *\npage = Dashboard(PageRules())\npage.opened(0)", names)
    for call, claimed in [claims[0], *claims[1:]]:
        assert eval(f"page.{call}", names) == eval(claimed, names)
