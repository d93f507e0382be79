"""Contexts of React that start empty: `createContext(null)` told what its providers are given."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.flow import inside
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "context"
CODES = frozenset((2322, 2339, 2554, 18047, 18048))
_MAKERS = frozenset(("createContext", "React.createContext"))
_EMPTY = frozenset(("null", "undefined"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type argument, from the values of all providers, with the start as one more member."""
    node = world.node(one)
    declared = _declared(node, world) if node else None
    call, name = (declared.child("initializer"), declared.child("name")) if declared else (None, None)
    callee = call.child("expression") if call else None
    if not call or not name or not callee or callee.text not in _MAKERS or call.all("typeArguments"):
        return
    starts = call.all("arguments")
    start = starts[0].text if starts else "undefined"
    given = list(_given(name, world))
    if start not in _EMPTY or not given:
        return
    written = write(given, declared or call, world)
    if written is None:
        return
    edit = inside(call, call.tree.text.find("(", callee.end), f"<{written.or_(start).text}>")
    filled = None if starts else inside(call, call.end - 1, "undefined")
    if edit and (starts or filled):
        level, edits = ("type-only", (edit,)) if starts else ("guard", (edit, filled))
        why = "its providers are given this"
        both = combined([each for each in edits if each], written.imports)
        if level == "type-only":
            yield Repair(NAME, "type-only", both, why, vague=written.vague)
        else:
            yield Repair(NAME, "guard", both, why, "none: a context starts as undefined", vague=written.vague)


def _declared(node: Node, world: World) -> Node | None:
    """Return the declaration of the context that an error is about: its own, a provider's, or a reader's."""
    for around in (node, *list(node.up())[:3]):
        if around.kind == "VariableDeclaration":
            return around
        element = around.kind in ("JsxOpeningElement", "JsxSelfClosingElement")
        tag = around.child("tagName") if element else None
        if around.kind == "JsxAttribute" and (
            outer := around.above("JsxOpeningElement", "JsxSelfClosingElement")
        ):
            tag = outer.child("tagName")
        if tag is not None:
            holder = tag.child("expression") or tag
            return next(iter(world.declarations(holder.symbol)), None)
    return None


def _given(name: Node, world: World) -> Iterator[Type]:
    """Yield what the providers of a context are given as value."""
    for use in world.references(name.symbol):
        tag = use.parent if use.parent and use.parent.text.endswith(".Provider") else use
        opening = tag.parent if tag.role == "tagName" else None
        attributes = opening.child("attributes") if opening else None
        for one in attributes.all("properties") if attributes else ():
            key, inner = one.child("name"), one.child("initializer")
            value = inner.child("expression") if inner else None
            if key and key.text == "value" and value and value.type:
                yield value.type
