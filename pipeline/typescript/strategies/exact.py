"""Optional members that are given undefined, under exactOptionalPropertyTypes: declared as taking it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.tree import Node, Property, Type
from pipeline.typescript.world import World

NAME = "exact-optional"
CODES = frozenset((2375, 2379, 2412))
_PATH = re.compile(r"Types of property '([^']+)' are incompatible")
TAGS = ("JsxOpeningElement", "JsxSelfClosingElement")


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `| undefined` for every member of one declaration that is given undefined anywhere, then for this place."""
    node = world.node(one)
    own = _wanted(node, one, world) if node else {}
    if not own:
        return
    files = {member.tree.file for member in own.values()}
    every = dict(own)
    for other in world.errors:
        if other.code in CODES and other != one:
            there = world.node(other)
            found = _wanted(there, other, world) if there else {}
            if set(found) & set(own) or (
                {each.tree.file for each in found.values()} & files and _same(found, own)
            ):
                every.update(found)
    for group in (every, own) if len(every) > len(own) else (own,):
        edits = tuple(edit for _, member in sorted(group.items()) if (edit := _or_undefined(member)))
        if edits:
            names = ", ".join(sorted({(member.child("name") or member).text for member in group.values()}))
            yield Repair(NAME, "type-only", edits, f"{names} may be given as undefined")


def _same(found: dict[tuple[str, int], Node], own: dict[tuple[str, int], Node]) -> bool:
    holders = {id(one.parent) for one in found.values()}
    return any(id(one.parent) in holders for one in own.values())


def _wanted(node: Node, one: Diagnostic, world: World) -> dict[tuple[str, int], Node]:
    """Return the declarations of optional members that are given undefined at the place of an error."""
    target, given = _both(node)
    if target is None:
        return {}
    members = {each.name: each for each in properties(target)}
    found: dict[tuple[str, int], Node] = {}
    for name in given:
        _add(found, members.get(name), world)
    path = _PATH.findall(one.message)
    if not found and path:
        inner: Property | None = None
        for name in path:
            inner = members.get(name)
            members = {each.name: each for each in properties(inner.type)} if inner and inner.type else {}
        _add(found, inner, world)
    return found


def _add(found: dict[tuple[str, int], Node], member: Property | None, world: World) -> None:
    if member is None or not member.optional:
        return
    for place in world.declarations(member.symbol):
        if place.kind in ("PropertySignature", "PropertyDeclaration") and place.child("type"):
            found[place.tree.file, place.start] = place


def properties(kind: Type) -> list[Property]:
    """Return the members of a type, of each part of a union or intersection."""
    return [each for part in kind.members for each in part.properties]


def _both(node: Node) -> tuple[Type | None, list[str]]:
    """Return the type that is wanted and the names of the members that may be undefined in what is given."""
    tag = node if node.kind in TAGS else node.above(*TAGS) if node.role == "tagName" else None
    if tag is not None:
        name = tag.child("tagName")
        calls = name.type.calls if name and name.type else ()
        parameters = calls[0].parameters if calls else ()
        holder = tag.child("attributes")
        return (parameters[0].type if parameters else None), given_open(holder) if holder else []
    value = _value(node)
    if value is None:
        return None, []
    declared = node.parent.child("type") if node.parent else None
    kind = value.context or (declared.type if declared else None)
    literal = bare(value)
    if literal.kind == "ObjectLiteralExpression":
        return kind, given_open(literal)
    shape = literal.type
    return kind, [
        each.name for each in properties(shape) if _open(each.type) or each.optional
    ] if shape else []


def _value(node: Node) -> Node | None:
    if node.role == "name" and node.parent and node.parent.child("initializer"):
        return node.parent.child("initializer")
    if node.kind == "ReturnStatement":
        return node.child("expression")
    if node.role == "left" and node.parent:
        return node.parent.child("right")
    return node


def given_open(holder: Node) -> list[str]:
    """Return the names of the members that an object literal or an element gives and that may be undefined."""
    found = []
    for one in holder.children:
        name, value = one.child("name"), one.child("initializer")
        if value is not None and value.kind == "JsxExpression":
            value = value.child("expression")
        kind = value.type if value else name.type if name else None
        if one.kind.startswith(("Spread", "JsxSpread")):
            inner = one.child("expression")
            found += (
                [each.name for each in properties(inner.type) if _open(each.type)]
                if inner and inner.type
                else []
            )
        elif name and _open(kind):
            found.append(name.text.strip("'\""))
    return found


def _open(kind: Type | None) -> bool:
    return kind is not None and any("undefined" in one.flags for one in kind.members)


def _or_undefined(member: Node) -> Edit | None:
    annotation = member.child("type")
    if annotation is None or re.search(r"\|\s*undefined\b", annotation.text):
        return None
    if annotation.kind in ("FunctionType", "ConstructorType", "ConditionalType"):
        place = annotation.place
        return Edit(annotation.tree.file, *place, f"({annotation.text}) | undefined") if place else None
    return insert(annotation, " | undefined", after=True)
