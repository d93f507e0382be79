"""Names that nothing reads: imports, variables, parameters, private members, types, labels, unreachable statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "unused"
CODES = frozenset((6133, 6138, 6192, 6196, 6198, 6199, 7027, 7028))
_TYPES = ("InterfaceDeclaration", "TypeAliasDeclaration")
_FIXES = frozenset(("unusedIdentifier", "fixUnreachableCode", "fixUnusedLabel"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the removal of the name; what its value does besides is kept."""
    node = world.node(one)
    declaration = node and (node.parent if node.role == "name" else node)
    if declaration is not None and declaration.kind == "Parameter":
        yield from _parameter(declaration)
        return
    if declaration is not None:
        yield from _type(declaration)
    for fix in world.source.fixes(one):
        if fix.name in _FIXES and all(edit.file in world.editable for edit in fix.edits):
            yield Repair(NAME, "unused", fix.edits, fix.title)
    if declaration is not None and declaration.kind == "VariableDeclaration":
        yield from _effect(declaration)
    if declaration is not None and declaration.kind in ("VariableDeclaration", "BindingElement"):
        yield from _prefixed(declaration)


def line_of(node: Node) -> Edit | None:
    """Return the edit that removes a node with its line, and the comment block that documents it."""
    place = node.place
    if place is None:
        return None
    source = node.tree.source
    start, end = place
    before = source.rfind("\n", 0, start) + 1
    after = source.find("\n", end)
    after = len(source) if after < 0 else after + 1
    if not source[before:start].strip() and not source[end:after].strip():
        start, end = before, after
        if block := re.search(r"[ \t]*/\*\*(?:(?!\*/)[\s\S])*\*/[ \t]*\r?\n$", source[:start]):
            start = block.start()
    return Edit(node.tree.file, start, end, "")


def _parameter(parameter: Node) -> Iterator[Repair]:
    function, name = parameter.parent, parameter.child("name")
    if function is None or name is None or name.kind != "Identifier":
        return
    row = function.all("parameters")
    before, after = (None, None)
    if row[-1] is parameter and function.role == "arguments":
        if len(row) > 1:
            start, end = row[-2].place, parameter.place
            before, after = (start[1] if start else None), (end[1] if end else None)
        elif end := parameter.place:
            bare = not function.text.removeprefix("async").lstrip().startswith(("(", "function"))
            edit = Edit(parameter.tree.file, *end, "()" if bare else "")
            yield Repair(NAME, "unused", (edit,), "the callback does not read its argument")
    if before is not None and after is not None:
        edit = Edit(parameter.tree.file, before, after, "")
        yield Repair(NAME, "unused", (edit,), "the callback does not read its last argument")
    if not parameter.all("modifiers") and (edit_name := insert(name, "_")):
        yield Repair(
            NAME, "unused", (edit_name,), "an underscore says that the parameter is not used on purpose"
        )


def _type(declaration: Node) -> Iterator[Repair]:
    if declaration.kind in _TYPES and (edit := line_of(declaration)):
        yield Repair(NAME, "type-only", (edit,), "nothing uses the type")


def _effect(declaration: Node) -> Iterator[Repair]:
    """Yield the statement without its variable: what the value's making does stays."""
    row = declaration.parent
    statement = row.parent if row else None
    value, name = declaration.child("initializer"), declaration.child("name")
    if (
        not row
        or not statement
        or not value
        or not name
        or statement.kind not in ("FirstStatement", "VariableStatement")
    ):
        return
    if len(row.all("declarations")) != 1 or statement.all("modifiers"):
        return
    if value.kind not in ("CallExpression", "NewExpression", "AwaitExpression"):
        return
    start, end = statement.place, value.place
    if start and end and not value.text.startswith(("(", "[", "`", "function", "class", "{", "async")):
        yield Repair(
            NAME, "unused", (Edit(value.tree.file, start[0], end[0], ""),), "only the call is needed"
        )


def _prefixed(declaration: Node) -> Iterator[Repair]:
    """Yield an underscore where the checker takes it for a name that is not used on purpose."""
    name = declaration.child("name")
    pattern = declaration.parent
    loop = pattern.parent if pattern else None
    listed = pattern is not None and pattern.kind == "ArrayBindingPattern"
    looped = loop is not None and loop.kind in ("ForOfStatement", "ForInStatement")
    if name and name.kind == "Identifier" and (listed or looped) and (edit := insert(name, "_")):
        yield Repair(NAME, "unused", (edit,), "an underscore says that the value is not used on purpose")
