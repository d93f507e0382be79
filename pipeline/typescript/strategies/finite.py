"""`x !== undefined && !isNaN(x)`: undefined is no number, so the check changes nothing and says it to the checker."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import subject
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.loops import operands
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "number-check"
CODES = frozenset((2345, 2532, 18048))
_TEST = re.compile(r"!\s*(?:window\.)?isNaN\(([\w$.]+)\)|(?:window\.|Number\.)?isFinite\(([\w$.]+)\)")


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the check before the test of the same value, in the condition that it stands in or that holds there."""
    node = subject(one, world)
    members = node.type.members if node and node.type else ()
    if node is None or not all(each.flags & {"number", "undefined"} for each in members):
        return
    for test in _tests(node):
        found = _TEST.fullmatch(test.text)
        if found and node.text in found.groups():
            if edit := insert(test, f"{node.text} !== undefined && "):
                why = f"{node.text} may be undefined, which is no number"
                yield Repair(NAME, "guard", (edit,), why, "none: the result is the same")
            return


def _tests(node: Node) -> Iterator[Node]:
    """Yield the operands of the conditions around a node."""
    inner = node
    for outer in node.up():
        if outer.is_function:
            return
        if outer.kind == "IfStatement" and inner.role in ("expression", "thenStatement"):
            yield from operands(outer.child("expression"))
        inner = outer
