"""What lists the pages of a site: sitemaps, feeds and translations, against the pages that are there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from checks.looks import Looks
from checks.parse import language, sitemap, xml
from checks.parse.address import page_address, served
from checks.parse.look import Attributes, Look
from checks.rows import Row, row

_NAMES = ("sitemap.xml", "sitemap-index.xml", "sitemap_index.xml", "sitemap.xml.gz", "sitemap.txt")
_FEEDS = ("rss.xml", "feed.xml", "atom.xml", "index.xml", "feed/index.xml", "feed.rss", "feed.atom")
_ROBOTS = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml"})


@dataclass
class Listed:
    """Rows of evidence, and how many addresses were looked at."""

    rows: list[Row] = field(default_factory=list)
    count: int = 0


def listed(site: Looks, linked: Collection[str]) -> Listed:
    """Return what is wrong with sitemaps, feeds and hreflang; `linked` are the files that other pages link to."""
    found = Listed()
    _sitemaps(site, linked, found)
    for path in _feeds(site, found):
        _feed(site, path, found)
    found.rows += _languages(site)
    return found


def _sitemaps(site: Looks, linked: Collection[str], found: Listed) -> None:
    waiting = [path for path in _NAMES if path in site.files]
    for place, url in _announced(site):
        path = _own(site, url, place)
        if path:
            waiting.append(path)
        elif path is None:
            found.rows.append(row("sitemap-missing", place, url, place))
    seen: dict[str, None] = {}
    pages: dict[str, None] = {}
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen[path] = None
        waiting += _one_sitemap(site, path, pages, found)
    if pages:
        found.rows += _compared(site, pages, linked)


def _announced(site: Looks) -> Iterator[tuple[str, str]]:
    """Return (where, address) of the sitemaps that robots.txt and pages name."""
    if "robots.txt" in site.files:
        text = site.read("robots.txt").decode("utf-8", "replace")
        yield from (("robots.txt", url) for url in _ROBOTS.findall(text))
    known: set[str] = set()
    for path, page in site.pages.items():
        for one in page.rel("sitemap"):
            # Every page names the same; a relative address differs from page to page.
            if (url := one.get("href", "").strip()) and url not in known:
                known.add(url)
                yield page_address(path), url


def _own(site: Looks, url: str, place: str) -> str | None:
    """Return the file of an address, empty for another origin, None when it is not there."""
    document = place.lstrip("/")
    try:
        target = site.target(url, document)
    except ValueError:
        return None
    if target.kind == "foreign":
        return ""
    return served(target.path, site.files) if target.kind == "inside" else None


def _one_sitemap(site: Looks, path: str, pages: dict[str, None], found: Listed) -> list[str]:
    """Look at one sitemap; returns the sitemaps that it lists."""
    try:
        given = sitemap.sitemap(site.read(path), path)
    except xml.Broken as error:
        found.rows.append(row("sitemap-broken", path, path, error.problem, line=error.line))
        return []
    found.count += len(given.urls)
    if len(given.urls) > sitemap.MOST:
        found.rows.append(
            row("sitemap-size", path, path, f"{len(given.urls):,} addresses, 50,000 are allowed")
        )
    if given.size > sitemap.BIGGEST:
        found.rows.append(row("sitemap-size", path, path, "more than 50 MB uncompressed"))
    more: list[str] = []
    for url in given.urls:
        file = _own(site, url, path)
        if file == "":
            found.rows.append(row("sitemap-foreign", path, url))
        elif given.index:
            if file:
                more.append(file)
            else:
                found.rows.append(row("sitemap-missing", path, url, path))
        elif rule := _listed_problem(site, url, path, file, pages):
            found.rows.append(row(rule, path, url))
    return more


def _listed_problem(site: Looks, url: str, path: str, file: str | None, pages: dict[str, None]) -> str:
    if file is None:
        return "sitemap-page"
    known = file in pages
    pages[file] = None
    page = site.pages.get(file)
    if page is not None and page.forward:
        return "sitemap-redirect"
    if file.endswith("/index.html") and not site.target(url, path).path.endswith(("/", ".html")):
        return "sitemap-redirect"
    if page is not None and page.noindex:
        return "sitemap-noindex"
    return "sitemap-twice" if known else ""


def _compared(site: Looks, pages: Mapping[str, None], linked: Collection[str]) -> Iterator[Row]:
    for path, page in site.proper():
        if path == "404.html" or page.noindex:
            continue
        address = page_address(path)
        if path in pages:
            if path not in linked and path != "index.html":
                yield row("orphan", address, address)
        elif _original(site, path, page):
            yield row("sitemap-lacks", address, address)


def _original(site: Looks, path: str, page: Look) -> bool:
    """Whether the page does not name another one as its original."""
    return all(
        site.file(one.get("href", ""), path, page.base_href) in {path, None} for one in page.rel("canonical")
    )


def _feeds(site: Looks, found: Listed) -> list[str]:
    paths = dict.fromkeys(path for path in _FEEDS if path in site.files and sitemap.is_feed(site.read(path)))
    for place, page in site.pages.items():
        for one in page.rel("alternate"):
            if one.get("type", "").split(";")[0].strip().lower() in _FEED_TYPES and one.get("href"):
                path = _own(site, one["href"], place)
                if path:
                    paths[path] = None
                elif path is None:
                    found.rows.append(row("feed-missing", page_address(place), one["href"]))
    return list(paths)


def _feed(site: Looks, path: str, found: Listed) -> None:
    try:
        given = sitemap.feed(site.read(path))
    except xml.Broken as error:
        found.rows.append(row("feed-broken", path, path, error.problem, line=error.line))
        return
    found.count += len(given.links)
    found.rows += [row("feed-element", path, f"{path} ({given.kind})", what) for what in given.missing]
    for line, url in given.links:
        if url and _own(site, url, path) is None:
            found.rows.append(row("feed-link", path, url, line=line))


def _languages(site: Looks) -> Iterator[Row]:
    named: dict[str, dict[str, str]] = {}
    for path, page in site.pages.items():
        here: dict[str, str] = {}
        for one in page.rel("alternate"):
            if one.get("hreflang", "").strip():
                yield from _language(site, path, one, here)
        if here:
            named[path] = here
    for path, here in named.items():
        others = {file for file in here.values() if file != path}
        for other in sorted(others):
            if other in site.pages and path not in named.get(other, {}).values():
                yield row("hreflang-return", page_address(path), page_address(other))
        if others and "x-default" not in here:
            yield row("hreflang-default", page_address(path))


def _language(site: Looks, path: str, one: Attributes, here: dict[str, str]) -> Iterator[Row]:
    """Look at one translation, and note it in `here` by its language."""
    code, href = one["hreflang"].strip(), one.get("href", "")
    if code.lower() != "x-default" and (problem := language.problem(code)):
        yield row("hreflang-code", page_address(path), problem)
    file = _own(site, href, path) if href else None
    if file is None:
        yield row("hreflang-missing", page_address(path), href)
    elif file:
        here[code.lower()] = file
