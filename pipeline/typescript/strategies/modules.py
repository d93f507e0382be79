"""Imports and exports: names that are missing, exported otherwise, not exported, or types only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Level, Repair, insert, replace
from pipeline.typescript.tree import Node, Tree
from pipeline.typescript.world import World

NAME = "modules"
CODES = frozenset(
    (2304, 2503, 2552, 2305, 2613, 2614, 2459, 2460, 2724, 1484, 1485, 2748, 1205, 1371, 1361, 2834, 2835)
)
_TYPES = frozenset(("InterfaceDeclaration", "TypeAliasDeclaration"))
_DECLARED = frozenset(
    (
        *_TYPES,
        "ClassDeclaration",
        "EnumDeclaration",
        "FunctionDeclaration",
        "FirstStatement",
        "VariableStatement",
    )
)
_FIXES: dict[str, Level] = {
    "import": "type-only",
    "convertToTypeOnlyImport": "type-only",
    "convertToTypeOnlyExport": "type-only",
}


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the language service's import when it is the only one, then the export that is missing."""
    fixes = [fix for fix in world.source.fixes(one) if fix.name in _FIXES]
    imports = [fix for fix in fixes if fix.name == "import"]
    for fix in fixes:
        # Several modules export the name: which is meant, only a person knows.
        alone = fix.name != "import" or len({_source(each.title) for each in imports}) == 1
        if alone and all(edit.file in world.editable for edit in fix.edits):
            yield Repair(NAME, _FIXES[fix.name], fix.edits, fix.title)
    node = world.node(one)
    if node is None:
        return
    if one.code in (2834, 2835):
        yield from _extension(one, node)
    elif one.code in (2305, 2459, 2460, 2613, 2614, 2724):
        yield from _exported(node, world)


def _source(title: str) -> str:
    found = re.findall(r"[\"']([^\"']+)[\"']", title)
    return found[-1] if found else title


def _extension(one: Diagnostic, node: Node) -> Iterator[Repair]:
    said = re.search(r"Did you mean '([^']+)'", one.message)
    if (
        said
        and node.kind == "StringLiteral"
        and (edit := replace(node, f"{node.text[0]}{said[1]}{node.text[0]}"))
    ):
        yield Repair(NAME, "guard", (edit,), "the module is found under its file's whole name")


def _exported(node: Node, world: World) -> Iterator[Repair]:
    """Yield `export` at a declaration that an import names, or the import by default or by name that was meant."""
    specifier = node if node.kind == "ImportSpecifier" else node.above("ImportSpecifier")
    statement = node.above("ImportDeclaration")
    source = statement.child("moduleSpecifier") if statement else None
    tree = target_of(source, world) if source else None
    inner = (specifier.child("propertyName") or specifier.child("name")) if specifier else node
    if tree is None or inner is None:
        return
    for declared in tree.root.children:
        if declared.kind in _DECLARED and _name(declared) == inner.text and tree.segments is None:
            kinds = {one.kind for one in declared.all("modifiers")}
            edit = insert(declared, "export ") if "ExportKeyword" not in kinds else None
            if edit:
                level: Level = "type-only" if declared.kind in _TYPES else "guard"
                yield Repair(
                    NAME, level, (edit,), f"{tree.file} declares `{inner.text}` but does not export it"
                )
    if specifier and statement:
        yield from _renamed(specifier, inner, tree)


def target_of(source: Node, world: World) -> Tree | None:
    """Return the tree of the module of ours that an import names."""
    for place in source.symbol.declarations if source.symbol else ():
        if place.own:
            return next((tree for tree in world.trees(place.file) if tree.name == place.name), None)
    return None


def _name(declared: Node) -> str:
    if name := declared.child("name"):
        return name.text
    row = declared.child("declarationList")
    only = row.all("declarations") if row else []
    name = only[0].child("name") if len(only) == 1 else None
    return name.text if name else ""


def _renamed(specifier: Node, inner: Node, tree: Tree) -> Iterator[Repair]:
    """Yield the only export whose name differs in case alone."""
    names = {
        _name(one)
        for one in tree.root.children
        if any(m.kind == "ExportKeyword" for m in one.all("modifiers"))
    }
    close = [name for name in names if name.lower() == inner.text.lower()]
    plain = len(close) == 1 and specifier.child("propertyName") is None
    if plain and (edit := replace(inner, f"{close[0]} as {inner.text}")):
        yield Repair(NAME, "guard", (edit,), f"{tree.file} exports it as `{close[0]}`")
