import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.contract import HEALTH_COLUMNS, ErrorCode
from sim.target.envelope import RequestError
from sim.target.queries import READABLE, WriteRequest, changes_of, equals_of_body, equals_of_url, read_query
from sim.target.records import MachineFilter, MachineQuery

MINE = ("org-a", "org-b")


def body(text: str) -> WriteRequest:
    return msgspec.json.decode(text, type=WriteRequest)


def test_the_health_pages_query_is_understood() -> None:
    query = {"org_id": "org-a", "select": HEALTH_COLUMNS, "order": "status", "ascending": "true"}
    columns = tuple(HEALTH_COLUMNS.split(","))
    expected = MachineQuery(MachineFilter(MINE, (("org_id", "org-a"),)), columns, "status", True, None, 0)
    assert read_query(query, MINE, 0) == expected


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ({}, ("id", True)),
        ({"order": "last_seen.desc"}, ("last_seen", False)),
        ({"order": "name.asc"}, ("name", True)),
        ({"order": "name", "ascending": "false"}, ("name", False)),
    ],
)
def test_both_forms_of_an_order_are_understood(query: dict[str, str], order: tuple[str, bool]) -> None:
    read = read_query(query, MINE, 0)
    assert (read.order, read.ascending) == order


@pytest.mark.parametrize(
    ("query", "page_size", "expected"),
    [
        ({}, 0, (0, None)),
        ({"limit": "7"}, 0, (0, 7)),
        ({"range_from": "5", "range_to": "9"}, 0, (5, 4)),
        ({"range_from": "9", "range_to": "5"}, 0, (9, 0)),
        ({}, 20, (0, 20)),
        ({"limit": "5000"}, 20, (0, 100)),
        ({"range_from": "40"}, 20, (40, 20)),
        ({"range_from": "40", "range_to": "50"}, 20, (40, 10)),
    ],
)
def test_pages(query: dict[str, str], page_size: int, expected: tuple[int, int | None]) -> None:
    read = read_query(query, MINE, page_size)
    assert (read.offset, read.limit) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"select": "id,node_key_hash"},
        {"select": "id;drop table machines"},
        {"select": ""},
        {"order": "name.sideways"},
        {"order": "rowid"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "²"},
        {"range_from": "0" * 30 + "9" * 30},
    ],
)
def test_other_queries_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(RequestError) as caught:
        read_query(query, MINE, 0)
    assert (caught.value.status, caught.value.code) == (400, ErrorCode.INVALID_INPUT)


@given(st.dictionaries(st.text(), st.text()), st.integers(0, 100))
def test_any_query_is_refused_or_names_only_known_columns(query: dict[str, str], page_size: int) -> None:
    try:
        read = read_query(query, MINE, page_size)
    except RequestError as error:
        status = error.status
    else:
        status = 200
        assert {*read.columns, read.order, *(column for column, _ in read.filter.equals)} <= set(READABLE)
        assert read.filter.organisations == MINE
    assert status in (200, 400)


def test_a_filter_is_read_from_a_url_with_or_without_its_operator() -> None:
    assert equals_of_url({"id": "eq.a", "org_id": "b", "select": "x"}) == (("id", "a"), ("org_id", "b"))


@pytest.mark.parametrize(
    "text",
    [
        '{"_filters": {"id": "a", "org_id": "eq.b"}}',
        '{"_filters": [{"column": "id", "op": "=", "value": "a"}, {"column": "org_id", "value": "b"}]}',
    ],
)
def test_both_forms_of_a_filter_in_a_body_are_understood(text: str) -> None:
    assert equals_of_body(body(text)) == (("id", "a"), ("org_id", "b"))


@pytest.mark.parametrize(
    "text",
    ['{"_filters": {"node_key_hash": "a"}}', '{"_filters": [{"column": "id", "op": "<>", "value": "a"}]}'],
)
def test_a_filter_on_another_column_or_operator_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        equals_of_body(body(text))
    assert caught.value.code == ErrorCode.INVALID_INPUT


def test_changes_are_those_of_writable_columns() -> None:
    text = '{"status": "offline", "last_seen": "2026-03-17T12:00:00+02:00", "org_id": "x", "color": 1}'
    assert changes_of(body(text)) == {"status": "offline", "last_seen": "2026-03-17T10:00:00.000Z"}
    assert changes_of(body('{"last_seen": null}')) == {"last_seen": None}
    assert changes_of(body("{}")) == {}


@pytest.mark.parametrize("text", ['{"last_seen": "soon"}', '{"name": ""}'])
def test_changes_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        changes_of(body(text))
    assert caught.value.code == ErrorCode.INVALID_INPUT
