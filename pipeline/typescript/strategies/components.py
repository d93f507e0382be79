"""Properties that a Vue component declares in an object: typed by what elements give, required where all give it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from pipeline.typescript.edits import Edit, indent_at, newline_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import GIVEN, USED, subject
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writes import outermost
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "component-props"
CODES = USED | GIVEN
_COMES_FROM = "The expected type comes from property"
_EMPTY = frozenset(("null", "undefined", "[]", "{}"))
_NO_TYPE = frozenset(("null", "undefined"))
_HELD = frozenset(("default", "required"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type of the empty default of a property, then `required` for one that every element gives."""
    if one.code == 2322 and (declared := _expected(one, world)):
        yield from _typed(declared, world)
    node = subject(one, world)
    if node is not None and (found := _property(node, world)):
        yield from _required(found, world)


def _option(declared: Node) -> Node | None:
    """Return the options of a property, `{ type: ..., default: ... }`, when the node declares one of a component."""
    options, shape = declared.child("initializer"), declared.parent
    if declared.kind != "PropertyAssignment" or not options or options.kind != "ObjectLiteralExpression":
        return None
    around = shape.parent if shape else None
    name = around.child("name") if around and around.kind == "PropertyAssignment" else None
    callee = around.child("expression") if around and around.kind == "CallExpression" else None
    of_object = name is not None and name.text == "props"
    return options if of_object or (callee is not None and callee.text == "defineProps") else None


def _member(options: Node, name: str) -> Node | None:
    found = [one for one in options.all("properties") if (key := one.child("name")) and key.text == name]
    return found[0].child("initializer") if len(found) == 1 else None


# What an element gives that its empty default does not let in


def _expected(one: Diagnostic, world: World) -> Node | None:
    """Return the declaration of the property that an element gives something else to."""
    for file, start, message in one.related:
        if not message.startswith(_COMES_FROM):
            continue
        tree = next((tree for tree in world.trees(file) if tree.name == file), None)
        declared = tree.at(start, start + 1).parent if tree else None
        if declared is not None and _option(declared):
            return declared
    return None


def _typed(declared: Node, world: World) -> Iterator[Repair]:
    options, name = _option(declared), declared.child("name")
    start, kind = (_member(options, "default"), _member(options, "type")) if options else (None, None)
    if not start or not name or bare(start) is not start or "".join(start.text.split()) not in _EMPTY:
        return
    if kind is not None and kind.text not in _NO_TYPE:
        return
    for found in _kinds(declared, name, start, world):
        if edit := insert(start, f" as {found.text}", after=True):
            why = f"elements give {name.text} this, and the component takes it"
            yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)


def _kinds(declared: Node, name: Node, start: Node, world: World) -> Iterator[Written]:
    """Yield what the component uses the property as, then what elements give, then lists of that too."""
    uses = [outermost(one) for one in world.references(name.symbol) if one is not name]
    nothing = [start.text] if start.text in _NO_TYPE else []
    for pieces in by_use(uses, world):
        if found := write([*pieces, *nothing], start, world):
            yield found
    given = _given(declared, world)
    if given and (found := write([*given, *nothing], start, world)):
        single = start.kind == "ArrayLiteralExpression" and not found.text.endswith("[]")
        text = f"{found.text} | {found.in_array}" if single else found.text
        yield Written(text, found.imports, found.vague)


def _given(declared: Node, world: World) -> list[Piece]:
    """Return the types of what elements give and what does not fit yet."""
    pieces: list[Piece] = []
    for one in world.errors:
        if one.code == 2322 and _expected(one, world) is declared:
            node = world.node(one)
            value = node.parent.child("initializer") if node and node.parent and node.role == "name" else None
            pieces += [value.type] if value and value.type else []
    return pieces


# What every element gives


def _property(node: Node, world: World) -> Node | None:
    """Return the declaration of the optional property that an expression is, or that its constant holds."""
    held = bare(node)
    for _ in range(3):
        name = held.child("name") if held.kind == "PropertyAccessExpression" else held
        places = world.declarations(name.symbol if name else None)
        if len(places) != 1:
            return None
        if places[0].kind == "PropertyAssignment":
            options = _option(places[0])
            keys = (
                {key.text for one in options.all("properties") if (key := one.child("name"))}
                if options
                else _HELD
            )
            return None if keys & _HELD else places[0]
        start = places[0].child("initializer") if places[0].kind == "VariableDeclaration" else None
        if start is None:
            return None
        held = bare(start)
    return None


def _required(declared: Node, world: World) -> Iterator[Repair]:
    options, name = _option(declared), declared.child("name")
    if not options or not name or not _every_element_gives(declared.tree.file, name.text.strip("'\""), world):
        return
    edit = _last(options, "required: true")
    if edit:
        why = f"every element of the component gives {name.text}"
        yield Repair(NAME, "guard", (edit,), why, "while developing, Vue warns where it is not given")


def _last(options: Node, text: str) -> Edit | None:
    """Return the edit that adds a member at the end of an object literal, written as the others are."""
    properties = options.all("properties")
    place = properties[-1].place if properties else None
    if place is None or options.place is None:
        return None
    source = options.tree.source
    own_line = "\n" in source[options.place[0] : place[0]]
    between = newline_of(source) + indent_at(source, place[0]) if own_line else " "
    return Edit(options.tree.file, place[1], place[1], f",{between}{text}")


def _every_element_gives(file: str, name: str, world: World) -> bool:
    """Whether the component is used in templates only, and each of its elements gives the property."""
    stem = PurePosixPath(file).stem if file.endswith(".vue") else ""
    found: list[bool] = []
    for other, text in sorted(world.texts.items()):
        names = {one for word in _imported(text, file) for one in (word, _kebab(word))}
        if other == file:
            names |= {stem, _kebab(stem)}
        for tag in names - {""}:
            # Any other mention may be an element that is made by a function.
            word = re.compile(rf"(?<![\w$./-]){re.escape(tag)}(?![\w$-])")
            elements = re.findall(rf"<{re.escape(tag)}(?=[\s/>])((?:[^\"'>]|\"[^\"]*\"|'[^']*')*)>", text)
            closing = len(re.findall(rf"</{re.escape(tag)}\s*>", text))
            mentions = len(word.findall(_IMPORTS.sub("", _COMMENTS.sub("", text))))
            if mentions != len(elements) + closing and not (other == file and tag == stem):
                return False
            found += [_gives(attributes, name) for attributes in elements]
    return bool(found) and all(found)


_IMPORTS = re.compile(r"^\s*import\b[^;]*?\bfrom\s*[\"'][^\"']*[\"'];?", re.MULTILINE)
_COMMENTS = re.compile(r"<!--.*?-->|/\*.*?\*/", re.DOTALL)


def _imported(text: str, file: str) -> Iterator[str]:
    """Yield the names under which a text imports a file by default."""
    path = PurePosixPath(file)
    for found in re.finditer(r"\bimport\s+(\w+)\s+from\s*[\"']([^\"']+)[\"']", text):
        if found[2].endswith(f"/{path.name}") or found[2].endswith(f"/{path.stem}"):
            yield found[1]


def _gives(attributes: str, name: str) -> bool:
    words = {name, _kebab(name)}
    return any(
        re.search(rf"(?:^|\s)(?::|v-bind:|v-model:)?{re.escape(one)}\s*=", attributes) for one in words
    )


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
