"""The built output is sane: pages are pages, and what they refer to is there under the base path."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from checks.base import (
    Digest,
    Evidence,
    File,
    Finding,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    count_text,
    digest,
    size_text,
)
from checks.parse import css, html
from checks.parse.address import Target, built_base, kind_of, page_address, resolve, served
from checks.weight import origin_of, pages

NAME = "build"
PRINCIPLE: Principle = "V"
SCOPE: Scope = "site"
NON_NEGOTIABLE = True
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

# GitHub refuses files over 100 MiB: https://docs.github.com/en/repositories/working-with-files/managing-large-files
# and a published site may have 1 GB: https://docs.github.com/en/pages/getting-started-with-github-pages/github-pages-limits
LIMITS: Limits = {"file": 100 * 1024 * 1024, "site": 1_000_000_000}
# Only files this big can be over a limit that anyone would set; the others stay out of the evidence.
_NOTABLE = 1_000_000
_SHOWN = 5

EXPLAIN = """\
Looks at every file of the output as GitHub Pages will serve it: pages are whole, and every style sheet, script, image,
font and icon that a page or style sheet refers to is there under the environment's base path. A site with a wrong base
path still scores 96 or more in every category of Lighthouse while nothing of it loads, so this is looked at first.
The sizes are GitHub's own limits, for a file and for a published site; nobody can raise them."""
_PAGES_LIMITS = "https://docs.github.com/en/pages/getting-started-with-github-pages/github-pages-limits"
_FILES = "https://docs.github.com/en/repositories/working-with-files/managing-large-files/about-large-files-on-github"
_QUIRKS = "https://quirks.spec.whatwg.org/"
_PAGES_404 = (
    "https://docs.github.com/en/pages/getting-started-with-github-pages/"
    "creating-a-custom-404-page-for-your-github-pages-site"
)
_PAGES_SITE = (
    "https://docs.github.com/en/pages/getting-started-with-github-pages/creating-a-github-pages-site"
)
RULES: Mapping[str, Rule] = {
    "no-index": Rule(
        "there is no index.html at the top of the output",
        "point site.output in invoke.yaml at the folder that the build fills",
        _PAGES_SITE,
    ),
    "wrong-base": Rule(
        "references begin with another base path than the one that the site will be served under",
        "set the base path in the site's configuration (Astro, Vite: base; Next: basePath), and write links with it",
        "https://docs.astro.build/en/reference/configuration-reference/#base",
    ),
    "missing-file": Rule(
        "a file that a page or style sheet loads is not in the output; capitals matter",
        "correct the address, or add the file to the site (public/ in Astro and Vite)",
        "https://html.spec.whatwg.org/multipage/urls-and-fetching.html",
    ),
    "empty-page": Rule(
        "an HTML file has no content",
        "find out why the build wrote nothing, or leave the file out",
        "https://html.spec.whatwg.org/multipage/syntax.html#writing",
    ),
    "no-doctype": Rule(
        "a page does not begin with <!doctype html>, so browsers show it in quirks mode",
        "make <!doctype html> the first line of the layout",
        _QUIRKS,
    ),
    "no-title": Rule(
        "a page has no title, which tabs, bookmarks, search engines and screen readers show",
        "add <title> to its head",
        "https://www.w3.org/WAI/WCAG21/Understanding/page-titled.html",
    ),
    "fragment": Rule(
        "an HTML file has neither doctype nor html, head or body (advice)",
        "nothing, when a script loads it; else give it a layout",
        _QUIRKS,
    ),
    "symlink": Rule(
        "a symbolic link leads out of the output or to nothing: it is not published",
        "copy the file into the site instead of linking to it",
        _PAGES_SITE,
    ),
    "big-file": Rule(
        "a file is over what GitHub takes in a push",
        "host it elsewhere, for example as a release asset, or split it",
        _FILES,
    ),
    "big-site": Rule(
        "the output is over what GitHub Pages publishes",
        "remove what no page needs, and make images and videos smaller",
        _PAGES_LIMITS,
    ),
    "no-404": Rule(
        "there is no 404.html, so visitors of a wrong address see GitHub's page (advice)",
        "add a page 404 to the site (Astro: src/pages/404.astro)",
        _PAGES_404,
    ),
}


