"""Functions that wrap another and hand its arguments on: debounce, throttle, once, memoize."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.parameters import annotate
from pipeline.typescript.strategies.returns import insert_generics
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "forwarding"
CODES = frozenset((7006, 7019))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield type parameters for the arguments (and the result) of the wrapped function."""
    node = world.node(one)
    parameter = node and (node if node.kind == "Parameter" else node.above("Parameter"))
    if not parameter or parameter.child("type"):
        return
    pair = _pair(parameter, world)
    if pair is None:
        return
    wrapped, rest, call = pair
    outer, inner = wrapped.parent, rest.parent
    if (
        not outer
        or not inner
        or outer is inner
        or not outer.contains(inner)
        or wrapped.child("type")
        or rest.child("type")
    ):
        return
    returned = call.parent is not None and (
        call.parent.kind == "ReturnStatement"
        or (call.parent.kind == "ArrowFunction" and call.parent is inner)
    )
    generics = insert_generics(outer, "<A extends unknown[], R>" if returned else "<A extends unknown[]>")
    edits = [*annotate(wrapped, f": (...args: A) => {'R' if returned else 'void'}"), *annotate(rest, ": A")]
    if generics and len(edits) >= 2 and " A" not in outer.text.partition("{")[0]:
        yield Repair(
            NAME, "type-only", (generics, *edits), "it hands on the arguments of the function that it wraps"
        )


def _pair(parameter: Node, world: World) -> tuple[Node, Node, Node] | None:
    """Return the wrapped function's parameter, the rest parameter that is handed on, and the call that does it."""
    name = parameter.child("name")
    for use in world.references(name.symbol) if name else ():
        call = use.above("CallExpression")
        if call is None:
            continue
        callee, spread = call.child("expression"), call.all("arguments")
        if callee and callee.kind == "PropertyAccessExpression" and callee.text.endswith((".apply", ".call")):
            callee = callee.child("expression")
        if not callee or callee.kind != "Identifier" or not spread:
            continue
        given = spread[-1].child("expression") if spread[-1].kind == "SpreadElement" else spread[-1]
        wrapped, rest = _declared(callee, world), _declared(given, world) if given else None
        if wrapped and rest and rest.child("dotDotDotToken") and parameter in (wrapped, rest):
            return wrapped, rest, call
    return None


def _declared(node: Node, world: World) -> Node | None:
    return next((one for one in world.declarations(node.symbol) if one.kind == "Parameter"), None)
