"""Functions that are handed over and ask for more than the caller promises: a value always there, a closer event."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.flowing import taking
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Node, Signature, Type
from pipeline.typescript.world import World

NAME = "callback"
CODES = frozenset((2345, 2322, 2769))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the parameters that may be missing, or the callback as what is asked for when only its event is closer."""
    node = world.node(one)
    if node is None or node.role != "arguments":
        return
    expected = _signature(node.context)
    given = _signature(node.type)
    if expected is None or given is None:
        return
    function = _function(node, world)
    if function:
        yield from _missing(function, expected)
    if function is bare(node):
        return
    if _closer(given, expected) and node.context:
        wanted = [one for one in node.context.members if one.calls]
        found = write(wanted, node, world)
        edit = insert(node, f" as {found.text}", after=True) if found else None
        if found and edit:
            why = f"{node.text} is called with the events of this name"
            yield Repair(NAME, "type-only", combined((edit,), found.imports), why, vague=found.vague)


def _function(node: Node, world: World) -> Node | None:
    """Return the function that is written there, or that the constant named there holds."""
    held = bare(node)
    for one in world.declarations(held.symbol) if held.kind == "Identifier" else ():
        value = one.child("initializer") if one.kind == "VariableDeclaration" else None
        held = bare(value) if value else held
    return held if held.is_function else None


def _signature(kind: Type | None) -> Signature | None:
    calls = [call for one in (kind.members if kind else ()) for call in one.calls]
    return calls[0] if len(calls) == 1 else None


def _missing(function: Node, expected: Signature) -> Iterator[Repair]:
    edits: list[Edit] = []
    names: list[str] = []
    for own, wanted in zip(function.all("parameters"), expected.parameters, strict=False):
        type_, name = own.child("type"), own.child("name")
        if not type_ or not type_.type or not wanted.type or not name:
            continue
        has = {one.text for one in type_.type.members}
        words = [one.text for one in wanted.type.members if one.text in ("null", "undefined")]
        words += ["undefined"] if wanted.optional and "undefined" not in words else []
        missing = [each for each in words if each not in has]
        last = own is function.all("parameters")[-1]
        optional = insert(name, "?", after=True) if last and missing == ["undefined"] else None
        found = (optional,) if optional else taking(own, missing)
        edits += found
        names += [name.text] if found else []
    if edits:
        yield Repair(NAME, "type-only", tuple(edits), f"the caller may leave out {' and '.join(names)}")


def _closer(given: Signature, expected: Signature) -> bool:
    """Whether the parameters differ in their events alone: `DragEvent` where an `Event` is promised."""
    pairs = [
        (own.type, wanted.type)
        for own, wanted in zip(given.parameters, expected.parameters, strict=False)
        if own.type and wanted.type and own.type.text != wanted.type.text
    ]
    return bool(pairs) and all(
        own.text.endswith("Event") and wanted.text in ("Event", "UIEvent", "MouseEvent")
        for own, wanted in pairs
    )
