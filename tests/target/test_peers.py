import asyncio

import msgspec

from sim.target.peers import PeerLists
from sim.target.records import MachineFilter
from sim.target.seeding import Seeding
from sim.target.sqlite import open_sqlite


def test_a_list_is_kept_until_it_is_forgotten() -> None:
    async def run() -> list[int]:
        store, seeding = open_sqlite(), Seeding((3,), 1)
        await store.lifecycle.add(seeding.organisations())
        organisation, peers = seeding.organisation_id(0), PeerLists(store.agents)
        sizes = [len(msgspec.json.decode(await peers.of(organisation)))]
        machine = seeding.agents(0)[0].id
        await store.rows.delete(MachineFilter((organisation,), (("id", machine),)))
        sizes.append(len(msgspec.json.decode(await peers.of(organisation))))
        peers.forget(organisation)
        sizes.append(len(msgspec.json.decode(await peers.of(organisation))))
        peers.forget("unknown")
        await store.lifecycle.close()
        return sizes

    assert asyncio.run(run()) == [3, 3, 2]
