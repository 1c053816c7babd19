"""HTTP/1.1 on the hub: a pool of kept-alive connections to one address, one request at a time on each.

No greenlet, no queue: a request leaves at once, on an idle connection or a new one, and its reply is a callback.
"""

from collections.abc import Callable
from time import monotonic_ns
from typing import Final, NamedTuple

import httptools

from sim.live.wire.socket import Address, Socket

NO_ANSWER: Final = 0
"""Status of a reply that is none: the connection failed, or the time was up."""

LARGEST_ANSWER_BYTES: Final = 64 * 2**20
"""An organisation of 100,000 machines is about 20 MB; beyond this it is no answer of the contract."""


class Reply(NamedTuple):
    """How a request ended."""

    status: int
    """HTTP status; NO_ANSWER."""
    arrived_ns: int
    """When its last byte arrived (kernel time); when it failed."""
    body: bytes
    reason: str
    """Why there is no answer; empty for an answer."""


class HttpRequest:
    """A request under way."""

    __slots__ = ("connection", "data", "done", "started_ns", "tries")

    def __init__(self, data: bytes, done: Callable[[Reply], None]) -> None:
        self.data = data
        self.done: Callable[[Reply], None] | None = done
        self.started_ns = monotonic_ns()
        self.tries = 0
        self.connection: _Connection | None = None


class HttpPool:
    """Connections to one address. `host` is the Host header."""

    def __init__(self, address: Address, host: str) -> None:
        self._address = address
        self._host = host
        self._idle: list[_Connection] = []
        self._under_way: set[HttpRequest] = set()

    def request(
        self,
        method: str,
        path: str,
        done: Callable[[Reply], None],
        token: str | None = None,
        body: bytes = b"",
    ) -> HttpRequest:
        """Send a request; `done` is called with its reply, in the hub."""
        lines = [f"{method} {path} HTTP/1.1", f"host: {self._host}"]
        if token is not None:
            lines.append(f"authorization: Bearer {token}")
        if body:
            lines += ["content-type: application/json", f"content-length: {len(body)}"]
        request = HttpRequest("\r\n".join([*lines, "\r\n"]).encode() + body, done)
        self._under_way.add(request)
        self._send(request)
        return request

    def abort(self, request: HttpRequest) -> None:
        """Give a request up: its connection is closed and its reply never comes."""
        self._under_way.discard(request)
        request.done = None
        if request.connection is not None:
            request.connection.close()

    def expire(self, before_ns: int) -> None:
        """End every request that was begun before this time without an answer."""
        for request in [r for r in self._under_way if r.started_ns < before_ns]:
            if request.connection is not None:
                request.connection.close()
            self.finish(request, Reply(NO_ANSWER, monotonic_ns(), b"", "no answer in time"))

    def close(self) -> None:
        """Close every connection; replies of requests under way never come."""
        for request in list(self._under_way):
            self.abort(request)
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def finish(self, request: HttpRequest, reply: Reply) -> None:
        """Hand a reply over, once."""
        self._under_way.discard(request)
        done, request.done = request.done, None
        request.connection = None
        if done is not None:
            done(reply)

    def release(self, connection: "_Connection") -> None:
        """Take a connection back that can carry another request."""
        self._idle.append(connection)

    def forget(self, connection: "_Connection") -> None:
        """A connection has ended."""
        if connection in self._idle:
            self._idle.remove(connection)

    def failed(self, request: HttpRequest, reason: str, was_reused: bool) -> None:
        """A connection ended before the answer. A reused one may have been closed just then: one silent resend."""
        if was_reused and request.tries == 1:
            self._send(request)
        else:
            self.finish(request, Reply(NO_ANSWER, monotonic_ns(), b"", reason))

    def _send(self, request: HttpRequest) -> None:
        # A resend takes a new connection: the idle ones may all have been closed, as by a restart of the target.
        reused = self._idle.pop() if self._idle and not request.tries else None
        connection = reused or _Connection(self, self._address)
        request.tries += 1
        request.connection = connection
        connection.carry(request)


class _Connection:
    """One connection; httptools calls its `on_` methods while it parses.

    An answer is handed over when all bytes that came with it have been parsed. Bytes beyond it are of no request:
    whatever they are, they end the connection, so that they can answer no later one.
    """

    __slots__ = (
        "_arrived_ns", "_body", "_parser", "_pool", "_reply", "_request", "_reusable", "_size", "_socket", "_used",
    )  # fmt: skip

    def __init__(self, pool: HttpPool, address: Address) -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._request: HttpRequest | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._arrived_ns = 0
        self._used = 0
        self._reply: Reply | None = None
        self._reusable = False
        self._socket = Socket(address, self._received, self._closed)

    def carry(self, request: HttpRequest) -> None:
        self._request = request
        self._used += 1
        self._socket.send(request.data)

    def close(self) -> None:
        self._request = None
        self._socket.close()

    def on_message_begin(self) -> None:
        if self._reply is not None:
            self._reusable = False  # more than one answer to one request

    def on_body(self, data: bytes) -> None:
        self._body.append(data)
        self._size += len(data)
        if self._size > LARGEST_ANSWER_BYTES:
            raise ValueError(f"an answer of more than {LARGEST_ANSWER_BYTES >> 20} MiB")

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200 and self._reply is None:  # after 1xx the answer follows
            self._reply = Reply(status, self._arrived_ns, b"".join(self._body), "")
            self._reusable = self._parser.should_keep_alive()
            self._body.clear()
            self._size = 0

    def _received(self, arrived_ns: int, data: bytes) -> None:
        self._arrived_ns = arrived_ns
        if self._request is None:
            self._socket.close()
            self._pool.forget(self)
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError) as error:
            self._reusable = False
            if self._reply is None:
                self._socket.close()
                self._fail(f"not an HTTP answer ({error.__context__ or error})")
        if self._reply is not None:
            self._hand_over(self._request, self._reply)

    def _hand_over(self, request: HttpRequest, reply: Reply) -> None:
        self._request = self._reply = None
        if self._reusable:
            self._pool.release(self)
        else:
            self._socket.close()
        self._pool.finish(request, reply)

    def _closed(self, reason: str) -> None:
        self._fail(reason)

    def _fail(self, reason: str) -> None:
        self._pool.forget(self)
        request, self._request = self._request, None
        if request is not None:
            self._pool.failed(request, reason, was_reused=self._used > 1)
