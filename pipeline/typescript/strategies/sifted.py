"""Lists from which `.filter(Boolean)` takes what is missing: the checker does not see it, so the type says it."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import USED, short, subject
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare, chain_top, link
from pipeline.typescript.strategies.writing import Piece, write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "filtered"
CODES = frozenset((2322, 2345, 2769)) | USED
_FALSE = frozenset(("null", "undefined", "false", '""', "0", "0n"))
_DEPTH = 3


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type that the filter leaves; `?.` where the filter takes what is missing anyway."""
    node = world.node(one)
    if node is None:
        return
    if one.code in USED:
        yield from _dropped(one, world)
    calls: dict[int, Node] = {}
    for value in _values(node):
        for call in _filters(value, world, 0):
            calls.setdefault(call.index, call)
    for call in calls.values():
        yield from _typed(call, world)


def _values(node: Node) -> Iterator[Node]:
    """Yield the value that an error is about, and the one of the declaration, return or argument around it."""
    yield node
    for outer in (node, *list(node.up())[:2]):
        yield from (*outer.all("initializer"), *outer.all("right"))
        if outer.kind == "ReturnStatement":
            yield from outer.all("expression")
        if outer.kind in ("CallExpression", "NewExpression"):
            yield from outer.all("arguments")


def _filters(node: Node, world: World, depth: int) -> Iterator[Node]:
    """Yield the `.filter(Boolean)` that a value comes from: its own, its variable's, that of the list it is one of."""
    value = bare(node)
    value = bare(value.child("expression") or value) if value.kind == "AwaitExpression" else value
    if _is_filter(value):
        yield value
    if depth >= _DEPTH or value.kind != "Identifier":
        return
    for declared in world.declarations(value.symbol):
        if declared.kind == "VariableDeclaration":
            for start in declared.all("initializer"):
                yield from _filters(start, world, depth + 1)
        function = declared.parent if declared.kind == "Parameter" else None
        call = function.parent if function and function.role == "arguments" else None
        callee = call.child("expression") if call else None
        if call is not None and callee is not None:
            lists = [*callee.all("expression"), *call.all("arguments")[:1]]
            for source in lists:
                if source is not function:
                    yield from _filters(source, world, depth + 1)


def _is_filter(node: Node) -> bool:
    callee = node.child("expression") if node.kind == "CallExpression" else None
    name = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
    return (
        name is not None
        and name.text == "filter"
        and [one.text for one in node.all("arguments")] == ["Boolean"]
    )


def _typed(call: Node, world: World) -> Iterator[Repair]:
    element = next(iter(call.type.arguments), None) if call.type and "array" in call.type.flags else None
    if element is None or (call.parent and call.parent.kind == "AsExpression"):
        return
    left = [one for one in element.members if one.text not in _FALSE]
    if not left or len(left) == len(element.members):
        return
    pieces: tuple[Piece, ...] = _declared(call) or tuple(left)
    written = write(pieces, call, world)
    linked = call.role == "expression" and call.parent and call.parent.kind.endswith("AccessExpression")
    opening = insert(call, "(") if linked else None
    closing = insert(call, f" as {written.in_array}{')' if linked else ''}", after=True) if written else None
    if written is None or closing is None or (linked and opening is None):
        return
    edits = (opening, closing) if opening else (closing,)
    why = "the filter takes out what is missing"
    yield Repair(NAME, "type-only", (*edits, *written.imports), why, vague=written.vague)


def _declared(call: Node) -> tuple[Type, ...]:
    """Return the element type of the list that the result is declared to be."""
    declared = call.parent.child("type") if call.parent and call.role == "initializer" else None
    kind = declared.type if declared else None
    return kind.arguments[:1] if kind and "array" in kind.flags else ()


def _dropped(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `?.` in `list.map((x) => x.y).filter(Boolean)`."""
    node = subject(one, world)
    body = chain_top(node) if node else None
    function = body.parent if body and body.role == "body" else None
    mapped = function.parent if function and function.kind == "ArrowFunction" else None
    callee = mapped.child("expression") if mapped and mapped.kind == "CallExpression" else None
    access = mapped.parent if mapped else None
    whole = access.parent if access else None
    if (
        node is None
        or callee is None
        or not callee.text.endswith(".map")
        or whole is None
        or not _is_filter(whole)
    ):
        return
    if edit := link(node):
        risk = "where it was null, this threw an error; now the filter takes it out"
        yield Repair(NAME, "guard", (edit,), f"{short(node)} may be missing", risk)
