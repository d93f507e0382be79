"""Values of type unknown: what a catch clause caught, entries of loosely typed objects, results without a type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.calls import passed
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import NOTHING, Node
from pipeline.typescript.world import World

NAME = "unknown"
CODES = frozenset((18046, 2571, 2339, 2345, 2322, 2362, 2363, 2365, 2698, 2769, 2488, 2349))
_LOOSE = frozenset(("unknown", "object", "{}", "Record<string, unknown>", "Object", "unknown[]", "object[]"))
_ENTRIES = {"Object.entries": "[string, {}][]", "Object.values": "{}[]"}
_OF_ERROR = {"message": "String({})", "stack": "undefined", "name": "undefined", "cause": "undefined"}
_DEPTH = 5


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the check of a caught value, then the type of where the value comes from, then a cast of the value."""
    node = world.node(one)
    value = node and _loose_value(node)
    if value is None:
        return
    if caught := _caught(value):
        yield from _error(value, caught)
        return
    yield from _sources(value, world)
    yield from _casts(value, world)


def _loose_value(node: Node) -> Node | None:
    """Return the expression of type unknown that an error is about: the node, or what its member is taken of."""
    parent = node.parent
    owner = parent.child("expression") if parent and node.role == "name" else None
    for one in (bare(node), bare(owner) if owner else None):
        if one is not None and one.type and one.type.text in _LOOSE:
            return one
    return None


def _caught(value: Node) -> Node | None:
    """Return the catch clause whose variable a name is."""
    for place in value.symbol.declarations if value.kind == "Identifier" and value.symbol else ():
        if place.name == value.tree.name:
            declared = value.tree.at(place.start, place.end)
            clause = declared.parent
            if clause and clause.kind == "CatchClause" and declared.child("type") is None:
                return clause
            if declared.kind == "CatchClause":
                return declared
    return None


def _error(value: Node, clause: Node) -> Iterator[Repair]:
    """Yield `e instanceof Error ? e.message : String(e)`, for Errors the same as before."""
    del clause
    access = value.parent
    name = access.child("name") if access and access.kind == "PropertyAccessExpression" else None
    risk = "a thrown value that is not an Error is now told as it is, before its member was undefined"
    if access and name and value.role == "expression":
        other = _OF_ERROR.get(name.text)
        if other is not None and not access.child("questionDotToken"):
            text = f"{value.text} instanceof Error ? {access.text} : {other.format(value.text)}"
            if edit := replace(access, text if _alone(access) else f"({text})"):
                yield Repair(NAME, "guard", (edit,), "anything can be thrown, mostly it is an Error", risk)
            return
        if edit := replace(value, f"({value.text} as {{ {name.text}?: {_guess(access)} }})"):
            yield Repair(
                NAME, "type-only", (edit,), f"the code takes it that what is thrown has `{name.text}`"
            )
    elif value.role == "arguments" and value.context:
        yield from _handed_on(value, value.context.text, risk)


def _handed_on(value: Node, wanted: str, risk: str) -> Iterator[Repair]:
    text, why = "", "anything can be thrown, mostly it is an Error"
    if wanted in ("Error", "Error | undefined", "Error | null"):
        text = f"{value.text} instanceof Error ? {value.text} : new Error(String({value.text}))"
    elif wanted == "string":
        text, why = f"String({value.text})", "anything can be thrown, and a string is wanted"
        risk = "an Error was handed on as it is, now its text is"
    if text and (edit := replace(value, text)):
        yield Repair(NAME, "guard", (edit,), why, risk)


def _guess(access: Node) -> str:
    expected = access.context
    if expected and expected.text in ("string", "number", "boolean"):
        return expected.text
    return "string" if access.text.endswith((".code", ".message", ".name", ".stack")) else "unknown"


def _alone(node: Node) -> bool:
    """Whether a conditional expression may stand in the node's place without parentheses."""
    parent = node.parent
    if parent is None:
        return False
    return node.role in ("arguments", "initializer") or parent.kind in (
        "ReturnStatement",
        "TemplateSpan",
        "ParenthesizedExpression",
        "ElementAccessExpression",
    )


def _declared(name: Node, world: World) -> Node | None:
    found = world.declarations(name.symbol)
    return found[0] if len(found) == 1 else None


def _sources(value: Node, world: World) -> Iterator[Repair]:
    """Yield the types of declarations whose annotation says less than what they are given."""
    seen: set[int] = set()
    open_nodes: list[Node] = [value]
    for _ in range(_DEPTH):
        following: list[Node] = []
        for node in open_nodes:
            for declared in _origins(node, world):
                if declared.index in seen:
                    continue
                seen.add(declared.index)
                yield from _retyped(declared, world)
                if inner := declared.child("initializer"):
                    following.append(bare(inner))
                following += _iterated(declared)
        open_nodes = following


