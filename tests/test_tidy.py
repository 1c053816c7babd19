"""The form that machines enforce: sizes, names, layers, the mirror of the tests, and what no file may hold."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = sorted(ROOT.glob("sim/**/*.py"))
TEXTS: Final = (".py", ".md", ".toml", ".j2", ".html", ".yml", ".ipynb", "")

LARGEST_FILE_LINES: Final = 400
MEDIAN_FILE_LINES: Final = 150
LARGEST_FUNCTION_LINES: Final = 70
P95_FUNCTION_LINES: Final = 40
MEDIAN_FUNCTION_LINES: Final = 10
LOCUSTFILE_LINES: Final = 20

FORBIDDEN_NAMES: Final = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc)(_|$)")
FORBIDDEN_TEXTS: Final = re.compile(
    r"(?<![\w.])/(?:work|root|home)/|pythonhost"
    r"ed|pypi\.o"
    r"rg|npmjs\.o"
    r"rg|debian\.o"
    r"rg|\bTO"
    r"DO\b|\bFIX"
    r"ME\b"
)
ABSOLUTE_TIME: Final = re.compile(r"assert .*\b(perf_counter|monotonic|monotonic_ns|time\.time)\(")
SLEEP: Final = re.compile(r"\b(time|gevent)\.sleep\(|asyncio\.sleep\((?!0\))")


def _functions() -> Iterator[tuple[str, int]]:
    """Name and length in lines of every function of sim."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def _tracked() -> list[Path]:
    """Files that are, or would be, in a commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_files_are_short() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size > LARGEST_FILE_LINES} == {}
    assert statistics.median(sizes.values()) <= MEDIAN_FILE_LINES


def test_functions_fit_on_a_screen() -> None:
    sizes = dict(_functions())
    assert {name: size for name, size in sizes.items() if size > LARGEST_FUNCTION_LINES} == {}
    assert statistics.quantiles(sizes.values(), n=20)[-1] <= P95_FUNCTION_LINES
    assert statistics.median(sizes.values()) <= MEDIAN_FUNCTION_LINES


def test_locustfiles_read_like_documentation() -> None:
    long = {
        path.name for path in ROOT.glob("locustfiles/*.py") if len(path.read_text().splitlines()) > LOCUSTFILE_LINES
    }
    assert long == set()


def test_names_carry_meaning() -> None:
    assert [str(path) for path in SOURCES if FORBIDDEN_NAMES.search(path.stem)] == []


def test_every_module_is_imported_somewhere() -> None:
    """A dead file: no other file of sim or of the tests names it."""
    texts = {
        path: path.read_text()
        for path in [*SOURCES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("locustfiles/*.py"), ROOT / "pyproject.toml"]
    }
    dead = []
    for path in SOURCES:
        if path.name in ("__init__.py", "__main__.py") or path.parent.name == "cli":
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        package, _, name = module.rpartition(".")
        named = re.compile(
            rf"{re.escape(module)}\b|from {re.escape(package)} import [^\n]*\b{name}\b|{re.escape(name)}\b"
        )
        if not any(named.search(text) for other, text in texts.items() if other != path):
            dead.append(module)
    assert dead == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("tests/**/test_*.py")), ids=lambda path: path.name)
def test_no_test_sleeps_or_asserts_a_clock(path: Path) -> None:
    text = path.read_text()
    assert SLEEP.search(text) is None
    assert ABSOLUTE_TIME.search(text) is None


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in _tracked()
        if path.suffix in TEXTS and path.name != "LICENSE" and (match := FORBIDDEN_TEXTS.search(path.read_text()))
    ]
    assert found == []


def test_layers() -> None:
    """import-linter runs in `make lint`, too; here so that a bare pytest says it."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
