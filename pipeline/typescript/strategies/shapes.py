"""Object types of the project that lack a member: an optional member is added where the type is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit, indent_at, newline_of, unit_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writes import assigned, outermost
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "shapes"
CODES = frozenset((2339, 2551, 2353, 2561, 2741, 2739, 2740, 2345, 2322))
_MEMBERS = ("PropertySignature", "PropertyDeclaration")
_LONGEST = 240


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the member for the type that lacks it, or the `?` for a member that is left out."""
    node = world.node(one)
    if node is None:
        return
    if one.code in (2339, 2551):
        yield from _read(node, world)
    elif one.code in (2353, 2561) or "Object literal may only specify known properties" in one.message:
        yield from _given(node, world)
    if one.code in (2741, 2739, 2740, 2345, 2322):
        yield from _left_out(one, world)
    if one.code in (2739, 2740, 2741):
        yield from _filled_later(node)


def written_at(kind: Type, world: World) -> Node | None:
    """Return the interface or type literal of the project in which a type's members are written."""
    if kind.shape and kind.shape.own:
        return world.at(kind.shape)
    for declared in world.declarations(kind.symbol):
        if declared.kind == "InterfaceDeclaration":
            return declared
        inner = declared.child("type") if declared.kind == "TypeAliasDeclaration" else None
        if inner is not None:
            return next((one for one in inner.walk() if one.kind == "TypeLiteral"), None)
    return None


def member_edit(shape: Node, text: str) -> Edit | None:
    """Return the edit that adds a member to an interface or type literal, written as its other members are."""
    members = shape.all("members")
    source = shape.tree.source
    if not members:
        place = shape.place
        if place is None or source[place[1] - 1] != "}":
            return None
        start = source.rfind("{", place[0], place[1]) + 1
        line = newline_of(source)
        outer = indent_at(source, place[0])
        new = (
            f"{line}{outer}{unit_of(source)}{text};{line}{outer}"
            if shape.kind != "TypeLiteral"
            else f" {text} "
        )
        return Edit(shape.tree.file, start, place[1] - 1, new)
    last = members[-1]
    place = last.place
    if place is None:
        return None
    mark = last.text[-1] if last.text[-1] in ";," else ""
    # A member on the line of the type's brace: the type is written on one line.
    if "\n" not in shape.text[: last.start - shape.start]:
        return Edit(shape.tree.file, place[1], place[1], f"{'' if mark else ';'} {text}{mark}")
    between = f"{newline_of(source)}{indent_at(source, place[0])}"
    return Edit(shape.tree.file, place[1], place[1], f"{between}{text}{mark}")


def _added(kind: Type, name: str, value: Written, world: World, why: str) -> Iterator[Repair]:
    """Yield `name?: value` in every type of the project that lacks the member."""
    edits: list[Edit] = []
    for one in kind.members:
        if one.flags & {"null", "undefined"} or any(prop.name == name for prop in one.properties):
            continue
        shape = written_at(one, world)
        edit = member_edit(shape, f"{name}?: {value.text}") if shape else None
        if edit is None:
            return
        edits.append(edit)
    if edits:
        yield Repair(NAME, "type-only", (*edits, *value.imports), why, vague=value.vague)


def _read(node: Node, world: World) -> Iterator[Repair]:
    access = node.parent
    owner = access.child("expression") if access else None
    if (
        access is None
        or owner is None
        or node.role != "name"
        or owner.type is None
        or owner.kind == "ThisKeyword"
    ):
        return
    kind = owner.type
    whole = outermost(access)
    value = assigned(whole)
    known = [
        prop.type for one in kind.members for prop in one.properties if prop.name == node.text and prop.type
    ]
    at = next((shape for one in kind.members if (shape := written_at(one, world))), None)
    for pieces in _evidence(whole, value, known, world):
        if at is not None and (found := write(pieces, at, world)):
            why = f"`{node.text}` is used on it but not declared"
            yield from _added(kind, node.text, found, world, why)
    if known and "union" in kind.flags and value is None:
        yield from _inside(access, owner, node.text)
    elif value is not None and at is None:
        yield from _annotated(owner, node.text, value, world)


