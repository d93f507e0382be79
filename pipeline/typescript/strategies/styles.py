"""`''` in place of null for the members of an element's style, which take null for it."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.flow import operator, quote_of, unwrapped
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "style-null"
CODES = frozenset((2322,))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the empty string where null is written."""
    node = world.node(one)
    if node is None:
        return
    whole: Node | None = node
    while whole and not (whole.kind == "BinaryExpression" and operator(whole) == "="):
        whole = whole.parent if whole.role in ("left", "name", "expression") else None
    value = whole
    while value and value.kind == "BinaryExpression" and operator(value) in ("=", "||", "??"):
        left = value.child("left")
        if operator(value) == "=" and not (left and _is_style(left)):
            return
        value = value.child("right")
    if whole is None or value is None or value.kind != "NullKeyword":
        return
    outer = unwrapped(whole)
    while (parent := outer.parent) and parent.kind == "BinaryExpression" and operator(parent) == "=":
        left, outer = parent.child("left"), unwrapped(parent)
        if not left or not _is_style(left):
            return
    quote = quote_of(node.tree.source)
    if edit := replace(value, quote * 2):
        why = "a style takes null for the empty string"
        yield Repair(NAME, "guard", (edit,), why, "none: the style is the same")


def _is_style(left: Node) -> bool:
    held = left.child("expression") if left.kind == "PropertyAccessExpression" else None
    name = left.child("name")
    return bool(
        held and held.type and held.type.name == "CSSStyleDeclaration" and name and name.text != "cssText"
    ) and (held is not None and held.text.rpartition(".")[2] == "style")
