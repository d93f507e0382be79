"""Members that the constructor does not set itself: `!` where it provably does through a method, else `| undefined`."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.construction import sets_always
from pipeline.typescript.strategies.flowing import spread, taking
from pipeline.typescript.strategies.writes import of_this, writes_to
from pipeline.typescript.world import World

NAME = "definite"
CODES = frozenset((2564,))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the mildest truth about the member, then that with all that its value goes to."""
    node = world.node(one)
    member = node and (node if node.kind == "PropertyDeclaration" else node.above("PropertyDeclaration"))
    name = member.child("name") if member else None
    cls = member.parent if member else None
    type_ = member.child("type") if member else None
    if not member or not name or not cls or not type_:
        return
    if sets_always(cls, name.text, world):
        if edit := insert(name, "!", after=True):
            yield Repair(
                NAME, "type-only", (edit,), "the constructor sets it in a method that it always calls"
            )
        return
    found = writes_to(list(of_this(cls, name.text)))
    both = any("null" in inner.flags for value in found.values for inner in value.members)
    words = ("null", "undefined") if both else ("undefined",)
    gone = words == ("undefined",) and f"delete this.{name.text}" in cls.text
    optional = insert(name, "?", after=True) if gone else None
    first = (optional,) if optional else taking(member, words)
    for edits in (first, spread(member, words, world)):
        if edits:
            yield Repair(NAME, "type-only", edits, "it is not set before the constructor returns")