def _evidence(
    whole: Node, value: Node | None, known: list[Type], world: World
) -> Iterator[tuple[Piece, ...]]:
    if known:
        yield tuple(known)
    elif value is not None and value.type:
        yield (value.type,)
    else:
        yield from by_use([whole], world)
        yield ("string",)


def _inside(access: Node, owner: Node, name: str) -> Iterator[Repair]:
    """Yield `'x' in owner ? owner.x : undefined` for a member that some types of a union have."""
    if owner.kind not in ("Identifier", "PropertyAccessExpression") or access.role == "left":
        return
    text = f"('{name}' in {owner.text} ? {access.text} : undefined)"
    if edit := replace(access, text):
        yield Repair(
            NAME, "guard", (edit,), f"only some of the objects have `{name}`; the others give undefined"
        )


def _annotated(owner: Node, name: str, value: Node, world: World) -> Iterator[Repair]:
    """Yield a type for a variable that starts as an object literal and gets a member later."""
    for declared in world.declarations(owner.symbol) if owner.kind == "Identifier" else []:
        start, inner = declared.child("initializer"), declared.child("name")
        if declared.kind != "VariableDeclaration" or declared.child("type") or not start or not inner:
            continue
        kind = start.type
        if start.kind != "ObjectLiteralExpression" or kind is None or not kind.properties or not value.type:
            continue
        parts = [(prop.name, write([prop.type], declared, world)) for prop in kind.properties if prop.type]
        more = write([value.type], declared, world)
        if more is None or any(found is None for _, found in parts):
            continue
        texts = [f"{key}: {found.text}" for key, found in parts if found] + [f"{name}?: {more.text}"]
        text = "{ " + "; ".join(texts) + " }"
        if len(text) <= _LONGEST and (edit := insert(inner, f": {text}", after=True)):
            imports = {each for _, found in parts if found for each in found.imports} | set(more.imports)
            why = f"the object gets `{name}` after it is made"
            yield Repair(NAME, "type-only", (edit, *sorted(imports)), why, vague=more.vague)


def _given(node: Node, world: World) -> Iterator[Repair]:
    """Yield the member for a literal that has one more than its type; also for what a component is given."""
    holder = node.parent if node.role == "name" else node
    literal = holder.parent if holder else None
    if holder is None or literal is None or node.role != "name":
        return
    value = holder.child("initializer") or node
    if value.kind == "JsxExpression":
        value = value.child("expression") or value
    kind = literal.context
    name = node.text if re.fullmatch(r"[\w$]+", node.text) else f"'{node.text.strip(chr(39) + chr(34))}'"
    for one in kind.members if kind else ():
        shape = written_at(one, world)
        found = write([value.type], shape, world) if shape and value.type else None
        edit = member_edit(shape, f"{name}?: {found.text}") if shape and found else None
        if found and edit:
            why = f"the object is given `{name}`, which its type does not have"
            yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)


def _left_out(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the `?` for the members that a value leaves out, where they are declared."""
    names = re.findall(r"Property '([\w$]+)' is missing in type", one.message)
    edits = []
    for file, start, message in one.related:
        if any(f"'{name}' is declared here" in message for name in names):
            edits += [edit for tree in world.trees(file) if (edit := _optional(tree.at(start, start)))]
    if edits:
        yield Repair(NAME, "type-only", tuple(edits), "it is left out where the object is made")


def _optional(name: Node) -> Edit | None:
    member = name if name.kind in _MEMBERS else name.parent
    inner = member.child("name") if member else None
    if member is None or inner is None or member.kind not in _MEMBERS or member.child("questionToken"):
        return None
    if mark := member.child("exclamationToken"):
        return replace(mark, "?")
    return insert(inner, "?", after=True)


def _filled_later(node: Node) -> Iterator[Repair]:
    """Yield `Partial<T>` for a variable that starts as `{}`."""
    declared = node if node.kind == "VariableDeclaration" else node.parent
    kind = declared.child("type") if declared and declared.kind == "VariableDeclaration" else None
    start = declared.child("initializer") if declared else None
    if (
        kind
        and start
        and bare(start).kind == "ObjectLiteralExpression"
        and (edit := replace(kind, f"Partial<{kind.text}>"))
    ):
        yield Repair(NAME, "type-only", (edit,), "the object starts without all of its members")
