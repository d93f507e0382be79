"""`?.` and `if (x)` where a statement may as well do nothing: nobody looks at its value."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import USED, assignment, is_present, is_target, short, subject
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import (
    chain_top,
    link,
    shown,
    stable,
    unused,
    unwrapped,
    wants_nothing,
)
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "null-skip"
CODES = USED


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield a check for one statement, unless one check before it would serve other uses too."""
    node = subject(one, world)
    if node is None or node.place is None:
        return
    yield from _optional(node)
    if stable(node):
        yield from _only_if(node)


def _optional(node: Node) -> Iterator[Repair]:
    if is_target(node):
        return
    top = chain_top(node)
    parent = unwrapped(top).parent
    deleted = bool(parent and parent.kind == "DeleteExpression" and unused(parent))
    if unused(top) or deleted:
        risk = "where it was null, this threw an error; now the statement does nothing"
    elif shown(top):
        risk = "where it was null, the page could not be made; now nothing is shown there"
    else:
        return
    if edit := link(node):
        yield Repair(NAME, "guard", (edit,), f"{short(node)} may be missing", risk)


def _only_if(node: Node) -> Iterator[Repair]:
    top = assignment(node)
    statement = top.parent if top else None
    if top is None or statement is None:
        return
    check = is_present(node, node.text)
    edit = None
    if statement.kind == "ExpressionStatement":
        outer = statement.parent
        dangling = statement.role == "thenStatement" and outer and outer.child("elseStatement")
        edit = None if dangling else insert(statement, f"if ({check}) ")
    elif statement.kind == "ArrowFunction" and wants_nothing(statement):
        inner = top
        while inner.kind == "ParenthesizedExpression" and (deeper := inner.child("expression")):
            inner = deeper
        edit = replace(top, f"{{ if ({check}) {inner.text}; }}")
    if edit:
        risk = "where it was null, this threw an error; now nothing is assigned"
        yield Repair(NAME, "guard", (edit,), f"{short(node)} may be missing", risk)
