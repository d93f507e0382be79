"""Where an element comes from: the lookup, annotation or event behind a variable, a member or a list."""

from __future__ import annotations

from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

LOOKUPS = frozenset(("querySelector", "querySelectorAll", "closest"))
CASTS = frozenset(
    ("getElementById", "item", "namedItem", "getElementsByClassName", "getElementsByName", "elementFromPoint")
)
_EACH = frozenset(("forEach", "map", "filter", "find", "some", "every", "flatMap", "findIndex"))
_DEPTH = 8


def origin(node: Node, world: World, depth: int = _DEPTH) -> Node | None:
    """Return the expression or type annotation that decides which element a node is, None when there are several."""
    if depth == 0:
        return None
    source = bare(node)
    if source is not node and _cast(node):
        return _cast(node)
    if source.kind == "Identifier":
        return _declared(source, world, depth)
    if source.kind == "PropertyAccessExpression":
        name = source.child("name")
        places = world.declarations(name.symbol) if name else []
        if places:
            return _of_declaration(places[0], world, depth) if len(places) == 1 else None
        return source
    if source.kind == "ElementAccessExpression":
        inner = source.child("expression")
        found = origin(inner, world, depth - 1) if inner else None
        return found if found is not None and is_list(found) else source
    if source.kind == "CallExpression":
        return _of_call(source, world, depth)
    return source


def _cast(node: Node) -> Node | None:
    while node.kind in ("ParenthesizedExpression", "NonNullExpression"):
        inner = node.child("expression")
        if inner is None:
            return None
        node = inner
    return node.child("type") if node.kind == "AsExpression" else None


def _declared(name: Node, world: World, depth: int) -> Node | None:
    places = world.declarations(name.symbol)
    return _of_declaration(places[0], world, depth) if len(places) == 1 else None


def _of_declaration(place: Node, world: World, depth: int) -> Node | None:
    if annotation := place.child("type"):
        return annotation
    value = place.child("initializer")
    if place.kind in ("VariableDeclaration", "PropertyDeclaration") and value is not None:
        return origin(value, world, depth - 1)
    holder = place.parent.parent if place.parent else None
    if place.kind == "VariableDeclaration" and holder and holder.kind == "ForOfStatement":
        inner = holder.child("expression")
        return origin(inner, world, depth - 1) if inner else None
    if place.kind == "Parameter":
        return _of_parameter(place, world, depth)
    return None


def _of_parameter(place: Node, world: World, depth: int) -> Node | None:
    function = place.parent
    call = function.parent if function and function.role == "arguments" else None
    callee = call.child("expression") if call and call.kind == "CallExpression" else None
    method = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
    inner = callee.child("expression") if callee else None
    if not function or not method or not inner or method.text not in _EACH:
        return None
    return origin(inner, world, depth - 1) if function.all("parameters")[0] is place else None


def _of_call(call: Node, world: World, depth: int) -> Node | None:
    callee = call.child("expression")
    name = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
    arguments = call.all("arguments")
    if callee and callee.text == "Array.from" and arguments:
        return origin(arguments[0], world, depth - 1)
    inner = callee.child("expression") if callee else None
    if name and inner and name.text in ("filter", "slice", "reverse", "values"):
        return origin(inner, world, depth - 1)
    return call


def is_list(node: Node) -> bool:
    """Whether the lookup returns several elements."""
    return method_of(node) in ("querySelectorAll", "getElementsByClassName", "getElementsByName")


def method_of(node: Node) -> str:
    """Return the name of the method that a call calls, empty for anything else."""
    callee = node.child("expression") if node.kind == "CallExpression" else None
    name = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
    return name.text if name else ""


def selector_of(call: Node) -> str:
    """Return the selector that a lookup is given, empty when it is computed."""
    arguments = call.all("arguments")
    if not arguments or arguments[0].kind not in ("StringLiteral", "NoSubstitutionTemplateLiteral"):
        return ""
    text = arguments[0].text[1:-1]
    return {"getElementById": f"#{text}", "getElementsByClassName": f".{text}"}.get(method_of(call), text)
