"""An index that its loop keeps within a list: `while (more && i < list.length) { use(list[i]); i++; }`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.strategies.flow import assigned, bare, operator, stable
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

_SHRINKS = r"\.(?:pop|shift|splice|length\s*=[^=])|\s*=[^=]"


def in_while(access: Node, world: World) -> str | None:
    """Return why `list[i]` is there: the loop asks for it, and nothing before the access changes list or index."""
    held, key = access.child("expression"), access.child("argumentExpression")
    if not held or not key or key.kind != "Identifier" or not stable(held) or not _only_grows(key, world):
        return None
    for loop in access.up():
        if loop.is_function:
            return None
        body = loop.child("statement") if loop.kind == "WhileStatement" else None
        if body is None or not body.contains(access):
            continue
        asked = f"{key.text} < {held.text}.length"
        if not any(one.text == asked for one in operands(loop.child("expression"))):
            continue
        moved = any(
            one.kind == "Identifier" and one.text == key.text and one.start < access.start and assigned(one)
            for one in body.walk()
        )
        changed = re.search(re.escape(held.text) + f"(?:{_SHRINKS})", body.text)
        return None if moved or changed else f"{asked} holds here"
    return None


def _only_grows(key: Node, world: World) -> bool:
    """Whether an index starts at a number that is not below zero and is only counted up."""
    places = world.declarations(key.symbol)
    start = places[0].child("initializer") if len(places) == 1 else None
    if start is None or not start.text.isdigit():
        return False
    writes = [one for one in world.references(key.symbol) if assigned(one)]
    return all(one.parent and re.fullmatch(r"\w+\+\+|\+\+\w+|\w+ \+= \d+", one.parent.text) for one in writes)


def operands(test: Node | None) -> Iterator[Node]:
    """Yield the parts of a condition that all have to hold, without parentheses around them."""
    node = bare(test) if test else None
    if node and node.kind == "BinaryExpression" and operator(node) == "&&":
        yield from operands(node.child("left"))
        yield from operands(node.child("right"))
    elif node:
        yield node
