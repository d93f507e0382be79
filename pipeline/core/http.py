"""HTTP for many small reads: one pool, no retries of its own, every time limit set."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    import requests
    from requests.adapters import HTTPAdapter
    from typing_extensions import Buffer

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
# A whole answer, head and body, must be here within this, and a second more for each so many bytes that came: a link
# that is slow is waited for, a server that sends a byte now and then is not.
WHOLE_SECONDS = 30.0
SLOWEST = 50_000
# Of a body, bytes after these are not read: GitHub takes no file over 100 MB.
LARGEST = 110_000_000
# A server may ask for hours (Retry-After); nobody waits longer than this between two tries.
LONGEST_WAIT = 60.0
USER_AGENT = "pages-pipeline"
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Answer:
    """An answer: status 0 means that none came, and `reason` says why; `wait` is Retry-After in seconds, at most 60.

    `slow`: none came in time.
    """

    status: int
    body: bytes
    reason: str = ""
    wait: float = 0.0
    slow: bool = False


class _Patient(io.RawIOBase):
    """What a server sends, until the time for a whole answer is over; raises TimeoutError then.

    The socket's own limit is for one read, and begins anew with each byte.
    """

    def __init__(self, sock: socket.socket, whole: float) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._end = time.monotonic() + whole

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long as a whole")
        limit = self._sock.gettimeout()
        self._sock.settimeout(left if limit is None else min(limit, left))
        try:
            count = self._raw.readinto(buffer)
        finally:
            self._sock.settimeout(limit)
        self._end += (count or 0) / SLOWEST
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


@cache
def _adapter(whole: float) -> type[HTTPAdapter]:
    """Return the adapter whose answers must be here as a whole within `whole` seconds."""
    from http.client import HTTPResponse

    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Response(HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: object, **named: object) -> None:
            super().__init__(sock, *arguments, **named)  # type: ignore[arg-type]
            self.fp.close()
            self.fp = io.BufferedReader(_Patient(sock, whole), _CHUNK)

    class Plain(HTTPConnection):
        response_class = Response

    class Secure(HTTPSConnection):
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    pools = {"http": PlainPool, "https": SecurePool}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: object, **named: object) -> None:
            super().init_poolmanager(*arguments, **named)  # type: ignore[arg-type]
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, proxy: str, **named: object) -> object:
            manager = super().proxy_manager_for(proxy, **named)
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter


def session(connections: int, *, whole: float = WHOLE_SECONDS) -> requests.Session:
    """Return a session that keeps `connections` connections and asks for no redirect or retry by itself.

    An answer must be here as a whole within `whole` seconds, and one more for each `SLOWEST` bytes of it.
    """
    import requests

    made = requests.Session()
    made.headers["User-Agent"] = USER_AGENT
    adapter = _adapter(whole)(pool_connections=1, pool_maxsize=connections, max_retries=0)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made


def get(through: requests.Session, url: str, *, largest: int = LARGEST) -> Answer:
    """Return what the server answers at `url`, never raising for the network's faults.

    A body is read up to `largest` bytes; what is longer is cut there, and `reason` says so.
    """
    import requests

    # A proxy or browser cache on the way must ask the origin: we want what is live, not what was.
    headers = {"Cache-Control": "no-cache"}
    try:
        with through.get(
            url,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            headers=headers,
            stream=True,
        ) as got:
            body, cut = _read(got, largest)
    except (requests.RequestException, OSError) as error:
        return Answer(0, b"", type(error).__name__, slow=_late(error))
    after = got.headers.get("Retry-After", "")
    wait = min(float(after), LONGEST_WAIT) if after.isdigit() else 0.0
    return Answer(got.status_code, body, f"longer than {largest:,} bytes" if cut else "", wait)


def _late(error: Exception) -> bool:
    """Whether a time limit ended it; requests wraps one that ends the reading of a body."""
    import requests
    from urllib3.exceptions import ReadTimeoutError

    return isinstance(error, requests.Timeout | TimeoutError) or any(
        isinstance(one, ReadTimeoutError) for one in error.args
    )


def _read(got: requests.Response, largest: int) -> tuple[bytes, bool]:
    """Return the body, and whether it was cut at `largest` bytes."""
    parts: list[bytes] = []
    size = 0
    for part in got.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > largest:
            return b"".join(parts)[:largest], True
    return b"".join(parts), False
