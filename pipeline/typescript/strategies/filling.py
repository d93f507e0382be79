"""How an object is used and what fills it: which keys are read, what is written under them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.typescript.strategies.flow import bare, operator, unwrapped
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node, Symbol
from pipeline.typescript.world import World

_ARITHMETIC = frozenset(("-", "*", "/", "%", "**", "-=", "*=", "/=", "%=", "|", "&", "^", "<<", ">>", ">>>"))
_KEEPS = frozenset(("=", "??=", "||=", "&&="))
_STEP = re.compile(r"\+\+|--")
_DEEPEST = 2


@dataclass(frozen=True)
class Accesses:
    """The places where an object is used: by key (`x[k]`), by name (`x.a`), and as a whole."""

    by_key: Sequence[Node] = ()
    by_name: dict[str, list[Node]] = field(default_factory=dict)
    whole: Sequence[Node] = ()

    @property
    def inside(self) -> list[Node]:
        """All accesses to what it holds."""
        return [*self.by_key, *(one for group in self.by_name.values() for one in group)]


def object_of(reference: Node) -> Node:
    """Return the expression that a name stands for: `this.x` of the `x` in it."""
    parent = reference.parent
    if parent and parent.kind == "PropertyAccessExpression" and reference.role == "name":
        return parent
    return reference


def accesses_of(symbol: Symbol | None, world: World) -> Accesses:
    """Return how an object is used everywhere, its declaration and imports left out."""
    by_key: list[Node] = []
    by_name: dict[str, list[Node]] = {}
    whole: list[Node] = []
    for reference in world.references(symbol):
        one = unwrapped(object_of(reference))
        parent = one.parent
        if parent is None or one.role == "name" or one.kind == "ImportSpecifier":
            continue
        if one.role == "expression" and parent.kind == "ElementAccessExpression":
            by_key.append(parent)
        elif one.role == "expression" and parent.kind == "PropertyAccessExpression":
            name = parent.child("name")
            by_name.setdefault(name.text if name else "", []).append(parent)
        elif one.above("ImportDeclaration") is None:
            whole.append(one)
    return Accesses(by_key, by_name, whole)


@dataclass
class _Evidence:
    """What is kept under accesses: whole values, elements that are pushed, members that are added, values below."""

    values: list[Piece] = field(default_factory=list)
    elements: list[Piece] = field(default_factory=list)
    members: list[Piece] = field(default_factory=list)
    below: list[Node] = field(default_factory=list)
    fresh: bool = False

    def take(self, node: Node, into: list[Piece] | None = None) -> None:
        if node.type:
            (self.values if into is None else into).append(node.type)


def value(accesses: Sequence[Node], at: Node, world: World, depth: int = 0) -> Written | None:
    """Return the type of what is kept under accesses, from what is written there; None when nothing says it."""
    found = _Evidence()
    for access in accesses:
        _write_to(access, found)
        _use_of(access, found)
    parts: list[Written] = []
    if found.elements and (element := write(found.elements, at, world)):
        parts.append(replace(element, text=element.in_array))
    if found.members and (member := write(found.members, at, world)):
        parts.append(replace(member, text=f"Set<{member.text}>"))
    if (
        found.fresh
        and found.below
        and depth < _DEEPEST
        and (below := value(found.below, at, world, depth + 1))
    ):
        keys = [one.type for inner in found.below if (one := inner.child("argumentExpression"))]
        key = "number" if keys and all(one and "number" in one.flags for one in keys) else "string"
        parts.append(replace(below, text=f"Record<{key}, {below.text}>"))
    if found.values and (plain := write([*found.values, *(one.text for one in parts)], at, world)):
        imports = dict.fromkeys([*plain.imports, *(edit for one in parts for edit in one.imports)])
        return Written(plain.text, tuple(imports), plain.vague or any(one.vague for one in parts))
    return parts[0] if len(parts) == 1 else None


def _write_to(access: Node, found: _Evidence) -> None:
    outer = unwrapped(access)
    parent = outer.parent
    if parent is None:
        return
    if parent.kind in ("PostfixUnaryExpression", "PrefixUnaryExpression") and _STEP.search(parent.text):
        found.values.append("number")
    right = parent.child("right") if parent.kind == "BinaryExpression" and outer.role == "left" else None
    if right is None:
        return
    sign = operator(parent)
    if sign in _KEEPS:
        _assigned(right, access, found)
    elif sign in _ARITHMETIC:
        found.values.append("number")
    elif sign == "+=":
        found.take(right)


def _use_of(access: Node, found: _Evidence) -> None:
    outer = unwrapped(access)
    if outer.parent and outer.parent.kind == "BinaryExpression" and outer.role == "left":
        outer = unwrapped(outer.parent)  # (x[k] ||= []).push(v), (x[k] = x[k] || []).push(v)
    parent = outer.parent
    if parent is None or outer.role != "expression":
        return
    if parent.kind == "ElementAccessExpression":
        found.below.append(parent)
    name = parent.child("name") if parent.kind == "PropertyAccessExpression" else None
    call = parent.parent
    if name and call and call.kind == "CallExpression" and name.text in ("push", "unshift", "add"):
        for argument in call.all("arguments"):
            found.take(argument, found.members if name.text == "add" else found.elements)


def _assigned(right: Node, access: Node, found: _Evidence) -> None:
    right = bare(right)
    left, other = right.child("left"), right.child("right")
    if right.kind == "BinaryExpression" and left and other:
        sign = operator(right)
        if sign in ("||", "??", *_KEEPS):
            _assigned(other, access, found)
            _assigned(left, access, found)
            return
        if sign == "+" and _about(left, access):
            found.take(other)
            return
        if sign in _ARITHMETIC:
            found.values.append("number")
            return
    if _same(right, access):
        return
    elements = right.all("elements") if right.kind == "ArrayLiteralExpression" else []
    if any(one.kind == "SpreadElement" and _about(one, access) for one in elements):
        for one in elements:
            if one.kind != "SpreadElement":
                found.take(one, found.elements)
    elif right.kind == "ObjectLiteralExpression" and not right.all("properties"):
        found.fresh = True
    elif right.kind != "ArrayLiteralExpression" or elements:
        found.take(right)


def _same(node: Node, access: Node) -> bool:
    """Whether two accesses are to the same object: `x[a]` and `x[b]`."""
    one, other = node.child("expression"), access.child("expression")
    return node.kind == access.kind and one is not None and other is not None and one.text == other.text


def _about(node: Node, access: Node) -> bool:
    return any(_same(one, access) for one in node.walk())
