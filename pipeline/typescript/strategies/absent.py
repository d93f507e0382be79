"""What may be null: the expression that an error is about, the check whether it is there, the words if it is not."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.flow import (
    LINKS,
    assigned,
    bare,
    chain_top,
    is_const,
    root_of,
    unused,
    unwrapped,
)
from pipeline.typescript.tree import NOTHING, Node
from pipeline.typescript.world import World

# Something possibly null is dereferenced, called, or iterated over.
USED = frozenset((2531, 2532, 2533, 18047, 18048, 18049, 2721, 2722, 2723, 2488, 2461, 2548, 2349, 2538))
# Something possibly null is given to what does not take it.
GIVEN = frozenset((2345, 2322, 2769))
# A member is read of a union with null by destructuring.
TAKEN = frozenset((2339,))
_NAMED = frozenset(
    ("VariableDeclaration", "PropertyAssignment", "PropertyDeclaration", "Parameter", "JsxAttribute")
)


def subject(one: Diagnostic, world: World) -> Node | None:
    """Return the expression that may be null and because of which there is an error."""
    node = world.node(one)
    if node is None:
        return None
    if one.code in USED:
        return _nullable(node)
    if one.code in TAKEN:
        element = node if node.kind == "BindingElement" else node.above("BindingElement")
        declaration = element and element.above("VariableDeclaration")
        pattern = element and element.parent
        if not declaration or not pattern or pattern.parent is not declaration:
            return None
        initializer = declaration.child("initializer")
        return _nullable(initializer) if initializer else None
    return next((found for inner in _given(node) if (found := _nullable(inner))), None)


def _nullable(node: Node) -> Node | None:
    node = bare(node) if node.kind == "ParenthesizedExpression" else node
    kind = node.type
    if kind is None or not kind.nullable:
        return None
    return node if any(not one.flags & NOTHING for one in kind.members) else None


def _given(node: Node) -> Iterator[Node]:
    """Yield the expressions whose value goes to the place of an error."""
    yield from _value_of(node)
    for outer in node.up():
        if outer.kind in ("CallExpression", "NewExpression"):
            if node.role == "expression" or node.kind == "CallExpression":
                yield from outer.all("arguments")
            return
        if outer.is_function or outer.role == "statements":
            return


def _value_of(node: Node) -> Iterator[Node]:
    parent = node.parent
    if node.role in ("arguments", "elements") or node.kind == "ShorthandPropertyAssignment":
        yield node
    elif node.kind in ("CallExpression", "NewExpression"):
        yield from node.all("arguments")
    elif node.kind == "ReturnStatement":
        yield from node.all("expression")
    if parent is None:
        return
    if parent.kind in _NAMED and node.role == "name":
        for value in parent.all("initializer"):
            yield value.child("expression") or value if value.kind == "JsxExpression" else value
    elif parent.kind == "ReturnStatement" or (parent.kind == "ArrowFunction" and node.role == "body"):
        yield node
    elif parent.kind == "BinaryExpression" and node.role == "left":
        yield from parent.all("right")
    elif parent.kind == "PropertyAccessExpression" and node.role == "name":
        yield from _value_of(parent)


def key_of(node: Node) -> tuple[str, int]:
    """Return what two uses of the same thing have in common: their text and the symbol of its first name."""
    symbol = root_of(node).symbol
    return "".join(node.text.split()), symbol.id if symbol else 0


def peers(node: Node, world: World) -> list[Node]:
    """Return the places in the same script where the same thing stands and may be null, this one included."""
    key = key_of(node)
    found = [
        other
        for one in world.errors
        if one.file == node.tree.file and one.name == node.tree.name and one.code in USED | GIVEN | TAKEN
        if (other := subject(one, world)) and key_of(other) == key
    ]
    unique = {one.index: one for one in found}
    unique.setdefault(node.index, node)
    return [unique[index] for index in sorted(unique)]


def kept_in_closures(node: Node, world: World) -> bool:
    """Whether functions written after a check of the expression still know what it found."""
    return node.kind == "Identifier" and is_const(node.symbol, world.declarations(node.symbol))


def is_absent(node: Node, text: str) -> str:
    """Return the condition that the value is not there; `text` is how it is written."""
    if _truthy(node):
        return f"!{text}"
    return f"{text} {_comparison(node, '=')}"


def is_present(node: Node, text: str) -> str:
    """Return the condition that the value is there."""
    return text if _truthy(node) else f"{text} {_comparison(node, '!')}"


def _comparison(node: Node, sign: str) -> str:
    members = node.type.members if node.type else ()
    null = any("null" in one.flags for one in members)
    undefined = any(one.flags & {"undefined", "void"} for one in members)
    if null and undefined:
        return f"{sign}= null"
    return f"{sign}== {'null' if null else 'undefined'}"


def _truthy(node: Node) -> bool:
    """Whether every value but null and undefined counts as true."""
    members = node.type.members if node.type else ()
    return all(
        bool(one.flags & NOTHING) or "object" in one.flags or (one.text[:1] in "\"'" and len(one.text) > 2)
        for one in members
    )


def described(node: Node, world: World) -> str:
    """Return what to say when it is missing: for an element, by what it was looked for."""
    source = bare(node)
    if source.kind == "Identifier":
        for declared in world.declarations(source.symbol):
            value = declared.child("initializer") if declared.kind == "VariableDeclaration" else None
            if value is not None:
                source = bare(value)
    method, argument = lookup_of(source)
    if method in ("querySelector", "closest") and argument:
        return f"no element matches {argument}"
    if method == "getElementById" and argument:
        return f"no element has the id {argument}"
    text = " ".join(node.text.split())
    return f"{text if len(text) <= 60 else 'a value'} is missing"


def lookup_of(node: Node) -> tuple[str, str]:
    """Return the method that a call calls and its first argument when that is a plain string."""
    callee = node.child("expression") if node.kind == "CallExpression" else None
    name = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
    arguments = node.all("arguments") if name else []
    literal = arguments[0] if arguments else None
    quoted = literal and literal.kind in ("StringLiteral", "NoSubstitutionTemplateLiteral")
    return (name.text if name else ""), (literal.text[1:-1] if literal and quoted else "")


def assignment(node: Node) -> Node | None:
    """Return the whole assignment to a member of the expression, when its value is not used."""
    member = chain_top(node)
    if not assigned(member) or member is node:
        return None
    top = unwrapped(member).parent
    return unwrapped(top) if top and unused(top) else None


def short(node: Node) -> str:
    """Return the text of an expression in one line, for a person."""
    text = " ".join(node.text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def is_target(node: Node) -> bool:
    """Whether a member of the expression is assigned to, so that `?.` cannot stand there."""
    top = unwrapped(node)
    while top.parent and top.parent.kind in LINKS and top.role == "expression":
        top = unwrapped(top.parent)
    return assigned(top)
