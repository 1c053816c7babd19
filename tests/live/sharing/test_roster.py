"""Who has which stay: a model of the rules, and whatever order things happen in."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sim.live.sharing.roster import Roster
from sim.schedule import LEAD_NS, Stay

S = 1_000_000_000
WORKERS = ("a", "b", "c")
BEGINS = st.sampled_from([0, 0, 1, LEAD_NS - 1, LEAD_NS, LEAD_NS + 1, 20 * S])
STAYS = st.builds(lambda organisation, from_ns: Stay(organisation, from_ns, 60 * S), st.integers(0, 5), BEGINS)
TIMES = st.sampled_from([-LEAD_NS, -1, 0, 1, LEAD_NS, 20 * S, 60 * S])
workers = st.sampled_from(WORKERS)


class RosterLaws(RuleBasedStateMachine):
    """`owner`, `ready` and `over` are what this test knows of each number."""

    def __init__(self) -> None:
        super().__init__()
        self.stays: list[Stay] = []
        self.owner: dict[int, str] = {}
        self.ever: dict[str, set[int]] = {worker: set() for worker in WORKERS}
        self.ready: set[int] = set()
        self.over: set[int] = set()

    @initialize(stays=st.lists(STAYS, max_size=6))
    def begin(self, stays: list[Stay]) -> None:
        self.roster = Roster(stays)
        self.stays = list(stays)

    @rule(stay=STAYS)
    def add(self, stay: Stay) -> None:
        self.roster.add(stay)
        self.stays.append(stay)

    @rule(worker=workers, now_ns=TIMES)
    def claim(self, worker: str, now_ns: int) -> None:
        free = self._free(now_ns)
        number = self.roster.claim(worker, now_ns)
        assert number == (free[0] if free else None)
        if number is not None:
            assert self.roster.stay(number) == self.stays[number]
            assert self.roster.stay(number).from_ns - LEAD_NS <= now_ns
            self.owner[number] = worker
            self.ever[worker].add(self.stays[number].organisation)

    @precondition(lambda self: self._held())
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._held()))
        self.roster.give_back(number)
        del self.owner[number]
        self.ready.discard(number)

    @precondition(lambda self: self._held())
    @rule(data=st.data())
    def prepare(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._held()))
        self.roster.set_ready(number)
        self.ready.add(number)

    @precondition(lambda self: self._held())
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._held()))
        self.roster.set_over(number)
        self.over.add(number)

    @rule(worker=workers)
    def lose(self, worker: str) -> None:
        had = [number for number in self._held() if self.owner[number] == worker]
        assert self.roster.lose(worker) == [self.stays[number] for number in had]
        self.over.update(had)
        assert self.roster.lose(worker) == []

    @invariant()
    def each_stay_has_at_most_one_worker(self) -> None:
        for number in range(len(self.stays)):
            found = [worker for worker in WORKERS if self.roster.is_of(number, worker)]
            assert found == ([self.owner[number]] if number in self.owner else [])

    @invariant()
    def nobody_acts_twice_for_an_organisation(self) -> None:
        acting = [self.stays[number].organisation for number in self._held()]
        assert len(acting) == len(set(acting))

    @invariant()
    def users_are_those_that_are_taken_and_those_that_are_due(self) -> None:
        for now_ns in (-LEAD_NS, 0, 20 * S):
            assert self.roster.users(now_ns) == len(self._held()) + len(self._free(now_ns)) >= len(self._held())

    @invariant()
    def a_worker_has_organisations_in_order(self) -> None:
        for worker in WORKERS:
            had = {self.stays[number].organisation for number, owner in self.owner.items() if owner == worker}
            assert self.roster.organisations(worker) == sorted(had)
            assert had <= self.ever[worker]

    @invariant()
    def the_window_may_begin_as_soon_as_all_are_ready_that_still_can_be(self) -> None:
        first = {number for number, stay in enumerate(self.stays) if stay.from_ns == 0}
        assert (self.roster.ready >= self.roster.expected) is (first - self.over <= self.ready)

    def _held(self) -> list[int]:
        return sorted(number for number in self.owner if number not in self.over)

    def _free(self, now_ns: int) -> list[int]:
        busy = {self.stays[number].organisation for number in self._held()}
        free = []
        for number, stay in enumerate(self.stays):
            is_due = number not in self.owner and number not in self.over and stay.from_ns - LEAD_NS <= now_ns
            if is_due and stay.organisation not in busy:
                busy.add(stay.organisation)
                free.append(number)
        return free


TestRosterLaws = RosterLaws.TestCase
TestRosterLaws.settings = settings(max_examples=60, stateful_step_count=25)


def test_a_worker_that_is_lost_before_it_was_ready_does_not_hold_the_others_up() -> None:
    roster = Roster([Stay(0, 0, S), Stay(1, 0, S)])
    assert [roster.claim("a", -LEAD_NS), roster.claim("b", -LEAD_NS)] == [0, 1]
    roster.set_ready(1)
    assert roster.lose("a") == [Stay(0, 0, S)]
    assert roster.ready >= roster.expected


def test_what_is_added_for_a_lost_worker_is_waited_for() -> None:
    roster = Roster([Stay(0, 0, S), Stay(1, 0, S)])
    assert [roster.claim("a", -LEAD_NS), roster.claim("b", -LEAD_NS)] == [0, 1]
    roster.set_ready(0)
    roster.set_ready(1)
    (moved,) = roster.lose("a")
    roster.add(moved)
    assert roster.ready < roster.expected
    assert roster.claim("b", -LEAD_NS) == 2
    roster.set_ready(2)
    assert roster.ready >= roster.expected
