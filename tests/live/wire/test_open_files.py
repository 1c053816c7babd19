import resource
from collections.abc import Iterator

import pytest

from sim.live.wire.open_files import most_sockets, raise_open_files, shortage


@pytest.fixture(autouse=True)
def hard() -> Iterator[int]:
    """The hard limit; the soft one is half of it, as far as the test is concerned."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard // 2, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_soft_limit_is_raised_to_the_hard_one(hard: int) -> None:
    assert raise_open_files() == hard
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    assert raise_open_files() == hard


def test_some_open_files_are_no_sockets(hard: int) -> None:
    assert hard // 2 - 1_000 < most_sockets() < hard // 2


def test_a_shortage_is_said_with_both_numbers_and_what_to_do() -> None:
    most = most_sockets()
    assert shortage(most) == ""
    assert shortage(most + 1) == (
        f"saturated: {most + 1:,} sockets need as many open files, and this worker may have {most:,} of them;"
        " use more workers (--processes), a smaller fleet, or raise the limit (ulimit -n)"
    )
    raise_open_files()
    assert shortage(most + 1) == ""
