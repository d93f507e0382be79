"""Where a value goes next: the declarations that must take `undefined` or `null` once one of them may hold it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.strategies.annotate import or_word
from pipeline.typescript.strategies.base import insert
from pipeline.typescript.strategies.calls import calls_of
from pipeline.typescript.strategies.flow import operator
from pipeline.typescript.strategies.naming import joined
from pipeline.typescript.strategies.writes import outermost
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

_MOST = 14
_HOLDERS = frozenset(("VariableDeclaration", "Parameter", "PropertyDeclaration", "PropertySignature"))
_ACCESSORS = frozenset(("GetAccessor", "SetAccessor"))
_CHOICES = {"ConditionalExpression": ("whenTrue", "whenFalse"), "BinaryExpression": ("right",)}


def spread(declared: Node, words: Iterable[str], world: World) -> tuple[Edit, ...]:
    """Return the edits that let a declaration and all that its value goes to hold these words too.

    None of them when that is the declaration alone, or more than fourteen.
    """
    said = tuple(words)
    seen: dict[int, Node] = {id(declared): declared}
    queue = [declared]
    while queue:
        for found in _next(queue.pop(0), world):
            if id(found) not in seen:
                seen[id(found)] = found
                queue.append(found)
        if len(seen) > _MOST:
            return ()
    edits = [edit for one in seen.values() for edit in taking(one, said)]
    return joined(edits) if len({(one.file, one.start) for one in edits}) > 1 else ()


def taking(declared: Node, words: Iterable[str]) -> tuple[Edit, ...]:
    """Return the edits that let one declaration hold these words too; none where it does or has no written type."""
    said = list(words)
    type_ = declared.child("type")
    if type_ is None:
        return ()
    optional = declared.child("questionToken") or (
        declared.kind == "Parameter" and declared.child("initializer")
    )
    if optional:
        said = [one for one in said if one != "undefined"]
    name = declared.child("name")
    if said == ["undefined"] and declared.kind == "PropertySignature" and name:
        edit = insert(name, "?", after=True)
        return (edit,) if edit else ()
    return or_word(type_, said)


def _next(declared: Node, world: World) -> Iterator[Node]:
    """Yield the declarations that get what this one holds, where nothing asks before whether it is there."""
    if declared.is_function and declared.kind not in _ACCESSORS:
        for call in calls_of(declared, world):
            if not asked(call):
                yield from _targets(call, world)
        return
    name = declared.child("name")
    for use in world.references(name.symbol) if name else ():
        whole = outermost(use)
        if use is not name and not asked(whole):
            yield from _targets(whole, world)
    if declared.kind in _ACCESSORS and name:
        yield from _siblings(declared, name, world)


def _siblings(accessor: Node, name: Node, world: World) -> Iterator[Node]:
    """Yield what the setter takes, and the members of the interfaces that the class or its heirs implement."""
    for one in world.declarations(name.symbol):
        yield from one.all("parameters")[:1] if one.kind == "SetAccessor" else ()
    for cls in _with_heirs(accessor.parent, world):
        for clause in cls.all("heritageClauses"):
            for base in clause.children if clause.text.startswith("implements") else ():
                for prop in base.type.properties if base.type else ():
                    if prop.name == name.text:
                        yield from (each for each in world.declarations(prop.symbol) if each.child("type"))


def _with_heirs(cls: Node | None, world: World) -> Iterator[Node]:
    if cls is None:
        return
    yield cls
    name = cls.child("name")
    for use in world.references(name.symbol) if name else ():
        clause = use.above("HeritageClause")
        if clause and clause.parent and clause.text.startswith("extends"):
            yield clause.parent


def _targets(value: Node, world: World) -> Iterator[Node]:
    parent = value.parent
    if parent is None:
        return
    chosen = value.role in _CHOICES.get(parent.kind, ()) and operator(parent) in ("", "||", "??")
    if chosen or parent.kind == "ParenthesizedExpression":
        yield from _targets(parent, world)
    elif value.role == "arguments":
        yield from _parameter(parent, value, world)
    elif parent.kind == "BinaryExpression" and value.role == "right" and operator(parent) == "=":
        left = parent.child("left")
        name = left and (left.child("name") if left.kind == "PropertyAccessExpression" else left)
        yield from (one for one in world.declarations(name.symbol if name else None) if one.kind in _HOLDERS)
        yield from _targets(parent, world)
    elif value.role == "initializer" and parent.kind in ("VariableDeclaration", "PropertyDeclaration"):
        yield parent
    elif parent.kind == "ReturnStatement" or (parent.kind == "ArrowFunction" and value.role == "body"):
        function = value.function
        yield from [function] if function and not _async(function) else []


def _async(function: Node) -> bool:
    return any(one.kind == "AsyncKeyword" for one in function.all("modifiers"))


def _parameter(call: Node, argument: Node, world: World) -> Iterator[Node]:
    signature = call.signature
    place = signature.declared if signature else None
    function = world.at(place) if place and place.own else None
    parameters = function.all("parameters") if function else []
    index = [one.index for one in call.all("arguments")].index(argument.index)
    if index < len(parameters) and not parameters[index].child("dotDotDotToken"):
        yield parameters[index]


def asked(value: Node) -> bool:
    """Whether a condition around the value names it: what is inside runs only when it is there, or when it is not."""
    word = re.compile(rf"(?<![\w$.]){re.escape(value.text)}(?![\w$])")
    inner = value
    for outer in value.up():
        if outer.is_function or outer.role == "statements":
            test = outer.child("expression") if outer.kind == "IfStatement" else None
            if test and inner is not test and word.search(test.text):
                return True
        if outer.is_function:
            return False
        test = outer.child("condition") if outer.kind == "ConditionalExpression" else None
        if outer.kind == "BinaryExpression" and operator(outer) == "&&" and inner.role == "right":
            test = outer.child("left")
        if outer.kind in ("IfStatement", "WhileStatement"):
            test = outer.child("expression")
        if test and test is not inner and word.search(test.text):
            return True
        inner = outer
    return False
