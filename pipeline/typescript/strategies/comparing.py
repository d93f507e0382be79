"""`a !== undefined && a < b`: a comparison with undefined is false, so the check changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import subject
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.flow import LINKS, assigned, operator, stable, unwrapped
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "compared"
CODES = frozenset((2532, 18048))
_COMPARES = frozenset(("<", ">", "<=", ">="))
_NUMBERS = frozenset(("+", "-", "*", "/", "%", "**"))
_MOST = 3


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the comparison with the checks before it."""
    node = subject(one, world)
    whole = _comparison(node) if node else None
    if node is None or whole is None or (whole.parent and whole.parent.kind == "ForStatement"):
        return
    checked = {each.text: each for each in _operands(whole) if _open(each)}
    if node.text not in checked or len(checked) > _MOST or not all(stable(each) for each in checked.values()):
        return
    tests = " && ".join(f"{text} !== undefined" for text in checked)
    text = f"{tests} && {whole.text}"
    if edit := replace(whole, f"({text})" if _binds_tighter(whole) else text):
        said = " and ".join(checked)
        why = f"{said} may be undefined, and a comparison with undefined is false"
        yield Repair(NAME, "guard", (edit,), why, "none: the result is the same")


def _comparison(node: Node) -> Node | None:
    """Return the comparison of numbers that the value goes into, itself or in a sum."""
    inner = unwrapped(node)
    while (parent := inner.parent) and parent.kind == "BinaryExpression":
        if operator(parent) in _COMPARES:
            return parent if all(_number(each) for each in _operands(parent)) else None
        if operator(parent) not in _NUMBERS:
            return None
        inner = unwrapped(parent)
    return None


def _operands(node: Node) -> Iterator[Node]:
    if node.kind == "ParenthesizedExpression":
        for one in node.children:
            yield from _operands(one)
    elif node.kind == "BinaryExpression" and operator(node) in _COMPARES | _NUMBERS:
        for role in ("left", "right"):
            if inner := node.child(role):
                yield from _operands(inner)
    else:
        yield node


def _number(node: Node) -> bool:
    members = node.type.members if node.type else ()
    return (
        bool(members) and all(one.flags & {"number", "undefined"} for one in members) and not assigned(node)
    )


def _open(node: Node) -> bool:
    return any("undefined" in one.flags for one in (node.type.members if node.type else ()))


def _binds_tighter(node: Node) -> bool:
    """Whether what is around the comparison would take only a part of `x && y`."""
    parent = node.parent
    if parent is None:
        return False
    if parent.kind in LINKS:
        return node.role == "expression"
    if parent.kind == "BinaryExpression":
        return operator(parent) not in ("&&", "||", "=", ",")
    return parent.kind in ("PrefixUnaryExpression", "AwaitExpression", "AsExpression", "SpreadElement")
