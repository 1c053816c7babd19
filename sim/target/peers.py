"""The peers that a heartbeat's answer carries (contract 4): encoded once per organisation, until one changes.

The list has every machine in it, the one that asks too: an agent knows its own id. Online or offline makes no
difference to it, so that a transition does not cost an encoding of the whole organisation.
"""

import msgspec

from sim.target.store import Agents


class PeerLists:
    """JSON lists of peers by organisation."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._encoded: dict[str, bytes] = {}

    async def of(self, organisation: str) -> bytes:
        """The list as JSON."""
        encoded = self._encoded.get(organisation)
        if encoded is None:
            encoded = msgspec.json.encode(await self._agents.peers(organisation))
            self._encoded[organisation] = encoded
        return encoded

    def forget(self, organisation: str) -> None:
        """Something that peers show has changed: make the list anew when it is next asked for."""
        self._encoded.pop(organisation, None)