def _origins(node: Node, world: World) -> Iterator[Node]:
    inner = node
    while inner.kind in (
        "ElementAccessExpression",
        "PropertyAccessExpression",
        "CallExpression",
        "AwaitExpression",
    ):
        callee = inner.child("expression")
        if inner.kind == "CallExpression" and callee and callee.text in _ENTRIES:
            callee = next(iter(inner.all("arguments")), None)
        if callee is None:
            return
        inner = bare(callee)
    if inner.kind == "Identifier" and (declared := _declared(inner, world)):
        yield declared


def _iterated(declared: Node) -> Iterator[Node]:
    """Yield what a loop, a destructuring or a callback takes a name's value from."""
    for one in declared.up():
        if one.kind == "ForOfStatement":
            if inner := one.child("expression"):
                yield bare(inner)
            return
        if one.kind == "VariableDeclaration" and (value := one.child("initializer")):
            yield bare(value)
            return
        if one.is_function:
            call = one.parent
            callee = call.child("expression") if call and call.kind == "CallExpression" else None
            inner = (
                callee.child("expression") if callee and callee.kind == "PropertyAccessExpression" else None
            )
            if inner is not None:
                yield bare(inner)
            return


def _retyped(declared: Node, world: World) -> Iterator[Repair]:
    kind = declared.child("type")
    if kind is None or kind.text not in _LOOSE:
        return
    value, name = declared.child("initializer"), declared.child("name")
    if declared.kind == "VariableDeclaration" and value and value.type and name and not value.type.vague:
        start, end = name.place, kind.place
        if start and end and value.type.text not in _LOOSE:
            edit = Edit(declared.tree.file, start[1], end[1], "")
            yield Repair(NAME, "type-only", (edit,), "the value says more than the annotation")
    if declared.kind == "Parameter":
        pieces = passed(declared, world).pieces
        found = _table(pieces, declared, world) if kind.text.startswith("Record<") else None
        found = found or write(pieces, declared, world)
        edit_type = found and replace(kind, found.text)
        if found and edit_type and found.text not in _LOOSE:
            why = "what callers pass says more than the annotation"
            yield Repair(NAME, "type-only", (edit_type, *found.imports), why, vague=found.vague)


def _table(pieces: Iterable[Piece], at: Node, world: World) -> Written | None:
    """Return `Record<string, V>` for object literals that are passed where any keys may come."""
    literals = [one for one in pieces if not isinstance(one, str) and one.literal]
    found = write([prop.type for one in literals for prop in one.properties if prop.type], at, world)
    return Written(f"Record<string, {found.text}>", found.imports, found.vague) if found else None


def _casts(value: Node, world: World) -> Iterator[Repair]:
    """Yield casts to what the code uses the value as: where it is made when it has a name, else in its place."""
    if value.type is None or value.type.text not in ("unknown", "{}", "unknown[]"):
        return
    declared = _declared(value, world) if value.kind == "Identifier" else None
    uses = [value]
    if declared is not None and (name := declared.child("name")):
        uses = [one for one in world.references(name.symbol) if one is not name]
    for pieces in by_use(uses, world):
        found = write(_present(pieces), value, world)
        if found is None:
            continue
        if declared is not None:
            yield from _at_making(declared, found)
        elif edit := replace(value, f"({value.text} as {found.text})"):
            why = "the code uses the value as this"
            yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)


def _present(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces without null and undefined: what takes them takes the rest, too."""
    for piece in pieces:
        if isinstance(piece, str):
            yield re.sub(r"\((\w+) \| undefined\)|(\w+) \| undefined\b", r"\1\2", piece)
        elif piece.nullable:
            yield from (one for one in piece.members if not one.flags & NOTHING)
        else:
            yield piece


def _at_making(declared: Node, found: Written) -> Iterator[Repair]:
    made = declared.child("initializer")
    why = "the code uses the value as this"
    if declared.kind == "VariableDeclaration" and made and declared.child("type") is None:
        if edit := insert(made, f" as {found.text}", after=True):
            yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)
        return
    pattern = declared.parent
    index = pattern.all("elements").index(declared) if pattern and declared.kind == "BindingElement" else -1
    if index == 1 or declared.kind in ("VariableDeclaration", "Parameter"):
        for source in _iterated(declared):
            callee = source.child("expression") if source.kind == "CallExpression" else None
            form = _ENTRIES.get(callee.text) if callee else None
            if form and (edit := replace(source, f"({source.text} as {form.format(found.text)})")):
                yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)
