"""Links lead to pages and places that exist; sitemaps, feeds, canonical addresses and languages agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

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
from checks.links_kinds import KINDS
from checks.listed import listed
from checks.looks import Looks, looks
from checks.parse import css
from checks.parse.address import Target, kind_of, page_address, served
from checks.parse.look import Look
from checks.rows import Row, findings, row, rules

NAME = "links"
PRINCIPLE: Principle = "III"
SCOPE: Scope = "site"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 2
TIMED = False
AGE: int | None = None

# Whether a fragment that leads nowhere stands in the way: the page opens, at its top.
LIMITS: Limits = {"fragments": True}

EXPLAIN = (
    "Reads every page once and follows each link, fragment, frame and canonical address inside the site as GitHub "
    "Pages would answer it: names are case-sensitive, .html and index.html are added, a folder without its slash is "
    "a redirect. It then compares the pages with the sitemaps, the feeds and the hreflang links. What leads nowhere "
    "blocks, since a visitor gets a 404; what works and could be better is advice. Links to other sites are only "
    "counted: whether they answer depends on others, and a release must not. What `build` reports (style sheets, "
    "scripts, images) is not reported again."
)

RULES = rules(KINDS)

# What most links look like: names without anything that must be decoded or normalised.
_PLAIN = re.compile(r"(/?)((?:[\w-][\w.~-]*/)*(?:[\w-][\w.~-]*)?)(?:#([\w-]*))?", re.ASCII).fullmatch
_ELSEWHERE = re.compile(r"\s*(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_LOCAL = re.compile(
    r"\s*(?:https?://(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1\])(?:[:/]|$)|file:)", re.IGNORECASE
)
_FRAMES = frozenset({"iframe", "embed", "object", "track"})
_BLOCKED = frozenset({"script", "iframe", "embed", "object", "track"})
_STATIC = frozenset({"", "top"})


def unavailable(tools: Tools) -> str | None:
    """Return None: it needs nothing but the files."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files and the address that they are served under."""
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Follow every link inside the site, and compare the pages with what lists them."""
    site = looks(subject)
    walker = _Walker(site)
    for path, page in site.pages.items():
        walker.page(path, page)
    rows = [*walker.rows, *_mixed(site, subject.url), *_canonical(site), *_shadowed(site)]
    more = listed(site, walker.linked)
    return Evidence(
        {
            "pages": len(site.pages),
            "links": walker.count,
            "external": len(walker.foreign),
            "listed": more.count,
            "rows": [*rows, *more.rows],
        }
    )


class _Walker:
    """Follows links; what was found right is not looked at again."""

    def __init__(self, site: Looks) -> None:
        self.site = site
        self.rows: list[Row] = []
        self.count = 0
        self.linked: set[str] = set()
        self.foreign: set[str] = set()
        self._good: set[str] = set()
        self._ids: dict[str, set[str]] = {}

    def page(self, path: str, page: Look) -> None:  # noqa: C901 - the inner loop, run for every link
        """Follow the links and frames of one page."""
        self.count += len(page.links)
        folder = path.rpartition("/")[0].split("/") if "/" in path else []
        base = self.site.base
        for href in page.links:
            if href in self._good:
                continue
            whole = href
            if href.startswith("../") and not page.base_href:
                ups = (len(href) - len(href.lstrip("./"))) // 3
                if ups <= len(folder) and href.startswith("../" * ups):
                    # The same address from the top is known already where another page links to it.
                    whole = f"{base}{''.join(f'{part}/' for part in folder[: len(folder) - ups])}{href[3 * ups :]}"
                    if whole in self._good:
                        continue
            match = _PLAIN(whole) if not page.base_href else None
            if match and match[1] == "/" and whole.startswith(base):
                self._inside(path, href, whole[len(base) :].partition("#")[0], match[3] or "", whole)
            elif match and not match[1] and match[2]:
                target = f"{'/'.join(folder)}/{match[2]}" if folder else match[2]
                self._inside(path, href, target, match[3] or "")
            else:
                self._odd(path, page, href)
        for tag, url in page.loads:
            if tag in _FRAMES:
                self._frame(path, page, url)
        if page.forward:
            self._odd(path, page, page.forward)

    def _inside(self, path: str, href: str, name: str, fragment: str, whole: str = "") -> None:
        """Follow a link to a file; `whole` is its address from the top, which is right on other pages too."""
        found = served(name, self.site.files)
        if found is None:
            self._missing(path, href, name)
            return
        if found != path:
            self.linked.add(found)
        if found.endswith("/index.html") and name and not name.endswith("/") and len(found) == len(name) + 11:
            self._add("redirect", path, href, f"the page is {page_address(found)}")
        elif fragment and fragment.lower() not in _STATIC and found in self.site.pages:
            if self._place(path, href, found, fragment) and whole and found != path:
                self._good.add(whole)
        elif whole and found != path:
            self._good.add(whole)

    def _place(self, path: str, href: str, found: str, fragment: str) -> bool:
        """Whether the page has what a fragment names; reports it when not."""
        names = self.site.pages[found].names
        # https://html.spec.whatwg.org/multipage/browsing-the-web.html#find-a-potential-indicated-element
        if fragment in names or (plain := unquote(fragment)) in names or plain.lower() in _STATIC:
            return True
        # A route of a script, such as #/settings or #!/settings, is no place in the page.
        if fragment.startswith(("/", "!")) or not self.site.pages[found].markup:
            return True
        folded = {name.casefold(): name for name in names}
        near = folded.get(plain.casefold())
        note = (
            f"{page_address(found)} has the id {near}: capitals matter"
            if near
            else f"the page is {page_address(found)}"
        )
        rule = "scripted-fragment" if self._scripted(found, plain) else "missing-fragment"
        self._add(rule, path, href, note)
        return False

    def _scripted(self, found: str, name: str) -> bool:
        """Whether a script of the page mentions the name, and so may make the element."""
        page = self.site.pages[found]
        if any(name in text for text in page.scripts):
            return True
        files = {self.site.file(url, found, page.base_href) for tag, url in page.loads if tag == "script"}
        return any(
            name in self.site.text(file)
            for file in files
            if file is not None and kind_of(file) == "javascript"
        )

    def _missing(self, path: str, href: str, name: str) -> None:
        near = self._near(name)
        self._add("missing-page", path, href, near or "no file of the output has that name")

    def _near(self, name: str) -> str:
        bare = name.rstrip("/")
        if name.endswith("/") and (other := served(bare, self.site.files)):
            return f"{other} answers without the slash at the end"
        folded = self.site.folded.get(bare.casefold()) or self.site.folded.get(f"{bare}.html".casefold())
        folded = folded or self.site.folded.get(f"{bare}/index.html".casefold())
        return f"{folded} is there, and capitals matter on GitHub Pages" if folded else ""

    def _odd(self, path: str, page: Look, href: str) -> None:
        """Follow a link that is not plain."""
        site = self.site
        text = href.strip()
        if not text:
            self._add("empty-link", path, href)
        elif text[:11].lower() == "javascript:":
            self._add("script-link", path, text)
        elif _LOCAL.match(text) and not (site.origin and text.startswith(site.origin)):
            self._add("local-link", path, text)
        elif not _ELSEWHERE.match(text):
            self._resolved(path, page, text)

    def _resolved(self, path: str, page: Look, text: str) -> None:
        site = self.site
        start, _, fragment = text.partition("#")
        # A text fragment only marks words: https://wicg.github.io/scroll-to-text-fragment/
        fragment = fragment.partition(":~:")[0]
        if not start and not page.base_href:
            if fragment.lower() not in _STATIC:
                self._place(path, text, path, fragment)
            return
        try:
            urlsplit(site.absolute(text, path, page.base_href))
        except ValueError:
            self._add("bad-address", path, text)
            return
        target = site.target(start or path.rpartition("/")[2], path, page.base_href)
        if target.kind == "inside":
            self._inside(path, text, target.path, fragment, text if "://" in text else "")
        elif target.kind == "outside" and "://" not in text:
            self._outside(path, text, target)
        elif "://" in text or text.startswith("//"):
            self.foreign.add(text)
            self._good.add(text)

    def _outside(self, path: str, href: str, target: Target) -> None:
        found = served(target.path, self.site.files)
        if found is None:
            self._add("outside", path, href)
            return
        self._add("base-path", path, href, f"write {self.site.base}{target.path}")

    def _frame(self, path: str, page: Look, url: str) -> None:
        try:
            target = self.site.target(url, path, page.base_href)
        except ValueError:
            self._add("bad-address", path, url)
            return
        if target.kind == "outside" or (
            target.kind == "inside" and served(target.path, self.site.files) is None
        ):
            self._add("missing-frame", path, url)
        elif target.kind == "inside" and (found := served(target.path, self.site.files)) and found != path:
            self.linked.add(found)

    def _add(self, rule: str, path: str, about: str, note: str = "") -> None:
        line = line_of(self.site.read(path), about) if about else None
        self.rows.append(row(rule, page_address(path), about, note, line=line))


def line_of(data: bytes, text: str) -> int | None:
    """Return the line, from 1, on which a page has a text, as it is or with `&` written out."""
    wanted = text.encode("utf-8", "replace")
    for one in (wanted, wanted.replace(b"&", b"&amp;")):
        if (start := data.find(one)) >= 0:
            return data.count(b"\n", 0, start) + 1
    return None


def _mixed(site: Looks, url: str) -> Iterator[Row]:
    # A server on this machine has no certificate; the same files will be served with one.
    if url.startswith("http:") and not _LOCAL.match(url):
        return
    for path, page in site.pages.items():
        for about, rule in _insecure(page):
            yield row(rule, page_address(path), about, line=line_of(site.read(path), about))
    for path in site.files:
        if kind_of(path) == "css" and b"http:" in (data := site.read(path)):
            for about, rule in _insecure_style(data.decode("utf-8", "replace")):
                yield row(rule, path, about, line=line_of(data, about))


def _insecure(page: Look) -> Iterator[tuple[str, str]]:
    for tag, url in page.loads:
        if _plain(url):
            yield url, "mixed-content" if tag in _BLOCKED else "mixed-media"
    for one in page.heads:
        words = set(one.get("rel", "").lower().split())
        if _plain(one.get("href", "")) and words & {"stylesheet", "modulepreload", "preload", "manifest"}:
            yield one["href"], "mixed-content"
    for text in page.styles:
        if "http:" in text:
            yield from _insecure_style(text)


def _insecure_style(text: str) -> Iterator[tuple[str, str]]:
    sheet = css.read(text)
    for url in (*sheet.imports, *(face.url for face in sheet.faces)):
        if _plain(url):
            yield url, "mixed-content"
    for url in sheet.urls:
        if _plain(url):
            yield url, "mixed-media"


def _plain(url: str) -> bool:
    return url.lstrip()[:5].lower() == "http:" and not _LOCAL.match(url)


def _canonical(site: Looks) -> Iterator[Row]:
    for path, page in site.pages.items():
        given = list(dict.fromkeys(one["href"] for one in page.rel("canonical") if one.get("href")))
        if len(given) > 1:
            yield row("canonical-several", page_address(path), str(len(given)))
        for href in given:
            problem = _canonical_problem(site, path, page, href)
            if problem:
                rule, note = problem
                yield row(rule, page_address(path), href, note, line=line_of(site.read(path), href))


def _canonical_problem(site: Looks, path: str, page: Look, href: str) -> tuple[str, str] | None:
    try:
        target = site.target(href, path, page.base_href)
    except ValueError:
        return "bad-address", ""
    if target.kind == "foreign":
        return None
    found = served(target.path, site.files) if target.kind == "inside" else None
    if found is None:
        return "canonical-missing", ""
    other = site.pages.get(found)
    if found.endswith("/index.html") and target.path and not target.path.endswith("/"):
        return "canonical-redirect", f"the page is {page_address(found)}"
    if other and (other.forward or other.noindex) and found != path:
        return "canonical-redirect", "it sends visitors on" if other.forward else "it asks not to be indexed"
    return None if "://" in href else ("canonical-relative", "")


def _shadowed(site: Looks) -> Iterator[Row]:
    for path in site.pages:
        folder = path.removesuffix("/index.html")
        if folder != path and f"{folder}.html" in site.files:
            yield row("shadowed", page_address(path), f"{folder}.html", path)


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what leads nowhere, then what could be better."""
    soft = () if limits.get("fragments", True) else ("missing-fragment",)
    return findings(evidence.data["rows"], KINDS, soft=soft)


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return how much was looked at."""
    data = evidence.data
    broken = sum(KINDS[one["rule"]].blocking for one in data["rows"])
    return [
        Measure("pages", data["pages"]),
        Measure("links", data["links"]),
        Measure("broken", broken, 0),
        Measure("addresses in sitemaps and feeds", data["listed"]),
        Measure("links to other sites, not asked", data["external"]),
    ]
