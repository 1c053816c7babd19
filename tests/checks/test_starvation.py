from functools import reduce
from itertools import groupby

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.checks import Verdict
from sim.checks.starvation import Starvation, conclude, merge, observe
from sim.history import NEVER_NS, History, HistoryBuilder, Outcome
from tests.checks.instants import Fetch, Instants
from tests.checks.laws import assert_merges
from tests.checks.worlds import Ground, grounds, parts, world, worlds
from tests.histories import history, ns

LOADED = "p0@-600.. load0@-500--400"
SOON = {"fresh_within_ns": ns(2_000)}


def _seen(words: str, **frame: int | bool) -> tuple[float, int, float, int, dict[str, int]]:
    """Longest debounce, longest chain, longest wait, waits, causes; times in milliseconds."""
    p = observe(history(words, frame={**SOON, **frame}))
    return p.longest_debounce_ns / 1e6, p.longest_chain, p.longest_wait_ns / 1e6, p.waits, p.by_cause


def test_one_event_that_is_shown_soon() -> None:
    assert _seen(f"{LOADED} e0.1+@103 r0@603-610") == (500, 0, 507, 1, {})
    finding = conclude(observe(history(f"{LOADED} e0.1+@103 r0@603-610")))
    assert (finding.verdict, finding.value, finding.count) == (Verdict.HELD, 0.0, 1)
    assert finding.text == (
        "no event waited too long to be shown; the longest debounce was 0.500 s,"
        " the longest row of cancelled refetches 0"
    )


def test_events_that_restart_the_debounce_wait_together_since_the_first() -> None:
    events = " ".join(f"e0.1+@{at}" for at in range(100, 4_001, 300))
    words = f"{LOADED} {events} r0@4500-4510"
    assert _seen(words) == (4_400, 0, 4_410, 1, {"debounce": 1})
    finding = conclude(observe(history(words, frame=SOON)))
    assert (finding.verdict, finding.value) == (Verdict.FAILED, 1.0)
    assert finding.text == (
        "1 times a dashboard of 1 organisations showed nothing new for more than 2 s after an event (1 by debounce);"
        " the longest debounce was 4.400 s, the longest row of cancelled refetches 0"
    )
    assert str(finding.witnesses.worst) == (
        "0.100 s, organisation 0, dashboard 0: an event was not shown for 4.410 s (debounce)"
    )


def test_a_debounce_that_never_ended_lasts_until_the_end() -> None:
    assert _seen(f"{LOADED} e0.1+@15000 e0.1+@19900") == (5_000, 0, 5_000, 1, {"debounce": 1})


def test_refetches_that_cancel_each_other_are_a_chain() -> None:
    chain = "r0@603x1200 r0@1200x1800 r0@1800x2400 r0@2400-2950"
    assert _seen(f"{LOADED} e0.1+@103 e0.1+@700 e0.1+@1300 e0.1+@1900 {chain}") == (
        500, 3, 2_847, 1, {"cancelling": 1},
    )  # fmt: skip


def test_a_chain_ends_with_a_refetch_that_was_not_cancelled() -> None:
    assert _seen(f"{LOADED} r0@100x200 r0@200x300 r0@300-400 r0@500x600 r0@600!700 r0@800x900 r0@900")[1] == 2


def test_a_page_that_is_left_cancels_and_is_no_chain() -> None:
    words = "p0@-600..300 load0@-500--400 r0@100x200 r0@200x300 p0@400..500 load0@400x500 p0@600.. load0@600-700"
    assert _seen(words)[1] == 1


def test_slow_answers_starve_too() -> None:
    assert _seen(f"{LOADED} e0.1+@103 r0@603-2700") == (500, 0, 2_597, 1, {"slow answers": 1})
    assert _seen(f"{LOADED} e0.1+@103 r0@603!2700")[4] == {"slow answers": 1}


@pytest.mark.parametrize(
    ("refetches", "cause"),
    [
        ("r0@1301-2503", "slow answers"),
        ("r0@1305-2503", "debounce"),
        ("r0@1305x1400 r0@1400-2503", "debounce"),
        ("r0@1300x1400 r0@1400-2503", "cancelling"),
        ("r0@1300!1400 r0@1400-2503", None),  # the first one ended the wait
        ("r0@50x103 r0@1300-2503", "slow answers"),  # cancelled before the event
        ("r0@1300-2503 r0@2503x2600", "slow answers"),  # and after
        ("r0@1300", "slow answers"),
        ("", "debounce"),
    ],
)
def test_the_cause_of_a_long_wait(refetches: str, cause: str | None) -> None:
    assert _seen(f"{LOADED} e0.1+@103 {refetches}")[4] == ({cause: 1} if cause else {})


