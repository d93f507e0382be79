"""What a strategy is, and what it proposes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

# What a repair does to the JavaScript, in the order in which repairs are tried; proved by comparing what is emitted.
Level = Literal["type-only", "definite", "guard", "unused"]
# Statements that end with an expression: a parenthesis on the next line would go on with it.
_OPEN = frozenset(
    (
        "ExpressionStatement",
        "FirstStatement",
        "VariableStatement",
        "ReturnStatement",
        "ThrowStatement",
        "DoStatement",
    )
)
LEVELS: tuple[Level, ...] = ("type-only", "definite", "guard", "unused")


@dataclass(frozen=True)
class Repair:
    """Edits that should remove an error; `why` is for the person who reviews it, one sentence.

    `vague` marks evidence that contains any or unknown: it waits for the last round. `risk` says what could
    differ at run time, empty for a type-only repair.
    """

    strategy: str
    level: Level
    edits: tuple[Edit, ...]
    why: str
    risk: str = ""
    vague: bool = False


Propose = Callable[[Diagnostic, World], Iterable[Repair]]


class Strategy(Protocol):
    """A plain module: its name, the error codes it knows, and its proposals, the best first."""

    NAME: str
    CODES: frozenset[int]

    def propose(self, one: Diagnostic, world: World) -> Iterable[Repair]:
        """Return candidate repairs for an error; the checker decides which of them holds."""


def replace(node: Node, text: str) -> Edit | None:
    """Return the edit that replaces a node, None when it does not stand in the file."""
    place = node.place
    return Edit(node.tree.file, *place, apart(node, text)) if place else None


def insert(node: Node, text: str, *, after: bool = False) -> Edit | None:
    """Return the edit that puts a text before or after a node."""
    position = node.end if after else node.start
    inner = node.tree.place(position - 1, position) if after else node.tree.place(position, position + 1)
    if inner is None:
        return None
    at = inner[1] if after else inner[0]
    return Edit(node.tree.file, at, at, text if after else apart(node, text))


def apart(node: Node, text: str) -> str:
    """Return a text that may start a statement: `;(x as T).y` where the one before ends without a semicolon."""
    if not text.startswith(("(", "[")):
        return text
    first = next((one for one in (node, *node.up()) if one.kind == "ExpressionStatement"), None)
    if first is None or first.start != node.start or first.parent is None or first.role != "statements":
        return text
    earlier = [one for one in first.parent.all("statements") if one.end <= first.start]
    last = earlier[-1] if earlier else None
    ended = last is None or last.text.endswith(";") or (last.text.endswith("}") and last.kind not in _OPEN)
    return text if ended else f";{text}"