def unavailable(tools: Tools) -> str | None:
    """Return None: it needs nothing but the files."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files and the address that they are served under."""
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Read every page and style sheet and look for what it refers to."""
    names = {file.path for file in subject.files}
    looker = _Looker(subject, names)
    odd = [fact for file, data in pages(subject) if (fact := looker.page(file, data))]
    for file in subject.files:
        if kind_of(file.path) == "css":
            looker.sheet(file)
    return Evidence(
        {
            "base": subject.base,
            "files": len(names),
            "size": sum(file.size for file in subject.files),
            "big": sorted([file.path, file.size] for file in subject.files if file.size >= _NOTABLE),
            "pages": sum(kind_of(path) == "html" for path in names),
            "index": "index.html" in names,
            "not_found": "404.html" in names,
            "links": sorted(_bad_links(subject)),
            "odd": odd,
            "references": looker.count,
            "rooted": looker.rooted,
            "broken": looker.broken,
        }
    )


class _Looker:
    """Goes through pages and style sheets and keeps the references that lead nowhere."""

    def __init__(self, subject: Subject, names: set[str]) -> None:
        self.subject = subject
        self.names = names
        self.folded = {name.casefold(): name for name in sorted(names, reverse=True)}
        self.origin = origin_of(subject.url)
        self.count = 0
        # References that begin with the base path and are right: one of them proves that the base path is.
        self.rooted = 0
        self.broken: list[dict[str, Any]] = []

    def page(self, file: File, data: bytes) -> dict[str, str] | None:
        """Check one page's references, and return what is wrong with the page itself."""
        page = html.read(data)
        urls = [one.url for one in page.references]
        for text in page.styles:
            urls += _sheet_urls(text)
        self._check(file.path, urls, page.base_href, data)
        problem = _problem(page, data)
        return {"page": file.path, "problem": problem} if problem else None

    def sheet(self, file: File) -> None:
        """Check one style sheet's references."""
        data = self.subject.read(file)
        self._check(file.path, _sheet_urls(data.decode("utf-8", "replace")), "", data)

    def _check(self, document: str, urls: Iterable[str], base_href: str, data: bytes) -> None:
        for url in dict.fromkeys(urls):
            target = resolve(url, document, self.subject.base, self.origin, base_href)
            if target.kind == "foreign":
                continue
            self.count += 1
            rooted = url.startswith("/") or "://" in url
            if target.kind == "inside" and served(target.path, self.names) is not None:
                self.rooted += rooted
                continue
            self.broken.append(
                {
                    "in": document,
                    "line": _line_of(url, data),
                    "url": url[:200],
                    "built_base": self._built_base(target) if rooted else None,
                    "under_base": target.kind == "inside",
                    "near": self.folded.get(target.path.casefold()),
                }
            )

    def _built_base(self, target: Target) -> str | None:
        whole = target.path if target.kind == "outside" else f"{self.subject.base[1:]}{target.path}"
        return built_base(whole, self.names)


def _sheet_urls(text: str) -> list[str]:
    sheet = css.read(text)
    return [*sheet.imports, *sheet.urls, *(face.url for face in sheet.faces)]


def _line_of(url: str, data: bytes) -> int | None:
    # An entity such as &amp; in the source hides the text that the parser saw.
    start = data.find(url.encode())
    return data.count(b"\n", 0, start) + 1 if start >= 0 else None


def _problem(page: html.Page, data: bytes) -> str:
    if not data.strip():
        return "empty"
    # A search engine's proof of ownership is one line of text in a file that ends in .html.
    if not html.has_markup(data):
        return ""
    if page.fragment:
        return "fragment"
    if not page.doctype:
        return "no-doctype"
    return "" if page.title else "no-title"


def _bad_links(subject: Subject) -> Iterator[str]:
    # A link that stays inside the output is published as the file it points to, others are not published.
    top = subject.output.resolve()
    for folder, folders, files in os.walk(subject.output):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and not (path.exists() and path.resolve().is_relative_to(top)):
                yield path.relative_to(subject.output).as_posix()


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what would be broken or refused once it is published."""
    data = evidence.data
    return [*_whole(data), *_sizes(data, limits), *_pages(data), *_references(data)]


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return the counts and sizes that have a limit."""
    data = evidence.data
    biggest = max(data["big"], key=lambda pair: pair[1], default=None)
    found = [
        Measure("pages", data["pages"]),
        Measure("broken references", len(data["broken"]), 0),
        Measure("all files", data["size"], limits.get("site"), "B"),
    ]
    if biggest:
        found.append(Measure("biggest file", biggest[1], limits.get("file"), "B", biggest[0]))
    return found


def _whole(data: Mapping[str, Any]) -> Iterator[Finding]:
    if not data["index"]:
        yield Finding(
            "no-index",
            "there is no index.html at the top, so the site's address would answer 404",
            path="index.html",
            fix="check that site.output in invoke.yaml names the folder that your build fills",
        )
    if not data["not_found"]:
        yield Finding(
            "no-404",
            "there is no 404.html: visitors of a wrong address see GitHub's own error page",
            blocking=False,
            path="404.html",
            fix="add a page 404 to the site (Astro: src/pages/404.astro)",
        )
    for link in data["links"]:
        yield Finding(
            "symlink",
            f"{link} is a symbolic link out of the output or to nothing; GitHub Pages does not publish it",
            path=link,
            fix="copy the file into the site instead of linking to it",
        )


