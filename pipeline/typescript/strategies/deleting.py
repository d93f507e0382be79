"""`delete` of a member that the type says is always there."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import LINKS
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "delete-member"
CODES = frozenset((2790,))
_MEMBERS = frozenset(("PropertySignature", "PropertyDeclaration"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the member as optional where it is declared, then the object as one whose members may go."""
    node = world.node(one)
    access = node.child("expression") if node and node.kind == "DeleteExpression" else node
    name = access.child("name") if access and access.kind in LINKS else None
    if not access or not name:
        return
    places = [each for each in world.declarations(name.symbol) if each.kind in _MEMBERS]
    declared = places[0].child("name") if len(places) == 1 else None
    if declared and not places[0].child("questionToken"):
        token = places[0].child("exclamationToken")
        edit = replace(token, "?") if token else insert(declared, "?", after=True)
        if edit:
            yield Repair(NAME, "type-only", (edit,), f"{name.text} is deleted, so it may be missing")
    # What is private is no key of `Partial<this>`.
    hidden = any(one.text in ("private", "protected") for each in places for one in each.all("modifiers"))
    held = access.child("expression")
    kind = _named(held) if held and not hidden else None
    if held and kind and (swap := replace(held, f"({held.text} as Partial<{kind}>)")):
        yield Repair(NAME, "type-only", (swap,), f"{name.text} is deleted as the last use of the object")


def _named(held: Node) -> str | None:
    if held.kind == "ThisKeyword":
        return "this"
    kind = held.type
    if kind is None or kind.nullable:
        return None
    text = kind.text
    return text if text.replace("typeof ", "").replace("_", "").isalnum() and len(text) < 60 else None
