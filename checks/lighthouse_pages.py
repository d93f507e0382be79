"""Which pages Lighthouse looks at: home, one of each template, the heaviest, those that differ from the live ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from checks.base import File, Subject, digest
from checks.parse import html
from checks.parse.address import page_address
from checks.weight import Graph, pages

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

# So deep below its wrappers the elements of a body tell templates apart; further down is content.
_DEPTH = 2
_UNSEEN = frozenset({"script", "style", "template", "noscript", "link"})
_REDIRECT = 'meta[http-equiv="refresh" i]'
_ROBOTS = 'meta[name="robots" i], meta[name="googlebot" i]'


@dataclass
class Chosen:
    """A page to look at: its address, why it was chosen, and whether it asks search engines not to list it."""

    page: str
    file: File
    noindex: bool
    why: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Known:
    file: File
    page: str
    template: str
    weight: int
    noindex: bool
    loads: frozenset[str]


@dataclass(frozen=True)
class Choice:
    """The pages to look at, how many there are to choose from, and how many changed ones are left out."""

    pages: tuple[Chosen, ...]
    known: int
    templates: int
    changed: int
    left: int


def choose(subject: Subject, *, every: bool, changed: int) -> Choice:
    """Return the pages in the order of their addresses, at most `changed` because they differ from the live ones.

    A page differs when its HTML does, or a file that it loads. Raises Unavailable.
    """
    known = list(_known(subject))
    found: dict[str, Chosen] = {}

    def take(one: _Known, why: str) -> None:
        chosen = found.setdefault(one.page, Chosen(one.page, one.file, one.noindex))
        if why not in chosen.why:
            chosen.why.append(why)

    heaviest = sorted(known, key=lambda one: (-one.weight, one.page))
    for one in known:
        if one.page == "/":
            take(one, "home")
        if every:
            take(one, "all")
    templates: set[str] = set()
    for one in heaviest:
        if one.template not in templates:
            templates.add(one.template)
            take(one, "template")
    for one in heaviest[:1]:
        take(one, "heaviest")
    moved = _changed(subject, heaviest)
    for one in moved[:changed]:
        take(one, "changed")
    left = sum(one.page not in found for one in moved)
    ordered = tuple(found[page] for page in sorted(found))
    return Choice(ordered, len(known), len(templates), len(moved), left)


def _changed(subject: Subject, known: list[_Known]) -> list[_Known]:
    if subject.live is None:
        return []
    paths = {change.path for change in subject.live.changes(subject.files)}
    return [one for one in known if one.file.path in paths or one.loads & paths]


def _known(subject: Subject) -> Iterator[_Known]:
    """Return the pages that people land on: no error page, no redirect, no part that a script loads."""
    from selectolax.lexbor import LexborHTMLParser

    sent = {file.path: file.gzip for file in subject.files}
    graph = Graph(subject)
    for file, data in pages(subject):
        if PurePosixPath(file.path).name == "404.html" or not html.has_markup(data):
            continue
        page = html.read(data)
        tree = LexborHTMLParser(data)
        if page.fragment or tree.css_first(_REDIRECT):
            continue
        load = graph.heaviest(file.path, page, sent.__getitem__)
        weight = sent[file.path] + sum(map(sent.__getitem__, load.assets))
        address = page_address(file.path)
        yield _Known(file, address, _skeleton(page, tree), weight, _noindex(tree), load.assets)


def _noindex(tree: LexborHTMLParser) -> bool:
    # https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag
    return any(
        word in {"noindex", "none"}
        for node in tree.css(_ROBOTS)
        for word in (node.attributes.get("content") or "").lower().replace(",", " ").split()
    )


def _skeleton(page: html.Page, tree: LexborHTMLParser) -> str:
    """Return what pages of one template share: their style sheets and scripts, and the outline of their body."""
    files = sorted({one.url for one in page.references if one.use in {"style", "script", "module"}})
    lines: set[str] = set()
    if tree.body is not None:
        _outline(_inner(tree.body), "", _DEPTH, lines)
    return digest(files, sorted(lines))


def _inner(node: LexborNode) -> LexborNode:
    """Return the first element below that is no mere wrapper, such as `<div id="app">`."""
    children = list(_children(node))
    return _inner(children[0]) if len(children) == 1 else node


def _children(node: LexborNode) -> Iterator[LexborNode]:
    yield from (child for child in node.iter() if child.tag not in _UNSEEN)


def _outline(node: LexborNode, above: str, depth: int, lines: set[str]) -> None:
    for child in _children(node):
        classes = sorted((child.attributes.get("class") or "").split())
        line = f"{above}>{child.tag}.{'.'.join(classes)}"
        # Two of a kind, such as the cards of a list, are one: how many there are is content.
        lines.add(line)
        if depth > 1:
            _outline(child, line, depth - 1, lines)
