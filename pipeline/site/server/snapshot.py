"""A release in memory, ready to be sent: what GitHub Pages answers for every path of one tree."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from pipeline.site.server.mime import compressible, media_type
from pipeline.site.server.rules import date

# The middle of zlib's range, as CDNs use it; level 9 costs twice the time for about 1%.
_GZIP_LEVEL = 6
# Less gains nothing: the smallest gzip frame and its header fields take about 50 bytes.
_GZIP_FROM = 256
# Larger bodies are compressed while a release loads, smaller ones (at most about 10 ms) when first asked for.
_GZIP_AHEAD = 262_144
# On every answer of GitHub Pages: there are no headers of one's own.
SHARED = b"Access-Control-Allow-Origin: *\r\n"
CACHED = b"Cache-Control: max-age=600\r\n" + SHARED

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}}</style>
<h1>{title}</h1>
<p>{text}</p>
</html>
"""
_NOT_FOUND = _PAGE.format(
    title="404: there is nothing here",
    text="The published release has no file for this address; letter case counts. "
    "A <code>404.html</code> in the site replaces this page.",
)
_UNPUBLISHED = _PAGE.format(
    title="Nothing is published yet",
    text="This address answers as soon as a first release is there: <code>invoke deploy --env=local</code>",
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One representation of a file: strong entity tag, fields of a 304, fields of a 200, body."""

    tag: bytes
    shared: bytes
    head: bytes
    body: bytes


@dataclass(frozen=True)
class Page:
    """A published file; `modified` is Unix time, None where no date can tell it from its predecessor."""

    path: str
    oid: str
    body: bytes
    modified: int | None

    @cached_property
    def plain(self) -> Variant:
        """The file as it is."""
        return self._variant(self.body, "")

    @cached_property
    def zipped(self) -> Variant | None:
        """The file with gzip, None where that is not done or gains nothing."""
        if not compressible(self.path) or len(self.body) < _GZIP_FROM:
            return None
        body = gzip.compress(self.body, _GZIP_LEVEL, mtime=0)
        return self._variant(body, "gzip") if len(body) < len(self.body) else None

    @property
    def zips_ahead(self) -> bool:
        """Whether compressing takes too long for an event loop."""
        return len(self.body) > _GZIP_AHEAD and compressible(self.path)

    def _variant(self, body: bytes, coding: str) -> Variant:
        # Two codings are two representations and need two strong tags (RFC 9110 section 8.8.3.3).
        tag = f'"{self.oid}-{coding}"' if coding else f'"{self.oid}"'
        shared = CACHED + f"ETag: {tag}\r\n".encode()
        if self.modified is not None:
            shared += b"Last-Modified: " + date(self.modified) + b"\r\n"
        if compressible(self.path):
            shared += b"Vary: Accept-Encoding\r\n"
        kind = f"Content-Type: {media_type(self.path)}\r\nAccept-Ranges: bytes\r\n"
        kind += f"Content-Encoding: {coding}\r\n" if coding else ""
        return Variant(tag.encode(), shared, shared + kind.encode(), body)


class Moved:
    """A folder asked for without its last slash."""


MOVED = Moved()


@dataclass(frozen=True, eq=False)
class Snapshot:
    """One release: answers by decoded URL path, the page for everything else, and when it was committed.

    `commit` is None when nothing is published. `latest` is the newest date of this and earlier releases.
    """

    commit: str | None
    base: str
    pages: Mapping[str, Page]
    routes: Mapping[bytes, Page | Moved]
    missing: Page
    latest: int


def empty(base: str) -> Snapshot:
    """Return the snapshot of a repository or branch without a release."""
    missing = Page("404.html", "unpublished", _UNPUBLISHED.encode(), None)
    return Snapshot(None, normal_base(base), MappingProxyType({}), MappingProxyType({}), missing, 0)


def build(
    commit: str,
    base: str,
    time: int,
    tree: Mapping[str, str],
    blobs: Mapping[str, bytes],
    previous: Snapshot | None,
) -> Snapshot:
    """Return the snapshot of a commit made at `time` (Unix) from the object ids of its files by path.

    `blobs` needs only what `wanted` names: unchanged files are the previous snapshot's own, dates included.
    """
    base = normal_base(base)
    old = previous.pages if previous else {}
    latest = previous.latest if previous else 0
    # Dates count seconds: of two releases within one only the first has one (RFC 9110 8.8.2).
    modified = time if time > latest else None
    known = {page.oid: page.body for page in old.values()}
    pages: dict[str, Page] = {}
    for path, oid in tree.items():
        page = old.get(path)
        if page is None or page.oid != oid:
            body = blobs.get(oid)
            page = Page(path, oid, known[oid] if body is None else body, modified)
            # Now, off the event loop, and only what is large.
            _ = page.zips_ahead and page.zipped
        pages[path] = page
    missing = pages.get("404.html") or Page("404.html", "default", _NOT_FOUND.encode(), None)
    routes = MappingProxyType(_routes(pages, base.encode()))
    return Snapshot(commit, base, MappingProxyType(pages), routes, missing, max(time, latest))


def wanted(tree: Mapping[str, str], previous: Snapshot | None) -> set[str]:
    """Return the object ids that the previous snapshot does not hold."""
    known = {page.oid for page in previous.pages.values()} if previous else set()
    return set(tree.values()) - known


def normal_base(base: str) -> str:
    """Return a base path with one slash at either end."""
    inner = base.strip("/")
    return f"/{inner}/" if inner else "/"


def public(path: str) -> bool:
    """Whether a file is served: nothing with a dot in front, except the folder `.well-known` (RFC 8615)."""
    parts = path.split("/")
    return not any(part.startswith(".") for part in parts[parts[0] == ".well-known" :])


def _routes(pages: Mapping[str, Page], base: bytes) -> dict[bytes, Page | Moved]:
    """Return what answers each address: the file, else `x.html` for `x`, else a redirect for a folder."""
    routes: dict[bytes, Page | Moved] = {base[:-1]: MOVED} if len(base) > 1 else {}
    for folder in _folders(pages):
        routes[base + _bytes(folder)] = MOVED
    names = {path: base + _bytes(path) for path in pages}
    for path, name in names.items():
        if path.endswith(".html"):
            routes[name[:-5]] = pages[path]
    for path, name in names.items():
        if path == "index.html" or path.endswith("/index.html"):
            routes[name[:-10]] = pages[path]
        routes[name] = pages[path]
    return routes


def _folders(paths: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in seen:
            seen.add(folder)
            yield folder
            folder = folder.rpartition("/")[0]


def _bytes(path: str) -> bytes:
    # A name that is no UTF-8 stays as it is, and out of reach: such an address is refused.
    return path.encode("utf-8", "surrogateescape")
