"""The one object that a component or function takes: its shape from JSX elements, calls, defaults and uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.typescript.edits import Edit, indent_at, newline_of, unit_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies import calls
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.calls import Passed
from pipeline.typescript.strategies.parameters import annotate
from pipeline.typescript.strategies.usage import accesses, by_use
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "props"
CODES = frozenset((7006, 7031, 2304))

_WIDE = 90
_DEPTH = 3


@dataclass(frozen=True)
class Member:
    """One member of the shape."""

    name: str
    text: str
    optional: bool

    def __str__(self) -> str:
        key = self.name if re.fullmatch(r"[A-Za-z_$][\w$]*", self.name) else f"'{self.name}'"
        return f"{key}{'?' if self.optional else ''}: {self.text}"


@dataclass(frozen=True)
class Shape:
    """An object type: its members, what it extends, its imports, and whether its evidence is vague."""

    members: tuple[Member, ...]
    extends: str
    imports: tuple[Edit, ...]
    vague: bool

    @property
    def text(self) -> str:
        """The shape on one line."""
        inner = "{ " + "; ".join(map(str, self.members)) + " }"
        return f"{self.extends} & {inner}" if self.extends and self.members else self.extends or inner


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type of the whole pattern, or the missing `interface Props` of an Astro component."""
    node = world.node(one)
    if node is None:
        return
    if one.code == 2304:
        if one.file.endswith(".astro") and node.text == "Props":
            yield from _astro(node, world)
        return
    parameter = node if node.kind == "Parameter" else node.above("Parameter")
    name = parameter.child("name") if parameter else None
    function = parameter.parent if parameter else None
    if not parameter or not name or not function or parameter.child("type"):
        return
    if one.code == 7031:
        yield from _expected(parameter, world)
    elif not any(True for _ in calls.elements_of(function, world)):
        return
    for blind in (False, True):
        shape = shape_of(name, given_to(parameter, function, world), world, use_only=blind)
        if shape is None or not (shape.members or shape.extends):
            continue
        edits = _placed(shape, parameter, function)
        if edits:
            why = "what its callers pass and how it uses it"
            yield Repair(NAME, "type-only", combined(edits, shape.imports), why, vague=shape.vague)


def _expected(parameter: Node, world: World) -> Iterator[Repair]:
    expected = next(calls.expected(parameter, world), None)
    written = write((expected,), parameter, world) if expected else None
    edits = annotate(parameter, f": {written.text}") if written else []
    if written and edits:
        why = "what it is passed on to"
        yield Repair(NAME, "type-only", combined(edits, written.imports), why, vague=written.vague)


def given_to(parameter: Node, function: Node, world: World) -> dict[str, Passed]:
    """Return what is known to be passed, by the name of the member."""
    found: dict[str, Passed] = (
        dict(calls.props_of(function, world) or {}) if _first(parameter, function) else {}
    )
    pieces = [one for one in calls.passed(parameter, world).pieces if not isinstance(one, str)]
    shapes = [one for one in pieces if one.properties]
    for shape in shapes:
        for prop in shape.properties:
            if prop.type and prop.name not in found:
                types: list[Piece] = [
                    own.type for one in shapes for own in one.properties if own.name == prop.name and own.type
                ]
                everywhere = all(any(own.name == prop.name for own in one.properties) for one in shapes)
                found[prop.name] = Passed(tuple(types), prop.optional or not everywhere)
    return found


def _first(parameter: Node, function: Node) -> bool:
    return function.all("parameters")[:1] == [parameter]


def shape_of(
    name: Node, given: dict[str, Passed], world: World, *, use_only: bool, depth: int = 0
) -> Shape | None:
    members: list[Member] = []
    imports: list[Edit] = []
    vague, extends = False, ""
    for key, value, default, inner in _keys(name, world):
        if key == "":
            extends = _rest(inner, world)
            if not extends:
                return None
            continue
        passed = Passed(()) if use_only else given.get(key, Passed((), bool(given)))
        if value.kind == "ObjectBindingPattern" and not passed.pieces and depth < _DEPTH:
            nested = shape_of(value, {}, world, use_only=use_only, depth=depth + 1)
            if nested is None:
                return None
            members.append(Member(key, nested.text, optional=default is not None))
            imports += nested.imports
            vague = vague or nested.vague
            continue
        text, more, unsure = _member(key, passed, default, inner, world, name)
        optional = (
            default is not None or passed.optional or (key not in given and bool(given) and not use_only)
        )
        members.append(Member(key, text, optional=optional))
        imports += more
        vague = vague or unsure
    for key, passed in given.items():
        if extends or use_only or key == "children" or key in {one.name for one in members}:
            continue
        if written := write(passed.pieces, name, world):
            members.append(Member(key, written.text, optional=True))
            imports += written.imports
    return Shape(tuple(members), extends, tuple(dict.fromkeys(imports)), vague)


