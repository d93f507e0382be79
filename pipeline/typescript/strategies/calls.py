"""What the callers of a function pass to its parameters, and what is expected of it where it is passed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.typescript.strategies.writing import Piece
from pipeline.typescript.tree import Node, Parameter, Symbol, Type
from pipeline.typescript.world import World

_JSX = frozenset(("JsxOpeningElement", "JsxSelfClosingElement"))


@dataclass(frozen=True)
class Passed:
    """What is passed for one parameter: the pieces, and whether some call leaves it out."""

    pieces: tuple[Piece, ...]
    optional: bool = False


def name_of(function: Node) -> Node | None:
    """Return the name under which a function is called: its own, or that of the variable or member that holds it."""
    if name := function.child("name"):
        return name
    holder = function.parent
    while holder and holder.kind in ("ParenthesizedExpression", "AsExpression", "SatisfiesExpression"):
        holder = holder.parent
    if holder and holder.kind == "CallExpression" and function.role == "arguments" and _wraps(holder):
        holder = holder.parent
    if call := computed(function):
        holder = call.parent
    if holder and holder.kind in ("VariableDeclaration", "PropertyDeclaration", "PropertyAssignment"):
        return holder.child("name")
    if function.kind == "Constructor" and function.parent:
        return function.parent.child("name")
    return None


def _wraps(call: Node) -> bool:
    callee = call.child("expression")
    text = callee.text.rpartition(".")[2] if callee else ""
    return text in ("memo", "forwardRef", "useCallback", "observer", "debounce", "throttle")


def uses_of(function: Node, world: World) -> list[Node]:
    """Return the nodes that name a function outside its declaration, also where a function gives it out."""
    name = name_of(function)
    if name is None:
        return []
    uses = [one for one in world.references(name.symbol) if one is not name]
    return [*uses, *(found for one in uses for found in _given_out(one, world))]


def computed(function: Node) -> Node | None:
    """Return the call `computed(() => (item) => ...)` that a function is what is computed."""
    outer = function.function
    returned = function.parent is not None and function.parent.kind == "ReturnStatement"
    if outer is None or outer.role != "arguments" or not (returned or function.role == "body"):
        return None
    call = outer.parent
    callee = call.child("expression") if call and call.kind == "CallExpression" else None
    return call if callee and callee.text == "computed" else None


def _given_out(use: Node, world: World) -> Iterator[Node]:
    """Yield the uses of a function that another returns in an object, where that object is taken apart."""
    literal = use.parent if use.kind == "ShorthandPropertyAssignment" else None
    if literal is None and use.parent and use.parent.kind == "ShorthandPropertyAssignment":
        literal = use.parent.parent
    outer = (
        literal.function if literal and literal.parent and literal.parent.kind == "ReturnStatement" else None
    )
    name = name_of(outer) if outer else None
    for call in world.references(name.symbol) if name else ():
        whole = call.parent if call.parent and call.parent.kind == "CallExpression" else None
        pattern = (
            whole.parent.child("name") if whole and whole.parent and whole.role == "initializer" else None
        )
        for element in pattern.children if pattern and pattern.kind == "ObjectBindingPattern" else ():
            own, key = element.child("name"), element.child("propertyName")
            if own and (key or own).text == use.text:
                yield from (one for one in world.references(own.symbol) if one is not own)


def calls_of(function: Node, world: World) -> Iterator[Node]:
    """Yield the calls (and `new` expressions) of a function."""
    kept = computed(function)
    for use in uses_of(function, world):
        callee = use
        if use.parent and use.parent.kind == "PropertyAccessExpression" and use.role == "name":
            callee = use.parent
        if kept and callee.parent and callee.parent.text.endswith(".value") and callee.role == "expression":
            callee = callee.parent
        call = callee.parent
        if call and call.kind in ("CallExpression", "NewExpression") and callee.role == "expression":
            yield call


def elements_of(function: Node, world: World) -> Iterator[Node]:
    """Yield the JSX elements that a component makes."""
    for use in uses_of(function, world):
        if use.parent and use.parent.kind in _JSX and use.role == "tagName":
            yield use.parent


def passed(parameter: Node, world: World) -> Passed:
    """Return what all calls pass for a parameter; a spread argument ends what is known of a call."""
    function = parameter.parent
    if function is None:
        return Passed(())
    index = function.all("parameters").index(parameter)
    rest = parameter.child("dotDotDotToken") is not None
    pieces: list[Piece] = []
    missing = False
    for call in calls_of(function, world):
        if function.contains(call) and _same(call, parameter, index):
            continue
        arguments = call.all("arguments")
        spread = next((at for at, one in enumerate(arguments) if one.kind == "SpreadElement"), len(arguments))
        if index < spread:
            chosen = arguments[index:spread] if rest else arguments[index : index + 1]
            pieces += [one.type for one in chosen if one.type]
        elif spread == len(arguments):
            missing = True
    return Passed(tuple(pieces), missing and not rest)


def _same(call: Node, parameter: Node, index: int) -> bool:
    """Whether a recursive call hands the parameter on unchanged."""
    arguments = call.all("arguments")
    name = parameter.child("name")
    return index < len(arguments) and bool(name) and arguments[index].text == (name.text if name else "")


def expected(parameter: Node, world: World) -> Iterator[Type]:
    """Yield the parameter's type where its function is passed on to something that says what it calls it with."""
    function = parameter.parent
    if function is None:
        return
    index = function.all("parameters").index(parameter)
    places = [function] if function.role in ("arguments", "expression") else []
    for use in (*places, *uses_of(function, world)):
        node = use
        while node.parent and (
            (node.parent.kind == "PropertyAccessExpression" and node.role == "name")
            or node.parent.kind == "ParenthesizedExpression"
        ):
            node = node.parent
        if node.parent and node.parent.kind == "CallExpression" and _binds(node):
            node = node.parent
        for type_ in (node.context, _by_signature(node)):
            if found := _parameter_type(type_, index):
                yield found
                break


