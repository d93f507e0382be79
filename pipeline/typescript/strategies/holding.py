"""State that holds null or undefined too: the type argument of `ref`, `useState`, `writable` says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import or_word
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare, operator
from pipeline.typescript.strategies.literals import MAKERS
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import NOTHING, Node, Type
from pipeline.typescript.world import World

NAME = "state-holds"
CODES = frozenset((2322, 2345))
_WORDS = frozenset(("null", "undefined"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `| undefined` in the type argument of the call that makes the state, or such a type argument."""
    node = world.node(one)
    if node is None:
        return
    for maker, value in _made(node, world):
        words = sorted(one.text for one in (value.type.members if value.type else ()) if one.text in _WORDS)
        written = maker.all("typeArguments")
        if words and len(written) == 1 and (edits := or_word(written[0], words)):
            yield Repair(NAME, "type-only", edits, f"it holds {' or '.join(words)} too")
        elif words and not written:
            yield from _told(maker, words, world)


def _made(node: Node, world: World) -> Iterator[tuple[Node, Node]]:
    """Yield the calls that make state, each with the value that the state is given."""
    parent = node.parent
    if parent is None:
        return
    if parent.kind == "CallExpression" and node.role == "arguments":
        if _makes(parent):
            yield parent, node
        callee = parent.child("expression")
        yield from ((maker, node) for maker in _makers(callee, world) if callee)
    elif parent.kind == "BinaryExpression" and node.role == "left" and operator(parent) == "=":
        right = parent.child("right")
        holder = node.child("expression") if node.text.endswith(".value") else node
        name = holder.child("name") or holder if holder else None
        yield from ((maker, right) for maker in _makers(name, world) if right)


def _makers(name: Node | None, world: World) -> Iterator[Node]:
    """Yield the call that a name is declared with: alone, or as the setter beside the state."""
    for declared in world.declarations(name.symbol) if name and name.kind == "Identifier" else ():
        pattern = declared.parent if declared.kind == "BindingElement" else None
        second = pattern and pattern.kind == "ArrayBindingPattern" and pattern.children[1:2] == [declared]
        holder = pattern.parent if pattern and second else declared
        start = holder.child("initializer") if holder and holder.kind == "VariableDeclaration" else None
        if start is not None and _makes(bare(start)):
            yield bare(start)


def _makes(call: Node) -> bool:
    callee = call.child("expression") if call.kind == "CallExpression" else None
    return callee is not None and callee.text.rpartition(".")[2] in MAKERS


def _told(maker: Node, words: Sequence[str], world: World) -> Iterator[Repair]:
    first, callee = next(iter(maker.all("arguments")), None), maker.child("expression")
    kind = first.type.widened if first and first.type else None
    if kind is None or callee is None or _says_nothing(kind):
        return
    found = write([kind, *words], maker, world)
    if found and (edit := insert(callee, f"<{found.text}>", after=True)):
        why = f"it holds {' or '.join(words)} too"
        yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)


def _says_nothing(kind: Type) -> bool:
    return all(bool(one.flags & NOTHING) for one in kind.members) or kind.text in ("never[]", "{}")
