"""Reading the head of an HTTP/1.1 request, strictly (RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

# RFC 9112 section 3 recommends at least 8,000 bytes for a request line.
MAX_LINE = 8_192
MAX_HEAD = 16_384
MAX_FIELDS = 100

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = rb"[^\x00-\x08\x0a-\x1f\x7f]*"
_LINE = re.compile(rb"(%b) ([^\x00-\x20\x7f]+) HTTP/(\d)\.(\d)\r?" % _TOKEN)
_HEAD = re.compile(
    rb"(%b) ([^\x00-\x20\x7f]+) HTTP/(\d)\.(\d)\r\n((?:%b:%b\r\n)*)\r\n" % (_TOKEN, _TOKEN, _VALUE)
)
_FIELD = re.compile(rb"([^:\r\n]+):[ \t]*([^\r\n]*?)[ \t]*\r\n")
_BEGUN = re.compile(rb"\r?|%b(?: (?:[^\x00-\x20\x7f]+(?: [HTP/0-9.]{0,8}\r?)?)?)?" % _TOKEN)
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)
_PLAIN = re.compile(rb"[ -$&-~]*")  # printable ASCII without an escape
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ONCE = frozenset({b"host", b"content-length", b"content-type", b"range", b"if-range", b"if-modified-since"})


class Refused(Exception):
    """The request gets this status and its connection ends."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A parsed head.

    `path` and `query` (with its `?`) are as sent, `key` is the decoded path or None where it can name no
    file, `fields` has lower-case names, `body` is the size in bytes of what follows, None where it cannot be
    told, `old` is HTTP/1.0.
    """

    method: bytes
    path: bytes
    query: bytes
    key: bytes | None
    host: bytes | None
    fields: Mapping[bytes, bytes]
    body: int | None
    keep_alive: bool
    old: bool


def check_partial(buffer: bytes | bytearray) -> None:
    """Raise Refused when an unfinished head is too long already, or can become none."""
    end = buffer.find(b"\n")
    if end < 0:
        # What is no beginning of a request, like a TLS handshake, need not be waited for.
        if not _BEGUN.fullmatch(buffer):
            raise Refused(400)
        if len(buffer) > MAX_LINE:
            raise Refused(414)
    elif end > MAX_LINE:
        raise Refused(414)
    elif not _LINE.fullmatch(buffer, 0, end):
        raise Refused(400)
    if len(buffer) > MAX_HEAD:
        raise Refused(431)


# Browsers, probes and load generators send the same few heads over and over.
@lru_cache(maxsize=256)
def parse(head: bytes) -> Request:
    """Return the request of a complete head, with its last empty line; raises Refused."""
    match = _HEAD.fullmatch(head)
    if match is None:
        raise Refused(400)
    method, target, major, minor, block = match.groups()
    if head.find(b"\r\n") > MAX_LINE:
        raise Refused(414)
    if block.count(b"\r\n") > MAX_FIELDS:
        raise Refused(431)
    if major != b"1":
        raise Refused(505)
    fields = _fields(block)
    host, path, query = _target(target, fields.get(b"host"))
    old = minor == b"0"
    if fields.get(b"host") is None and not old:
        raise Refused(400)
    options = {item.strip() for item in fields.get(b"connection", b"").lower().split(b",")}
    return Request(
        method=method,
        path=path,
        query=query,
        key=_key(method, path),
        host=host,
        fields=fields,
        body=_body(fields),
        keep_alive=b"close" not in options and (not old or b"keep-alive" in options),
        old=old,
    )


def _fields(block: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(block):
        key = name.lower()
        if key not in fields:
            fields[key] = value
        elif key not in _ONCE:
            fields[key] += b", " + value
        elif key == b"host" or (key == b"content-length" and fields[key] != value):
            # Two readers that pick different ones: request smuggling (RFC 9112 sections 3.2 and 6.3).
            raise Refused(400)
    return fields


def _target(target: bytes, host: bytes | None) -> tuple[bytes | None, bytes, bytes]:
    """Return host, path and query; the host of an absolute form wins (RFC 9112 section 3.2.2)."""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is not None:
        host = absolute[1]
        target = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
    path, mark, query = target.partition(b"?")
    return host, path, mark + query


def _key(method: bytes, path: bytes) -> bytes | None:
    if path.startswith(b"/"):
        return decode(path)
    # `OPTIONS *` and `CONNECT host:port` are requests of methods that get 405.
    if method in {b"GET", b"HEAD"}:
        raise Refused(400)
    return None


def _body(fields: Mapping[bytes, bytes]) -> int | None:
    length = fields.get(b"content-length")
    if b"transfer-encoding" in fields:
        if length is not None:
            raise Refused(400)
        return None
    if length is None:
        return 0
    if not re.fullmatch(rb"[0-9]{1,18}", length):
        raise Refused(400)
    return int(length)


def decode(path: bytes) -> bytes | None:
    """Return the path with its escapes decoded once, None where it can name no published file.

    Raises Refused on what is no URL. The result is looked up among the names of a tree, byte by byte: `..`
    names nothing there, and there is no file system to leave.
    """
    if _PLAIN.fullmatch(path):
        return None if b"\\" in path else path
    if _BROKEN_ESCAPE.search(path):
        raise Refused(400)
    # A slash that came as an escape is part of a name, and no name in a git tree has one.
    if re.search(rb"%2f|%5c|\\", path, re.IGNORECASE):
        return None
    name = unquote_to_bytes(path)
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(400) from None
    if re.search(rb"[\x00-\x1f\x7f]", name):
        raise Refused(400)
    return name
