"""`delete` of a member that the type says is always there."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import LINKS, stable
from pipeline.typescript.tree import NOTHING, Node
from pipeline.typescript.world import World

NAME = "delete-member"
_MISSING = frozenset((2532, 18048))
CODES = frozenset((2790,)) | _MISSING
_MEMBERS = frozenset(("PropertySignature", "PropertyDeclaration"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the member as optional where it is declared, then the object as one whose members may go."""
    node = world.node(one)
    if one.code in _MISSING:
        yield from _if_there(node)
        return
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
            why = f"{name.text} is deleted, so it may be missing"
            yield Repair(NAME, "type-only", (edit,), why, vague=_relied_on(name, world))
    # What is private is no key of `Partial<this>`.
    hidden = any(one.text in ("private", "protected") for each in places for one in each.all("modifiers"))
    held = access.child("expression")
    if not hidden:
        yield from _if_there(held)
    kind = _named(held) if held and not hidden else None
    if held and kind and (swap := replace(held, f"({held.text} as Partial<{kind}>)")):
        yield Repair(NAME, "type-only", (swap,), f"{name.text} is deleted as the last use of the object")


def _relied_on(name: Node, world: World) -> bool:
    """Whether the member is handed on or looked into somewhere, so that all these would have to do without it."""
    for use in world.references(name.symbol):
        access = use.parent if use is not name and use.role == "name" else None
        if access and (access.role == "arguments" or (access.parent and access.parent.kind in LINKS)):
            return True
    return False


def _if_there(held: Node | None) -> Iterator[Repair]:
    """Yield `if (x) delete (x as Partial<T>).member;` for an object that may be missing, too."""
    access = held.parent if held and held.role == "expression" else None
    whole = access.parent if access else None
    kind = held.type if held else None
    name = access.child("name") if access else None
    if not held or not kind or not whole or not name or whole.kind != "DeleteExpression" or not stable(held):
        return
    present = [one for one in kind.members if not one.flags & NOTHING]
    statement = whole.parent
    if len(present) != 1 or len(kind.members) < 2 or not statement or statement.kind != "ExpressionStatement":
        return
    text = present[0].name
    if not text or any(one.name == name.text and one.optional for one in present[0].properties):
        return
    edit = replace(whole, f"if ({held.text}) delete ({held.text} as Partial<{text}>).{name.text}")
    if edit:
        risk = "where it was undefined, this threw an error; now nothing is deleted"
        why = f"{name.text} is deleted as the last use of an object that may be missing"
        yield Repair(NAME, "guard", (edit,), why, risk)


def _named(held: Node) -> str | None:
    if held.kind == "ThisKeyword":
        return "this"
    kind = held.type
    if kind is None or kind.nullable:
        return None
    text = kind.text
    return text if text.replace("typeof ", "").replace("_", "").isalnum() and len(text) < 60 else None
