"""What the gates that judge visits have in common: pages that could not be visited, and rows of what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from checks.base import Digest, Evidence, Finding, Rule, Subject, Tools, digest
from checks.rows import Row

# What a visit depends on beside the files: `docs/visits.md`.
_TOOLS = ("chromium", "axe-core", "html_codesniffer")
_SHOWN = 5

UNVISITED = {
    "unvisited": Rule(
        "the browser could not show a page, so nothing is known about it",
        "open it with `invoke serve` and look what keeps it from loading, then `invoke check --fresh`",
        "https://chromedevtools.github.io/devtools-protocol/tot/Page/#method-navigate",
    )
}

Record = Mapping[str, Any]


def visit_digest(name: str, version: int, subject: Subject) -> Digest:
    """Return the digest of everything that a gate over visits depends on."""
    versions = {tool: subject.versions.get(tool, "") for tool in _TOOLS}
    return digest(
        name, version, subject.tree, subject.base, subject.url, versions, subject.plans.get("accessibility")
    )


def without_browser(tools: Tools) -> str | None:
    """Return None: whether there is a browser is found out by `visits`, which tells what to do about it."""
    return None


def gather(subject: Subject, tools: Tools, rows: Callable[[Record], Iterable[Row]]) -> Evidence:
    """Return rows of every page, and what could not be visited; raises Unavailable."""
    visits = tools.visits(subject)
    pages, failed, found = 0, [], list[Row]()
    for record in visits.records():
        pages += 1
        if "failed" in record:
            failed.append([record["page"], record["failed"]])
        else:
            found += rows(record)
    nothing = "" if pages else "the output has no page"
    return Evidence(
        {"pages": pages, "failed": failed, "rows": found}, nothing=nothing, tools=dict(visits.tools)
    )


def unvisited(evidence: Evidence) -> Iterator[Finding]:
    """Return a finding for each page that could not be visited: the gate is then unavailable, never passed."""
    for page, why in evidence.data["failed"]:
        yield Finding(
            "unvisited",
            f"{page} could not be looked at in the browser: {why}",
            path=page,
            unmeasured=True,
            fix=UNVISITED["unvisited"].fix,
            source=UNVISITED["unvisited"].source,
        )


def places(nodes: Iterable[tuple[str, str]], count: int = 0) -> tuple[str, ...]:
    """Return lines for a few elements, `selector  snippet` each, and how many more of `count` there are."""
    every = list(dict.fromkeys(nodes))
    rest = max(count, len(every)) - len(every[:_SHOWN])
    more = (f"and {rest:,} more",) if rest else ()
    return (*(f"{selector}  {snippet}".rstrip() for selector, snippet in every[:_SHOWN]), *more)
