"""Numbers, strings and dates given where another of them is expected, and where the platform converts by itself.

The conversion that is written down is the one that took place before, so nothing changes when the code runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.flow import bare, operator, quote_of
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "conversion"
CODES = frozenset((2322, 2345, 2362, 2363, 2365, 2769))
_PLAIN = frozenset(("number", "boolean", "bigint", "string"))
_ARITHMETIC = frozenset(("-", "*", "/", "%", "**", "<", ">", "<=", ">="))
# Functions of the language that convert their arguments first; all others may compare them as they are.
_TO_STRING = frozenset(
    ("parseInt", "parseFloat", "encodeURIComponent", "decodeURIComponent", "encodeURI", "decodeURI")
)
_TO_STRING_METHODS = frozenset(
    (
        *("padStart", "padEnd", "includes", "indexOf", "lastIndexOf", "startsWith", "endsWith", "concat"),
        *("replace", "replaceAll", "localeCompare", "split"),
    )
)
_TO_NUMBER = frozenset(("isNaN", "isFinite", "setTimeout", "setInterval"))
_TO_NUMBER_METHODS = frozenset(
    ("toFixed", "toPrecision", "charAt", "slice", "substring", "substr", "repeat", "at")
)


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the conversion that the operator, the DOM or the built-in function makes by itself."""
    node = world.node(one)
    if node is None:
        return
    if one.code in (2362, 2363):
        yield from _to_number(node)
    elif one.code == 2365:
        yield from _operands(node)
    elif node.role == "arguments":
        yield from _argument(node)
    elif one.code == 2769:
        yield from _overloads(node)
    else:
        yield from _assigned(node)


def _is(kind: Type | None, names: frozenset[str]) -> bool:
    """Whether every member of a type is one of these primitives."""
    return kind is not None and all(any(name in one.flags for name in names) for one in kind.members)


def _to_number(node: Node) -> Iterator[Repair]:
    kind = node.type
    if kind is None or kind.flags & {"any", "unknown"}:
        return
    value = bare(node)
    if kind.text == "Date":
        simple = value.kind in ("Identifier", "PropertyAccessExpression", "CallExpression", "NewExpression")
        text = f"{value.text}.getTime()" if simple else None
        if text and (edit := replace(node, text)):
            yield Repair(NAME, "guard", (edit,), "arithmetic takes the time of a date")
    elif kind.text != "symbol" and (edit := replace(node, f"Number({node.text})")):
        yield Repair(NAME, "guard", (edit,), "arithmetic makes a number of it")


def _operands(node: Node) -> Iterator[Repair]:
    left, right = node.child("left"), node.child("right")
    if node.kind != "BinaryExpression" or left is None or right is None or operator(node) not in _ARITHMETIC:
        return
    for one, other in ((left, right), (right, left)):
        counted = _is(other.type, frozenset(("number", "bigint"))) or _is_date(other)
        if counted and (_is(one.type, frozenset(("string", "boolean"))) or _is_date(one)):
            yield from _to_number(one)


def _is_date(node: Node) -> bool:
    return node.type is not None and node.type.text == "Date"


def _wrapped(node: Node, wanted: Type | None, why: str) -> Iterator[Repair]:
    """Yield `String(x)` or `Number(x)` where that is what is wanted and the value is another plain one."""
    if wanted is None or not _is(node.type, _PLAIN):
        return
    for name, text in (("string", "String"), ("number", "Number")):
        open_to = any(name in one.flags and "literal" not in one.flags for one in wanted.members)
        edit = replace(node, _converted(node, text)) if open_to else None
        if edit and not _is(node.type, frozenset((name,))):
            yield Repair(NAME, "guard", (edit,), why)


def _converted(node: Node, function: str) -> str:
    """Return the call that converts; of a whole number that stands there, its text."""
    if function == "String" and re.fullmatch(r"0|[1-9]\d{0,14}", node.text):
        quote = quote_of(node.tree.source)
        return f"{quote}{node.text}{quote}"
    return f"{function}({node.text})"


def _of_platform(files: list[str]) -> bool:
    return bool(files) and all("/typescript/lib/lib.dom" in f"/{file}" for file in files)


def _argument(node: Node) -> Iterator[Repair]:
    call = node.parent
    callee = call.child("expression") if call else None
    signature = call.signature if call else None
    if not call or not callee or not signature:
        return
    index = call.all("arguments").index(node)
    wanted = signature.parameters[index].type if index < len(signature.parameters) else None
    if signature.declared and _of_platform([signature.declared.file]):
        yield from _wrapped(node, wanted, "the browser makes the same of it")
    elif _converts(callee):
        yield from _wrapped(node, wanted, "the function makes the same of it")


def _converts(callee: Node) -> bool:
    name, owner = callee.child("name"), callee.child("expression")
    if callee.kind == "Identifier":
        return callee.text in _TO_STRING | _TO_NUMBER
    if not name or not owner or callee.kind != "PropertyAccessExpression":
        return False
    if owner.text in ("Math", "Number", "window", "globalThis"):
        return owner.text == "Math" or name.text in ("parseInt", "parseFloat", "isNaN", "isFinite")
    of_string = (
        _is(owner.type, frozenset(("string",))) and name.text in _TO_STRING_METHODS | _TO_NUMBER_METHODS
    )
    return of_string or (_is(owner.type, frozenset(("number",))) and name.text in _TO_NUMBER_METHODS)


def _overloads(node: Node) -> Iterator[Repair]:
    call = (
        node
        if node.kind in ("CallExpression", "NewExpression")
        else node.above("CallExpression", "NewExpression")
    )
    callee = call.child("expression") if call else None
    if not call or not callee:
        return
    for one in call.all("arguments") if _converts(callee) else []:
        plain = _is(one.type, frozenset(("number", "boolean")))
        if plain and (edit := replace(one, _converted(one, "String"))):
            yield Repair(NAME, "guard", (edit,), "the function makes the same of it")


def _assigned(node: Node) -> Iterator[Repair]:
    parent = node.parent
    if parent and parent.kind == "BinaryExpression" and node.role == "left" and operator(parent) == "=":
        right = parent.child("right")
        name = node.child("name") if node.kind == "PropertyAccessExpression" else None
        files = [one.file for one in name.symbol.declarations] if name and name.symbol else []
        owner = node.child("expression")
        data = owner is not None and owner.type is not None and owner.type.text == "DOMStringMap"
        if right and (data or _of_platform(files)):
            yield from _wrapped(right, node.type, "the browser makes the same of it")
    if parent and parent.kind == "PropertyAssignment" and node.role == "name":
        call = parent.above("NewExpression")
        value = parent.child("initializer")
        if call and value and call.text.startswith("new URLSearchParams("):
            yield from _wrapped(value, value.context, "the search parameters make the same of it")
