"""One organisation at its real target: its actors, their line, and what its target said of it before they began."""

from collections.abc import Callable

import msgspec

from sim.actors import Organisation
from sim.contract import MACHINES_PATH, MachinesAnswer
from sim.errors import UNREADABLE
from sim.history import History
from sim.live.figures.tally import Tally
from sim.live.probes.prober import Prober
from sim.live.sharing.plan import Plan
from sim.live.wire.answers import Reader
from sim.live.wire.events import EventReader
from sim.live.wire.http import Reply
from sim.live.wire.line import LiveLine, Route
from sim.schedule import Stay, probes_for, sizes_for


class LiveOrganisation:
    """Claimed by exactly one worker, whose callbacks of the hub it lives in."""

    def __init__(self, stay: Stay, plan: Plan, tally: Tally, fold: Callable[[History, bytes], None] | None) -> None:
        number, scenario = stay.organisation, plan.scenario
        seed, credentials = scenario.seed, plan.credentials.orgs[number]
        self.adopted: list[str] = []
        """Machines that it was seen to have besides those of the plan."""
        self._number = number
        self._plan = plan
        self._tally = tally
        machines = sizes_for(scenario, seed, number).machines
        self._reader = Reader(number, machines, scenario.dashboard.page == "health", plan.owners)
        route = Route(plan.url, plan.address, credentials.org_id, credentials.token or "")
        events = EventReader(plan.owners)
        self._line = LiveLine(route, scenario.dashboard, credentials.machines, self._reader, events, self._ring)
        self.actor = Organisation(number, plan.rules, self._line, tally, fold, stay)
        self._patched = 0
        probing = probes_for(scenario, seed, number).within(stay.from_ns, stay.until_ns)
        self.actor.use(
            Prober(
                number, probing, scenario, route, plan.credentials.orgs, self._reader, events, self.actor.history,
                tally, self.actor, self._online_machine,
            )
        )  # fmt: skip

    def read_state(self, done: Callable[[str], None]) -> None:
        """Read the machines' rows from the target; `done` gets an empty text, or what is wrong."""

        def answered(reply: Reply) -> None:
            self._tally.answered(reply.status, reply.reason)
            done(self._learn(reply))

        self._line.read_machines(answered)

    def _learn(self, reply: Reply) -> str:
        organisation = self._plan.credentials.orgs[self._number]
        what = f"GET {MACHINES_PATH} of organisation {self._number} ({organisation.org_id})"
        if reply.status != 200:
            return f"{what}: {reply.reason or f'answered {reply.status}'}"
        try:
            rows = msgspec.json.decode(reply.body, type=MachinesAnswer).data
        except UNREADABLE as error:
            return f"{what}: not an answer of the contract: {error}"
        self.adopted = self._plan.owners.adopt(self._number, (row.id for row in rows))
        there = {row.id for row in rows}
        missing = [m.id for m in organisation.machines[: self.actor.machines] if m.id not in there]
        if missing:
            return f"{what}: machine {missing[0]} of the credentials file is not there ({len(missing)} missing)"
        self.actor.learn(reply.arrived_ns, self._reader.rows(rows))
        return ""

    def _online_machine(self) -> tuple[int, str] | None:
        """Some machine for a PATCH, each time another one: its number and id."""
        self._patched += 1
        machine = self.actor.agents.online_machine(self._patched)
        return None if machine is None else (machine, self._plan.credentials.orgs[self._number].machines[machine].id)

    def _ring(self, who: int, now_ns: int) -> None:
        self.actor.ring(who, now_ns)
