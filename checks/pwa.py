"""An installable site installs: its manifest, its icons and its service worker are right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Scope,
    Subject,
    Tools,
    digest,
)
from checks.looks import Looks, looks
from checks.parse.address import kind_of, page_address, served
from checks.parse.picture import read
from checks.parse.worker import Registration, precached, registrations
from checks.rows import Kind, Row, advice, findings, refusal, row, rules

NAME = "pwa"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "site"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None
LIMITS: Limits = {}

EXPLAIN = (
    "Where a site has a web app manifest or a service worker, they are read as a browser reads them: the manifest "
    "must be JSON, its icons must be there with the sizes that it tells, start_url and scope must lie inside the "
    "site, the worker must be there and may not claim more than its own folder, and what it caches first must exist: "
    "one missing file and it is never installed. A site with neither has nothing to be judged."
)
_MANIFEST = "https://www.w3.org/TR/appmanifest/"
_INSTALL = "https://developer.mozilla.org/en-US/docs/Web/Progressive_web_apps/Guides/Making_PWAs_installable"
_WORKER = "https://www.w3.org/TR/service-workers/"
KINDS: Mapping[str, Kind] = {
    "manifest-broken": refusal(
        "the manifest {about} cannot be read: {note}",
        "It is not a JSON object, so browsers ignore all of it.",
        "mend the JSON at the line",
        _MANIFEST + "#processing",
    ),
    "icon-missing": refusal(
        "the icon {about} is not in the output and would answer 404",
        "The manifest names an icon that does not exist.",
        "correct its src (it is relative to the manifest), or add the file",
        _MANIFEST + "#icons-member",
    ),
    "icon-size": refusal(
        "the icon {about} has another size than the manifest tells: {note}",
        "Browsers do not take an icon whose size is not the one that was told, and then cannot install the site.",
        "write the file's own size in `sizes`",
        _MANIFEST + "#sizes-member",
    ),
    "icon-broken": refusal(
        "the icon {about} cannot be shown: {note}",
        "The icon is cut off, empty, or no image.",
        "save it again from the original",
        _MANIFEST + "#icons-member",
    ),
    "start-url": refusal(
        "start_url {about} {note}",
        "The installed site would open there.",
        "write the address of a page of the site, relative to the manifest: ./ or ../",
        _MANIFEST + "#start_url-member",
    ),
    "scope": refusal(
        "scope {about} {note}",
        "Browsers ignore a scope that does not hold start_url; one outside of the site claims somebody else's pages.",
        "write the site's base path, or leave `scope` out",
        _MANIFEST + "#scope-member",
    ),
    "worker-missing": refusal(
        "the service worker {about} is not in the output and would answer 404",
        "A script registers a worker that does not exist: visitors with an old one keep it.",
        "correct the address, or let the build write the worker",
        _WORKER + "#navigator-service-worker-register",
    ),
    "worker-scope": refusal(
        "the service worker {about} may not have the scope {note}",
        "A worker's scope cannot be wider than its own folder; GitHub Pages cannot send Service-Worker-Allowed.",
        "put the worker's file at the top of the site, or leave the scope out",
        _WORKER + "#service-worker-script-response",
    ),
    "precache-missing": refusal(
        "the service worker caches {about}, which is not in the output and would answer 404",
        "One file that cannot be fetched, and the worker is never installed.",
        "let the build write the list, after all files are there",
        _WORKER + "#cache-addAll",
    ),
    "manifest-unlinked": advice(
        "no page links to the manifest {about}",
        "Browsers find a manifest only by a link.",
        "write <link rel=manifest href=…> in the layout, or delete the file",
        _INSTALL,
    ),
    "manifest-page": advice(
        "a page has no link to the manifest",
        "Visitors who come to this page are not offered to install the site.",
        "put the link into the layout of all pages",
        _INSTALL,
    ),
    "manifest-member": advice(
        "the manifest {about} lacks {note}",
        "Browsers do not offer to install the site without it.",
        "add it",
        _INSTALL,
    ),
    "manifest-value": advice(
        "the manifest's {about} is not one that browsers know: {note}",
        "They take the default instead.",
        "correct it",
        _MANIFEST,
    ),
    "theme-color": advice(
        "the pages have no theme-color",
        "The frame of the window and the bar of the phone do not take the site's colour.",
        "write <meta name=theme-color content=…> in the layout",
        "https://html.spec.whatwg.org/multipage/semantics.html#meta-theme-color",
    ),
}
RULES = rules(KINDS)

_NAMES = ("manifest.webmanifest", "site.webmanifest", "manifest.json", "app.webmanifest")
_DISPLAYS = frozenset({"fullscreen", "standalone", "minimal-ui", "browser"})
_SIZE = re.compile(r"(\d+)[xX](\d+)")
# Chromium offers to install with an icon of 192 and one of 512 pixels; SVG with "any" counts as every size.
_NEEDED = (192, 512)


def unavailable(tools: Tools) -> str | None:
    """Return None: it needs nothing but the files."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files and the address that they are served under."""
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Read the manifests, their icons, and the service workers with what they cache."""
    site = looks(subject)
    linked = _linked(site)
    manifests = sorted({*(path for path in linked.values() if path), *_unlinked(site)})
    workers = _registered(site)
    rows = [one for path in manifests for one in _Manifest(site, path).rows()]
    rows += [row("manifest-unlinked", path, path) for path in manifests if path not in linked.values()]
    if any(linked.values()):
        rows += [
            row("manifest-page", page_address(path))
            for path, page in site.proper()
            if path not in linked and path != "404.html" and not page.noindex
        ]
        if all(page.meta("theme-color") is None for _, page in site.proper()):
            rows.append(row("theme-color", "/"))
    rows += [one for place, what in workers for one in _worker(site, place, what)]
    files = sorted({file for place, what in workers if (file := _inside(site, what.url, place))})
    cached = 0
    for path in files:
        urls = precached(site.text(path))
        cached += len(urls)
        rows += _precache(site, path, urls)
    nothing = "" if manifests or workers or linked else "the site has neither a manifest nor a service worker"
    data = {"manifests": manifests, "workers": files, "cached": cached, "rows": rows}
    return Evidence(data, nothing=nothing)


def _linked(site: Looks) -> dict[str, str | None]:
    """Return the manifest of each page that names one; None where it is not there, which `build` reports."""
    return {
        path: _inside(site, one[0]["href"], path, page.base_href)
        for path, page in site.pages.items()
        if (one := [link for link in page.rel("manifest") if link.get("href")])
    }


def _unlinked(site: Looks) -> Iterator[str]:
    for name in _NAMES:
        # manifest.json is a common name: only one that says what it starts, or what it looks like, is meant.
        if name in site.files and (name.endswith("manifest") or b'"start_url"' in site.read(name)):
            yield name


def _inside(site: Looks, url: str, document: str, base_href: str = "") -> str | None:
    try:
        return site.file(url, document, base_href)
    except ValueError:
        return None


class _Manifest:
    """One manifest and its icons."""

    def __init__(self, site: Looks, path: str) -> None:
        self.site = site
        self.path = path
        self.where = f"{site.origin or 'https://site.invalid'}{site.base}{path}"

    def rows(self) -> Iterator[Row]:
        """Return what is wrong with it."""
        try:
            value = json.loads(self.site.read(self.path))
        except (ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            yield row("manifest-broken", self.path, self.path, str(error), line=line)
            return
        if not isinstance(value, dict):
            yield row("manifest-broken", self.path, self.path, "it is no object")
            return
        yield from self._members(value)
        yield from self._places(value)
        yield from self._icons(value.get("icons"))

    def _members(self, value: Mapping[str, Any]) -> Iterator[Row]:
        if not value.get("name") and not value.get("short_name"):
            yield row("manifest-member", self.path, self.path, "name or short_name")
        if not value.get("start_url"):
            yield row("manifest-member", self.path, self.path, "start_url")
        display = value.get("display")
        if display is None:
            yield row("manifest-member", self.path, self.path, "display")
        elif display not in _DISPLAYS:
            yield row("manifest-value", self.path, "display", str(display)[:40])

    def _places(self, value: Mapping[str, Any]) -> Iterator[Row]:
        start, scope = value.get("start_url"), value.get("scope")
        if isinstance(start, str) and start and (problem := self._start(start)):
            yield row("start-url", self.path, start, problem)
        if isinstance(scope, str) and scope:
            wide = self._path(scope)
            base = self._path(self.site.base)
            if wide is None or not wide.startswith(base or "/"):
                yield row(
                    "scope",
                    self.path,
                    scope,
                    f"is outside of the site, which is served under {self.site.base}",
                )
            elif isinstance(start, str) and not (self._path(start or ".") or "").startswith(wide):
                yield row("scope", self.path, scope, f"does not hold start_url {start}")

    def _start(self, start: str) -> str:
        try:
            target = self.site.target(start, self.path)
        except ValueError:
            return "is no address"
        if target.kind == "foreign":
            return "is on another site"
        if target.kind == "outside":
            return f"is outside of the site, which is served under {self.site.base}"
        return "" if served(target.path, self.site.files) else "is not in the output and would answer 404"

    def _path(self, url: str) -> str | None:
        """Return the path of an address on this site's origin; None for another one."""
        try:
            whole, here = urlsplit(urljoin(self.where, url)), urlsplit(self.where)
        except ValueError:
            return None
        home = urlsplit(self.site.home)
        known = {(here.scheme, here.netloc), (home.scheme, home.netloc)}
        return whole.path if (whole.scheme, whole.netloc) in known else None

    def _icons(self, icons: object) -> Iterator[Row]:
        sizes: set[int] = set()
        for one in icons if isinstance(icons, list) else []:
            if isinstance(one, dict) and isinstance(one.get("src"), str):
                yield from self._icon(one, sizes)
        missing = [f"{size} × {size}" for size in _NEEDED if size not in sizes and 0 not in sizes]
        if missing:
            yield row("manifest-member", self.path, self.path, f"an icon of {' and one of '.join(missing)}")

    def _icon(self, icon: Mapping[str, Any], sizes: set[int]) -> Iterator[Row]:
        src = icon["src"]
        if src.startswith("data:"):
            return
        file = _inside(self.site, src, self.path)
        told = str(icon.get("sizes", "")).lower().split()
        pairs = [(int(match[1]), int(match[2])) for one in told if (match := _SIZE.fullmatch(one))]
        if "any" in told:
            sizes.add(0)
        sizes.update(width for width, height in pairs if width == height)
        if file is None:
            yield row("icon-missing", self.path, src)
            return
        picture = read(self.site.read(file))
        if picture.problem:
            yield row("icon-broken", self.path, file, picture.problem)
        elif pairs and picture.form not in {"svg", "ico"} and (picture.width, picture.height) not in pairs:
            real = f"it is {picture.width} × {picture.height}, told is {icon['sizes']}"
            yield row("icon-size", self.path, file, real)


