"""Whether a constructor always sets a member: on every path, itself or in a method or setter that it always calls."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

_DEPTH = 4


def sets_always(cls: Node, name: str, world: World) -> bool:
    """Whether every new object of the class has the member when its constructor returns."""
    constructor = next(
        (one for one in cls.all("members") if one.kind == "Constructor" and one.child("body")), None
    )
    if constructor is None:
        return False
    return _sets(constructor, name, cls, world, _DEPTH)


def _sets(function: Node, name: str, cls: Node, world: World, depth: int) -> bool:
    body = function.child("body")
    if body is None:
        return False
    for statement in body.all("statements"):
        if _statement_sets(statement, name, cls, world, depth):
            return True
        # A way out before the assignment; an uncaught error leaves no object behind.
        if any(one.kind == "ReturnStatement" and one.function is function for one in statement.walk()):
            return False
    return False


def _statement_sets(statement: Node, name: str, cls: Node, world: World, depth: int) -> bool:
    if statement.kind == "Block":
        return any(_statement_sets(one, name, cls, world, depth) for one in statement.all("statements"))
    if statement.kind == "IfStatement":
        first, second = statement.child("thenStatement"), statement.child("elseStatement")
        return bool(
            first
            and second
            and _statement_sets(first, name, cls, world, depth)
            and _statement_sets(second, name, cls, world, depth)
        )
    starts = [statement.child("expression")] if statement.kind == "ExpressionStatement" else []
    if statement.kind in ("FirstStatement", "VariableStatement"):  # const box = this.box = make()
        starts = [one.child("initializer") for one in statement.walk() if _declares(one, statement)]
    return any(
        _expression_sets(one, name, cls, world, depth) for start in starts for one in _evaluated(start)
    )


def _declares(node: Node, statement: Node) -> bool:
    held = node.parent if node.kind == "VariableDeclaration" else None
    return held is not None and held.parent is statement


def _evaluated(node: Node | None) -> Iterator[Node]:
    """Yield the assignments and calls that an expression statement always makes: `a = b = f()`, `a, b`."""
    if node is None:
        return
    yield node
    if node.kind == "BinaryExpression" and (operator := node.child("operatorToken")):
        if operator.text in ("=", ","):
            yield from _evaluated(node.child("right"))
        if operator.text == ",":
            yield from _evaluated(node.child("left"))
    elif node.kind == "ParenthesizedExpression":
        yield from _evaluated(node.child("expression"))
    elif node.kind == "CallExpression":
        callee = node.child("expression")
        if callee and callee.kind == "PropertyAccessExpression":
            yield from _evaluated(callee.child("expression"))


def _expression_sets(node: Node, name: str, cls: Node, world: World, depth: int) -> bool:
    if node.kind == "BinaryExpression":
        left, operator, kind = node.child("left"), node.child("operatorToken"), "SetAccessor"
        if not operator or operator.text != "=":
            return False
    elif node.kind == "CallExpression":
        left, kind = node.child("expression"), "MethodDeclaration"
    else:
        return False
    if left is None or not _is_this(left, ""):
        return False
    if kind == "SetAccessor" and _is_this(left, name):
        return True
    member = left.child("name")
    methods = [
        one
        for one in cls.all("members")
        if one.kind == kind and (own := one.child("name")) and member and own.text == member.text
    ]
    if depth == 0:
        return False
    if len(methods) != 1 or any(one.kind == "AsyncKeyword" for one in methods[0].all("modifiers")):
        return False
    if _overridden(methods[0], cls, world):
        return False
    return _sets(methods[0], name, cls, world, depth - 1)


def _is_this(node: Node, name: str) -> bool:
    if node.kind != "PropertyAccessExpression":
        return False
    owner, member = node.child("expression"), node.child("name")
    return bool(owner and member and owner.kind == "ThisKeyword" and (not name or member.text == name))


def _overridden(method: Node, cls: Node, world: World) -> bool:
    """Whether a class that extends this one has its own method of that name."""
    name, own = method.child("name"), cls.child("name")
    for use in world.references(own.symbol) if own else ():
        clause = use.above("HeritageClause")
        heir = clause.parent if clause else None
        members = heir.all("members") if heir and heir is not cls and name else []
        if any((found := one.child("name")) and name and found.text == name.text for one in members):
            return True
    return False
