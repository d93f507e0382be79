"""Refs of elements: `useRef(null)` told its element, and what is done with it only when it is there."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.flow import chain_top, inside, link, shown, unused
from pipeline.typescript.strategies.markup import interfaces
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "element-ref"
CODES = frozenset((2339, 2531, 18047, 18048))
_MAKERS = frozenset(("useRef", "createRef", "React.useRef", "React.createRef"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type argument, alone and with `?.` at every use whose value nobody reads."""
    node = world.node(one)
    access = node and (node if node.kind == "PropertyAccessExpression" else node.parent)
    while access is not None and not access.text.endswith(".current"):
        access = access.child("expression") if access.kind == "PropertyAccessExpression" else None
    held = access.child("expression") if access else None
    places = world.declarations(held.symbol) if held else []
    call = places[0].child("initializer") if len(places) == 1 else None
    callee = call.child("expression") if call else None
    if not held or not call or not callee or callee.text not in _MAKERS or call.all("typeArguments"):
        return
    uses = world.references(held.symbol)
    kind = _element(uses, world)
    edit = inside(call, call.tree.text.find("(", callee.end), f"<{kind}>") if kind else None
    if edit is None:
        return
    why = f"it is the ref of a {kind}"
    checks = [found for use in uses if (found := _check(use))]
    if checks:
        risk = "where the element was not there, this threw an error; now the statement does nothing"
        yield Repair(NAME, "guard", (edit, *checks), why, risk)


def _element(uses: list[Node], world: World) -> str | None:
    """Return the interface of the elements that have the ref, by their tags."""
    names = set()
    for use in uses:
        value = use.parent
        attribute = value.parent if value and value.kind == "JsxExpression" else None
        name = attribute.child("name") if attribute and attribute.kind == "JsxAttribute" else None
        element = attribute.above("JsxOpeningElement", "JsxSelfClosingElement") if attribute else None
        tag = element.child("tagName") if element else None
        if name and name.text == "ref" and tag:
            names.add(tag.text)
    return interfaces(names, world) if names and all(one[:1].islower() for one in names) else None


def _check(use: Node) -> Edit | None:
    access = use.parent if use.role == "expression" else None
    if access is None or not access.text.endswith(".current") or access.parent is None:
        return None
    top = chain_top(access)
    return link(access) if top is not access and (unused(top) or shown(top)) else None