def _sizes(data: Mapping[str, Any], limits: Limits) -> Iterator[Finding]:
    file_limit, site_limit = limits.get("file"), limits.get("site")
    for path, size in data["big"]:
        if file_limit is not None and size > file_limit:
            yield Finding(
                "big-file",
                f"{path} is {size_text(size)}; GitHub refuses files over {size_text(file_limit)}",
                path=path,
                measured=size,
                limit=file_limit,
                unit="B",
                fix="host it elsewhere (for example as a release asset) or split it",
            )
    if site_limit is not None and data["size"] > site_limit:
        biggest = sorted(data["big"], key=lambda pair: -pair[1])[:_SHOWN]
        size = size_text(data["size"])
        yield Finding(
            "big-site",
            f"the output is {size}; GitHub Pages publishes at most {size_text(site_limit)}",
            measured=data["size"],
            limit=site_limit,
            unit="B",
            details=tuple(f"{size_text(size):>9}  {path}" for path, size in biggest),
            fix="remove what no page needs, and make images and videos smaller",
        )


_PROBLEMS = {
    "empty": ("empty-page", True, "is empty", "find out why the build wrote nothing, or leave the file out"),
    "fragment": (
        "fragment", False, "has neither doctype nor html, head or body",
        "fine when a script loads it; else give it a layout",
    ),
    "no-doctype": (
        "no-doctype", True, "does not begin with <!doctype html>, so browsers show it in quirks mode",
        "make <!doctype html> the first line of its layout",
    ),
    "no-title": (
        "no-title", True, "has no <title>, which tabs, bookmarks, search engines and screen readers show",
        "add <title> to its head",
    ),
}  # fmt: skip


def _pages(data: Mapping[str, Any]) -> Iterator[Finding]:
    for fact in data["odd"]:
        rule, blocking, text, fix = _PROBLEMS[fact["problem"]]
        address = page_address(fact["page"])
        yield Finding(rule, f"{fact['page']} {text}", blocking=blocking, path=address, fix=fix)


def _references(data: Mapping[str, Any]) -> Iterator[Finding]:
    moved: list[Mapping[str, Any]] = []
    bases = Counter(one["built_base"] for one in data["broken"] if one["built_base"])
    # One right address with a base path means that single links are wrong, not the whole build.
    if bases and data["rooted"] == 0:
        built = bases.most_common(1)[0][0]
        moved = [one for one in data["broken"] if one["built_base"] == built]
        yield _wrong_base(data["base"], built, moved)
    by_url: dict[tuple[str, bool], list[Mapping[str, Any]]] = {}
    for one in data["broken"]:
        if one not in moved:
            by_url.setdefault((one["url"], one["under_base"]), []).append(one)
    for places in by_url.values():
        yield _missing(data["base"], places)


def _wrong_base(base: str, built: str, broken: list[Mapping[str, Any]]) -> Finding:
    places = len({one["in"] for one in broken})
    count = count_text(len(broken), "reference")
    return Finding(
        "wrong-base",
        f"your site was built for base {built}, but it will be served under {base}: "
        f"{count} in {count_text(places, 'file')} would answer 404",
        path=page_address(broken[0]["in"]),
        line=broken[0]["line"],
        measured=len(broken),
        limit=0,
        details=tuple(_place(one) for one in broken[:_SHOWN]),
        fix=f"set `base: '{base}'` in the site's configuration (Astro, Vite, VitePress; Next: basePath), "
        "write links with it, and build again",
    )


def _missing(base: str, places: list[Mapping[str, Any]]) -> Finding:
    first = places[0]
    url = first["url"]
    if not first["under_base"]:
        reason = f"{url} leads out of the site, which is served under {base}"
        fix = "put the base path before it, or make it relative"
    elif first["near"]:
        reason = f"{url} is not in the output; {first['near']} is, and capitals matter on GitHub Pages"
        fix = "write the name exactly as the file is named"
    else:
        reason = f"{url} is not in the output and would answer 404"
        fix = "correct the address, or add the file to the site (public/ in Astro and Vite)"
    used = len({one["in"] for one in places})
    return Finding(
        "missing-file",
        reason if used == 1 else f"{reason}; {used:,} files refer to it",
        path=page_address(first["in"]),
        line=first["line"],
        details=tuple(_place(one) for one in places[:_SHOWN]),
        fix=fix,
    )


def _place(one: Mapping[str, Any]) -> str:
    line = f":{one['line']}" if one["line"] else ""
    return f"{one['in']}{line}  {one['url']}"
