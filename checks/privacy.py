"""Nobody is followed: no tracker, no request to others, no cookie before the visitor agreed to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from checks.base import Digest, Evidence, Finding, Limits, Measure, Principle, Scope, Subject, Tools
from checks.looks import Looks, looks
from checks.parse import css, trackers
from checks.parse.address import kind_of, page_address
from checks.parse.look import Look
from checks.rows import Kind, Row, advice, findings, refusal, row, rules
from checks.seen import UNVISITED, Record, gather, unvisited, visit_digest, without_browser

NAME = "privacy"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# Defaults of the policy's `privacy`: what may be asked or kept, each with a reason.
LIMITS: Limits = {"allow": []}

EXPLAIN = """\
Looks in a real browser at whom a page asks and what it keeps before the visitor has clicked anything, and reads the
pages, style sheets and scripts for what they name besides. Asking another origin tells it the visitor's address,
which the GDPR protects; storing what is not needed wants consent first (ePrivacy Directive, article 5(3)). Trackers,
requests to others and cookies block; what is really wanted is allowed with a reason by [[privacy.allow]] in
constitution.toml."""

_EPRIVACY = "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:02002L0058-20091219"
_GDPR = "https://gdpr.eu/cookies/"
_REFERRER = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Referrer-Policy"
_ALLOW = "or allow it with a reason: [[privacy.allow]] in constitution.toml"
KINDS: Mapping[str, Kind] = {
    "tracker": refusal(
        "{about} follows visitors before they agreed: {note}",
        "a known tracker is asked, or keeps something, as soon as a page is opened",
        "leave it out, or load it only after the visitor agreed",
        _EPRIVACY,
    ),
    "third-party": refusal(
        "{about} hears of every visit before the visitor agreed: {note}",
        "the page asks another origin for a script, font, picture or frame",
        f"put the file into the site, or load it only after a click; {_ALLOW}",
        _GDPR,
    ),
    "cookie": refusal(
        "the page sets the cookie {about} before the visitor agreed",
        "a cookie is set as soon as a page is opened",
        f"set it after the visitor agreed, or keep a choice in localStorage when it is made; {_ALLOW}",
        _EPRIVACY,
    ),
    "tracker-named": advice(
        "a script names {about}, which was not asked while the page was looked at",
        "a tracker stands in a script; it may be asked after a click (advice)",
        "make sure that it is asked only after the visitor agreed, and that saying no is as easy",
        _EPRIVACY,
    ),
    "third-party-named": advice(
        "a style sheet names {about}, which was not asked while the pages were looked at",
        "a font or picture of another origin that some page may load (advice)",
        "put the file into the site",
        _GDPR,
    ),
    "connection": advice(
        "the page connects to {about} in advance ({note})",
        "preconnect tells the other origin the visitor's address, dns-prefetch tells the name server (advice)",
        "remove the <link>, unless the page really loads something from there",
        "https://developer.mozilla.org/en-US/docs/Web/HTML/Reference/Attributes/rel/preconnect",
    ),
    "identifier": advice(
        "the page keeps {about} in {note} before the visitor agreed: its name says that it tells visitors apart",
        "localStorage and sessionStorage need consent like cookies, except for what the visitor asked for (advice)",
        "keep it after the visitor agreed, or do without",
        _EPRIVACY,
    ),
    "foreign-form": advice(
        "a form sends what visitors write to {about}",
        "another origin gets the data: visitors must be told before they send (advice)",
        "say next to the button who gets it, and name it in the privacy notice",
        _GDPR,
    ),
    "referrer": advice(
        "the page tells other sites its whole address: referrer policy {about}",
        "browsers send only the origin by default; the page asks for more (advice)",
        '<meta name="referrer" content="strict-origin-when-cross-origin">, or no such element',
        _REFERRER,
    ),
    "allowed": advice(
        "{about} is asked or kept before the visitor agreed, which the policy allows: {note}",
        "an exception of [[privacy.allow]] is in use (advice)",
        "name it in the privacy notice; remove the exception when it is not needed any more",
        _GDPR,
    ),
}  # fmt: skip
RULES = {**rules(KINDS), **UNVISITED}

_WEAK = frozenset({"unsafe-url", "no-referrer-when-downgrade", "origin-when-cross-origin"})
# What a browser asks for when it meets the element; lazy ones when they come near.
_LOADS = frozenset(
    {"stylesheet", "icon", "preload", "modulepreload", "manifest", "prefetch", "apple-touch-icon"}
)
_HINTS = ("preconnect", "dns-prefetch")
_NOSCRIPT = re.compile(rb"<noscript[^>]*>(.*?)</noscript>", re.IGNORECASE | re.DOTALL)
_SOURCE = re.compile(r"""\ssrc\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_FORM = re.compile(rb"<form|formaction", re.IGNORECASE)

