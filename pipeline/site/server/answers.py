"""From a request and a snapshot to a response: pure, and the whole of GitHub Pages' behaviour."""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

from pipeline.site.server.request import Request
from pipeline.site.server.rules import accepts_gzip, byte_range, seconds, tag_in
from pipeline.site.server.snapshot import CACHED, SHARED, Moved, Page, Snapshot, Variant


class Answer(NamedTuple):
    """Status code, header fields, and the body that goes out."""

    status: int
    head: bytes
    body: bytes | memoryview = b""


def answer(snapshot: Snapshot, request: Request) -> Answer:
    """Return the response to a request of any method."""
    if request.method not in {b"GET", b"HEAD"}:
        return refusal(405, b"Allow: GET, HEAD\r\n", head_only=False)
    found = None if request.key is None else snapshot.routes.get(request.key)
    head_only = request.method == b"HEAD"
    if found is None:
        return _missing(snapshot, request, head_only=head_only)
    if isinstance(found, Moved):
        return _moved(request, head_only=head_only)
    return _page(found, request, head_only=head_only)


def refusal(status: int, fields: bytes = b"", *, head_only: bool) -> Answer:
    """Return a short answer in plain text for what is not served."""
    text = f"{status} {HTTPStatus(status).phrase}\n".encode()
    fields += SHARED + b"Content-Type: text/plain; charset=utf-8\r\n"
    return _sized(status, fields, text, head_only=head_only)


def _sized(status: int, fields: bytes, body: bytes | memoryview, *, head_only: bool) -> Answer:
    return Answer(status, b"%bContent-Length: %d\r\n" % (fields, len(body)), b"" if head_only else body)


def _missing(snapshot: Snapshot, request: Request, *, head_only: bool) -> Answer:
    variant = _variant(snapshot.missing, request)
    fields = variant.head
    if snapshot.commit is None:
        # The first release must not wait for a browser's cache.
        fields = fields.replace(b"max-age=600", b"no-store")
    return _sized(404, fields, variant.body, head_only=head_only)


def _moved(request: Request, *, head_only: bool) -> Answer:
    # A path that was found begins with one slash and holds no escaped one, so this stays on our host.
    location = b"Location: %b/%b\r\n" % (request.path, request.query)
    text = b"301 Moved Permanently\n"
    fields = location + CACHED + b"Content-Type: text/plain; charset=utf-8\r\n"
    return _sized(301, fields, text, head_only=head_only)


def _variant(page: Page, request: Request) -> Variant:
    coding = request.fields.get(b"accept-encoding")
    if coding is None or not accepts_gzip(coding):
        return page.plain
    return page.zipped or page.plain


def _page(page: Page, request: Request, *, head_only: bool) -> Answer:
    part = None if head_only else _part(page, request)
    variant = _variant(page, request) if part is None else page.plain
    status = _condition(page, variant, request)
    if status == 304:
        return Answer(304, variant.shared)
    if status == 412:
        return refusal(412, head_only=head_only)
    if part is None:
        return _sized(200, variant.head, variant.body, head_only=head_only)
    if not part:
        return refusal(416, b"Content-Range: bytes */%d\r\n" % len(page.body), head_only=head_only)
    place = b"Content-Range: bytes %d-%d/%d\r\n" % (part.start, part.stop - 1, len(page.body))
    return _sized(206, variant.head + place, memoryview(page.body)[part.start : part.stop], head_only=False)


def _part(page: Page, request: Request) -> range | None:
    """Return the range that applies, None for the whole.

    If-Range needs the same strong validator (RFC 9110 section 13.1.5).
    """
    header = request.fields.get(b"range")
    if header is None:
        return None
    guard = request.fields.get(b"if-range")
    if guard is not None and guard != page.plain.tag:
        # A date has to match exactly.
        moment = None if b'"' in guard else seconds(guard)
        if moment is None or moment != page.modified:
            return None
    return byte_range(header, len(page.body))


def _condition(page: Page, variant: Variant, request: Request) -> int:
    """Return 304, 412, or 200 to go on, in the order of RFC 9110 section 13.2.2."""
    fields = request.fields
    match = fields.get(b"if-match")
    if match is not None:
        if not tag_in(match, variant.tag, strong=True):
            return 412
    elif _older(page, fields.get(b"if-unmodified-since")) is False:
        return 412
    none = fields.get(b"if-none-match")
    if none is not None:
        return 304 if tag_in(none, variant.tag, strong=False) else 200
    return 304 if _older(page, fields.get(b"if-modified-since")) else 200


def _older(page: Page, header: bytes | None) -> bool | None:
    """Whether the file has not changed since a date; None where that cannot be told."""
    moment = None if header is None else seconds(header)
    if moment is None or page.modified is None:
        return None
    return page.modified <= moment
