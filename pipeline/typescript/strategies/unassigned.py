"""Variables that are read where no value was given on every path: declared as what may be undefined."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.flowing import spread, taking
from pipeline.typescript.world import World

NAME = "unassigned"
CODES = frozenset((2454,))
_WORDS = ("undefined",)


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `let x: T | undefined`, then that with all that the value goes to."""
    node = world.node(one)
    places = world.declarations(node.symbol) if node and node.kind == "Identifier" else []
    if len(places) != 1 or places[0].kind != "VariableDeclaration" or places[0].child("initializer"):
        return
    name = places[0].child("name")
    why = f"{name.text if name else 'it'} is undefined where no branch gave it a value"
    for edits in (taking(places[0], _WORDS), spread(places[0], _WORDS, world)):
        if edits:
            yield Repair(NAME, "type-only", edits, why)
