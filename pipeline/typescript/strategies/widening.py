"""Declared types that are narrower than what is assigned to them: widened where they are declared.

The checker decides whether every reader still holds; where it does not, the next proposal is tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined, or_word, union_with
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flowing import spread, taking
from pipeline.typescript.strategies.naming import joined
from pipeline.typescript.strategies.writing import Piece, Written, widened, write
from pipeline.typescript.tree import Node, Symbol, Type
from pipeline.typescript.world import World

NAME = "widening"
CODES = frozenset((2322, 2345, 2366, 2416, 2769))

_DEPTH = 3
# The longest object type that is written into another type; a longer one deserves a name, which a person gives.
_LONGEST = 60
_ANNOTATED = frozenset(("VariableDeclaration", "Parameter", "PropertyDeclaration", "PropertySignature"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the widened declaration, then the type of the variable that is passed."""
    node = world.node(one)
    if node is None:
        return
    if one.code == 2366:
        yield from _ending(node)
        return
    target, value = _sides(node, world)
    if value is not None:
        yield from _source(value, world)
        yield from _inside(value, target, world)
    for declared in target:
        yield from _widened(declared, value, world)
    if value is None and node.kind == "ReturnStatement":
        for function in _returned(node):
            name = function.child("name")
            why = f"{name.text if name else 'it'} returns nothing here"
            for edits in (taking(function, ["undefined"]), spread(function, ["undefined"], world)):
                if edits:
                    yield Repair(NAME, "type-only", edits, why)


def _sides(node: Node, world: World) -> tuple[list[Node], Node | None]:
    """Return the declarations that an assignment goes to, and the value."""
    if node.role == "arguments" and node.parent:
        return _parameter(node.parent, node, world), node
    for around in (node, *list(node.up())[:3]):
        if around.kind == "ReturnStatement":
            return _returned(around), around.child("expression")
        if around.kind == "BinaryExpression" and around.role != "arguments":
            left, operator = around.child("left"), around.child("operatorToken")
            if left and operator and operator.text in ("=", "??=", "||=") and left.contains(node):
                return _declarations(left, world), around.child("right")
        if around.kind in ("PropertyAssignment", "ShorthandPropertyAssignment"):
            return _property(around, world), around.child("initializer") or around
        if around.kind == "JsxAttribute":
            inner = around.child("initializer")
            value = inner.child("expression") if inner else None
            return _prop(around, world), value or inner
        if around.kind in _ANNOTATED and node.role in ("name", ""):
            return [around], around.child("initializer")
        if around.kind in _ANNOTATED:
            return [around], around.child("initializer")
    return [], None


def _declarations(left: Node, world: World) -> list[Node]:
    name = left.child("name") if left.kind == "PropertyAccessExpression" else left
    return _by_symbol(name.symbol if name else None, world)


def _by_symbol(symbol: Symbol | None, world: World) -> list[Node]:
    return [one for one in world.declarations(symbol) if one.kind in _ANNOTATED]


def _parameter(call: Node, argument: Node, world: World) -> list[Node]:
    signature = call.signature
    place = signature.declared if signature else None
    function = world.at(place) if place and place.own else None
    index = call.all("arguments").index(argument)
    parameters = function.all("parameters") if function else []
    return parameters[index : index + 1]


def _returned(statement: Node) -> list[Node]:
    function = statement.function
    return [function] if function else []


def _type_of(declared: Node) -> Node | None:
    """Return the written type of what a declaration is given; of an async function, what its promise is of."""
    type_ = declared.child("type")
    if type_ and any(one.kind == "AsyncKeyword" for one in declared.all("modifiers")):
        return type_.child("typeArguments") if type_.text.startswith("Promise<") else None
    return type_


def _ending(node: Node) -> Iterator[Repair]:
    """Yield `| undefined` for the result of a function that ends without a return on one of its ways."""
    function = next((one for one in (node, *node.up()) if one.is_function), None)
    type_ = _type_of(function) if function else None
    if type_ and (edits := or_word(type_, ["undefined"])):
        yield Repair(NAME, "type-only", edits, "it ends without a value on one of its ways")


def _property(assignment: Node, world: World) -> list[Node]:
    literal, name = assignment.parent, assignment.child("name")
    context = literal.context if literal else None
    return _member(context, name.text if name else "", world)


def _prop(attribute: Node, world: World) -> list[Node]:
    name, opening = attribute.child("name"), attribute.above("JsxOpeningElement", "JsxSelfClosingElement")
    tag = opening.child("tagName") if opening else None
    found: list[Node] = []
    for call in tag.type.calls if tag and tag.type else ():
        if call.parameters and name:
            found += _member(call.parameters[0].type, name.text, world)
    return found


def _member(type_: Type | None, name: str, world: World) -> list[Node]:
    for one in type_.members if type_ else ():
        for prop in one.properties:
            if prop.name == name:
                return _by_symbol(prop.symbol, world)
    return []


