import json

import pytest

from sim.history import History, HistoryBuilder, RunFrame
from sim.live.answers import Inspector
from sim.live.credentials import Machine, Organisation
from sim.live.http import Reply
from sim.live.owners import Owners
from sim.live.tally import Tally

SECOND_NS = 1_000_000_000
FRAME = RunFrame(
    organisation=0,
    machines=2,
    dashboards=1,
    window_ns=SECOND_NS,
    ended_ns=SECOND_NS,
    bucket_ns=SECOND_NS,
    debounce_ns=0,
    max_wait_ns=None,
    loss_deadline_ns=SECOND_NS,
)


class Inspected:
    """An inspector of organisation 0, which owns a0 and a1; b0 is of organisation 1."""

    def __init__(self, health: bool = False) -> None:
        owners = Owners(
            [
                Organisation(org_id="a", token="t", machines=[Machine("a0", "k"), Machine("a1", "k")]),
                Organisation(org_id="b", token="t", machines=[Machine("b0", "k")]),
            ]
        )
        self.tally = Tally()
        self._history = HistoryBuilder()
        self._inspector = Inspector(0, health, owners, self._history, self.tally)

    def inspect(self, body: bytes) -> bool:
        return self._inspector.inspect(0, Reply(200, 5, body, ""))

    def history(self) -> History:
        return self._history.build(FRAME, 0)


def _stats(ids: list[str], count: int, online: int) -> bytes:
    machines = [{"id": machine, "status": "online"} for machine in ids]
    counts = {"machineCount": count, "onlineCount": online, "offlineCount": 0}
    return json.dumps({"success": True, "data": {"data": {"machines": machines, **counts}}}).encode()


@pytest.mark.parametrize(
    ("ids", "count", "online", "leaks", "foreign", "excess"),
    [
        (["a0", "a1"], 2, 2, 0, 0, 0),
        ([], 0, 0, 0, 0, 0),
        (["a0", "a1", "b0"], 2, 2, 1, 1, 0),
        (["b0", "b0"], 2, 2, 2, 2, 0),
        (["a0", "a1"], 5, 2, 1, 0, 3),
        (["a0", "a1"], 2, 4, 1, 0, 2),
        (["a0", "x"], 2, 2, 0, 0, 0),
    ],
)
def test_foreign_rows_and_counts_beyond_the_rows_are_noted(
    ids: list[str], count: int, online: int, leaks: int, foreign: int, excess: int
) -> None:
    inspected = Inspected()
    assert inspected.inspect(_stats(ids, count, online))
    answers = inspected.history().answers
    assert inspected.tally.leaks == leaks
    assert (int(answers.foreign_rows.sum()), int(answers.excess_count.sum())) == (foreign, excess)
    assert int(answers.unknown_rows.sum()) == ids.count("x")
    assert int(answers.answers.sum()) == 1


def test_the_health_page_has_rows_and_no_counts() -> None:
    inspected = Inspected(health=True)
    assert inspected.inspect(b'{"success":true,"data":[{"id":"a0"},{"id":"b0"}]}')
    assert int(inspected.history().answers.foreign_rows.sum()) == 1


@pytest.mark.parametrize(
    "body", [b"", b"hello", b"{}", b'{"data":{"data":{"machines":[]}}}', b"\xff", b'{"data":null}']
)
@pytest.mark.parametrize("health", [False, True])
def test_what_is_no_answer_of_the_contract_is_a_breach(body: bytes, health: bool) -> None:
    inspected = Inspected(health)
    assert not inspected.inspect(body)
    assert len(inspected.history().breaches) == 1
    assert "than the contract says" in inspected.tally.last_failure
