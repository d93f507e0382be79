"""`?.` in a condition, or a condition narrowed, where missing and false come to the same."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import GIVEN, USED, is_present, is_target, short, subject
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.flow import chain_top, home_of, link, operator, stable, tested
from pipeline.typescript.strategies.receiving import fails
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "null-condition"
CODES = USED | GIVEN
_RISK = "where it was null, this threw an error; now the condition is false"


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `?.` in the condition that reads it, then the condition around the statement that needs it."""
    node = subject(one, world)
    if node is None or node.place is None:
        return
    top = chain_top(node)
    if one.code in USED and not is_target(node) and (tested(top) or _compared(top)) and (edit := link(node)):
        yield Repair(NAME, "guard", (edit,), f"{short(node)} may be missing", _RISK)
    if stable(node) and (one.code in USED or fails(node, world)):
        yield from _condition(node)


def _compared(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.kind != "BinaryExpression" or operator(parent) not in ("==", "==="):
        return False
    other = parent.child("right" if node.role == "left" else "left")
    plain = other is not None and other.kind in ("StringLiteral", "NumericLiteral", "TrueKeyword")
    return plain and tested(parent)


def _condition(node: Node) -> Iterator[Repair]:
    branch = next((one for one in node.up() if one.role == "thenStatement"), None)
    choice = branch.parent if branch else None
    test = choice.child("expression") if choice else None
    if not branch or not choice or not test or choice.child("elseStatement"):
        return
    if home_of(branch) is not home_of(node) or (branch.kind == "Block" and len(branch.all("statements")) > 1):
        return
    lower = test.kind == "BinaryExpression" and "||" in test.text
    text = f"({test.text})" if lower else test.text
    if edit := replace(test, f"{text} && {is_present(node, node.text)}"):
        yield Repair(NAME, "guard", (edit,), f"{short(node)} may be missing", _RISK)
