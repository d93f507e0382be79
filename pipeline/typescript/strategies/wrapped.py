"""A method replaced by a function that calls the one it was: it is of the same type, though overloads hide it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare, operator
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "wrapped-method"
CODES = frozenset((2322,))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `as typeof original` for `x.f = function (...args) { ... original.apply(this, args) ... }`."""
    node = world.node(one)
    assignment = node.parent if node and node.role == "left" else None
    function = assignment.child("right") if assignment and operator(assignment) == "=" else None
    if node is None or function is None or function.kind not in ("FunctionExpression", "ArrowFunction"):
        return
    parameters = function.all("parameters")
    rest = (
        parameters[0].child("name")
        if len(parameters) == 1 and parameters[0].child("dotDotDotToken")
        else None
    )
    original = _original(node, function, rest, world) if rest else None
    if original is None:
        return
    arrow = function.kind == "ArrowFunction"
    closing = insert(function, f"{')' if arrow else ''} as typeof {original}", after=True)
    opening = insert(function, "(") if arrow else None
    if closing is None or (arrow and opening is None):
        return
    edits = [one for one in (opening, _this(node, function), closing) if one]
    why = f"it takes what {original} takes and hands it on"
    yield Repair(NAME, "type-only", tuple(edits), why)


def _this(member: Node, function: Node) -> Edit | None:
    """Return the edit that tells a function with a `this` whose method it becomes; the cast hides that."""
    owner = member.child("expression")
    used = any(one.kind == "ThisKeyword" for one in function.walk())
    if (
        function.kind == "ArrowFunction"
        or not used
        or owner is None
        or not re.fullmatch(r"[\w$.]+", owner.text)
    ):
        return None
    return insert(function.all("parameters")[0], f"this: typeof {owner.text}, ")


def _original(member: Node, function: Node, rest: Node, world: World) -> str | None:
    """Return the name of the constant that holds the method and is called with all the arguments."""
    for use in world.references(rest.symbol):
        spread = use.parent if use.parent and use.parent.kind == "SpreadElement" else None
        call = (spread or use).parent
        callee = call.child("expression") if call and call.kind == "CallExpression" else None
        if callee is None or use is rest or not function.contains(use):
            continue
        if callee.kind == "PropertyAccessExpression" and callee.text.endswith((".apply", ".call")):
            callee = callee.child("expression") or callee
        for declared in world.declarations(callee.symbol) if callee.kind == "Identifier" else []:
            start = declared.child("initializer")
            kept = bare(start) if start else None
            if kept and kept.text in (member.text, f"{member.text}.bind({_owner(member)})"):
                return callee.text
    return None


def _owner(member: Node) -> str:
    owner = member.child("expression")
    return owner.text if owner else ""
