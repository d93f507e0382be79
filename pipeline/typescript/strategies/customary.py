"""`?? 1` for an optional member whose default the project itself tells: `@default 1`, `{ speed: 1, ...options }`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import GIVEN, USED, short, subject
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.defaults import binds_tighter
from pipeline.typescript.strategies.flow import assigned, bare, root_of
from pipeline.typescript.tree import Node, Symbol
from pipeline.typescript.world import World

NAME = "customary-default"
CODES = USED | GIVEN
_TAG = re.compile(r"@default(?:[Vv]alue)?\s+`?(-?\d+(?:\.\d+)?|true|false|'[^'\n]*'|\"[^\"\n]*\")`?")
# What asks whether there is a number must go on seeing that there is none.
_TESTS = re.compile(r"(?:Number\.)?is(?:NaN|Finite|Integer)\(")
_LITERALS = frozenset(("NumericLiteral", "FirstLiteralToken", "StringLiteral", "TrueKeyword", "FalseKeyword"))

_KNOWN: WeakKeyDictionary[World, dict[int, str | None]] = WeakKeyDictionary()


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the default where the member is used."""
    node = subject(one, world)
    if node is None or assigned(node) or node.kind not in ("Identifier", "PropertyAccessExpression"):
        return
    if _TESTS.match(node.parent.text if node.parent else "") or "default" in root_of(node).text.lower():
        return
    value = _default(node, world)
    if value is None:
        return
    text = f"{node.text} ?? {value}"
    if edit := replace(node, f"({text})" if binds_tighter(node) else text):
        why = f"{short(node)} may be undefined, and the project says that it is {value} then"
        yield Repair(NAME, "guard", (edit,), why, f"where it was undefined, undefined went on; now {value}")


def _default(node: Node, world: World) -> str | None:
    """Return the literal that an access of an optional member, or the name it was taken out under, stands for."""
    for symbol in _members(node, world):
        for declared in world.declarations(symbol):
            found = _documented(declared) or _usual(symbol, world)
            if found:
                return found
    return None


def _members(node: Node, world: World) -> list[Symbol]:
    held = bare(node)
    if held.kind == "PropertyAccessExpression":
        name = held.child("name")
        return [name.symbol] if name and name.symbol else []
    found = []
    for one in world.declarations(held.symbol) if held.kind == "Identifier" else ():
        pattern = one.parent if one.kind == "BindingElement" else None
        holder = pattern.parent if pattern and pattern.kind == "ObjectBindingPattern" else None
        value = holder.child("initializer") or holder if holder else None
        name = one.child("propertyName") or one.child("name")
        for shape in value.type.members if value and value.type else ():
            known = [each.symbol for each in shape.properties if name and each.name == name.text]
            found += [each for each in known if each]
    return found


def _documented(declared: Node) -> str | None:
    place = declared.place
    if place is None:
        return None
    before = declared.tree.source[: place[0]].rstrip()
    found = _TAG.search(before[before.rfind("/**") :]) if before.endswith("*/") else None
    return found[1] if found else None


def _usual(symbol: Symbol, world: World) -> str | None:
    """Return what the project's defaults give: `{ width: 512, ...options }`, `const gridDefaults = { width: 512 }`."""
    known = _KNOWN.setdefault(world, {})
    if symbol.id not in known:
        known[symbol.id] = _given(symbol, world)
    return known[symbol.id]


def _given(symbol: Symbol, world: World) -> str | None:
    files = [file for file, text in world.texts.items() if symbol.name in text]
    world.load(files)
    found = {
        value.text if value.kind in _LITERALS else ""
        for file in files
        for tree in world.trees(file)
        for node in tree.nodes
        if node.kind == "PropertyAssignment" and _of_defaults(node, symbol)
        if (value := node.child("initializer"))
    }
    return found.pop() or None if len(found) == 1 else None


def _of_defaults(given: Node, symbol: Symbol) -> bool:
    name, literal = given.child("name"), given.parent
    if not name or name.text != symbol.name or not literal or not literal.context:
        return False
    holder = literal.parent.child("name") if literal.role == "initializer" and literal.parent else None
    under = any(one.kind == "SpreadAssignment" and one.start > given.start for one in literal.children)
    return (under or (holder is not None and "default" in holder.text.lower())) and any(
        prop.symbol is symbol for shape in literal.context.members for prop in shape.properties
    )
