"""What holds for the merge of every check: order and grouping do not matter, and nothing added changes nothing."""

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import permutations
from typing import TypeVar

P = TypeVar("P")


def assert_merges(parts: Sequence[P], merge: Callable[[P, P], P], empty: P) -> None:
    """All orders and groupings of up to four partial results give the same."""
    whole = reduce(merge, parts, empty)
    for order in permutations(parts):
        assert reduce(merge, order, empty) == whole
    if parts:
        assert reduce(lambda done, part: merge(part, done), reversed(parts)) == whole
    if len(parts) >= 3:
        one, two, *rest = parts
        assert merge(one, reduce(merge, rest, two)) == merge(reduce(merge, rest[:-1], merge(one, two)), rest[-1])
    for part in parts:
        assert merge(part, empty) == merge(empty, part) == part
