"""`const size = wide ? [16, 9] : [4, 3]`, read as size[0] and size[1] only: declared as the tuple that it is."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import GIVEN, USED
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import assigned, bare, is_const
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "tuple"
CODES = GIVEN | USED
_LONGEST = 4


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the tuple type of the constant lists that are read by number at the place of an error."""
    node = world.node(one)
    for access in node.walk() if node else ():
        held, key = access.child("expression"), access.child("argumentExpression")
        if not held or not key or held.kind != "Identifier" or not key.text.isdigit():
            continue
        for declared in world.declarations(held.symbol):
            yield from _annotated(declared, int(key.text), world)


def _annotated(declared: Node, key: int, world: World) -> Iterator[Repair]:
    name, start = declared.child("name"), declared.child("initializer")
    if not name or not start or declared.child("type") or not is_const(name.symbol, [declared]):
        return
    lists = list(_lists(start))
    sizes = {len(one.all("elements")) for one in lists}
    if len(sizes) != 1 or not key < min(sizes) <= _LONGEST or any(_spread(one) for one in lists):
        return
    if not all(_read(use) for use in world.references(name.symbol) if use is not name):
        return
    columns = zip(*(one.all("elements") for one in lists), strict=True)
    parts = [write([one.type for one in column if one.type], declared, world) for column in columns]
    texts = [one.text for one in parts if one]
    edit = insert(name, f": [{', '.join(texts)}]", after=True) if len(texts) == len(parts) else None
    if edit:
        imports = [each for one in parts if one for each in one.imports]
        vague = any(one.vague for one in parts if one)
        why = f"{name.text} always has {len(texts)} elements and is only read by number"
        yield Repair(NAME, "type-only", combined((edit,), imports), why, vague=vague)


def _lists(value: Node) -> Iterator[Node]:
    """Yield the array literals that a value is one of; of anything else, itself."""
    value = bare(value)
    if value.kind == "ConditionalExpression":
        for role in ("whenTrue", "whenFalse"):
            if inner := value.child(role):
                yield from _lists(inner)
    else:
        yield value


def _spread(one: Node) -> bool:
    return one.kind != "ArrayLiteralExpression" or any(
        each.kind in ("SpreadElement", "OmittedExpression") for each in one.all("elements")
    )


def _read(use: Node) -> bool:
    """Whether a use reads one element by its number."""
    access = use.parent
    key = access.child("argumentExpression") if access else None
    return bool(access and key and use.role == "expression" and key.text.isdigit() and not assigned(access))
