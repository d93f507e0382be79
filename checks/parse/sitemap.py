"""Sitemaps and feeds: what they list, and what their standards ask for."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from checks.parse import xml

_Enough = Callable[[set[str]], bool]

# https://www.sitemaps.org/protocol.html#index: at most 50,000 addresses and 50 MB, uncompressed.
MOST = 50_000
BIGGEST = 52_428_800


@dataclass(frozen=True)
class Sitemap:
    """The pages or, of an index, the sitemaps that it lists; `size` in bytes, uncompressed."""

    index: bool
    urls: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Feed:
    """RSS or Atom: (line, address) of its links, and the elements that it must have and lacks."""

    kind: str
    links: tuple[tuple[int, str], ...]
    missing: tuple[str, ...]


def unpacked(data: bytes, path: str) -> bytes:
    """Return a sitemap's bytes, of a `.gz` at most one byte more than allowed; raises Broken."""
    if not path.lower().endswith(".gz"):
        return data
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
            return stream.read(BIGGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise xml.Broken(f"it is not gzip: {error}", 1) from error


def sitemap(data: bytes, path: str = "") -> Sitemap:
    """Return what a sitemap, or an index of them, lists; raises Broken."""
    data = unpacked(data, path)
    if not path.lower().removesuffix(".gz").endswith(".xml"):
        lines = data.decode("utf-8", "replace").split("\n")
        return Sitemap(
            index=False, urls=tuple(line.strip() for line in lines if line.strip()), size=len(data)
        )
    urls: list[str] = []
    root = ""
    for one in xml.elements(data):
        if one.path in {("urlset", "url", "loc"), ("sitemapindex", "sitemap", "loc")}:
            urls.append(one.text)
        root = one.path[0]
    if root not in {"urlset", "sitemapindex"}:
        raise xml.Broken(f"its root is <{root[:40]}>, not <urlset> or <sitemapindex>", 1)
    return Sitemap(index=root == "sitemapindex", urls=tuple(urls), size=len(data))


def is_feed(data: bytes) -> bool:
    """Whether the first bytes look like RSS or Atom."""
    head = data[:2000]
    return b"<rss" in head or (b"<feed" in head and b"http://www.w3.org/2005/Atom" in head)


def feed(data: bytes) -> Feed:
    """Return what a feed links to and lacks; raises Broken."""
    found = list(xml.elements(data))
    root = found[-1].path[0] if found else ""
    if root == "rss":
        return _rss(found)
    if root == "feed":
        return _atom(found)
    raise xml.Broken(f"its root is <{root[:40]}>, not <rss> or <feed>", 1)


def _rss(found: list[xml.Element]) -> Feed:
    # https://www.rssboard.org/rss-specification#requiredChannelElements
    channel, item = ("rss", "channel"), ("rss", "channel", "item")
    has = {one.path for one in found if one.text}
    # A link of another namespace (atom:link) has an address and no text.
    links = [
        (one.line, one.text)
        for one in found
        if one.text and one.path in {(*channel, "link"), (*item, "link")}
    ]
    missing = [f"<{name}>" for name in ("title", "link", "description") if (*channel, name) not in has]
    missing += _bare(
        found, item, lambda names: bool(names & {"title", "description"}), "<title> or <description>"
    )
    return Feed("RSS", tuple(links), tuple(missing))


def _atom(found: list[xml.Element]) -> Feed:
    # https://www.rfc-editor.org/rfc/rfc4287#section-4.1.1 and 4.1.2
    has = {one.path[1:] for one in found}
    links = [
        (one.line, one.attributes.get("href", ""))
        for one in found
        if one.path[-1] == "link" and one.attributes.get("rel", "alternate") == "alternate"
    ]
    missing = [f"<{name}>" for name in ("id", "title", "updated") if (name,) not in has]
    needed = {"id", "title", "updated"}
    missing += _bare(found, ("feed", "entry"), lambda names: names >= needed, "<id>, <title> or <updated>")
    return Feed("Atom", tuple(links), tuple(missing))


def _bare(found: list[xml.Element], item: tuple[str, ...], enough: _Enough, what: str) -> list[str]:
    names: set[str] = set()
    for one in found:
        if one.path == item:
            if not enough(names):
                return [f"{what} of the entry at line {one.line}"]
            names = set()
        elif one.path[:-1] == item:
            names.add(one.path[-1])
    return []
