"""Pushes events to every socket that connects, spread evenly: the other side of `benchmarks.receive`.

Prints its port, waits for `sockets` connections, then sends `rate` events a second until its standard input ends.
"""

import asyncio
import contextlib
import sys
from datetime import UTC, datetime

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

_TICKS_PER_S = 200


class _Client(asyncio.Protocol):
    """One socket, after its handshake a place to write to."""

    def __init__(self, clients: "list[asyncio.WriteTransport]") -> None:
        self._clients = clients
        self._protocol = ServerProtocol()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
                self._clients.append(self._transport)
        for out in self._protocol.data_to_send():
            if out:
                self._transport.write(out)


async def serve(sockets: int, rate: int) -> None:
    """Accept, then push until the parent closes standard input."""
    loop = asyncio.get_running_loop()
    clients: list[asyncio.WriteTransport] = []
    server = await loop.create_server(lambda: _Client(clients), "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    ended = loop.run_in_executor(None, sys.stdin.read)
    while len(clients) < sockets and not ended.done():
        await asyncio.sleep(0.01)
    sent, started = 0, loop.time()
    while not ended.done():
        due = int((loop.time() - started) * rate)
        for k in range(sent, due):
            with contextlib.suppress(RuntimeError):
                clients[k % sockets].write(_event(k))
        sent = due
        await asyncio.sleep(1 / _TICKS_PER_S)


def _event(k: int) -> bytes:
    text = (
        f'{{"type":"event","channel":"machines","event":"UPDATE","payload":{{"id":"machine-{k % 1000}",'
        f'"status":"online","last_seen":"{datetime.now(UTC).isoformat()}"}}}}'
    )
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
