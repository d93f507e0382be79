"""All that one call gives too widely: the checker tells of one argument at a time, so one repair shows the next."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.flowing import taking
from pipeline.typescript.strategies.naming import joined
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "call-gives"
CODES = frozenset((2345, 2769))
_WORDS = frozenset(("null", "undefined"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the parameters that take null or undefined from the call around the error, when they are several."""
    node = world.node(one)
    call = node.parent if node and node.role == "arguments" else None
    signature = call.signature if call else None
    function = (
        world.at(signature.declared) if signature and signature.declared and signature.declared.own else None
    )
    if call is None or signature is None or function is None:
        return
    edits: list[Edit] = []
    names: list[str] = []
    for argument, parameter in zip(call.all("arguments"), function.all("parameters"), strict=False):
        words = _missing(argument, parameter)
        if words and (found := taking(parameter, words)):
            name = parameter.child("name")
            names += [name.text] if name else []
            edits += found
    if len(names) > 1:
        yield Repair(NAME, "type-only", joined(edits), f"{', '.join(names)}: given null or undefined too")


def _missing(argument: Node, parameter: Node) -> list[str]:
    written = parameter.child("type")
    has = {one.text for one in written.type.members} if written and written.type else set()
    given = argument.type.members if argument.type else ()
    return sorted({one.text for one in given if one.text in _WORDS} - has)
