"""Types for parameters, from the calls of their function."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.world import World

NAME = "parameters"
CODES = frozenset((7006,))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield an annotation that is the union of what callers pass."""
    node = world.node(one)
    parameter = node and (node if node.kind == "Parameter" else node.above("Parameter"))
    function = parameter and parameter.parent
    name = function and function.child("name")
    if not parameter or not function or not name:
        return
    index = function.all("parameters").index(parameter)
    types = {}
    for use in world.references(name.symbol):
        call = use.parent
        if call and call.kind == "CallExpression" and use.role == "expression":
            arguments = call.all("arguments")
            kind = arguments[index].type if index < len(arguments) else None
            if kind:
                types[kind.widened.text] = kind
    inner = parameter.child("name")
    if types and inner and (edit := insert(inner, f": {' | '.join(sorted(types))}", after=True)):
        yield Repair(
            NAME, "type-only", (edit,), "what callers pass", vague=any(t.vague for t in types.values())
        )
