"""Faults of isolation: an event, a row or a count of one organisation reaches another.

Leaked frames take no way past other faults, so that each count is of its own fault.
"""

from typing import Final

import msgspec

from sim.contract import MACHINES_CHANNEL
from sim.target.faults.base import Count, EveryNth, Surroundings, each_nth
from sim.target.frames import text_frame
from sim.target.hooks import Announced, Call, ClientFrame, Hooks, Recipient
from sim.target.records import Dashboard
from sim.target.sockets import Sockets
from sim.target.store import Dashboards


class LeakEvent:
    """Every n-th event of machines also goes to one subscribed socket of one other organisation, in turn."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)
        self._turn = 0

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._sockets: Sockets = surroundings.sockets
        hooks.announced.append(self._announced)

    def _announced(self, event: Announced) -> None:
        if event.channel == MACHINES_CHANNEL and self._every.turn():
            victim = self._victim(event.organisation)
            if victim is not None and victim.send(text_frame(event.message)):
                self.count.hits += 1

    def _victim(self, source: str) -> Recipient | None:
        others = [name for name in self._sockets.organisations(MACHINES_CHANNEL) if name != source]
        for _ in others:
            turn, self._turn = self._turn, self._turn + 1
            organisation = others[turn % len(others)]
            sockets = [socket for socket in self._sockets.subscribed(organisation, MACHINES_CHANNEL) if socket.live]
            if sockets:
                return sockets[turn // len(others) % len(sockets)]
        return None


class LeakRow:
    """Every n-th answer of get_dashboard_stats has a machine of another organisation; counts stay right."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._dashboards: Dashboards = surroundings.store.dashboards
        hooks.stats.append(self._leak)

    async def _leak(self, call: Call, answer: Dashboard) -> Dashboard:
        if not self._every.turn():
            return answer
        row = await self._dashboards.machine_outside(call.organisation, self.count.hits)
        if row is None:
            return answer
        self.count.hits += call.live
        return msgspec.structs.replace(answer, machines=[*answer.machines, row])


class LeakCount:
    """Every n-th answer of get_dashboard_stats counts another organisation's machines, too; rows stay right."""

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)
        self._turn = 0

    def attach(self, hooks: Hooks, surroundings: Surroundings) -> None:
        self._dashboards: Dashboards = surroundings.store.dashboards
        hooks.stats.append(self._leak)

    async def _leak(self, call: Call, answer: Dashboard) -> Dashboard:
        if not self._every.turn():
            return answer
        turn, self._turn = self._turn, self._turn + 1
        other = await self._dashboards.counts_outside(call.organisation, turn)
        if other is None or not other.machine_count:
            return answer
        self.count.hits += call.live
        return msgspec.structs.replace(
            answer,
            machine_count=answer.machine_count + other.machine_count,
            online_count=answer.online_count + other.online_count,
            offline_count=answer.offline_count + other.machine_count - other.online_count,
        )


class LeakAfterReconnect:
    """A socket of a user whose earlier one here was closed also gets each n-th event of other organisations' machines.

    An opportunity is such an event that is announced while such a socket is subscribed, and that socket.
    """

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)
        self._left: set[tuple[str, str]] = set()
        self._returned: dict[Recipient, None] = {}

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.opened.append(self._opened)
        hooks.closed.append(self._closed)
        hooks.announced.append(self._announced)

    def _opened(self, socket: Recipient) -> None:
        if (socket.organisation, socket.user_id) in self._left:
            self._returned[socket] = None

    def _closed(self, socket: Recipient) -> None:
        self._left.add((socket.organisation, socket.user_id))
        self._returned.pop(socket, None)

    def _announced(self, event: Announced) -> None:
        if event.channel != MACHINES_CHANNEL:
            return
        frame = text_frame(event.message)
        for socket in self._returned:
            subscribed = socket.live and MACHINES_CHANNEL in socket.channels
            if subscribed and socket.organisation != event.organisation and self._every.turn():
                self.count.hits += socket.send(frame)


class WidenFilter:
    """A subscription whose filter names another organisation also gets each n-th event of its machines.

    An opportunity is such an event and such a socket. The answer to the subscription stays the contract's.
    """

    def __init__(self, n: int) -> None:
        self.count = Count()
        self._every = EveryNth(n, self.count)
        self._widened: dict[str, dict[Recipient, None]] = {}

    def attach(self, hooks: Hooks, _: Surroundings) -> None:
        hooks.received.append(self._received)
        hooks.closed.append(self._narrow)
        hooks.announced.append(self._announced)

    def _received(self, socket: Recipient, frame: ClientFrame) -> bool:
        if MACHINES_CHANNEL in frame.channels:
            column, _, wanted = (frame.filter or "").partition("=eq.")
            if frame.type == "subscribe" and column == "org_id" and wanted != socket.organisation:
                self._widened.setdefault(wanted, {})[socket] = None
            elif frame.type == "unsubscribe":
                self._narrow(socket)
        return True

    def _narrow(self, socket: Recipient) -> None:
        for organisation in [name for name, sockets in self._widened.items() if socket in sockets]:
            del self._widened[organisation][socket]
            if not self._widened[organisation]:
                del self._widened[organisation]

    def _announced(self, event: Announced) -> None:
        if event.channel != MACHINES_CHANNEL:
            return
        for socket in self._widened.get(event.organisation, ()):
            if socket.live and self._every.turn():
                self.count.hits += socket.send(text_frame(event.message))


KINDS: Final = (
    each_nth(
        "leak_event",
        100,
        "each N-th event of machines also reaches one subscribed socket of another organisation",
        LeakEvent,
    ),
    each_nth(
        "leak_row",
        10,
        "each N-th dashboard answer carries one machine of another organisation, with its counts unchanged",
        LeakRow,
    ),
    each_nth(
        "leak_count",
        10,
        "each N-th dashboard answer counts the machines of another organisation, too, with its rows unchanged",
        LeakCount,
    ),
    each_nth(
        "leak_after_reconnect",
        100,
        "a socket of a user whose earlier one here was closed gets each N-th event of other organisations, too",
        LeakAfterReconnect,
    ),
    each_nth(
        "widen_filter",
        1,
        "a subscription filtered to another organisation gets each N-th event of its machines",
        WidenFilter,
    ),
)