def _widened(declared: Node, value: Node | None, world: World) -> Iterator[Repair]:
    type_ = _type_of(declared)
    given = value.type if value else None
    if type_ is None or given is None:
        return
    has = {one.text for one in type_.type.members} if type_.type else set()
    missing = [one for one in given.members if one.text not in has]
    nothing = sorted(one.text for one in missing if one.text in ("null", "undefined"))
    rest = [one for one in missing if one.text not in ("null", "undefined", "never") and not _nameless(one)]
    name = declared.child("name")
    why = f"{name.text if name else 'it'} is given this too"
    if nothing and (edits := _with_nothing(declared, type_, nothing)):
        yield Repair(NAME, "type-only", edits, why)
        if further := spread(declared, nothing, world):
            yield Repair(NAME, "type-only", further, f"{why}, and hands it on")
    if rest and not any(one.flags & {"any", "unknown"} for one in rest):
        known = type_.type
        widest = [widened(one) for one in rest]
        if known and (_swallows(widest, known) or _calls_both(rest, known)):
            return
        # `ready && url` gives the url or false, never true.
        pieces = ["false" if one.text == "false" else wide for one, wide in zip(rest, widest, strict=True)]
        added = write(pieces, type_, world) if known else None
        if added and "{" in added.text and len(added.text) > _LONGEST:
            return
        if added and not _same(added, type_):
            edits = union_with(type_, added.text)
            if nothing and edits:
                edits = (
                    *edits[:-1],
                    Edit(
                        edits[-1].file,
                        edits[-1].start,
                        edits[-1].end,
                        f"{edits[-1].text} | {' | '.join(nothing)}",
                    ),
                )
            if edits:
                yield Repair(NAME, "type-only", combined(edits, added.imports), why, vague=added.vague)


def _inside(value: Node, target: list[Node], world: World) -> Iterator[Repair]:
    """Yield the members of the project's own shapes that are given null or undefined, all in one repair."""
    wanted = value.context or next((type_.type for one in target if (type_ := one.child("type"))), None)
    edits: dict[Edit, None] = {}
    names: list[str] = []
    for member, words in _gaps(value.type, wanted, world, 0):
        for edit in _with_nothing(member, member.child("type") or member, words):
            edits.setdefault(edit)
        name = member.child("name")
        names += [name.text] if name else []
    if edits:
        said = ", ".join(dict.fromkeys(names))
        yield Repair(NAME, "type-only", joined(edits), f"{said}: given null or undefined too")


def _gaps(
    given: Type | None, wanted: Type | None, world: World, depth: int
) -> Iterator[tuple[Node, list[str]]]:
    if given is None or wanted is None or depth > _DEPTH:
        return
    for have in given.members:
        for want in wanted.members:
            if "array" in have.flags and "array" in want.flags:
                for one, other in zip(have.arguments, want.arguments, strict=False):
                    yield from _gaps(one, other, world, depth + 1)
                continue
            known = {one.name: one for one in want.properties}
            for prop in have.properties:
                own = known.get(prop.name)
                if own is None or prop.type is None or own.type is None:
                    continue
                words = [one.text for one in prop.type.members if one.flags & {"null", "undefined"}]
                words += ["undefined"] if prop.optional and "undefined" not in words else []
                missing = [one for one in words if one not in {mine.text for mine in own.type.members}]
                if missing and not (own.optional and missing == ["undefined"]):
                    yield from ((one, missing) for one in _by_symbol(own.symbol, world) if one.child("type"))
                else:
                    yield from _gaps(prop.type, own.type, world, depth + 1)


def _nameless(type_: Type) -> bool:
    if "array" in type_.flags:
        return any(_nameless(one) for one in type_.arguments)
    return type_.literal is not None or (not type_.name and bool(type_.properties))


def _swallows(added: list[Type], known: Type) -> bool:
    """Whether a set of literals would become all strings, or all numbers."""
    bases = {base for one in added for base in ("string", "number") if one.text == base}
    return any("literal" in one.flags and one.flags & bases for one in known.members)


def _calls_both(added: list[Type], known: Type) -> bool:
    """Whether a function would be one of two kinds: who calls it could not know which."""
    return any(one.calls for one in added) and any(one.calls for one in known.members)


def _same(added: Written, type_: Node) -> bool:
    return added.text == type_.text


def _with_nothing(declared: Node, type_: Node, words: list[str]) -> tuple[Edit, ...]:
    optional = declared.child("questionToken")
    if words == ["undefined"] and declared.kind == "PropertySignature" and not optional:
        name = declared.child("name")
        edit = insert(name, "?", after=True) if name else None
        return (edit,) if edit else ()
    return or_word(type_, [one for one in words if one != "undefined" or not optional])


def _source(value: Node, world: World) -> Iterator[Repair]:
    """Yield the expected type for a variable whose own literal was read too widely: `let state = "full"`."""
    expected = _expected(value)
    named = value.kind in ("Identifier", "ShorthandPropertyAssignment")
    if not named or expected is None or value.symbol is None:
        return
    for declared in world.declarations(value.symbol):
        name, start = declared.child("name"), declared.child("initializer")
        if declared.kind != "VariableDeclaration" or not name or not start or declared.child("type"):
            continue
        if start.kind not in (
            "StringLiteral",
            "FirstLiteralToken",
            "NumericLiteral",
            "ObjectLiteralExpression",
            "ArrayLiteralExpression",
            "ConditionalExpression",
        ):
            continue
        pieces: tuple[Piece, ...] = (expected,)
        written = write(pieces, declared, world)
        edit = insert(name, f": {written.text}", after=True) if written else None
        if written and edit:
            why = f"{name.text} is used as this"
            yield Repair(NAME, "type-only", combined((edit,), written.imports), why, vague=written.vague)


def _expected(value: Node) -> Type | None:
    if value.context:
        return value.context
    assignment = value if value.kind == "ShorthandPropertyAssignment" else value.parent
    if not assignment or not assignment.kind.endswith("PropertyAssignment") or not assignment.parent:
        return None
    name, context = assignment.child("name"), assignment.parent.context
    shapes = context.members if context else ()
    found = (prop for one in shapes for prop in one.properties if name and prop.name == name.text)
    return next((one.type for one in found), None)
