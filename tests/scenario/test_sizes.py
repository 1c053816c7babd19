from pathlib import Path

import pytest

from sim.scenario import FixedSize, LognormalSize, UniformSize, ZipfSize
from tests.scenario.files import SMALLEST, loaded

TABLES = {
    '{distribution="fixed",value=4}': (FixedSize(value=4), 4, "4"),
    '{distribution="uniform",low=2,high=9}': (
        UniformSize(distribution="uniform", low=2, high=9),
        2,
        "2 to 9",
    ),
    '{distribution="lognormal",median=8,sigma=1,maximum=90}': (
        LognormalSize(distribution="lognormal", median=8.0, sigma=1.0, maximum=90),
        1,
        "about 8, at most 90",
    ),
    '{distribution="zipf",exponent=1,largest=50,minimum=3}': (
        ZipfSize(distribution="zipf", exponent=1.0, largest=50, minimum=3),
        3,
        "50 falling to 3 (Zipf)",
    ),
}


@pytest.mark.parametrize(("table", "expected"), TABLES.items())
def test_a_size_is_read_and_knows_its_smallest(
    table: str, expected: tuple[FixedSize | UniformSize | LognormalSize | ZipfSize, int, str], tmp_path: Path
) -> None:
    size = loaded(tmp_path, SMALLEST, [f"fleet.machines={table}"]).fleet.machines
    assert (size, size.smallest, str(size)) == expected


def test_a_plain_number_is_a_fixed_size(tmp_path: Path) -> None:
    assert loaded(tmp_path, SMALLEST).fleet.machines == FixedSize(value=5)


def test_no_dashboards_are_allowed(tmp_path: Path) -> None:
    assert loaded(tmp_path, SMALLEST, ["fleet.dashboards=0"]).fleet.dashboards == FixedSize(value=0)
