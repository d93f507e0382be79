"""What is written to a variable, a member or a container over the whole project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.typescript.strategies.writing import Piece
from pipeline.typescript.tree import Node, Type

_ADD = frozenset(("push", "unshift"))
_WRAPPERS = frozenset(("ParenthesizedExpression", "NonNullExpression", "AsExpression"))


@dataclass
class Writes:
    """Values that are assigned, elements that are put in, pairs that are set by key, members that are set by name.

    `reads` are the types that its readers expect; `texts` are values whose type is known by its name only.
    """

    values: list[Type] = field(default_factory=list)
    elements: list[Type] = field(default_factory=list)
    keyed: list[tuple[Type, Type]] = field(default_factory=list)
    members: dict[str, list[Type]] = field(default_factory=dict)
    reads: list[Type] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.texts or self.values or self.elements or self.keyed or self.members)


def writes_to(nodes: Sequence[Node]) -> Writes:
    """Return what is written to expressions that all mean the same thing."""
    found = Writes()
    for node in nodes:
        _look(outermost(node), found)
    return found


def outermost(node: Node) -> Node:
    """Return the expression that a name stands for: `this.x` for its `x`, without parentheses around it."""
    while node.parent:
        parent = node.parent
        whole = parent.kind == "PropertyAccessExpression" and node.role == "name"
        if not whole and parent.kind not in _WRAPPERS:
            break
        node = parent
    return node


def assigned(node: Node) -> Node | None:
    """Return the value that a plain `=` (or `??=`, `||=`) gives to an expression."""
    parent = node.parent
    if parent is None or parent.kind != "BinaryExpression" or node.role != "left":
        return None
    operator = parent.child("operatorToken")
    return parent.child("right") if operator and operator.text in ("=", "??=", "||=") else None


def _look(node: Node, found: Writes) -> None:
    parent = node.parent
    if parent is None:
        return
    if value := assigned(node):
        found.values += _known(value)
    elif parent.kind == "ElementAccessExpression" and node.role == "expression":
        _look_keyed(parent, found)
    elif parent.kind == "PropertyAccessExpression" and node.role == "expression":
        _look_member(parent, found)
    elif node.context and not node.context.flags & {"any", "unknown", "never"}:
        found.reads.append(node.context)
    operator, right = parent.child("operatorToken"), parent.child("right")
    if operator and right and operator.text in ("+=", "-=", "*=") and node.role == "left":
        found.values += _known(right)


def _look_keyed(access: Node, found: Writes) -> None:
    key, value = access.child("argumentExpression"), assigned(outermost(access))
    grown = access.parent and access.parent.kind == "PropertyAccessExpression"
    if key and key.type and value and value.type:
        pair = [one for one in _known(value) if one.text != "never[]"]
        found.keyed += [(key.type, one) for one in pair]
    elif key and key.type and grown and access.parent:
        inner = Writes()
        _look_member(access.parent, inner)
        found.keyed += [(key.type, one) for one in inner.elements[:0]]


def _look_member(access: Node, found: Writes) -> None:
    name, call = access.child("name"), access.parent
    if name is None:
        return
    if value := assigned(outermost(access)):
        found.members.setdefault(name.text, []).extend(_known(value))
        return
    if not call or call.kind != "CallExpression" or access.role != "expression":
        return
    _look_call(name.text, call.all("arguments"), found)


def _look_call(method: str, arguments: list[Node], found: Writes) -> None:
    if method in _ADD:
        for one in arguments:
            found.elements += _spread(one) if one.kind == "SpreadElement" else _known(one)
    elif method == "splice":
        for one in arguments[2:]:
            found.elements += _known(one)
    elif method == "add" and arguments:
        found.elements += _known(arguments[0])
    elif method == "set" and len(arguments) == 2:
        key, value = arguments
        if key.type and value.type:
            found.keyed.append((key.type, value.type))


def _known(node: Node) -> list[Type]:
    return [node.type] if node.type else []


def _spread(node: Node) -> list[Type]:
    inner = node.child("expression")
    return list(inner.type.arguments[:1]) if inner and inner.type else []


def elements(found: Writes) -> list[Piece]:
    """Return what an array holds: what was put in, and the elements of arrays that were assigned."""
    pieces: list[Piece] = list(found.elements)
    pieces += [value for _, value in found.keyed]
    for one in found.values:
        pieces += [
            inner for member in one.members for inner in member.arguments[:1] if "array" in member.flags
        ]
    if not pieces:
        for one in found.reads:
            for member in one.members:
                pieces += [inner for inner in member.arguments[:1] if "array" in member.flags]
    return [one for one in pieces if isinstance(one, str) or "never" not in one.flags]


def of_this(cls: Node, name: str) -> Iterator[Node]:
    """Yield the accesses `this.name` of a class, in the order of the source."""
    for node in cls.walk():
        if node.kind != "PropertyAccessExpression":
            continue
        owner, member = node.child("expression"), node.child("name")
        if owner and member and owner.kind == "ThisKeyword" and member.text == name and class_of(node) is cls:
            yield node


def class_of(node: Node) -> Node | None:
    """Return the class whose `this` an expression names; None inside a plain function."""
    for one in node.up():
        if one.kind in ("ClassDeclaration", "ClassExpression"):
            return one
        if one.kind in ("FunctionDeclaration", "FunctionExpression"):
            return None
    return None
