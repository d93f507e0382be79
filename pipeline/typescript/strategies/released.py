"""Members that are not there before something is set up, or no longer once it is given up: declared so, and asked for.

The declaration says what is true of it: set to null, deleted, or not set by the constructor. Statements that only do
something with the member do nothing without it; the others of a function are left out by one check before them.
A member that would need more checks than a few stays as it is: a person has to decide there.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import assignment, is_target
from pipeline.typescript.strategies.annotate import or_word
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import (
    LINKS,
    always,
    before,
    chain_top,
    leave,
    link,
    quote_of,
    stable,
    statement_of,
    unused,
)
from pipeline.typescript.strategies.flowing import asked, spread
from pipeline.typescript.strategies.naming import joined
from pipeline.typescript.strategies.writes import assigned, outermost
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "released"
CODES = frozenset((2322, 2564, 2790))
_NOTHING = ("null", "undefined")
# How many uses may be left to other repairs: more than those cannot be told to hold together.
_MOST_LEFT = 2
_MOST_CHECKS = 6
_RISK = "used when it was not there, this threw an error; now nothing is done, or an error with a message is thrown"


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the declaration of what may be missing, together with the checks that its uses then need."""
    name = _member(one, world)
    places = world.declarations(name.symbol) if name else []
    if not name or len(places) != 1 or places[0].kind != "PropertyDeclaration" or not places[0].child("type"):
        return
    declared = places[0]
    uses = [outermost(use) for use in world.references(name.symbol) if use.parent is not declared]
    null, gone = _lost(uses)
    late = gone or any(each.code == 2564 and _member(each, world) is name for each in _here(name, world))
    checks = list(_checks([use for use in uses if not _known(use)]))
    guards = [edit for edit in checks if edit]
    if not guards or len(guards) > _MOST_CHECKS or checks.count(None) > _MOST_LEFT:
        return
    words = [word for word, said in zip(_NOTHING, (null, late), strict=True) if said]
    why = f"{name.text} is not there before it is set up, or once it is given up"
    for edits in dict.fromkeys((_declared(declared, words, optional=gone), spread(declared, words, world))):
        if edits:
            yield Repair(NAME, "guard", joined((*edits, *guards)), why, _RISK)


def _member(one: Diagnostic, world: World) -> Node | None:
    """Return the name in the declaration of the member that an error is about."""
    node = world.node(one)
    if node is None:
        return None
    if one.code == 2564:
        declared = node if node.kind == "PropertyDeclaration" else node.above("PropertyDeclaration")
        return declared.child("name") if declared else None
    kinds = ("BinaryExpression",) if one.code == 2322 else ("DeleteExpression",)
    outer = next((each for each in (node, *node.up()) if each.kind in kinds), None)
    left = outer.child("left") or outer.child("expression") if outer else None
    right = outer.child("right") if outer else None
    owner = left.child("expression") if left and left.kind == "PropertyAccessExpression" else None
    if not outer or not left or not owner or owner.kind != "ThisKeyword" or not unused(outer):
        return None
    if one.code == 2322 and (right is None or right.text not in _NOTHING):
        return None
    name = left.child("name")
    places = world.declarations(name.symbol) if name else []
    return places[0].child("name") if len(places) == 1 else None


def _here(name: Node, world: World) -> list[Diagnostic]:
    return [one for one in world.errors if one.file == name.tree.file and one.code == 2564]


def _lost(uses: list[Node]) -> tuple[bool, bool]:
    """Return whether some use sets the member to null, and whether some use deletes it or sets it to undefined."""
    values = {value.text for use in uses if (value := assigned(use))}
    deleted = any(use.parent and use.parent.kind == "DeleteExpression" for use in uses)
    return "null" in values, deleted or "undefined" in values


def _declared(member: Node, words: list[str], *, optional: bool) -> tuple[Edit, ...]:
    token, name, type_ = member.child("exclamationToken"), member.child("name"), member.child("type")
    said = [word for word in words if word != "undefined" or not optional]
    mark = None
    if optional and name and not member.child("questionToken"):
        mark = replace(token, "?") if token else insert(name, "?", after=True)
    return ((mark,) if mark else ()) + (or_word(type_, said) if type_ and said else ())


def _known(use: Node) -> bool:
    """Whether a use asks before, comes after an assignment of its function, or does not look into the member."""
    if assigned(use) or use.parent is None or use.parent.kind not in LINKS or use.role != "expression":
        return True
    return use.parent.child("questionDotToken") is not None or asked(use) or _set_before(use)


def _set_before(use: Node) -> bool:
    function = use.function
    for one in function.walk() if function else ():
        if one.start >= use.start:
            return False
        given = assigned(one) if one.kind == use.kind and one.text == use.text else None
        statement = one.above("ExpressionStatement") if given and given.text not in _NOTHING else None
        if statement and statement.parent and statement.parent.contains(use) and one.function is function:
            return True
    return False


def _checks(uses: list[Node]) -> Iterator[Edit | None]:
    """Yield the edits that let the uses do without the member; None for a use whose value is needed all the same."""
    checked: list[tuple[str, Node | None, Node]] = []
    for use in sorted(uses, key=lambda one: (one.tree.file, one.start)):
        if any(
            text == use.text and home is use.function and block.contains(use) for text, home, block in checked
        ):
            continue
        statement = statement_of(use)
        if edit := _skipped(use):
            yield edit
        elif statement and statement.parent and stable(use) and always(use, statement):
            quote = quote_of(use.tree.source)
            yield before(statement, f"if (!{use.text}) {leave(statement, f'{use.text} is missing', quote)}")
            checked.append((use.text, use.function, statement.parent))
        else:
            yield None


def _skipped(use: Node) -> Edit | None:
    """Return the edit with which the statement does nothing without the member."""
    if not is_target(use):
        return link(use) if unused(chain_top(use)) else None
    top = assignment(use)
    statement = top.parent if top else None
    plain = statement and statement.kind == "ExpressionStatement" and statement.role == "statements"
    return insert(statement, f"if ({use.text}) ") if statement and plain else None
