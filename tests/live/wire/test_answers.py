import json

import pytest

from sim.actors import Contents
from sim.contract import StatusCode
from sim.live.access.credentials import Machine, Organisation
from sim.live.access.owners import Owners
from sim.live.wire.answers import Reader

ONLINE, OFFLINE, UNKNOWN, ABSENT = (
    int(code) for code in (StatusCode.ONLINE, StatusCode.OFFLINE, StatusCode.UNKNOWN, StatusCode.ABSENT)
)


def _reader(health: bool = False) -> Reader:
    """Of organisation 0, which owns a0 and a1; b0 is of organisation 1."""
    owners = Owners(
        [
            Organisation(org_id="a", token="t", machines=[Machine("a0", "k"), Machine("a1", "k")]),
            Organisation(org_id="b", token="t", machines=[Machine("b0", "k")]),
        ]
    )
    return Reader(0, 2, health, owners)


def _stats(rows: dict[str, str] | list[str], count: int, online: int) -> Contents:
    if isinstance(rows, list):
        machines = [{"id": machine, "status": "online"} for machine in rows]
    else:
        machines = [{"id": machine, "status": status} for machine, status in rows.items()]
    counts = {"machineCount": count, "onlineCount": online, "offlineCount": 0}
    body = json.dumps({"success": True, "data": {"data": {"machines": machines, **counts}}}).encode()
    contents = _reader().refetch(body)
    assert contents is not None
    return contents


@pytest.mark.parametrize(
    ("ids", "count", "online", "foreign", "excess", "miscount"),
    [
        (["a0", "a1"], 2, 2, 0, 0, 0),
        ([], 0, 0, 0, 0, 0),
        (["a0", "a1", "b0"], 2, 2, 1, 0, 0),  # a row that leaked in, with right counts
        (["a0", "a1", "b0"], 3, 3, 1, 0, 0),  # and one that is counted, too
        (["a0", "a1", "b0"], 1, 1, 1, 0, 4),
        (["b0", "b0"], 2, 2, 2, 0, 0),
        (["a0", "a1"], 5, 2, 0, 3, 0),  # somebody else's machines are counted
        (["a0", "a1"], 2, 4, 0, 2, 0),
        (["a0", "a1"], 2, 1, 0, 0, 1),
        (["a0", "a1"], 1, 1, 0, 0, 2),
        (["a0", "x"], 2, 2, 0, 0, 0),
    ],
)
def test_foreign_rows_and_counts_that_do_not_fit_are_told_apart(
    ids: list[str], count: int, online: int, foreign: int, excess: int, miscount: int
) -> None:
    contents = _stats(ids, count, online)
    assert (contents.foreign_rows, contents.excess_count, contents.miscount) == (foreign, excess, miscount)
    assert contents.foreign_owner == (1 if foreign else -1)
    assert contents.unknown_rows == ids.count("x")
    assert contents.own_rows == len(ids) - foreign - ids.count("x")


def test_more_online_than_the_rows_say_is_a_wrong_count_as_long_as_there_are_so_many_machines() -> None:
    contents = _stats({"a0": "online", "a1": "offline"}, 2, 2)
    assert (contents.excess_count, contents.miscount) == (0, 1)


def test_statuses_are_by_number_and_a_missing_row_is_absent() -> None:
    assert list(_stats({"a1": "offline"}, 1, 0).statuses) == [ABSENT, OFFLINE]
    assert list(_stats({"a1": "new", "a0": "online"}, 2, 1).statuses) == [ONLINE, UNKNOWN]


def test_the_health_page_has_rows_and_no_counts_and_may_be_a_page_of_them() -> None:
    contents = _reader(health=True).refetch(b'{"success":true,"data":[{"id":"a0","status":"online"},{"id":"b0"}]}')
    assert contents is not None
    assert (contents.own_rows, contents.foreign_rows) == (1, 1)
    assert list(contents.statuses) == [ONLINE, UNKNOWN]


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"{}", b'{"data":{"data":{"machines":[]}}}', b"\xff", b'{"data":null}', b'{"data":"\xff"}']
)
@pytest.mark.parametrize("health", [False, True])
def test_what_is_no_answer_of_the_contract_has_no_contents(body: bytes, health: bool) -> None:
    assert _reader(health).refetch(body) is None
