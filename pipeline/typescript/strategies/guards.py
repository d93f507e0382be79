"""Checks before the first statement that needs what may be null: an early return, or an error with a message."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit, indent_at, newline_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import (
    GIVEN,
    TAKEN,
    USED,
    assignment,
    described,
    is_absent,
    is_present,
    kept_in_closures,
    peers,
    short,
    subject,
)
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.flow import (
    LINKS,
    always,
    bare,
    before,
    chain_top,
    home_of,
    inside,
    leave,
    operator,
    quote_of,
    stable,
    statement_of,
    unused,
    unwrapped,
)
from pipeline.typescript.strategies.fresh import name_for
from pipeline.typescript.strategies.receiving import fails
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "null-guard"
CODES = (USED | GIVEN | TAKEN) - {2538}
_EFFECTS = frozenset(("CallExpression", "NewExpression", "AwaitExpression", "YieldExpression"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield a check for the expression that may be null, before the first statement that it serves."""
    node = subject(one, world)
    if node is None or node.place is None:
        return
    if one.code in GIVEN and not (_found(node, world) and (fails(node, world) or _awaited(node))):
        return
    if one.code not in GIVEN and not _read(node, one):
        return
    if stable(node):
        yield from _early(node, peers(node, world), world)
    if not stable(node) or node.kind == "ElementAccessExpression":
        yield from _kept(node, world, given=one.code in GIVEN)


def _read(node: Node, one: Diagnostic) -> bool:
    """Whether the code fails there without the value; arithmetic and comparisons go on with NaN."""
    parent = unwrapped(node).parent
    if parent is None or one.code in TAKEN:
        return parent is not None
    if parent.kind in LINKS or parent.kind in ("SpreadElement", "ForOfStatement"):
        return True
    return parent.kind == "VariableDeclaration" or operator(parent) in ("in", "instanceof")


def _awaited(node: Node) -> bool:
    """Whether the value says what an async function is to fetch: without it there is nothing to go on with."""
    call = unwrapped(node).parent
    outer = unwrapped(call).parent if call else None
    fetched = outer is not None and outer.kind == "AwaitExpression"
    return fetched and unwrapped(node).role == "arguments" and leave(node, "", "'").startswith("throw")


def _found(node: Node, world: World) -> bool:
    """Whether the value was looked for and may not be there; what is optional may be left out on purpose."""
    source = bare(node)
    if source.kind == "Identifier":
        values = [one.child("initializer") for one in world.declarations(source.symbol)]
        return len(values) == 1 and values[0] is not None and bare(values[0]).kind == "CallExpression"
    return source.kind in ("CallExpression", "ElementAccessExpression")


def _early(node: Node, uses: list[Node], world: World) -> Iterator[Repair]:
    """Yield a check before the first statement that needs it and that stands in a block around this use."""
    closures = kept_in_closures(node, world)
    places: list[tuple[Node, Node]] = []
    for use in uses:
        if use.start > node.start:
            break
        statement = statement_of(use)
        if statement is None or statement.parent is None or not always(use, statement):
            continue
        if not statement.parent.contains(node) or (home_of(use) is not home_of(node) and not closures):
            continue
        places.append((use, statement))
    for use, statement in places:
        away = leave(statement, described(use, world), quote_of(statement.tree.source))
        if edit := before(statement, f"if ({is_absent(use, use.text)}) {away}"):
            yield Repair(NAME, "guard", (edit,), f"{short(use)} may be missing", _leaving(away))


def _leaving(away: str) -> str:
    if away == "return;":
        return "where it was null, the next lines threw an error; now the function ends there"
    return "where it was null, the next lines failed; now an error with a message is thrown before them"


def _kept(node: Node, world: World, *, given: bool) -> Iterator[Repair]:
    """Yield a constant with the value, checked, for an expression that has to be evaluated once."""
    statement = statement_of(node)
    if statement is None or not always(node, statement) or not _first(node, statement):
        return
    if statement.kind in ("WhileStatement", "DoStatement", "ForStatement"):
        return
    name = name_for(node)
    place = statement.tree.place(statement.start, statement.start + 1)
    swap = replace(node, name)
    if place is None or swap is None:
        return
    source = statement.tree.source
    gap = newline_of(source) + indent_at(source, place[0])
    why = f"{short(node)} may be missing"
    top = chain_top(node)
    lonely = (assignment(node) or (top if unused(top) else None)) if not given else None
    if lonely is not None and lonely.parent is statement:
        text = f"const {name} = {node.text};{gap}if ({is_present(node, name)}) "
        edit = inside(statement, statement.start, text)
        risk = "where it was null, this threw an error; now nothing is done"
    else:
        away = leave(statement, described(node, world), quote_of(source))
        edit = before(statement, f"const {name} = {node.text};{gap}if ({is_absent(node, name)}) {away}")
        risk = _leaving(away)
    if edit is None:
        return
    if edit.start == swap.start:  # the expression opens the statement: one edit does both
        yield Repair(NAME, "guard", (Edit(edit.file, swap.start, swap.end, edit.text + name),), why, risk)
    else:
        yield Repair(NAME, "guard", (edit, swap), why, risk)


def _first(node: Node, statement: Node) -> bool:
    """Whether nothing with an effect runs in the statement before the expression."""
    return not any(
        one.kind in _EFFECTS and one.end <= node.start and not one.contains(node) for one in statement.walk()
    )