def _keys(name: Node, world: World) -> Iterator[tuple[str, Node, Node | None, list[Node]]]:
    """Yield each member's name, the node that takes it, its default, and the expressions that use it."""
    if name.kind == "ObjectBindingPattern":
        for element in name.children:
            own, key = element.child("name"), element.child("propertyName")
            if not own:
                continue
            uses = [one for one in world.references(own.symbol) if one is not own]
            rest = element.child("dotDotDotToken") is not None
            yield "" if rest else (key or own).text.strip("'\""), own, element.child("initializer"), uses
        return
    uses = [one for one in world.references(name.symbol) if one is not name]
    by_name: dict[str, list[Node]] = {}
    for access in accesses(uses):
        member = access.child("name")
        if member:
            by_name.setdefault(member.text, []).append(access)
    for word, nodes in by_name.items():
        yield word, name, None, nodes


def _member(
    key: str, passed: Passed, default: Node | None, uses: Sequence[Node], world: World, at: Node
) -> tuple[str, tuple[Edit, ...], bool]:
    if key == "children" and (text := _children(at, world)):
        return text[0], text[1], False
    pieces: list[Piece] = list(passed.pieces)
    if table := _table(pieces, uses, at, world):
        return table.text, table.imports, table.vague
    if default is not None and default.type and default.type.text not in ("never[]", "{}", "undefined"):
        pieces.append(default.type)
    if pieces and (written := write(pieces, at, world)) and not written.vague:
        return written.text, written.imports, False
    for more in by_use(uses, world):
        if written := write(
            [*more, *([default.type] if default and default.type and default.type.text == "null" else [])],
            at,
            world,
        ):
            return written.text, written.imports, written.vague
    if pieces and (written := write(pieces, at, world)):
        return written.text, written.imports, True
    if uses and all(
        one.parent and one.parent.kind == "JsxExpression" and one.parent.role == "children" for one in uses
    ):
        return (text[0], text[1], False) if (text := _children(at, world)) else ("string", (), False)
    return "unknown", (), True


def _table(pieces: Sequence[Piece], uses: Sequence[Node], at: Node, world: World) -> Written | None:
    """Return `Record<string, V>` for literals whose members are all alike and that are read under computed keys."""
    keys = [
        key
        for one in uses
        if one.role == "expression" and one.parent and (key := one.parent.child("argumentExpression"))
    ]
    if not any(key.kind not in ("StringLiteral", "NumericLiteral") for key in keys):
        return None
    shapes = [one for one in pieces if not isinstance(one, str) and one.literal and one.properties]
    values = [each.type for one in shapes for each in one.properties if each.type and not each.optional]
    if not shapes or len(shapes) != len(pieces) or len({one.widened.text for one in values}) != 1:
        return None
    found = write(values, at, world)
    return replace(found, text=f"Record<string, {found.text}>") if found else None


def _children(at: Node, world: World) -> tuple[str, tuple[Edit, ...]] | None:
    if re.search(r"from ['\"]preact", at.tree.source):
        return None
    return ("React.ReactNode", ()) if world.source.ambient(["React"]).get("React") is not None else None


def _rest(uses: Sequence[Node], world: World) -> str:
    """Return the attributes of the tag that the rest is spread into."""
    for use in uses:
        if use.parent and use.parent.kind == "JsxSpreadAttribute":
            opening = use.above("JsxOpeningElement", "JsxSelfClosingElement")
            tag = opening.child("tagName") if opening else None
            if tag and world.source.ambient(["React"]).get("React") is not None:
                word = f'"{tag.text}"' if tag.text.islower() else f"typeof {tag.text}"
                return f"React.ComponentProps<{word}>"
    return ""


def _placed(shape: Shape, parameter: Node, function: Node) -> list[Edit]:
    """Return the edits: the shape after the parameter, or an interface before the function when that is too long."""
    statement = function
    for one in (function, *function.up()):
        if one.parent is one.tree.root:
            statement = one
    own = calls.name_of(function)
    title = own.text if own else ""
    interface = f"{title}Props"
    short = len(shape.text) <= _WIDE or shape.extends or not title[:1].isupper()
    if short or re.search(rf"\b{interface}\b", parameter.tree.text):
        return annotate(parameter, f": {shape.text}")
    before = _interface(interface, shape, statement)
    edits = annotate(parameter, f": {interface}")
    return [*edits, before] if edits and before else []


def _interface(name: str, shape: Shape, statement: Node) -> Edit | None:
    tree = statement.tree
    inner = tree.place(statement.start, statement.start + 1)
    if inner is None:
        return None
    newline, indent, unit = newline_of(tree.source), indent_at(tree.source, inner[0]), unit_of(tree.source)
    lines = [f"interface {name} {{", *(f"{indent}{unit}{one};" for one in shape.members), f"{indent}}}"]
    return insert(statement, newline.join(lines) + newline * 2 + indent)


def _astro(node: Node, world: World) -> Iterator[Repair]:
    declared = node.above("VariableDeclaration")
    name = declared.child("name") if declared else None
    statement = node.above("FirstStatement", "VariableStatement")
    component = next((one for one in node.tree.root.children if one.kind == "FunctionDeclaration"), None)
    if not name or not statement or not component:
        return
    given = calls.props_of(component, world) or {}
    shape = shape_of(name, given, world, use_only=False)
    if shape and shape.members and not shape.extends and (edit := _interface("Props", shape, statement)):
        why = "what the pages pass to the component and how it uses it"
        yield Repair(NAME, "type-only", combined((edit,), shape.imports), why, vague=shape.vague)
