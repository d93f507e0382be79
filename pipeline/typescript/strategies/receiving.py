"""Who receives a value: whether what it is given to fails without it."""

from __future__ import annotations

from pipeline.typescript.strategies.flow import LINKS, bare, operator, unwrapped
from pipeline.typescript.tree import Node, Symbol
from pipeline.typescript.world import World

# Functions of the language that throw an error for null and undefined.
_STRICT = frozenset(
    """Object.keys Object.values Object.entries Object.fromEntries Array.from URL structuredClone getComputedStyle
    window.getComputedStyle Reflect.ownKeys""".split()  # noqa: SIM905
)


def fails(node: Node, world: World) -> bool:
    """Whether the function, variable or member that a value goes to reads members of it without a check."""
    outer = unwrapped(node)
    parent = outer.parent
    if parent is None:
        return False
    if parent.kind in ("CallExpression", "NewExpression") and outer.role == "arguments":
        callee = parent.child("expression")
        parameter = _parameter(parent, outer, world)
        if parameter is None:
            return callee is not None and callee.text in _STRICT
        name = parameter.child("name")
        return name is not None and (name.kind != "Identifier" or _dereferenced(name.symbol, world))
    if parent.kind in ("VariableDeclaration", "PropertyDeclaration") and outer.role == "initializer":
        name = parent.child("name")
        return name is not None and _dereferenced(name.symbol, world)
    if parent.kind == "BinaryExpression" and outer.role == "right" and operator(parent) == "=":
        left = bare(parent.child("left") or parent)
        name = left.child("name") if left.kind == "PropertyAccessExpression" else left
        return name is not None and _dereferenced(name.symbol, world)
    return False


def _parameter(call: Node, argument: Node, world: World) -> Node | None:
    signature = call.signature
    place = signature.declared if signature else None
    function = world.at(place) if place and place.own else None
    index = [one.index for one in call.all("arguments")].index(argument.index)
    parameters = function.all("parameters") if function else []
    return parameters[index] if index < len(parameters) else None


def _dereferenced(symbol: Symbol | None, world: World) -> bool:
    for use in world.references(symbol):
        outer = use.parent if use.role == "name" and use.parent and use.parent.kind in LINKS else use
        parent = outer.parent
        access = parent is not None and parent.kind in LINKS and outer.role == "expression"
        if parent and access and parent.kind != "NonNullExpression" and not parent.child("questionDotToken"):
            return True
        if parent is not None and parent.kind in ("SpreadElement", "ForOfStatement"):
            return True
    return False
