"""Connections: HTTP/1.1 with keep-alive and pipelining, in bounded memory and time (RFC 9112)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus

from pipeline.site.server.answers import Answer, answer, refusal
from pipeline.site.server.request import MAX_HEAD, Refused, Request, check_partial, parse
from pipeline.site.server.rules import date
from pipeline.site.server.snapshot import Snapshot

# A body beyond this is not read; nothing that is served here needs one.
_MAX_BODY = 65_536
# Pieces of a large body, so that a slow reader costs one piece of memory and not the body again.
_PIECE = 262_144
_READ_AHEAD = 65_536
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::\d*)?")
_LOOPBACK = re.compile(rb"(?:.+\.)?localhost\.?|127(?:\.\d{1,3}){3}|\[::1\]", re.IGNORECASE)


@dataclass(frozen=True)
class Limits:
    """Seconds that a connection may be idle, take for a request, stand still while it is sent to, and linger.

    `connections` is how many there may be; one more is told to come back (503).
    """

    idle: float = 60.0
    request: float = 10.0
    write: float = 60.0
    linger: float = 2.0
    connections: int = 1_000


@dataclass
class Shared:
    """What all connections see; `snapshot` is replaced as a whole, never changed."""

    snapshot: Snapshot
    limits: Limits
    # Names that a Host field may have besides loopback ones; None for any.
    names: Collection[str] | None = ()
    connections: set[Connection] = field(default_factory=set)
    # Whether a release is being read in another thread.
    loading: bool = False
    _gave_way: float = 0.0
    _second: int = 0
    _common: bytes = b""

    def common(self) -> bytes:
        """Return the header fields of every response, rendered once a second."""
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._common = b"Server: pages-pipeline\r\nDate: " + date(now) + b"\r\n"
        return self._common

    def give_way(self) -> None:
        """Let the thread that reads a release run: 1 ms for every 2 ms of answering.

        A saturated event loop takes the interpreter's lock back at once after each system call; without this,
        reading a small release under load took seconds instead of milliseconds (benchmarks/local_server.py).
        """
        if time.monotonic() - self._gave_way > 0.002:
            time.sleep(0.001)
            self._gave_way = time.monotonic()

    def welcomes(self, host: bytes | None) -> bool:
        """Whether a Host field names us: no page of a name made to resolve to loopback may read along."""
        if self.names is None or host is None:
            return True
        name = _name(host)
        return _LOOPBACK.fullmatch(name) is not None or name.decode("latin-1") in self.names

    def sweep(self, now: float) -> None:
        """End the connections whose time is over."""
        for connection in [one for one in self.connections if one.deadline < now]:
            connection.expire()


@lru_cache(maxsize=64)
def _name(host: bytes) -> bytes:
    match = _HOST.fullmatch(host)
    return match[1].lower() if match else b""


class Connection(asyncio.Protocol):
    """One client: requests are answered in order, each wholly from the snapshot of when it is parsed."""

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        self._shared = shared
        self._loop = loop
        self._transport: asyncio.Transport
        self._buffer = bytearray()  # what came and is not read yet
        self._skip = 0  # bytes of a request body still to come
        self._rest = memoryview(b"")  # of a large response body
        self._full = False  # the client does not read as fast as we write
        self._ended = False  # the client has sent all it will
        self._last = False  # nothing is answered any more
        self.deadline = loop.time() + shared.limits.idle
        self.closed: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a stream server gives
        self._transport = transport
        self._shared.connections.add(self)
        if len(self._shared.connections) > self._shared.limits.connections:
            self._refuse(503)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._shared.connections.discard(self)
        self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._last:
            return
        if not (self._buffer or self._rest or self._skip):
            self._limit(self._shared.limits.request)
        self._buffer += data
        self._advance()
        if len(self._buffer) > _READ_AHEAD:
            self._transport.pause_reading()
        if self._shared.loading:
            self._shared.give_way()

    def eof_received(self) -> bool:
        # A client that has said all may still read: what it asked for goes out first.
        self._ended = True
        self._settle()
        return True

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._limit(self._shared.limits.write)
        self._pump()
        self._advance()
        if len(self._buffer) <= _READ_AHEAD:
            self._transport.resume_reading()
        self._settle()

    def shut(self) -> None:
        """Send what is under way and end."""
        self._last = self._ended = True
        self._settle()

    def expire(self) -> None:
        """End a connection whose time is over, with a 408 if a request had begun."""
        if self._buffer and not (self._full or self._rest):
            self._refuse(408)
        else:
            self._transport.abort()

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()

    def _limit(self, seconds: float) -> None:
        self.deadline = self._loop.time() + seconds

    def _advance(self) -> None:
        """Answer every complete request in the buffer, as long as the client reads."""
        while self._buffer and not (self._full or self._rest or self._last):
            if self._skip:
                count = min(self._skip, len(self._buffer))
                del self._buffer[:count]
                self._skip -= count
                continue
            # RFC 9112 section 2.2: empty lines before a request are ignored.
            while self._buffer.startswith(b"\r\n"):
                del self._buffer[:2]
            end = self._buffer.find(b"\r\n\r\n", 0, MAX_HEAD) + 4
            try:
                if end < 4:
                    check_partial(self._buffer)
                    return
                request = parse(bytes(self._buffer[:end]))
            except Refused as refused:
                self._refuse(refused.status)
                return
            del self._buffer[:end]
            self._serve(request)

    def _serve(self, request: Request) -> None:
        unread = request.body is None or request.body > _MAX_BODY or b"expect" in request.fields
        keep = request.keep_alive and not unread
        if self._shared.welcomes(request.host):
            reply = answer(self._shared.snapshot, request)
        else:
            reply = refusal(421, head_only=request.method == b"HEAD")
        kept = b"Connection: keep-alive\r\n" if request.old else b""
        self._send(reply, kept if keep else b"Connection: close\r\n")
        if not keep:
            self._finish()
            return
        self._skip = request.body or 0
        limits = self._shared.limits
        self._limit(limits.write if self._rest else limits.request if self._buffer else limits.idle)

    def _send(self, reply: Answer, fields: bytes) -> None:
        parts = (_STATUS[reply.status], self._shared.common(), fields, reply.head, b"\r\n")
        if len(reply.body) <= _PIECE:
            self._transport.write(b"".join((*parts, reply.body)))
            return
        self._transport.write(b"".join(parts))
        self._rest = memoryview(reply.body)
        self._pump()

    def _pump(self) -> None:
        while self._rest and not self._full:
            piece, self._rest = self._rest[:_PIECE], self._rest[_PIECE:]
            self._transport.write(piece)

    def _refuse(self, status: int) -> None:
        self._send(refusal(status, head_only=False), b"Connection: close\r\n")
        self._finish()

    def _finish(self) -> None:
        """Answer nothing any more, and end when all is sent."""
        self._buffer.clear()
        self._last = True
        self._settle()

    def _settle(self) -> None:
        """End the connection if it is done.

        While the client may still be sending, only our side ends: closing with unread input would reset the
        connection under what was sent (RFC 9112 section 9.6).
        """
        if self._rest or (self._buffer and self._full):
            return
        if self._ended:
            self._transport.close()
        elif self._last:
            self._limit(self._shared.limits.linger)
            with contextlib.suppress(OSError):
                self._transport.write_eof()