unavailable = without_browser


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files, the address and what looks at them."""
    return visit_digest(NAME, VERSION, subject)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Take whom the pages asked and what they kept, and read whom they name; raises Unavailable."""
    evidence = gather(subject, tools, _seen)
    site = looks(subject)
    own = _Own(site, subject.url)
    rows = evidence.data["rows"]
    rows += [one for path, page in site.pages.items() for one in _named(own, path, page)]
    rows += _forms(own, subject)
    rows += _sheets(own, subject)
    rows += _scripts(own, subject)
    return evidence


def _seen(record: Record) -> Iterator[Row]:
    page = record["page"]
    for one in record["requests"]:
        if one["foreign"]:
            host = urlsplit(one["url"]).netloc
            yield _asked(page, host, one["url"], _kind(one["type"], one["initiator"]))
    for one in record["cookies"]:
        yield _kept(page, "cookie", one["name"], f"cookie of {one['domain']}")
    for where, keys in record["storage"].items():
        for key in keys:
            if trackers.tracker_of_key(key) or trackers.identifies(key):
                yield _kept(page, "identifier", key, f"{where}Storage")


def _kind(kind: str, initiator: str) -> str:
    word = {"Document": "frame", "Stylesheet": "style sheet", "Image": "picture"}.get(kind, kind.lower())
    return f"{word}, asked by {initiator}" if initiator else word


def _asked(page: str, host: str, url: str, how: str) -> Row:
    """Return the row of an origin that is asked before anything is clicked; `origin` is what may be allowed."""
    tracker = trackers.tracker_of(host)
    made = (
        row("tracker", page, tracker.name, f"{host} ({how.partition(',')[0]})", fix=tracker.instead)
        if tracker
        else row("third-party", page, host, how.partition(",")[0], fix=_instead(host))
    )
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme or "https")
    return made | {"origin": f"{scheme}://{host}".lower(), "source": tracker.source if tracker else ""}


def _instead(host: str) -> str:
    known = trackers.instead_of(host)
    return f"{known}; {_ALLOW}" if known else ""


def _kept(page: str, rule: str, name: str, where: str) -> Row:
    tracker = trackers.tracker_of_key(name)
    made = (
        row("tracker", page, tracker.name, f"{name} ({where})", fix=tracker.instead)
        if tracker
        else row(rule, page, name, where)
    )
    return made | {"origin": f"cookie:{name}" if rule == "cookie" else f"storage:{name}",
                   "source": tracker.source if tracker else ""}  # fmt: skip


class _Own:
    """Tells the site's own addresses from others."""

    def __init__(self, site: Looks, url: str) -> None:
        self.site = site
        self._origins = {_origin(one) for one in (url, site.home) if one}

    def foreign(self, url: str) -> str:
        """Return the host of an address of another origin; empty for the site's own and for what is no request."""
        url = url.strip()
        try:
            parts = urlsplit(f"https:{url}" if url.startswith("//") else url)
        except ValueError:
            return ""
        if parts.scheme not in {"http", "https", "ws", "wss"} or not parts.netloc:
            return ""
        return "" if f"{parts.scheme}://{parts.netloc}".lower() in self._origins else parts.netloc.lower()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _named(own: _Own, path: str, page: Look) -> Iterator[Row]:
    """Return whom a page's elements ask, also those that no visit reaches."""
    address = page_address(path)
    for tag, url in page.loads:
        if host := own.foreign(url):
            yield _asked(address, host, url, f"<{tag}>")
    for one in page.heads:
        words, href = set(one.get("rel", "").lower().split()), one.get("href", "")
        host = own.foreign(href)
        if host and words & _LOADS:
            yield _asked(address, host, href, f"<link rel={one['rel']}>")
        elif host and words & set(_HINTS):
            yield _hinted(address, host, href, one["rel"])
    policy = (page.meta("referrer") or "").strip().lower()
    if policy in _WEAK:
        yield row("referrer", address, policy)
    for text in page.scripts:
        for host in sorted(trackers.named_in(text)):
            yield _in_script(address, host)


