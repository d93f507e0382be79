"""A type that a module no longer exports, while a member that bears its name has it: exported again from there."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import newline_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import quote_of
from pipeline.typescript.strategies.modules import target_of
from pipeline.typescript.tree import Node, Tree
from pipeline.typescript.world import World

NAME = "vanished-type"
CODES = frozenset((2305,))
_ENDINGS = ("", "s", "es", "d", "ed", "List", "Items")


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `export type Harvest = NonNullable<Planting['harvested']>[number];` after the interface of the member."""
    node = world.node(one)
    specifier = node and (node if node.kind == "ImportSpecifier" else node.above("ImportSpecifier"))
    statement = specifier.above("ImportDeclaration") if specifier else None
    source = statement.child("moduleSpecifier") if statement else None
    tree = target_of(source, world) if source else None
    name = (specifier.child("propertyName") or specifier.child("name")) if specifier else None
    local = specifier.child("name") if specifier else None
    if not specifier or not tree or not name or not local or tree.segments is not None:
        return
    found = [
        member
        for member in _members(tree, name.text)
        if _needed(specifier.tree, local.text) <= _names(member)
    ]
    if len(found) != 1:
        return
    member = found[0]
    owner, own, kind = member.parent, member.child("name"), member.child("type")
    title = owner.child("name") if owner else None
    if not owner or not own or not kind or not title:
        return
    quote = quote_of(tree.source)
    text = f"{title.text}[{quote}{own.text}{quote}]"
    text = f"NonNullable<{text}>" if member.child("questionToken") else text
    text = f"{text}[number]" if kind.kind == "ArrayType" else text
    gap = newline_of(tree.source)
    if edit := insert(owner, f"{gap}{gap}export type {name.text} = {text};", after=True):
        why = f"the only shape in {tree.file} that bears the name and has the members that are read"
        yield Repair(NAME, "type-only", (edit,), why)


def _members(tree: Tree, name: str) -> Iterator[Node]:
    """Yield the members of exported interfaces that are named after the type and have a shape without a name."""
    wanted = {(name[:1].lower() + name[1:] + ending).lower() for ending in _ENDINGS}
    for holder in tree.root.children:
        exported = any(one.kind == "ExportKeyword" for one in holder.all("modifiers"))
        if holder.kind != "InterfaceDeclaration" or not exported or holder.all("typeParameters"):
            continue
        for member in holder.all("members"):
            own = member.child("name")
            if own and own.text.lower() in wanted and _shape(member):
                yield member


def _shape(member: Node) -> Node | None:
    kind = member.child("type")
    inner = kind.child("elementType") if kind and kind.kind == "ArrayType" else kind
    return inner if inner and inner.kind == "TypeLiteral" else None


def _names(member: Node) -> set[str]:
    shape = _shape(member)
    return {name.text for one in (shape.all("members") if shape else ()) if (name := one.child("name"))}


def _needed(tree: Tree, name: str) -> set[str]:
    """Return the members that are read of values of the type: of parameters, and of what goes through lists of it."""
    found: set[str] = set()
    for node in tree.nodes:
        if node.kind != "TypeReference" or node.text != name:
            continue
        listed = node.parent is not None and node.parent.kind == "ArrayType"
        holder = node.above("Parameter", "VariableDeclaration")
        own = holder.child("name") if holder else None
        uses = (
            [one for one in tree.by_symbol.get(own.symbol.id, ()) if one is not own]
            if own and own.symbol
            else []
        )
        if listed:
            uses = [each for one in uses for each in _items(one)]
        found |= {
            read.text
            for one in uses
            if one.parent and one.parent.kind == "PropertyAccessExpression" and one.role == "expression"
            if (read := one.parent.child("name"))
        }
    return found


def _items(use: Node) -> Iterator[Node]:
    """Yield the uses of the elements of a list: of the first parameter of a callback, or of a loop's variable."""
    access = use.parent
    call = access.parent if access and access.kind == "PropertyAccessExpression" else None
    callback = next(iter(call.all("arguments")), None) if call and call.kind == "CallExpression" else None
    own = None
    if callback and callback.all("parameters"):
        own = callback.all("parameters")[0].child("name")
    elif access and access.kind == "ForOfStatement":
        own = next((one.child("name") for one in access.walk() if one.kind == "VariableDeclaration"), None)
    if own and own.symbol:
        yield from (one for one in own.tree.by_symbol.get(own.symbol.id, ()) if one is not own)
