import json

import pytest

from sim.history import ProbeOutcome
from sim.live.access.credentials import Machine, Organisation
from sim.live.access.owners import Owners
from sim.live.probes.answers import Judgement, judge
from sim.live.wire.answers import Reader
from sim.live.wire.http import NO_ANSWER, Reply
from sim.schedule import ProbeKind

K = ProbeKind
GRANTED, REFUSED, UNANSWERED = ProbeOutcome.GRANTED, ProbeOutcome.REFUSED, ProbeOutcome.UNANSWERED
REQUESTS = [kind for kind in ProbeKind if kind.name.endswith(("_RPC", "_ROWS", "_PATCH"))]
RPCS = [kind for kind in REQUESTS if kind.name.endswith("_RPC")]
LISTS = [kind for kind in REQUESTS if kind.name.endswith("_ROWS")]


def _owner(org_id: str, *machines: str) -> Organisation:
    return Organisation(org_id=org_id, token="t", machines=[Machine(id=m, node_key="k") for m in machines])


READER = Reader(0, 2, False, Owners([_owner("a", "own-1", "own-2"), _owner("b", "other-1")]))


def _judged(kind: ProbeKind, answer: object, status: int = 200) -> Judgement:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return judge(kind, Reply(status, 5, body, ""), READER)


def _rows(*ids: str) -> dict[str, object]:
    return {"success": True, "data": [{"id": machine} for machine in ids], "error": None}


def _stats(*ids: str, count: int | None = None, online: int = 0, **more: object) -> dict[str, object]:
    stats = {
        "machines": [{"id": machine, "status": "offline"} for machine in ids],
        "machineCount": len(ids) if count is None else count,
        "onlineCount": online,
        "offlineCount": 0,
    }
    return {"success": True, "data": {"data": stats | more}, "error": None}


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, REFUSED), (403, REFUSED), (404, REFUSED),
        (NO_ANSWER, UNANSWERED), (-1, UNANSWERED), (302, UNANSWERED), (400, UNANSWERED), (429, UNANSWERED),
        (500, UNANSWERED), (503, UNANSWERED),
    ],
)  # fmt: skip
def test_a_status_says_no_or_nothing_whatever_the_body(kind: ProbeKind, status: int, outcome: ProbeOutcome) -> None:
    for body in (b"", b"<html>", json.dumps(_rows("other-1")).encode()):
        assert _judged(kind, body, status) == Judgement(outcome)


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_failure_with_status_200_is_a_refusal_of_the_contract(kind: ProbeKind) -> None:
    failure = {"success": False, "data": None, "error": {"code": "FORBIDDEN", "message": "no"}}
    assert _judged(kind, failure) == Judgement(REFUSED)
    assert _judged(kind, {"success": False}) == Judgement(REFUSED)


@pytest.mark.parametrize("kind", REQUESTS)
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"success":true}', b'{"success":true,"data":"x"}', b'{"data":[{"id":"\xff"}]}'],
)
def test_what_is_not_of_the_contract_answers_nothing(kind: ProbeKind, body: bytes) -> None:
    assert _judged(kind, body) == Judgement(UNANSWERED, is_breach=True)
    assert _judged(kind, body, 202) == Judgement(UNANSWERED)


@pytest.mark.parametrize("kind", RPCS)
def test_an_rpc_without_data_is_refused(kind: ProbeKind) -> None:
    assert _judged(kind, {"success": True, "data": None}) == Judgement(REFUSED)


@pytest.mark.parametrize("kind", [K.OWN_RPC, K.EXPIRED_RPC, K.UNSIGNED_RPC])
def test_data_for_oneself_are_granted_and_their_rows_told(kind: ProbeKind) -> None:
    judgement = _judged(kind, _stats("own-1", "other-1", "stranger"))
    assert judgement.outcome is GRANTED
    assert judgement.contents is not None
    held = judgement.contents
    assert (held.own_rows, held.foreign_rows, held.foreign_owner, held.unknown_rows) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (_stats("other-1"), GRANTED),
        (_stats("own-1", "other-1"), GRANTED),
        (_stats("stranger"), GRANTED),
        (_stats("own-1", "own-2"), REFUSED),
        (_stats(), REFUSED),
        (_stats(count=1), GRANTED),
        (_stats(online=1), GRANTED),
        (_stats(members=[{"id": "u"}]), GRANTED),
    ],
)
def test_of_another_only_what_is_not_our_own_is_granted(answer: object, outcome: ProbeOutcome) -> None:
    assert _judged(K.FOREIGN_RPC, answer) == Judgement(outcome)


@pytest.mark.parametrize(
    ("kind", "ids", "outcome"),
    [
        (K.OWN_ROWS, ("own-1",), GRANTED),
        (K.OWN_ROWS, (), REFUSED),
        (K.EXPIRED_ROWS, ("own-1",), GRANTED),
        (K.EXPIRED_ROWS, (), GRANTED),
        (K.UNSIGNED_ROWS, (), GRANTED),
        (K.FOREIGN_ROWS, (), REFUSED),
        (K.FOREIGN_ROWS, ("own-1", "own-2"), REFUSED),
        (K.FOREIGN_ROWS, ("own-1", "other-1"), GRANTED),
        (K.FOREIGN_ROWS, ("stranger",), GRANTED),
    ],
)
def test_rows(kind: ProbeKind, ids: tuple[str, ...], outcome: ProbeOutcome) -> None:
    judgement = _judged(kind, _rows(*ids))
    assert judgement.outcome is outcome
    assert (judgement.contents is None) is kind.is_foreign


@pytest.mark.parametrize("kind", LISTS)
def test_no_list_at_all_is_as_an_empty_one(kind: ProbeKind) -> None:
    assert _judged(kind, {"success": True, "data": None}) == _judged(kind, _rows())


@pytest.mark.parametrize(("changes", "outcome"), [(1, GRANTED), (0, REFUSED)])
def test_a_patch_is_granted_if_it_changed_a_row(changes: int, outcome: ProbeOutcome) -> None:
    assert _judged(K.OWN_PATCH, {"success": True, "data": {"changes": changes}}) == Judgement(outcome)