def _hinted(page: str, host: str, href: str, rel: str) -> Row:
    if trackers.tracker_of(host):
        return _asked(page, host, href, f"<link rel={rel}>")
    return row("connection", page, host, rel)


def _in_script(place: str, host: str) -> Row:
    tracker = trackers.tracker_of(host)
    return row("tracker-named", place, tracker.name if tracker else host, host) | {
        "source": tracker.source if tracker else ""
    }


def _forms(own: _Own, subject: Subject) -> Iterator[Row]:
    """Return whom forms send to, and whom <noscript> asks."""
    from selectolax.lexbor import LexborHTMLParser

    for file in subject.files:
        if kind_of(file.path) != "html":
            continue
        data = own.site.read(file.path)
        page = page_address(file.path)
        nodes = LexborHTMLParser(data).css("form[action], [formaction]") if _FORM.search(data) else ()
        for node in nodes:
            url = node.attributes.get("formaction") or node.attributes.get("action") or ""
            if host := own.foreign(url):
                yield row("foreign-form", page, host)
        for inner in _NOSCRIPT.findall(data):
            for url in map(unescape, _SOURCE.findall(inner.decode("utf-8", "replace"))):
                if host := own.foreign(url):
                    yield _asked(page, host, url, "<noscript>")


def _sheets(own: _Own, subject: Subject) -> Iterator[Row]:
    for file in subject.files:
        if kind_of(file.path) == "css":
            sheet = css.read(own.site.text(file.path))
            for url in sheet.imports:
                if host := own.foreign(url):
                    yield _asked(f"/{file.path}", host, url, "@import")
            for url in (*sheet.urls, *(face.url for face in sheet.faces)):
                if host := own.foreign(url):
                    yield row("third-party-named", f"/{file.path}", host)


def _scripts(own: _Own, subject: Subject) -> Iterator[Row]:
    for file in subject.files:
        if kind_of(file.path) == "javascript":
            for host in sorted(trackers.named_in(own.site.text(file.path))):
                yield _in_script(f"/{file.path}", host)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return who is asked and what is kept, apart from what the policy allows."""
    allowed = {_plain(one["what"]): one["reason"] for one in limits["allow"]}
    rows: list[Row] = []
    asked: set[tuple[str, str]] = set()
    hosts = {one["note"].partition(" ")[0] for one in evidence.data["rows"] if one["rule"] == "tracker"}
    hosts |= {one["about"] for one in evidence.data["rows"] if one["rule"] == "third-party"}
    for one in evidence.data["rows"]:
        reason = allowed.get(one.get("origin", ""))
        if one["rule"].endswith("-named") and {one["note"], one["about"]} & hosts:
            # It is asked: that is told already.
            continue
        # The element and its request are one thing, which counts once for each page.
        key = (one["page"], one.get("origin") or f"{one['rule']} {one['about']} {one['note']}")
        if key in asked:
            continue
        asked.add(key)
        if reason is None:
            rows.append(one)
        else:
            rows.append({**one, "rule": "allowed", "about": _plain(one["origin"]), "note": reason, "fix": ""})
    sources = {one["about"]: one["source"] for one in rows if one.get("source")}
    return [*unvisited(evidence), *(_sourced(one, sources) for one in findings(rows, KINDS))]


def _plain(what: str) -> str:
    return what if what.startswith(("cookie:", "storage:")) else _origin(what)


def _sourced(finding: Finding, sources: Mapping[str, str]) -> Finding:
    """Return a tracker's finding with the maker's own page as its source."""
    if not finding.rule.startswith("tracker"):
        return finding
    source = next((url for name, url in sources.items() if name in finding.message), "")
    return replace(finding, source=source or finding.source)


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how many origins are asked, and how many cookies are set."""
    rows = evidence.data["rows"]
    origins = {one["origin"] for one in rows if "://" in one.get("origin", "")}
    cookies = {one["origin"] for one in rows if one.get("origin", "").startswith("cookie:")}
    found: list[tuple[str, Any]] = [("other origins asked", origins), ("cookies before consent", cookies)]
    return [Measure(name, len(what), 0) for name, what in found]