def _binds(node: Node) -> bool:
    return node.text.endswith(".bind") and node.role == "expression"


def _by_signature(node: Node) -> Type | None:
    call = node.parent
    if not call or node.role != "arguments" or not (signature := call.signature):
        return None
    index = call.all("arguments").index(node)
    return signature.parameters[index].type if index < len(signature.parameters) else None


def _parameter_type(type_: Type | None, index: int) -> Type | None:
    for one in type_.members if type_ else ():
        for call in one.calls:
            found = _of_tuple(call.parameters, index)
            if found is None and index < len(call.parameters) and not call.parameters[index].rest:
                found = call.parameters[index].type
            if found and not found.flags & {"any", "unknown", "parameter"}:
                return found
    return None


def _of_tuple(parameters: Sequence[Parameter], index: int) -> Type | None:
    """Return the type of an argument that a rest parameter takes, when it says how many there are: `...[a: A]`."""
    last = parameters[-1] if parameters else None
    inside = index - len(parameters) + 1
    if last is None or not last.rest or inside < 0 or last.type is None or "tuple" not in last.type.flags:
        return None
    return last.type.arguments[inside] if inside < len(last.type.arguments) else None


def implemented(parameter: Node) -> Type | None:
    """Return the parameter's type in the method of the base class or interface that its method implements."""
    method = parameter.parent
    if method is None or method.kind not in ("MethodDeclaration", "SetAccessor") or method.parent is None:
        return None
    index = method.all("parameters").index(parameter)
    name = method.child("name")
    for clause in method.parent.all("heritageClauses"):
        for base in clause.children:
            for prop in base.type.properties if base.type else ():
                if name and prop.name == name.text and prop.type:
                    return prop.type if method.kind == "SetAccessor" else _parameter_type(prop.type, index)
    return None


def props_of(function: Node, world: World) -> dict[str, Passed] | None:
    """Return what the JSX elements of a component pass for each property; None when one spreads what is not known."""
    found: dict[str, list[Piece]] = {}
    count = 0
    often: dict[str, int] = {}
    for element in elements_of(function, world):
        attributes = element.child("attributes")
        if attributes is None:
            continue
        count += 1
        said: dict[str, Piece] = {}
        for one in attributes.all("properties"):
            if one.kind == "JsxSpreadAttribute":
                inner = one.child("expression")
                if not inner or not inner.type or not inner.type.properties:
                    return None
                said.update({prop.name: prop.type for prop in inner.type.properties if prop.type})
                continue
            name = one.child("name")
            if name and name.kind == "Identifier" and name.text not in ("key", "ref"):
                said[name.text] = _attribute(one)
        outer = element.parent
        if outer and outer.kind == "JsxElement" and (children := _children(outer, element)):
            said["children"] = children
        for key, piece in said.items():
            found.setdefault(key, []).append(piece)
            often[key] = often.get(key, 0) + 1
    return (
        {key: Passed(tuple(pieces), often[key] < count) for key, pieces in found.items()} if count else None
    )


def _attribute(attribute: Node) -> Piece:
    value = attribute.child("initializer")
    if value is None:
        return "boolean"
    if value.kind == "StringLiteral":
        return "string"
    inner = value.child("expression")
    return inner.type if inner and inner.type else attribute.type or "unknown"


def _children(outer: Node, opening: Node) -> Piece | None:
    inner = [one for one in outer.all("children") if one.kind != "JsxText" or one.text.strip()]
    inner = [one for one in inner if one is not opening]
    return "React.ReactNode" if inner else None


def symbol_of(node: Node) -> Symbol | None:
    """Return the symbol of the name of a declaration."""
    name = node.child("name")
    return name.symbol if name else None
