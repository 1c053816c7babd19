import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.checks.pages import Answers, pages
from sim.history import NEVER_NS
from tests.histories import history, ns

_spans = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6))), st.lists(_spans))
def test_answers_are_counted_as_by_looking_at_each(
    asked: list[tuple[int, int]], spans: list[tuple[int, int, int]]
) -> None:
    answers = sorted(((asked_ns, asked_ns + took_ns) for asked_ns, took_ns in asked), key=lambda answer: answer[1])
    table = Answers(*(np.array([answer[k] for answer in answers], np.int64) for k in range(2)))
    since, begin, end = (np.array([span[k] for span in spans], np.int64) for k in range(3))
    lies = [
        [since_ns <= asked_ns and from_ns <= shown_ns < until_ns for since_ns, from_ns, until_ns in spans]
        for asked_ns, shown_ns in answers
    ]
    assert table.counts(since, begin, end).tolist() == [sum(row) for row in lies]
    assert table.any_in(since, begin, end).tolist() == [any(row[k] for row in lies) for k in range(len(spans))]


def test_answers_of_one_instant_are_one_as_old_as_the_oldest() -> None:
    (page,) = pages(history("r0@105-300 r0@50-300 r0@200-300 r0@250x300 r0@100-200"))
    answers = page.answers()
    assert answers.asked_ns.tolist() == [ns(100), ns(50)]
    assert answers.shown_ns.tolist() == [ns(200), ns(300)]


def test_pages_have_what_is_theirs() -> None:
    words = "p1@-600..900 s1@-500..400 s1@500.. s1@450!403 e1.1+@103 e0.2+@104 r1@603-610 v1.1+@610 v0.1+@700"
    (zero, one) = pages(history(words))
    assert (zero.number, one.number) == (0, 1)
    assert (zero.arrived_ns.tolist(), one.arrived_ns.tolist()) == ([ns(104)], [ns(103)])
    assert one.sessions.subscribed_ns.tolist() == [ns(-500), ns(500)]
    assert (one.first_answer_ns, zero.first_answer_ns) == (ns(610), NEVER_NS)
    assert one.left_ns(np.array([ns(-700), ns(-600), ns(1000)])).tolist() == [NEVER_NS, ns(900), ns(900)]
    assert len(one.states) == len(one.fetches) == len(one.visits) == 1


def test_sockets_that_only_probe_are_no_pages() -> None:
    told = history("e0.1+@103")
    deliveries = told.deliveries
    deliveries.dashboard[:] = -1
    assert list(pages(told)) == []


def test_a_page_that_showed_something_in_an_earlier_part_has_had_its_first_answer() -> None:
    (page,) = pages(history("v0.1+@100 r0@603-610", frame={"from_ns": ns(300)}))
    assert page.first_answer_ns == -NEVER_NS
