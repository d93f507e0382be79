"""Calls with fewer or more arguments than the function takes, and callbacks that take more than they are given."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.calls import passed
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "arity"
CODES = frozenset((2554, 2555, 2575, 2769, 2345))
_QUIET = frozenset(
    ("Identifier", "StringLiteral", "NumericLiteral", "TrueKeyword", "FalseKeyword", "NullKeyword")
)


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `?` for parameters that calls leave out, then the call without arguments that nothing reads."""
    node = world.node(one)
    call = node and _call(node)
    signature = call.signature if call else None
    if call is None or signature is None or one.code not in (2554, 2555, 2575):
        return
    given = call.all("arguments")
    if len(given) < len(signature.parameters):
        function = world.at(signature.declared) if signature.declared and signature.declared.own else None
        if function is not None:
            yield from _optional(function, len(given), world)
    elif not any(one.rest for one in signature.parameters):
        yield from _shorter(given, len(signature.parameters))


def _call(node: Node) -> Node | None:
    for one in (node, *list(node.up())[:4]):
        if one.kind in ("CallExpression", "NewExpression"):
            return one
    return None


def _optional(function: Node, given: int, world: World) -> Iterator[Repair]:
    edits: list[Edit | None] = []
    for one in function.all("parameters")[given:]:
        name = one.child("name")
        if one.child("questionToken") or one.child("initializer") or one.child("dotDotDotToken"):
            continue
        # A parameter property or a pattern cannot be told apart from what follows it by a question mark alone.
        if name is None or name.kind != "Identifier":
            return
        edits.append(insert(name, "?", after=True))
    if edits and all(edits):
        often = any(passed(one, world).optional for one in function.all("parameters")[given:])
        why = "calls leave it out" if often else "a call leaves it out"
        yield Repair(NAME, "type-only", tuple(edit for edit in edits if edit), why)


def _shorter(given: list[Node], wanted: int) -> Iterator[Repair]:
    extra = given[wanted:]
    start = given[wanted - 1].place if wanted else None
    first, last = extra[0].place, extra[-1].place
    if not first or not last or any(one.kind not in _QUIET for one in extra):
        return
    edit = Edit(extra[0].tree.file, start[1] if start else first[0], last[1], "")
    yield Repair(
        NAME, "unused", (edit,), "the function takes no such argument", "the function no longer gets it"
    )
