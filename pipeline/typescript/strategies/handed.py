"""`undefined` for null where a library declares that it takes the one and not the other."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import short, subject
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import LINKS, bare, returns_of, unwrapped
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "null-to-undefined"
CODES = frozenset((2322, 2345))
_RISK = "the library gets undefined for null; where it has a default, that applies"


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the value with undefined in place of null, or that in what the function returns that is the value."""
    if one.code == 2322 and (given := world.node(one)):
        yield from _results(given, world)
    node = subject(one, world)
    if node is None or node.place is None or not _to_library(node):
        return
    if not node.type or not node.type.has("null") or not node.context or not node.context.has("undefined"):
        return
    if node.context.has("null"):
        return
    why = f"{short(node)} may be null, which the library's types do not allow"
    branches = [
        one
        for one in (*bare(node).all("whenTrue"), *bare(node).all("whenFalse"))
        if one.kind == "NullKeyword"
    ]
    edit = replace(branches[0], "undefined") if branches else None
    if edit is None and (node.kind in LINKS or node.kind == "Identifier"):
        edit = insert(node, " ?? undefined", after=True)
    if edit:
        yield Repair(NAME, "guard", (edit,), why, _RISK)


def _to_library(node: Node) -> bool:
    """Whether the value is an argument or a property that code outside the project takes."""
    outer = unwrapped(node)
    parent = outer.parent
    if parent is None:
        return False
    if outer.role == "arguments":
        declared = parent.signature.declared if parent.signature else None
        return declared is not None and not declared.own
    attribute = parent.parent if parent.kind == "JsxExpression" else None
    element = attribute.above("JsxOpeningElement", "JsxSelfClosingElement") if attribute else None
    tag = element.child("tagName") if element else None
    if attribute is None or attribute.kind != "JsxAttribute" or tag is None:
        return False
    return tag.text[:1].isupper() and tag.symbol is not None and not tag.symbol.own


def _results(node: Node, world: World) -> Iterator[Repair]:
    """Yield `return x ?? undefined` in a function of the project that a library calls and that may return null."""
    inner = node.parent.child("initializer") if node.parent and node.parent.kind == "JsxAttribute" else None
    value = inner.child("expression") if inner else None
    own = value.type.calls if value and value.type else ()
    wanted = [
        call.returns
        for one in (value.context.members if value and value.context else ())
        for call in one.calls
    ]
    if value is None or not _to_library(value) or len(own) != 1 or len(wanted) != 1 or not wanted[0]:
        return
    place, result = own[0].declared, own[0].returns
    function = world.at(place) if place and place.own else None
    if function is None or not result or not result.has("null") or wanted[0].has("null"):
        return
    if not wanted[0].has("undefined") or function.child("type"):
        return
    values = [given for one in returns_of(function) for given in one.all("expression")]
    edits = [
        insert(one, " ?? undefined", after=True)
        for one in values
        if one.type and one.type.has("null") and (one.kind in LINKS or one.kind == "Identifier")
    ]
    if edits and all(edits):
        why = "the library that calls it takes no null"
        yield Repair(NAME, "guard", tuple(one for one in edits if one), why, _RISK)
