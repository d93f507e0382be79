"""What a project keeps on `window`: declared where it is put there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit, newline_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.flow import operator
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Node, Tree
from pipeline.typescript.world import World

NAME = "window-member"
CODES = frozenset((2339, 2551, 7017))
_WINDOW = re.compile(r"Window & typeof globalThis|typeof globalThis|Window")


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield a declaration of the member, as it is assigned, else as it is used; first as one that may be missing."""
    node = world.node(one)
    if node is None or not _on_window(node):
        return
    name = node.text
    uses = _uses(name, world)
    assigned = [value for use in uses if (value := _assigned(use))]
    tree = _home([*(value.tree for value in assigned), node.tree, *(use.tree for use in uses)])
    if tree is None:
        return
    if assigned:
        found = write([one.type.widened for one in assigned if one.type], tree.root, world)
        if found is None:
            return
        text, edits, vague, why = found.text, found.imports, found.vague, "as it is assigned"
    else:
        called = any(use.parent and use.parent.role == "expression" and _called(use) for use in uses)
        text, edits, vague = ("(...args: unknown[]) => void" if called else "unknown"), (), True
        why = "as it is used"
    global_this = bool(
        (held := node.parent and node.parent.child("expression")) and held.text == "globalThis"
    )
    for mark in ("?", ""):
        if edit := _declaration(tree, name, f"{mark}: {text}", variable=global_this):
            yield Repair(NAME, "type-only", (*edits, edit), f"window.{name} is declared {why}", vague=vague)


def _on_window(node: Node) -> bool:
    held = node.parent.child("expression") if node.parent and node.role == "name" else None
    return bool(held and held.type and _WINDOW.fullmatch(held.type.text))


def _uses(name: str, world: World) -> list[Node]:
    files = [file for file, text in world.texts.items() if re.search(rf"\.{re.escape(name)}\b", text)]
    world.load(files)
    return [
        node
        for file in sorted(files)
        for tree in world.trees(file)
        for node in tree.nodes
        if node.role == "name" and node.text == name and node.kind == "Identifier" and _on_window(node)
    ]


def _assigned(use: Node) -> Node | None:
    access = use.parent
    parent = access.parent if access and access.role == "left" else None
    if parent is None or parent.kind != "BinaryExpression" or operator(parent) not in ("=", "||=", "??="):
        return None
    value = parent.child("right")
    return value if value and value.text not in ("null", "undefined") else None


def _called(use: Node) -> bool:
    access = use.parent
    return bool(access and access.parent and access.parent.kind == "CallExpression")


def _home(trees: list[Tree]) -> Tree | None:
    """Return the first of the scripts in which `declare global` may stand: a module."""
    return next((one for one in trees if (one.module and one.part != "main") or one.segments is None), None)


def _declaration(tree: Tree, name: str, rest: str, *, variable: bool) -> Edit | None:
    """Return the edit that declares a member of Window after the imports, or in the block that has others."""
    line = newline_of(tree.source)
    inner = f"var {name}{rest.removeprefix('?')};" if variable else f"{name}{rest};"
    for node in tree.nodes:
        known = node.child("name") if node.kind == "InterfaceDeclaration" else None
        if not variable and known and known.text == "Window" and (place := node.place):
            end = place[1] - 1
            start = tree.source.rfind("\n", 0, place[0]) + 1
            indent = tree.source[start : place[0]]
            at = tree.source.rfind("\n", 0, end) + 1
            return Edit(tree.file, at, at, f"{indent}  {inner}{line}") if not indent.strip() else None
    body = inner if variable else f"interface Window {{{line}    {inner}{line}  }}"
    text = f"declare global {{{line}  {body}{line}}}"
    if not tree.module:
        text = f"interface Window {{{line}  {inner}{line}}}" if not variable else f"declare {inner}"
    statements = [one for one in tree.root.children if one.place and one.kind != "EndOfFileToken"]
    imports = [one for one in statements if one.kind == "ImportDeclaration"]
    if imports and (place := imports[-1].place):
        start = tree.source.rfind("\n", 0, place[0]) + 1
        indent = tree.source[start : place[0]]
        indent = indent if not indent.strip() else ""
        shifted = f"{line}{indent}".join(text.split(line))
        return Edit(tree.file, place[1], place[1], f"{line}{line}{indent}{shifted}")
    if statements and (place := statements[0].place):
        return Edit(tree.file, place[0], place[0], f"{text}{line}{line}")
    return None
