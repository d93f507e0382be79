"""Return types that cannot be inferred: a function that calls itself, a signature without a body."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.calls import calls_of
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "returns"
CODES = frozenset((7010, 7011, 7022, 7023, 7024))

_SIGNATURES = frozenset(("MethodSignature", "CallSignature"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the return type, from what is returned and from what callers do with it."""
    node = world.node(one)
    function = _function(node) if node else None
    if function is None or function.child("type"):
        return
    found: set[str] = set()
    for pieces in _pieces(function, world):
        written = _promised(
            function,
            write(pieces, function, world) if pieces != ("void",) else Written("void", (), vague=False),
        )
        if written is None or written.text in found:
            continue
        found.add(written.text)
        if edit := _annotation(function, written.text):
            why = "what it returns"
            yield Repair(NAME, "type-only", combined((edit,), written.imports), why, vague=written.vague)


def _function(node: Node) -> Node | None:
    for one in (node, *list(node.up())[:2]):
        if one.is_function or one.kind in _SIGNATURES:
            return one
        start = one.child("initializer")
        if one.kind in ("VariableDeclaration", "PropertyDeclaration") and start:
            return start if start.is_function else None
    return None


def _pieces(function: Node, world: World) -> Iterator[tuple[Piece, ...]]:
    body = function.child("body")
    if body is None:
        calls = list(calls_of(function, world))
        yield from by_use(calls, world)
        if all(one.parent and one.parent.kind == "ExpressionStatement" for one in calls):
            yield ("void",)
        return
    if body.kind == "Block":
        statements = [
            one for one in body.walk() if one.kind == "ReturnStatement" and one.function is function
        ]
        values = [one.child("expression") for one in statements]
    else:
        values = [body]
    ends = [end for one in values if one for end in _ends(one)]
    known: list[Piece] = [one.type for one in ends if one.type and "any" not in one.type.flags]
    if any(one is None for one in values):
        known.append("undefined")
    if not values or _round(function, world, {}):
        yield ("void",)
        return
    if known:
        yield tuple(known)
    for more in by_use(list(calls_of(function, world)), world):
        yield (*known, *more)


def _round(function: Node, world: World, seen: dict[int, Node]) -> bool:
    """Whether functions that return each other's results come to nothing in the end: each path is without a value."""
    seen[id(function)] = function
    statements = [
        one for one in function.walk() if one.kind == "ReturnStatement" and one.function is function
    ]
    values = [value for one in statements if (value := one.child("expression"))]
    body = function.child("body")
    if body is not None and body.kind != "Block":
        values = [body]
    for end in (end for value in values for end in _ends(value)):
        call = end.child("expression") if end.kind == "AwaitExpression" else end
        signature = call.signature if call and call.kind == "CallExpression" else None
        place = signature.declared if signature else None
        other = world.at(place) if place and place.own else None
        block = other.child("body") if other and other.is_function and not other.child("type") else None
        if other is None or block is None or block.kind != "Block":
            return False
        if id(other) not in seen and not _round(other, world, seen):
            return False
    return True


def _ends(node: Node) -> Iterator[Node]:
    """Yield what an expression can come to: the branches of a condition, the sides of `??` and `||`."""
    if node.kind == "ParenthesizedExpression":
        parts = node.all("expression")
    elif node.kind == "ConditionalExpression":
        parts = [*node.all("whenTrue"), *node.all("whenFalse")]
    elif (
        node.kind == "BinaryExpression"
        and (token := node.child("operatorToken"))
        and token.text in ("??", "||")
    ):
        parts = [*node.all("left"), *node.all("right")]
    else:
        yield node
        return
    for one in parts:
        yield from _ends(one)


def _promised(function: Node, written: Written | None) -> Written | None:
    if written is None or not any(one.kind == "AsyncKeyword" for one in function.all("modifiers")):
        return written
    if written.text.startswith("Promise<"):
        return written
    return Written(f"Promise<{written.text}>", written.imports, written.vague)


def _annotation(function: Node, text: str) -> Edit | None:
    body = function.child("body")
    limit = function.child("equalsGreaterThanToken") or body
    parameters = function.all("parameters")
    last = parameters[-1] if parameters else function.child("name")
    end = limit.start if limit else function.end
    closing = function.tree.text.rfind(")", last.end if last else function.start, end)
    inner = function.tree.place(closing, closing + 1) if closing >= 0 else None
    if inner is None:
        return None
    return Edit(function.tree.file, inner[1], inner[1], f": {text}")


def insert_generics(function: Node, text: str) -> Edit | None:
    """Return the edit that gives a function type parameters: after its name, or before its parameters."""
    if function.all("typeParameters"):
        return None
    if name := function.child("name"):
        return insert(name, text, after=True)
    parameters = function.all("parameters")
    opening = function.tree.text.rfind("(", function.start, parameters[0].start) if parameters else -1
    inner = function.tree.place(opening, opening + 1) if opening >= 0 else None
    return Edit(function.tree.file, inner[0], inner[0], text) if inner else None
