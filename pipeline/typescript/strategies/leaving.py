"""`...(x === undefined ? {} : { x })` for a member that another's declaration lets be missing, but not undefined."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.flow import bare, stable
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "left-out"
CODES = frozenset((2375, 2379, 2322, 2345))
_RISK = "the member is missing where it was undefined; only `in`, Object.keys and a spread tell these apart"
_MARK = "exactOptionalPropertyTypes: true"


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the literal without the members that may be undefined."""
    if _MARK not in one.message:
        return
    for literal in _literals(world.node(one), world):
        found = [
            (member, text)
            for member in literal.all("properties")
            if _leading(literal, member) and (text := _left_out(member))
        ]
        edits = tuple(edit for member, text in found if (edit := replace(member, text)))
        if edits and len(edits) == len(found):
            names = ", ".join(name.text for member, _ in found if (name := member.child("name")))
            yield Repair(
                NAME,
                "guard",
                edits,
                f"{names} may be undefined, and its declaration is not the site's",
                _RISK,
            )


def _literals(node: Node | None, world: World) -> Iterator[Node]:
    """Yield the object literals that the value of an error's place is or is made of, the nearest first."""
    if node is None:
        return
    values = [node]
    around = node.parent if node.role == "name" else node
    if around and (
        value := around.child("expression" if around.kind == "ReturnStatement" else "initializer")
    ):
        values = [value]
    for value in values:
        held = bare(value)
        if held.kind == "ObjectLiteralExpression":
            yield held
        for one in _inner(held, world):
            if one.kind == "ObjectLiteralExpression":
                yield one


def _inner(value: Node, world: World) -> Iterator[Node]:
    """Yield the literals whose types make up a value's members."""
    seen: set[tuple[str, int]] = set()
    waiting = [each.type for part in (value.type.members if value.type else ()) for each in part.properties]
    for _ in range(3):
        deeper = []
        for kind in waiting:
            for part in kind.members if kind else ():
                for one in (part, *(inner for each in part.arguments for inner in each.members)):
                    place = one.literal
                    if (
                        place
                        and place.own
                        and (place.name, place.start) not in seen
                        and (node := world.at(place))
                    ):
                        seen.add((place.name, place.start))
                        yield node
                    deeper += [each.type for each in one.properties]
        waiting = deeper


def _leading(literal: Node, member: Node) -> bool:
    """Whether no spread before it would show through."""
    before = literal.all("properties")
    return not any(one.kind == "SpreadAssignment" for one in before[: before.index(member)])


def _left_out(member: Node) -> str | None:
    name = member.child("name")
    value = member if member.kind == "ShorthandPropertyAssignment" else member.child("initializer")
    if name is None or value is None or name.kind == "ComputedPropertyName":
        return None
    if member.kind == "ShorthandPropertyAssignment":
        return f"...({name.text} === undefined ? {{}} : {{ {name.text} }})" if _open(name) else None
    if member.kind != "PropertyAssignment" or not _open(value):
        return None
    if value.kind == "ConditionalExpression":
        test, yes, no = (value.child(role) for role in ("condition", "whenTrue", "whenFalse"))
        if test and yes and no and no.text == "undefined" and not _open(yes):
            given = name.text if yes.text == name.text else f"{name.text}: {yes.text}"
            return f"...({test.text} ? {{ {given} }} : {{}})"
        return None
    plain = stable(value) and "[" not in value.text
    return f"...({value.text} === undefined ? {{}} : {{ {name.text}: {value.text} }})" if plain else None


def _open(node: Node) -> bool:
    members = node.type.members if node.type else ()
    return len(members) > 1 and any("undefined" in one.flags for one in members)