def _registered(site: Looks) -> list[tuple[str, Registration]]:
    """Return (page, registration); an address in a script is resolved against the page that runs it."""
    found: dict[tuple[str, Registration], None] = {}
    known: dict[str, tuple[Registration, ...]] = {}
    inline: dict[str, tuple[Registration, ...]] = {}
    for path, page in site.pages.items():
        for text in page.scripts:
            if text not in inline:
                inline[text] = registrations(text)
            found.update(((path, one), None) for one in inline[text])
        for tag, url in page.loads:
            file = _inside(site, url, path, page.base_href) if tag == "script" else None
            if file and kind_of(file) == "javascript":
                if file not in known:
                    known[file] = registrations(site.read(file).decode("utf-8", "replace"))
                found.update(((path, one), None) for one in known[file])
    return list(found)


def _worker(site: Looks, place: str, what: Registration) -> Iterator[Row]:
    address = page_address(place)
    file = _inside(site, what.url, place)
    if file is None:
        yield row("worker-missing", address, what.url)
        return
    if what.scope is None:
        return
    here = f"{site.origin or 'https://site.invalid'}{site.base}{place}"
    most = f"{site.base}{file}".rpartition("/")[0] + "/"
    try:
        scope = urlsplit(urljoin(here, what.scope)).path or "/"
    except ValueError:
        scope = ""
    # https://www.w3.org/TR/service-workers/#update-algorithm, step "max scope": a prefix of the path.
    if not scope.startswith(most):
        yield row("worker-scope", address, what.url, f"{what.scope}: its folder is {most}")


def _precache(site: Looks, path: str, urls: tuple[str, ...]) -> Iterator[Row]:
    for url in urls:
        try:
            target = site.target(url, path)
        except ValueError:
            yield row("precache-missing", path, url)
            continue
        if target.kind == "outside" or (target.kind == "inside" and served(target.path, site.files) is None):
            yield row("precache-missing", path, url)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what keeps the site from being installed or from working offline, then what could be better."""
    return findings(evidence.data["rows"], KINDS)


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how much was looked at."""
    data = evidence.data
    if evidence.nothing:
        return []
    return [
        Measure("manifests", len(data["manifests"])),
        Measure("service workers", len(data["workers"])),
        Measure("addresses cached first", data["cached"]),
    ]
