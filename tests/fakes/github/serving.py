"""HTTP/1.1 over TLS on loopback: reading requests, writing answers, and breaking both as the faults say."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, BinaryIO, Protocol, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.github.faults import Faults, Plan

# A client that says nothing for this long is gone.
_IDLE_SECONDS = 60.0
_PIECE = 65_536
# Closing with this option resets the connection, as a killed process or a cut cable does.
_RESET = struct.pack("ii", 1, 0)


@dataclass
class Call:
    """A request; `path` has no `/api/v3`, `at` is what the route's pattern found."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    file: BinaryIO
    target: str
    at: dict[str, str] = field(default_factory=dict)
    login: str = ""
    scopes: tuple[str, ...] = ()
    # What `at` names; the routes fill it in.
    repository: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def body(self) -> bytes:
        self.file.seek(0)
        return self.file.read()

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as an object; ValueError where it is none."""
        data = json.loads(self.body or b"{}")
        if not isinstance(data, dict):
            raise ValueError("Body should be a JSON object")  # noqa: TRY004 - malformed, as bad syntax is
        return data

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True)
class Reply:
    """An answer: an object is sent as JSON, bytes as they are."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def raw(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Seen:
    """One line of the request log; status 0 where the connection was cut."""

    where: str
    method: str
    path: str
    query: Mapping[str, str]
    status: int
    login: str
    body: bytes
    at: float

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        return json.loads(self.body)


class Service(Protocol):
    """What a server serves."""

    faults: Faults

    def places(self, call: Call, /) -> frozenset[str]:
        """The names by which a fault can mean a request: api, git, push, front."""

    def answer(self, call: Call) -> Reply: ...

    def log(self, seen: Seen) -> None: ...

    def die(self) -> None:
        """End the whole double as a crash would."""


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Threads that answer; `abort` leaves every client with a broken connection."""

    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self, service: Service, context: ssl.SSLContext, port: int) -> None:
        self.service = service
        self.context = context
        self.stopping = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._busy: set[threading.Thread] = set()
        self._turning = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        self._loop = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        self._loop.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        # The handshake belongs into the connection's thread: a slow client must not hold up the others.
        sock: socket.socket = request
        sock.settimeout(_IDLE_SECONDS)
        with self._turning:
            self._busy.add(threading.current_thread())
            self._sockets.add(sock)
        try:
            wrapped = self.context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=True)
        except (OSError, ValueError):
            self._forget(sock)
            sock.close()
            return
        with self._turning:
            self._sockets.discard(sock)
            self._sockets.add(wrapped)
        try:
            if not self.stopping.is_set():
                self.finish_request(wrapped, client_address)
        except (OSError, ValueError):
            pass  # The client went away, or we did.
        finally:
            self._forget(wrapped)
            wrapped.close()

    def _forget(self, sock: socket.socket) -> None:
        with self._turning:
            self._sockets.discard(sock)
            self._busy.discard(threading.current_thread())

    def stop(self, *, abort: bool = False) -> None:
        """Take no more connections and end those that are there."""
        self.stopping.set()
        if self._loop.is_alive():
            self.shutdown()
            self._loop.join()
        self.server_close()
        with self._turning:
            threads = self._busy - {threading.current_thread()}
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    if abort:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - do_GET, do_POST, ... are all the same
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    @property
    def _server(self) -> Server:
        return cast("Server", self.server)

    def log_message(self, *words: object) -> None:
        """Say nothing: the log is data."""

    def _serve(self) -> None:
        service = self._server.service
        with tempfile.SpooledTemporaryFile(max_size=1_000_000) as file:
            call = self._call(cast("BinaryIO", file))
            places = service.places(call)
            # Before it sends a large pack, git asks with an empty one whether it may.
            probe = "push" in places and self.headers.get("Content-Length") == "4"
            plan = Plan() if probe else service.faults.plan(places, call.method, call.path)
            reply = self._follow(plan, call)
            status = reply.status if reply else 0
            # The names go from the general to the special.
            where = "push" if "push" in places else next(iter(places))
            keep = call.body if "git" not in places else b""
            service.log(
                Seen(where, call.method, call.path, call.query, status, call.login, keep, time.time())
            )
            if reply is None or plan.cut == "response":
                if reply is None and not plan.reset:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: ")
                self._send(reply, plan)
                self._drop(reset=reply is None and plan.reset)
                if plan.die:
                    threading.Thread(target=service.die).start()
                return
            self._send(reply, plan)

    def _follow(self, plan: Plan, call: Call) -> Reply | None:
        """The answer that a plan lets through, None where there is none."""
        if plan.hang:
            self._server.stopping.wait(plan.hang)
        if plan.cut == "upload":
            self._read(call, part=True)
            return None
        self._read(call)
        if plan.cut == "before":
            return None
        if plan.status:
            return Reply(plan.status, plan.body, plan.headers)
        reply = self._server.service.answer(call)
        return None if plan.cut == "after" else reply

    def _call(self, file: BinaryIO) -> Call:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if path == "/api/v3" or path.startswith("/api/v3/"):
            path = path[7:] or "/"
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Call(self.command, path, query, headers, file, self.path)

    def _read(self, call: Call, *, part: bool = False) -> None:
        if "chunked" in call.header("transfer-encoding"):
            while size := int(self.rfile.readline(100).split(b";")[0], 16):
                call.file.write(self.rfile.read(size))
                self.rfile.readline(10)
                if part:
                    return
            while self.rfile.readline(1_000).strip():
                pass  # Trailers.
            return
        left = int(call.header("content-length") or 0)
        left = left // 2 if part else left
        while left > 0:
            piece = self.rfile.read(min(left, _PIECE))
            if not piece:
                raise ConnectionError("the client went away in the middle of its request")
            call.file.write(piece)
            left -= len(piece)

    def _send(self, reply: Reply | None, plan: Plan) -> None:
        if reply is None:
            return
        phrase = HTTPStatus(reply.status).phrase
        fields = {"Server": "github.com", "Date": self.date_time_string()} | dict(reply.headers)
        if isinstance(reply.body, dict | list):
            fields.setdefault("Content-Type", "application/json; charset=utf-8")
        if reply.status not in {204, 304} and "Content-Length" not in fields:
            fields["Content-Length"] = str(len(reply.raw))
        head = f"HTTP/1.1 {reply.status} {phrase}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        body = b"" if self.command == "HEAD" or reply.status in {204, 304} else reply.raw
        whole = head.encode("latin-1") + b"\r\n" + body
        if plan.cut == "response":
            whole = whole[: len(whole) - max(1, len(body) // 2)]
        if not plan.rate:
            self.wfile.write(whole)
            return
        # A tenth of a second's worth at a time.
        step = max(1, plan.rate // 10)
        for at in range(0, len(whole), step):
            self.wfile.write(whole[at : at + step])
            if self._server.stopping.wait(step / plan.rate):
                return

    def _drop(self, *, reset: bool) -> None:
        """End the connection without a goodbye; a reset also takes back what the client has not read yet."""
        self.close_connection = True
        if not reset:
            return
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