def test_what_arrives_after_a_refetch_was_sent_waits_for_the_next() -> None:
    assert _seen(f"{LOADED} e0.1+@103 r0@603-700 e0.1+@650 r0@1150-1200") == (500, 0, 597, 2, {})


def test_an_event_of_the_moment_of_a_refetch_is_shown_by_it() -> None:
    assert _seen(f"{LOADED} e0.1+@103 r0@103-110", debounce_ns=0) == (0, 0, 7, 1, {})


def test_a_later_refetch_that_is_answered_first_shows_it() -> None:
    assert _seen(f"{LOADED} e0.1+@103 r0@110-4000 r0@120-300") == (7, 0, 197, 1, {})


def test_a_wait_ends_when_the_page_is_left_and_is_not_starved() -> None:
    words = "p0@-600..5000 load0@-500--400 e0.1+@103 p0@6000.. load0@6000-6100"
    assert _seen(words) == (4_897, 0, 4_897, 1, {})
    assert _seen(words.replace("..5000", "..20000").replace("p0@6000.. load0@6000-6100", ""))[4] == {"debounce": 1}


def test_during_the_first_load_events_wait_for_its_answer() -> None:
    assert _seen("p0@-600.. load0@-500-1400 e0.1+@103") == (0, 0, 1_297, 1, {})
    assert _seen("p0@-600.. load0@-500-4400 e0.1+@103")[4] == {"debounce": 1}
    # The next refetch is of another event; that one's debounce is its own.
    assert _seen("p0@-600.. load0@-500-1400 e0.1+@103 e0.1+@3000 r0@3500-3510") == (500, 0, 1_297, 2, {})
    # Without any answer the timer runs all the same.
    assert _seen("p0@-600.. e0.1+@15000") == (5_000, 0, 5_000, 1, {"debounce": 1})


def test_each_dashboard_waits_for_itself() -> None:
    words = f"{LOADED} p1@-600.. load1@-500--400 e0.1+@103 e1.1+@103 r0@603-610 r1@603-3000"
    partial = observe(history(words, organisation=5, frame=SOON))
    assert (partial.waits, partial.by_cause, partial.organisations) == (2, {"slow answers": 1}, {5})
    assert partial.witnesses.worst is not None
    assert partial.witnesses.worst.dashboard == 1


@pytest.mark.parametrize("words", ["", LOADED, f"{LOADED} r0@100-200"])
def test_without_any_event_it_is_unknown(words: str) -> None:
    finding = conclude(observe(history(words)))
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, None)


def test_events_of_sockets_that_only_probe_do_not_count() -> None:
    builder = HistoryBuilder()
    builder.delivery(-1, 0, 1, 2, 77, 100, 100)
    assert observe(builder.build(history().frame, 0)) == observe(history())


def test_in_a_part_that_is_not_the_last_nothing_is_starved_by_its_end() -> None:
    assert _seen(f"{LOADED} e0.1+@103 r0@603", is_last=False) == (500, 0, 0, 0, {})
    assert _seen(f"{LOADED} e0.1+@103", is_last=False) == (0, 0, 0, 0, {})


@given(worlds)
def test_merging_is_associative_and_commutative(organisations: list[History]) -> None:
    observed = [observe(each) for each in organisations]
    assert_merges(observed, merge, Starvation())
    whole = reduce(merge, observed)
    assert whole.organisations == {k for part in observed if part.by_cause for k in part.organisations}
    assert (conclude(whole).verdict is Verdict.FAILED) == bool(whole.by_cause)


@settings(max_examples=50)
@given(grounds)
def test_parts_add_up_to_the_whole(ground: Ground) -> None:
    for whole, (first, second) in zip(world(ground), parts(ground), strict=True):
        assert merge(observe(second), observe(first)) == observe(whole)


@given(worlds)
def test_it_goes_through_json(organisations: list[History]) -> None:
    whole = reduce(merge, map(observe, organisations))
    assert msgspec.json.decode(msgspec.json.encode(whole), type=Starvation) == whole


@settings(max_examples=50)
@given(worlds)
def test_the_figures_are_those_of_following_each_event(organisations: list[History]) -> None:
    for each in organisations:
        assert _figures(observe(each)) == _naive(each)


