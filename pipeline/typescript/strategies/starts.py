"""Members of object literals that start as null, undefined or an empty list and get something else later."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Node, Symbol, Type
from pipeline.typescript.world import World

NAME = "member-starts"
CODES = frozenset((2322, 2345, 2769))
_NESTED = re.compile(r"Types of property '([\w$]+)' are incompatible")
_STARTS = frozenset(("null", "undefined"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `null as T | null` at the member of the literal that the expected type comes from."""
    node = world.node(one)
    if node is None:
        return
    for symbol, given in _members(one, node):
        for declared in world.declarations(symbol):
            start = declared.child("initializer")
            if declared.kind == "PropertyAssignment" and start is not None and given is not None:
                yield from _wider(start, given, world)


def _members(one: Diagnostic, node: Node) -> Iterator[tuple[Symbol | None, Type | None]]:
    """Yield the members that do not fit, by the symbol that declares each, and the type of what they are given."""
    parent = node.parent
    names = _NESTED.findall(one.message)
    if names and node.context and node.type:
        expected, given = node.context, node.type
        for name in names:
            found = _property(expected, name)
            value = _property(given, name)
            if found is None or value is None:
                return
            if name == names[-1]:
                yield found[0], value[1]
            elif found[1] and value[1]:
                expected, given = found[1], value[1]
    elif parent and parent.kind == "BinaryExpression" and node.role == "left":
        right, name_node = parent.child("right"), node.child("name")
        yield (name_node.symbol if name_node else None), (right.type if right else None)
    elif parent and parent.kind in ("PropertyAssignment", "ShorthandPropertyAssignment") and parent.parent:
        value_node = parent.child("initializer") or node
        wanted = _property(parent.parent.context, node.text)
        yield (wanted[0] if wanted else None), value_node.type
    elif node.kind == "ShorthandPropertyAssignment" and parent:
        wanted = _property(parent.context, node.text)
        yield (wanted[0] if wanted else None), node.type


def _property(kind: Type | None, name: str) -> tuple[Symbol | None, Type | None] | None:
    """Return a property of a type; of the types that a function takes or returns, when it is a state's setter."""
    for one in kind.members if kind else ():
        for prop in one.properties:
            if prop.name == name:
                return prop.symbol, prop.type
    return None


def _wider(start: Node, given: Type, world: World) -> Iterator[Repair]:
    empty = start.kind == "ArrayLiteralExpression" and not start.all("elements")
    if not empty and bare(start).text not in _STARTS:
        return
    found = write([given] if empty else [given, start.text], start, world)
    if found and (edit := insert(start, f" as {found.text}", after=True)):
        why = f"the member starts as {start.text} and gets this later"
        yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)
