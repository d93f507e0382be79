"""Functions that give back their default: what a caller passes as the default comes back, so the result says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import returns_of
from pipeline.typescript.strategies.returns import insert_generics
from pipeline.typescript.world import World

NAME = "given-back"
CODES = frozenset((2345,))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield a type parameter for the default: `<T extends string | null = string>(fallback?: T): string | T`."""
    node = world.node(one)
    call = node.parent if node and node.role == "arguments" else None
    place = call.signature.declared if call and call.signature else None
    function = world.at(place) if place and place.own else None
    if node is None or call is None or function is None or function.all("typeParameters"):
        return
    index = [each.index for each in call.all("arguments")].index(node.index)
    parameter = next(iter(function.all("parameters")[index : index + 1]), None)
    name = parameter.child("name") if parameter else None
    type_ = parameter.child("type") if parameter else None
    result = function.child("type")
    if not name or not type_ or not result or not node.type or re.search(r"\bT\b", function.text):
        return
    words = [one.text for one in node.type.members if one.text in ("null", "undefined")]
    back = any(given.text == name.text for one in returns_of(function) for given in one.all("expression"))
    same = type_.text in [one.text for one in (result, *result.all("types"))]
    if not words or not back or not same:
        return
    wide = f"{type_.text} | {' | '.join(words)}"
    edits = (
        insert_generics(function, f"<T extends {wide} = {type_.text}>"),
        replace(type_, "T"),
        insert(result, " | T", after=True),
    )
    if all(edits):
        why = f"what is passed as {name.text} comes back"
        yield Repair(NAME, "type-only", combined([one for one in edits if one], ()), why)
