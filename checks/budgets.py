"""JavaScript, CSS, image, font and total weight of every page and of the site stay within budget."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
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
from checks.parse import html
from checks.parse.address import compressible, kind_of, page_address
from checks.weight import Graph, pages

NAME = "budgets"
PRINCIPLE: Principle = "II"
SCOPE: Scope = "page"
NON_NEGOTIABLE = False
VERSION = 1
WEIGHT = 1
TIMED = False
AGE: int | None = None

LIMITS: Limits = {
    "page": {"javascript": 100_000, "css": 50_000, "images": None, "fonts": None, "total": 500_000},
    "site": {"javascript": None, "css": None, "images": None, "fonts": None, "total": None},
}
KINDS = ("javascript", "css", "images", "fonts", "total")
_LABELS = {
    "javascript": "JavaScript",
    "css": "CSS",
    "images": "images",
    "fonts": "fonts",
    "total": "all files",
}
_FIXES = {
    "javascript": "load it later with import() or an island, import only what is used, or drop a library",
    "css": "remove unused rules, and split the style sheet so that a page loads only its own",
    "images": "resize them, give srcset and sizes, and use AVIF or WebP",
    "fonts": "use WOFF2, subset the fonts with unicode-range, or load fewer weights",
    "total": "begin with the biggest files above",
}
_SHOWN = 5

EXPLAIN = """\
Adds up what a visitor's browser loads with each page, and what the whole site weighs: scripts with all that they import
statically, style sheets, the candidate of each image that a browser picks, the fonts that the page's text needs. Text
counts as gzip, which is what GitHub Pages sends. Weight is what a visitor on a phone waits and pays for. The limits are
budgets.page and budgets.site of constitution.toml; `none` is no limit."""
_WEIGHT = "https://web.dev/articles/performance-budgets-101"
RULES: Mapping[str, Rule] = {
    **{
        f"page-{kind}": Rule(
            f"one page loads more {_LABELS[kind]} than budgets.page.{kind}", _FIXES[kind], _WEIGHT
        )
        for kind in KINDS
    },
    **{
        f"site-{kind}": Rule(
            f"the site has more {_LABELS[kind]} than budgets.site.{kind}", _FIXES[kind], _WEIGHT
        )
        for kind in KINDS
    },
}


def unavailable(tools: Tools) -> str | None:
    """Return None: it needs nothing but the files."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the files and the address that they are served under."""
    return digest(NAME, VERSION, subject.tree, subject.base, subject.url)


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Return the weight of every file as sent, and which files every page loads."""
    weights = {file.path: sent(file) for file in subject.files}
    number = {path: index for index, path in enumerate(weights)}
    graph = Graph(subject)
    rows = []
    for file, data in pages(subject):
        page = html.read(data)
        load = graph.heaviest(file.path, page, weights.__getitem__)
        rows.append(
            {
                "page": page_address(file.path),
                "html": weights[file.path],
                "inline": {"javascript": _packed(page.scripts), "css": _packed(page.styles)},
                "assets": sorted(number[path] for path in load.assets),
                "later": sorted(number[path] for path in load.later),
            }
        )
    files = [[path, kind_of(path), weight] for path, weight in weights.items()]
    return Evidence({"files": files, "pages": rows})


def sent(file: File) -> int:
    """Return the bytes that GitHub Pages sends for the file: it has gzip for text, and no brotli."""
    return file.gzip if compressible(file.path) else file.size


def _packed(texts: tuple[str, ...]) -> int:
    text = "\n".join(texts).encode("utf-8", "replace")
    # Raw deflate: an inline text has no gzip header of its own.
    squeezer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return len(squeezer.compress(text)) + len(squeezer.flush()) if text else 0


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return a finding for each page and kind over its budget, and for each kind of the whole site."""
    findings = []
    for row in evidence.data["pages"]:
        parts = _page_parts(row, evidence.data["files"])
        findings += [
            _page_finding(row["page"], kind, parts[kind], limit)
            for kind, limit in _limits(limits, "page").items()
            if limit is not None and sum(parts[kind].values()) > limit
        ]
    every = _site_parts(evidence.data["files"])
    findings += [
        _site_finding(kind, every[kind], limit)
        for kind, limit in _limits(limits, "site").items()
        if limit is not None and sum(every[kind].values()) > limit
    ]
    return findings


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return the heaviest page by kind, then the site by kind."""
    found = []
    rows = [(row["page"], _page_parts(row, evidence.data["files"])) for row in evidence.data["pages"]]
    for kind, limit in _limits(limits, "page").items():
        if rows:
            page, parts = max(rows, key=lambda row: sum(row[1][kind].values()))
            details = tuple(biggest(parts[kind])) if kind == "total" else ()
            weight = sum(parts[kind].values())
            found.append(Measure(f"{_LABELS[kind]}, heaviest page", weight, limit, "B", page, details))
    every = _site_parts(evidence.data["files"])
    found += [
        Measure(f"{_LABELS[kind]}, whole site", sum(every[kind].values()), limit, "B")
        for kind, limit in _limits(limits, "site").items()
    ]
    return found


def _limits(limits: Limits, scope: str) -> dict[str, int | None]:
    given: Mapping[str, Any] = limits.get(scope, {})
    return {kind: given.get(kind) for kind in KINDS}


def _page_parts(row: Mapping[str, Any], files: list[list[Any]]) -> dict[str, dict[str, int]]:
    """Return the weight by kind and file; what is inline counts to its kind, and in the total to the HTML."""
    parts: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    parts["total"]["the page's HTML"] = row["html"]
    for kind, weight in row["inline"].items():
        if weight:
            parts[kind]["inline in the HTML"] = weight
    for index in row["assets"]:
        path, kind, weight = files[index]
        parts["total"][path] = weight
        if kind in parts:
            parts[kind][path] = weight
    return parts


def _site_parts(files: list[list[Any]]) -> dict[str, dict[str, int]]:
    parts: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    for path, kind, weight in files:
        parts["total"][path] = weight
        if kind in parts:
            parts[kind][path] = weight
    return parts


def _page_finding(page: str, kind: str, parts: Mapping[str, int], limit: int) -> Finding:
    weight = sum(parts.values())
    what = f"{size_text(weight)} in all" if kind == "total" else f"{size_text(weight)} of {_LABELS[kind]}"
    return Finding(
        rule=f"page-{kind}",
        message=f"{page} loads {what}, {size_text(weight - limit)} over its budget of {size_text(limit)}",
        path=page,
        measured=weight,
        limit=limit,
        unit="B",
        details=tuple(biggest(parts)),
        fix=f"{_FIXES[kind]}; or raise budgets.page.{kind} in constitution.toml",
    )


def _site_finding(kind: str, parts: Mapping[str, int], limit: int) -> Finding:
    weight = sum(parts.values())
    what = "is" if kind == "total" else f"has {_LABELS[kind]} of"
    over = f"{size_text(weight - limit)} over its budget of {size_text(limit)}"
    return Finding(
        rule=f"site-{kind}",
        message=f"the site {what} {size_text(weight)}, {over}",
        measured=weight,
        limit=limit,
        unit="B",
        details=tuple(biggest(parts)),
        fix=f"{_FIXES[kind]}; or raise budgets.site.{kind} in constitution.toml",
    )


def biggest(parts: Mapping[str, int]) -> Iterable[str]:
    """Return lines for the biggest files, biggest first, and how many more there are."""
    order = sorted(parts.items(), key=lambda item: (-item[1], item[0]))
    for path, weight in order[:_SHOWN]:
        yield f"{size_text(weight):>9}  {path}"
    rest = order[_SHOWN:]
    if rest:
        yield f"{size_text(sum(weight for _, weight in rest)):>9}  in {count_text(len(rest), 'more file')}"
