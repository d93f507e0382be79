"""Members of classes that are used but not declared, or declared without a type: typed by all that is assigned."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit, indent_at, newline_of, unit_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.construction import sets_always
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writes import assigned, class_of, elements, of_this, writes_to
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "members"
CODES = frozenset((2339, 2551, 7008))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield a declaration of the member."""
    node = world.node(one)
    if node is None:
        return
    if one.code == 7008:
        yield from _typed(node, world)
        return
    access = node.parent
    owner = access.child("expression") if access else None
    if not access or access.kind != "PropertyAccessExpression" or not owner or owner.kind != "ThisKeyword":
        return
    cls = class_of(access)
    if cls is None or _static(access, cls):
        return
    for written, always in _types(cls, node.text, world):
        form = f"declare {node.text}: {written.text};"
        mild = f"declare {node.text}?: {written.text};"
        for text in (form,) if always else (mild, form):
            if edit := declaration(cls, text):
                why = f"{node.text} is assigned in the class but not declared"
                yield Repair(NAME, "type-only", combined((edit,), written.imports), why, vague=written.vague)


def _typed(node: Node, world: World) -> Iterator[Repair]:
    member = node if node.kind in ("PropertyDeclaration", "PropertySignature") else node.parent
    name = member.child("name") if member else None
    if not member or not name or member.child("type"):
        return
    if member.kind == "PropertyDeclaration" and member.parent:
        found = list(_types(member.parent, name.text, world))
    else:
        found = list(_by_symbol(name, world))
    for written, always in found:
        for text in (written.text,) if always else (written.or_("undefined").text, written.text):
            mark = member.child("questionToken") or member.child("exclamationToken") or name
            if edit := insert(mark, f": {text}", after=True):
                why = "what is assigned to it"
                yield Repair(NAME, "type-only", combined((edit,), written.imports), why, vague=written.vague)


def _types(cls: Node, name: str, world: World) -> Iterator[tuple[Written, bool]]:
    """Yield what a member can be, and whether the constructor always sets it."""
    uses = list(of_this(cls, name))
    always = sets_always(cls, name, world)
    found = writes_to(uses)
    pieces: list[Piece] = list(found.values)
    starts_empty = any(one.text == "never[]" for one in found.values)
    element = write(elements(found), cls, world) if starts_empty else None
    if element:
        text = Written(element.in_array, element.imports, element.vague)
        rest = [one for one in pieces if not _array(one)]
        yield text if not rest else _joined(rest, text, cls, world), always
    if written := write(pieces, cls, world):
        yield written, always
        if not written.vague:
            return
    for more in by_use(uses, world):
        if written := write((*pieces, *more), cls, world):
            yield written, always and bool(pieces)


def _array(piece: Piece) -> bool:
    return not isinstance(piece, str) and ("array" in piece.flags or piece.text == "never[]")


def _joined(rest: list[Piece], text: Written, at: Node, world: World) -> Written:
    nothing = sorted(
        {one.text for one in rest if not isinstance(one, str) and one.text in ("null", "undefined")}
    )
    for word in nothing:
        text = text.or_(word)
    others = [one for one in rest if isinstance(one, str) or one.text not in ("null", "undefined")]
    return (write((*others, text.text), at, world) or text) if others else text


def _by_symbol(name: Node, world: World) -> Iterator[tuple[Written, bool]]:
    uses = [one for one in world.references(name.symbol) if one is not name]
    pieces: list[Piece] = list(writes_to(uses).values)
    for use in uses:
        if use.parent and use.parent.kind == "PropertyAssignment" and use.role == "name":
            value = use.parent.child("initializer")
            pieces += [value.type] if value and value.type else []
    if written := write(pieces, name, world):
        yield written, True
    nodes = [one.parent for one in uses if one.parent and one.parent.kind == "PropertyAccessExpression"]
    for more in by_use([one for one in nodes if assigned(one) is None], world):
        if written := write((*pieces, *more), name, world):
            yield written, True


def _static(access: Node, cls: Node) -> bool:
    """Whether `this` is the class itself: in a static member."""
    member = access
    for one in access.up():
        if one is cls:
            break
        member = one
    return any(one.kind == "StaticKeyword" for one in member.all("modifiers"))


def declaration(cls: Node, text: str) -> Edit | None:
    """Return the edit that adds a member to a class: after its last property, or before its first member."""
    members = cls.all("members")
    properties = [one for one in members if one.kind == "PropertyDeclaration" and one.place]
    source = cls.tree.source
    newline = newline_of(source)
    if properties and (place := properties[-1].place):
        return insert(properties[-1], f"{newline}{indent_at(source, place[0])}{text}", after=True)
    if not members:
        return None
    first = members[0]
    opening = cls.tree.text.rfind("{", cls.start, first.start)
    inner = cls.tree.place(opening, opening + 1) if opening >= 0 else None
    place = first.place
    if not inner or not place:
        return None
    indent = indent_at(source, place[0]) or indent_at(source, inner[0]) + unit_of(source)
    return Edit(cls.tree.file, inner[1], inner[1], f"{newline}{indent}{text}{newline}")
