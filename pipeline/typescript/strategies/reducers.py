"""Functions handed to `useReducer`: the state by the one it starts with, the action by all that is dispatched."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.calls import uses_of
from pipeline.typescript.strategies.parameters import annotate
from pipeline.typescript.strategies.writing import Written, write
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "reducer"
CODES = frozenset((7006, 7031))
_HOOKS = frozenset(("useReducer", "React.useReducer"))
_EXACT = frozenset(("StringLiteral", "NoSubstitutionTemplateLiteral", "NumericLiteral"))
# More kinds of actions than these deserve a named type, which a person gives.
_MOST = 6


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type of the state or of the action; both parameters at once where neither has one."""
    node = world.node(one)
    parameter = node and (node if node.kind == "Parameter" else node.above("Parameter"))
    function = parameter.parent if parameter else None
    call = _hook(function, world) if function else None
    if not parameter or not function or not call:
        return
    said = [_state(call, function, world), _actions(call, function, world)]
    edits: list[Edit] = []
    imports: list[Edit] = []
    vague = False
    for own, written in zip(function.all("parameters"), said, strict=False):
        if own.child("type") or own.child("initializer"):
            continue
        if written is None:
            return
        edits += annotate(own, f": {written.text}")
        imports += written.imports
        vague = vague or written.vague
    if edits:
        why = "the state starts as this, and these actions are dispatched"
        yield Repair(NAME, "type-only", combined(edits, imports), why, vague=vague)


def _hook(function: Node, world: World) -> Node | None:
    """Return the one call of `useReducer` that takes the function."""
    places = [function] if function.role == "arguments" else list(uses_of(function, world))
    calls = [one.parent for one in places if one.role == "arguments" and one.parent]
    found = [
        one
        for one in calls
        if (callee := one.child("expression"))
        and callee.text in _HOOKS
        and one.all("arguments")[0] in (function, *places)
    ]
    return found[0] if len(found) == 1 else None


def _state(call: Node, function: Node, world: World) -> Written | None:
    """Return `typeof start` for a constant that stands where the function can name it, else its type."""
    starts = call.all("arguments")[1:2]
    if not starts:
        return None
    start = starts[0]
    places = world.declarations(start.symbol) if start.kind == "Identifier" else []
    value = places[0].child("initializer") if len(places) == 1 else None
    whole = value is None or not any(one.text in ("[]", "null", "undefined", "{}") for one in value.walk())
    top = places[0].above("FirstStatement", "VariableStatement") if len(places) == 1 else None
    if (
        top
        and top.parent is function.tree.root
        and whole
        and value
        and value.kind.endswith("LiteralExpression")
    ):
        return Written(f"typeof {start.text}", (), vague=False)
    return write([start.type.widened], function, world) if start.type and whole else None


def _actions(call: Node, function: Node, world: World) -> Written | None:
    """Return the union of the objects that are dispatched, what tells them apart as it is."""
    declared = call.parent
    pattern = declared.child("name") if declared and declared.kind == "VariableDeclaration" else None
    dispatch = pattern.children[1].child("name") if pattern and len(pattern.children) > 1 else None
    literals: list[Node] = []
    for use in world.references(dispatch.symbol) if dispatch else ():
        if use is dispatch:
            continue
        given = use.parent.all("arguments") if use.parent and use.role == "expression" else []
        if len(given) != 1 or given[0].kind != "ObjectLiteralExpression":
            return None  # handed on, or given what was made elsewhere: nobody knows all actions
        literals += given
    kinds = set.intersection(*(_exact(one) for one in literals)) if literals else set()
    texts: dict[str, None] = {}
    imports: list[Edit] = []
    vague = False
    for literal in literals:
        written = _action(literal, kinds, function, world)
        if written is None:
            return None
        texts[written.text] = None
        imports += written.imports
        vague = vague or written.vague
    if not 0 < len(texts) <= _MOST:
        return None
    return Written(" | ".join(texts), tuple(dict.fromkeys(imports)), vague)


def _exact(literal: Node) -> set[str]:
    """Return the members that are given as plain literals: what tells actions apart is so in all of them."""
    return {
        name.text
        for one in literal.children
        if (name := one.child("name")) and (value := one.child("initializer")) and value.kind in _EXACT
    }


def _action(literal: Node, kinds: set[str], at: Node, world: World) -> Written | None:
    members: list[str] = []
    imports: list[Edit] = []
    vague = False
    for one in literal.children:
        name, value = one.child("name"), one.child("initializer") or one.child("name")
        if one.kind not in ("PropertyAssignment", "ShorthandPropertyAssignment") or not name or not value:
            return None
        if name.text in kinds:
            members.append(f"{name.text}: {value.text}")
            continue
        written = write([value.type.widened], at, world) if value.type else None
        if written is None:
            return None
        members.append(f"{name.text}: {written.text}")
        imports += written.imports
        vague = vague or written.vague
    return Written(f"{{ {'; '.join(members)} }}", tuple(imports), vague)
