"""Classes and functions: override, members that do not fit their base, `this` without a type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "classes"
CODES = frozenset((4113, 4114, 4116, 2416, 2683, 2610, 2612))
_EVENTS = frozenset(("addEventListener", "on", "once", "each"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the modifier, the base's type of a member, or the type of `this`."""
    node = world.node(one)
    if node is None:
        return
    if one.code in (4114, 4116, 4113):
        for fix in world.source.fixes(one):
            if fix.name == "fixOverrideModifier":
                yield Repair(NAME, "type-only", fix.edits, fix.title)
    elif one.code == 2683:
        yield from _this(node, world)
    elif one.code == 2612:
        member = node.parent
        if member and member.kind == "PropertyDeclaration" and (edit := insert(member, "declare ")):
            yield Repair(
                NAME, "type-only", (edit,), "the base class declares the member; here only its type is told"
            )
    elif one.code == 2416:
        yield from _member(one, node, world)


def _this(node: Node, world: World) -> Iterator[Repair]:
    """Yield `this: T` for a function whose `this` is what it is attached to."""
    function = node.above("FunctionExpression", "FunctionDeclaration")
    if function is None or any(one.text.startswith("this") for one in function.all("parameters")):
        return
    for kind in _receivers(function, world):
        found = write([kind], function, world)
        parameters = function.all("parameters")
        text = f"this: {found.text}" if found else ""
        if found and parameters:
            edit = insert(parameters[0], f"{text}, ")
        elif found:
            head = re.search(r"\(\s*\)", function.text)
            body = function.child("body")
            place = (
                function.tree.place(function.start + head.start() + 1, function.start + head.end())
                if head
                else None
            )
            if not head or not body or not place or function.start + head.start() > body.start:
                continue
            edit = Edit(function.tree.file, place[0], place[0], text)
        else:
            continue
        if edit:
            yield Repair(NAME, "type-only", (edit, *found.imports), "this is what the function is called on")


def _receivers(function: Node, world: World) -> Iterator[Type]:
    """Yield the types of what a function is attached to, called on, or bound to."""
    parent = function.parent
    callee = parent.child("expression") if parent and parent.kind == "CallExpression" else None
    name = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
    owner = callee.child("expression") if callee else None
    if name and name.text in _EVENTS and owner and owner.type:
        yield owner.type
    if parent and parent.kind == "BinaryExpression" and function.role == "right":
        left = parent.child("left")
        holder = left.child("expression") if left and left.kind == "PropertyAccessExpression" else None
        if holder and holder.text.endswith(".prototype"):
            inner = holder.child("expression")
            instance = (
                next((call.returns for call in inner.type.calls if call.returns), None)
                if inner and inner.type
                else None
            )
            if instance:
                yield instance
        elif holder and holder.type:
            yield holder.type
    inner_name = function.child("name")
    for use in world.references(inner_name.symbol) if inner_name else []:
        access = use.parent
        method = access.child("name") if access and access.kind == "PropertyAccessExpression" else None
        call = access.parent if access else None
        if method and method.text in ("call", "apply", "bind") and call and use.role == "expression":
            first = next(iter(call.all("arguments")), None)
            if first and first.type and not first.type.flags & {"any", "unknown", "null", "undefined"}:
                yield first.type


def _member(one: Diagnostic, node: Node, world: World) -> Iterator[Repair]:
    """Yield the base's type where a member of a subclass is declared with another."""
    member = node.parent
    kind = member.child("type") if member else None
    wanted = re.search(r"Type '[^']*' is not assignable to type '([^']*)'\.?$", one.message.splitlines()[-1])
    if member and member.kind == "PropertyDeclaration" and kind and wanted:
        base = next(
            (
                prop.type
                for clause in (member.parent.all("heritageClauses") if member.parent else [])
                for each in clause.children
                for prop in (each.type.properties if each.type else ())
                if prop.name == node.text
            ),
            None,
        )
        found = write([base], member, world) if base else None
        if found and (edit := replace(kind, found.text)):
            yield Repair(NAME, "type-only", (edit, *found.imports), "the base class declares the member so")