@st.composite
def _busy(draw: st.DrawFn) -> History:
    """One page with events and refetches at any small times: each wait is long in comparison."""
    chance = draw(st.randoms(use_true_random=False))
    left = chance.randint(10, 60)
    words = [f"p0@-1..{left}", f"p0@{left + chance.randint(1, 5)}.."]
    words += [f"e0.1+@{chance.choice([chance.randint(0, left), chance.randint(left + 6, 80)])}" for _ in range(8)]
    for _ in range(chance.randint(0, 8)):
        sent = chance.randint(-1, 79)
        end = sent + chance.randint(0, 12)
        if sent < left <= end:
            words.append(f"r0@{sent}x{left}")
        else:
            words.append(f"r0@{sent}{chance.choice(['-', '-', 'x', '!'])}{end}")
    return history(" ".join(words), ended_ms=80, frame={"fresh_within_ns": ns(chance.randint(1, 10))})


@given(_busy())
def test_the_figures_of_a_busy_page_are_those_of_following_each_event(each: History) -> None:
    assert _figures(observe(each)) == _naive(each)


def _figures(partial: Starvation) -> tuple[int, int, int, int, dict[str, int]]:
    p = partial
    return p.longest_debounce_ns, p.longest_chain, p.longest_wait_ns, p.waits, p.by_cause


def _naive(each: History) -> tuple[int, int, int, int, dict[str, int]]:
    debounces, chains, waits, count, causes = [0], [0], [0], 0, dict[str, int]()
    instants = Instants(each)
    for dashboard in sorted(set(each.deliveries.dashboard.tolist()) | set(each.fetches.dashboard.tolist())):
        if dashboard >= 0:
            page = _NaivePage(instants, dashboard)
            debounces += [page.debounce_ns(at_ns) for at_ns in page.arrived]
            chains += page.chains()
            ends = [(page.over(at_ns), at_ns) for at_ns in page.arrived]
            for over_ns, group in groupby(ends, key=lambda end: end[0]):
                at_ns = next(group)[1]
                count += 1
                waits.append(max(over_ns - at_ns, 0))
                cause = page.cause(at_ns, over_ns)
                if cause:
                    causes[cause] = causes.get(cause, 0) + 1
    return max(debounces), max(chains), max(waits), count, causes


class _NaivePage:
    def __init__(self, instants: Instants, dashboard: int) -> None:
        deliveries = instants.history.deliveries
        self.frame = instants.frame
        self.fetches = instants.fetches(dashboard)
        self.visits = instants.visits(dashboard)
        self.arrived: list[int] = deliveries.arrived_ns[deliveries.dashboard == dashboard].tolist()
        self.first_answer_ns = min([f.ended_ns for f in self.fetches if f.outcome == Outcome.SHOWN], default=NEVER_NS)

    def left(self, at_ns: int) -> int:
        """When the visit of this time, or the one before, ended."""
        return max([visit for visit in self.visits if visit[0] <= at_ns], default=(0, NEVER_NS))[1]

    def shown(self, at_ns: int) -> int:
        ends = [f.ended_ns for f in self.after(at_ns) if f.outcome in (Outcome.SHOWN, Outcome.FAILED)]
        first = [self.first_answer_ns] if at_ns < self.first_answer_ns else []
        return min([*ends, *first, self.frame.ended_ns])

    def over(self, at_ns: int) -> int:
        return min(self.shown(at_ns), self.left(at_ns))

    def after(self, at_ns: int) -> list[Fetch]:
        return [fetch for fetch in self.fetches if fetch.sent_ns >= at_ns]

    def debounce_ns(self, at_ns: int) -> int:
        sent_ns = min([fetch.sent_ns for fetch in self.after(at_ns)], default=NEVER_NS)
        if at_ns < self.first_answer_ns < sent_ns:
            return 0
        return min(sent_ns, self.left(at_ns), self.frame.ended_ns) - at_ns

    def superseded(self, fetch: Fetch) -> bool:
        return fetch.outcome == Outcome.CANCELLED and fetch.ended_ns < self.left(fetch.sent_ns)

    def chains(self) -> list[int]:
        return [len(list(run)) for superseded, run in groupby(self.fetches, key=self.superseded) if superseded]

    def cause(self, at_ns: int, over_ns: int) -> str | None:
        if over_ns - at_ns <= self.frame.fresh_within_ns or self.left(at_ns) < self.shown(at_ns):
            return None
        sent = [fetch for fetch in self.after(at_ns) if fetch.sent_ns < over_ns]
        if not sent or sent[0].sent_ns - at_ns > np.float64(over_ns - at_ns) / 2:
            return "debounce"
        return "cancelling" if any(map(self.superseded, sent)) else "slow answers"
