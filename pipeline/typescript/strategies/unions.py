"""Strings and numbers where one of a few is expected: the variable or the literal is told to be one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.writing import Written, write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "literal-unions"
CODES = frozenset((2322, 2345, 2769, 2820))
_LITERALS = frozenset(
    ("StringLiteral", "NumericLiteral", "NoSubstitutionTemplateLiteral", "TrueKeyword", "FalseKeyword")
)
# More literals than these deserve a name, which a person gives.
_MOST = 8
_PLAIN = frozenset(("string", "number"))
_HOLDERS = frozenset(("VariableDeclaration", "Parameter", "PropertyDeclaration"))
_NESTED = re.compile(r"Types of property '([^']+)' are incompatible|The types of '([^']+)' are incompatible")
_DEPTH = 4


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type of the variable, then `as const` at the literals that the value is made of."""
    node = world.node(one)
    value = _value(node) if node else None
    if node is None or value is None:
        return
    wanted = value.context or _wanted(node)
    names = [found for pair in _NESTED.findall(one.message) for found in pair if found]
    if names:
        yield from _typed(value, wanted, world)
        yield from _members(value, names[-1].rpartition(".")[2], world)
    elif wanted is not None and _loose(value.type, wanted):
        yield from _named(value, wanted, world)


def _value(node: Node) -> Node | None:
    """Return the value that does not fit, of the node that the checker points at."""
    parent = node.parent
    if node.kind == "ShorthandPropertyAssignment" or node.role in (
        "arguments",
        "initializer",
        "body",
        "elements",
    ):
        return node
    if node.kind == "ReturnStatement":
        return node.child("expression")
    if parent is None or node.role not in ("name", "left"):
        return node if parent and parent.kind == "ReturnStatement" else None
    if parent.kind == "BinaryExpression":
        return parent.child("right")
    inner = parent.child("initializer")
    return (inner.child("expression") or inner) if inner and inner.kind == "JsxExpression" else inner


def _wanted(node: Node) -> Type | None:
    parent = node.parent
    if parent and node.kind == "ShorthandPropertyAssignment":
        kinds = parent.context.members if parent.context else ()
        return next((one.type for kind in kinds for one in kind.properties if one.name == node.text), None)
    if node.role == "left" or (parent and parent.kind == "VariableDeclaration"):
        return node.type or (parent.type if parent else None)
    return None


def _loose(kind: Type | None, wanted: Type) -> bool:
    """Whether a plain string or number is given where literals of its kind are wanted."""
    if kind is None:
        return False
    literal = [one for one in wanted.members if "literal" in one.flags]
    return any(
        name in one.flags and "literal" not in one.flags
        for one in kind.members
        for name in ("string", "number")
        if any(name in each.flags for each in literal)
    )


def _quoted(text: str, source: str) -> str:
    return text.replace('"', "'") if source.count("'") > source.count('"') and "'" not in text else text


def _named(value: Node, wanted: Type, world: World) -> Iterator[Repair]:
    """Yield the annotation of what the value's name declares: a variable, a member, a function's result."""
    value = bare(value)
    name = value.child("name") if value.kind == "PropertyAccessExpression" else value
    if value.kind == "CallExpression":
        callee = value.child("expression")
        name = callee.child("name") or callee if callee else None
    for declared in world.declarations(name.symbol) if name else []:
        found = _said(wanted, declared, world)
        if found is None:
            continue
        text = _quoted(found.text, declared.tree.source)
        why = "it only ever holds one of these"
        for edit in _annotations(declared, text, value):
            yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)


def _said(wanted: Type, at: Node, world: World) -> Written | None:
    present = [one for one in wanted.members if not one.flags & {"undefined", "null"}]
    if (
        present
        and not wanted.name
        and all("literal" in one.flags and "enum" not in one.flags for one in present)
    ):
        if len(present) > _MOST:
            return None
        return Written(" | ".join(one.text for one in present), (), vague=False)
    return write([wanted], at, world)


def _annotations(declared: Node, text: str, value: Node) -> Iterator[Edit]:
    kind, inner, start = declared.child("type"), declared.child("name"), declared.child("initializer")
    edit = None
    if value.kind == "CallExpression":
        if kind and declared.kind in ("FunctionDeclaration", "MethodDeclaration") and kind.text in _PLAIN:
            edit = replace(kind, text)
    elif declared.kind == "PropertyAssignment":
        if start and start.kind in _LITERALS:
            edit = insert(start, f" as {text}", after=True)
    elif kind is not None:
        edit = replace(kind, text) if kind.text in _PLAIN else None
    elif inner and inner.kind == "Identifier" and declared.kind in _HOLDERS:
        edit = insert(declared.child("questionToken") or inner, f": {text}", after=True)
    if edit:
        yield edit


def _typed(value: Node, wanted: Type | None, world: World) -> Iterator[Repair]:
    """Yield the expected type for the variable whose literal the value is."""
    if wanted is None or value.kind != "Identifier":
        return
    for declared in world.declarations(value.symbol):
        start, inner = declared.child("initializer"), declared.child("name")
        if declared.kind != "VariableDeclaration" or declared.child("type") or not start or not inner:
            continue
        if bare(start).kind not in ("ObjectLiteralExpression", "ArrayLiteralExpression"):
            continue
        present = [one for one in wanted.members if not one.flags & {"undefined", "null"}]
        found = write(present, declared, world)
        if found and len(found.text) < 100 and (edit := insert(inner, f": {found.text}", after=True)):
            yield Repair(
                NAME, "type-only", (edit, *found.imports), "it is passed on as this", vague=found.vague
            )


def _members(value: Node, name: str, world: World) -> Iterator[Repair]:
    """Yield `as const` at the literals of one member, in all the object literals that the value is made of."""
    edits: dict[Edit, None] = {}
    for literal in _literals(value, world, _DEPTH):
        for one in literal.all("properties"):
            key, start = one.child("name"), one.child("initializer")
            if key and start and key.text.strip("'\"") == name and start.kind in _LITERALS:
                if edit := insert(start, " as const", after=True):
                    edits[edit] = None
            elif key and start and key.text.strip("'\"") == name and start.kind == "ConditionalExpression":
                for branch in (start.child("whenTrue"), start.child("whenFalse")):
                    if (
                        branch
                        and branch.kind in _LITERALS
                        and (edit := insert(branch, " as const", after=True))
                    ):
                        edits[edit] = None
    if edits:
        yield Repair(NAME, "type-only", tuple(edits), f"`{name}` is one of a few, not any string")


def _literals(value: Node, world: World, depth: int) -> Iterator[Node]:
    """Yield the object literals in an expression and in the declarations of what it names."""
    if depth == 0:
        return
    seen: set[int] = set()
    for one in value.walk():
        if one.kind == "ObjectLiteralExpression":
            yield one
        if one.kind != "Identifier" or not one.symbol or one.symbol.id in seen:
            continue
        seen.add(one.symbol.id)
        for declared in world.declarations(one.symbol):
            start = declared.child("initializer") if declared.kind == "VariableDeclaration" else None
            if start is not None and not declared.contains(value) and declared.child("type") is None:
                yield from _literals(start, world, depth - 1)
