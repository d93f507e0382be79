"""A constant declared as present whose next statement throws where it is not: the check is the proof."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import subject
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import LINKS
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "checked-next"
CODES = frozenset((2322,))
_PLAIN = LINKS | {"Identifier", "AwaitExpression", "NewExpression"}


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `as T` for the value, when the statement after the declaration throws for null and undefined."""
    value = subject(one, world)
    declared = value.parent if value else None
    if not value or not declared or declared.kind != "VariableDeclaration" or value.kind not in _PLAIN:
        return
    name, type_ = declared.child("name"), declared.child("type")
    statement = next((one for one in declared.up() if one.role == "statements"), None)
    if not name or not type_ or not statement or not statement.parent:
        return
    if not re.match(r"(?:export\s+)?const\b", statement.text):
        return
    siblings = statement.parent.all("statements")
    following = siblings[siblings.index(statement) + 1 :]
    if (
        following
        and _throws_without(following[0], name.text)
        and (edit := insert(value, f" as {type_.text}", after=True))
    ):
        why = f"the next statement throws an error where {name.text} is missing"
        yield Repair(NAME, "type-only", (edit,), why)


def _throws_without(statement: Node, name: str) -> bool:
    test = statement.child("expression") if statement.kind == "IfStatement" else None
    body = statement.child("thenStatement")
    if test is None or body is None:
        return False
    last = body.all("statements")[-1:] if body.kind == "Block" else [body]
    return test.text in (f"!{name}", f"{name} == null") and bool(last) and last[0].kind == "ThrowStatement"
