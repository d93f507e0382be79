"""`!` with a proof: an index within the bounds of its loop, a key that the object has, a value asked for before."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import GIVEN, USED, subject
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import assigned, bare, home_of, operator, stable
from pipeline.typescript.strategies.loops import in_while, operands
from pipeline.typescript.strategies.markup import stands_before
from pipeline.typescript.strategies.origins import method_of, selector_of
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "proven-present"
CODES = USED | GIVEN
_SHRINK = re.compile(r"\.(?:pop|shift|splice|length\s*=[^=])")
_OFFSET = re.compile(r"(\w+)\s*(?:([+-])\s*(\d+))?")
_KEYS = ("Object.keys", "Reflect.ownKeys")
_ORDER = frozenset(("sort", "filter", "slice", "reverse", "toSorted", "toReversed"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `!` after an element access or a `get` that cannot miss."""
    node = subject(one, world)
    if node is None:
        yield from _deep(one, world)
        return
    held = bare(node)
    if held.kind == "Identifier":
        values = [each.child("initializer") for each in world.declarations(held.symbol)]
        first = values[0] if len(values) == 1 else None
        held = (
            bare(first)
            if first is not None and first.kind in ("ElementAccessExpression", "CallExpression")
            else held
        )
    why = _proof(held, world)
    if why and (edit := insert(held, "!", after=True)):
        yield Repair(NAME, "type-only", (edit,), why)


def _proof(held: Node, world: World) -> str | None:
    if assigned(held):
        return None
    if held.kind == "ElementAccessExpression":
        return _in_bounds(held) or in_while(held, world) or _own_key(held, world) or _counted(held)
    return (_asked(held) or _stands(held)) if held.kind == "CallExpression" else None


def _stands(call: Node) -> str | None:
    """`document.querySelector("#menu")` at the top of an Astro script, and the markup before it has such a tag."""
    place, selector = call.place, selector_of(call)
    callee = call.child("expression")
    held = callee.child("expression") if callee else None
    here = (
        held is not None
        and held.text == "document"
        and method_of(call) in ("querySelector", "getElementById")
    )
    if not here or not selector or not place or call.function or not call.tree.file.endswith(".astro"):
        return None
    if " " in selector.strip() or ":" in selector:
        return None
    return (
        f"the markup always has {selector}" if stands_before(selector, call.tree.source, place[0]) else None
    )


def _deep(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `!` for all that is proven within what is given, where the error is about a member of it."""
    node = world.node(one) if one.code in GIVEN else None
    edits, why = [], ""
    for inner in node.walk() if node else ():
        if inner.kind == "ElementAccessExpression" and inner.type and inner.type.nullable:
            found = _proof(inner, world)
            if found and (edit := insert(inner, "!", after=True)):
                edits.append(edit)
                why = found
    if edits:
        yield Repair(NAME, "type-only", tuple(edits), why)


def _in_bounds(access: Node) -> str | None:
    """`for (let i = 1; i < list.length; i++)`: list[i] and list[i - 1] are there when nothing shortens the list."""
    held, key = access.child("expression"), access.child("argumentExpression")
    index = _OFFSET.fullmatch(key.text) if key else None
    if not held or not index or not stable(held):
        return None
    shift = int(index[3] or 0) * (-1 if index[2] == "-" else 1)
    for loop in access.up():
        if loop.kind == "ForStatement" and _counts(loop, index[1]):
            low, high = _range(loop, index[1], held.text)
            body = loop.child("statement")
            if low is None or high is None or not body or not body.contains(access):
                return None
            changed = _changes(body, index[1]) or re.search(re.escape(held.text) + r"\s*=[^=]", body.text)
            shrinks = any(part.startswith(held.text) for part in _shrinking(body))
            low = max(low, *(_least(test, index[1]) for test in _conditions(access)), 0)
            if low + shift >= 0 and shift + high <= -1 and not changed and not shrinks:
                return f"{index[1]} stays within {held.text}"
            return None
    return None


def _least(test: Node, name: str) -> int:
    """Return the lowest value that a condition leaves to a counter."""
    found = re.fullmatch(rf"{re.escape(name)}(?:\s*(>=?|!==?)\s*(\d+))?", test.text)
    if not found:
        return 0
    if found[1] is None:
        return 1
    return int(found[2]) + (found[1] != ">=") if found[1] in (">", ">=") or found[2] == "0" else 0


def _counts(loop: Node, name: str) -> bool:
    start = loop.child("initializer")
    return bool(start and re.match(rf"(?:let|var)\b.*\b{re.escape(name)}\s*=", start.text))


def _range(loop: Node, name: str, held: str) -> tuple[int | None, int | None]:
    """Return the lowest index and, as a distance from the length, the highest: -1 is the last element."""
    start, test, step = (loop.child(role) for role in ("initializer", "condition", "incrementor"))
    if not start or not test or not step:
        return None, None
    length = rf"(?:{re.escape(held)}\.length"
    known = re.findall(rf"\b(\w+)\s*=\s*{re.escape(held)}\.length\b(?!\s*[-+*/])", start.text)
    home = home_of(loop).text
    known += re.findall(rf"\bconst\s+(\w+)(?::\s*number)?\s*=\s*{re.escape(held)}\.length\s*[;,\n]", home)
    length += "".join(f"|{one}" for one in known) + ")"
    word = re.escape(name)
    if re.fullmatch(rf"{word}\+\+|\+\+{word}|{word}\s*\+=\s*\d+", step.text):
        first = re.search(rf"\b{word}\s*=\s*(\d+)", start.text)
        last = re.match(rf"{word}\s*(<=?)\s*{length}\s*(?:-\s*(\d+))?\s*(?:&&|$)", test.text)
        if not first or not last:
            return None, None
        return int(first[1]), -int(last[2] or 0) - (1 if last[1] == "<" else 0)
    if re.fullmatch(rf"{word}--|--{word}", step.text):
        first = re.search(rf"\b{word}\s*=\s*{length}\s*-\s*(\d+)", start.text)
        last = re.match(rf"{word}\s*(>=?)\s*(\d+)\s*(?:&&|$)", test.text)
        if not first or not last:
            return None, None
        return int(last[2]) + (1 if last[1] == ">" else 0), -int(first[1])
    return None, None


def _changes(body: Node, name: str) -> bool:
    return any(one.kind == "Identifier" and one.text == name and assigned(one) for one in body.walk())


def _shrinking(body: Node) -> list[str]:
    found = []
    for one in body.walk():
        if one.kind == "PropertyAccessExpression" and _SHRINK.search(one.text[one.text.rfind(".") :]):
            inner = one.child("expression")
            found += [inner.text] if inner else []
    return found


def _own_key(access: Node, world: World) -> str | None:
    """`Object.keys(map).map((key) => map[key])`, `for (const key in map)`: the object has its own keys."""
    held, key = access.child("expression"), access.child("argumentExpression")
    if not held or not key or key.kind != "Identifier" or not stable(held):
        return None
    places = world.declarations(key.symbol)
    source = _keys_of(places[0], world) if len(places) == 1 else None
    if source is None or source.text != held.text:
        return None
    around = (
        places[0].parent
        if places[0].kind == "Parameter"
        else places[0].above("ForOfStatement", "ForInStatement")
    )
    gone = around is None or re.search(rf"delete {re.escape(held.text)}\b", around.text)
    return None if gone else f"{key.text} is a key of {held.text}"


def _keys_of(place: Node, world: World) -> Node | None:
    """Return the object whose keys a variable goes through."""
    function = place.parent
    if place.kind == "Parameter" and function and function.all("parameters")[0] is place:
        call = function.parent if function.role == "arguments" else None
        callee = call.child("expression") if call else None
        method = callee.child("name") if callee else None
        each = method is not None and method.text in (
            "map",
            "forEach",
            "filter",
            "some",
            "every",
            "flatMap",
            "find",
        )
        listed = callee.child("expression") if callee and each else None
        return _object_of(listed, world) if listed else None
    loop = place.above("ForOfStatement", "ForInStatement")
    header = loop.child("expression") if loop and place.parent and place.parent.parent is loop else None
    if not loop or header is None:
        return None
    return header if loop.kind == "ForInStatement" else _object_of(header, world)


def _object_of(listed: Node, world: World) -> Node | None:
    node = bare(listed)
    for _ in range(6):
        if node.kind == "Identifier":
            values = [one.child("initializer") for one in world.declarations(node.symbol)]
            if len(values) != 1 or values[0] is None:
                return None
            node = bare(values[0])
            continue
        callee = node.child("expression") if node.kind == "CallExpression" else None
        if callee is None:
            return None
        arguments = node.all("arguments")
        if callee.text in _KEYS and arguments:
            return arguments[0]
        name, inner = callee.child("name"), callee.child("expression")
        if not name or not inner or name.text not in _ORDER:
            return None
        node = bare(inner)
    return None


def _counted(access: Node) -> str | None:
    """`list.length === 1 && list[0].name`, `if (list.length > 0) list[0]`: the condition says how many there are."""
    held, key = access.child("expression"), access.child("argumentExpression")
    if not held or not key or not stable(held):
        return None
    name = re.escape(held.text)
    last = re.fullmatch(rf"{name}\.length\s*-\s*1", key.text)
    if key.kind != "NumericLiteral" and not last:
        return None
    need = 1 if last else int(key.text) + 1
    for test in _conditions(access):
        found = re.fullmatch(rf"{name}\??\.length(?:\s*(===?|>=?)\s*(\d+))?", test.text)
        if found:
            least = 1 if found[1] is None else int(found[2]) + (found[1] == ">")
            if least >= need:
                return f"{test.text} holds here"
    return None


def _asked(call: Node) -> str | None:
    """`if (map.has(key)) map.get(key)`: the same map was asked for the same key."""
    callee = call.child("expression")
    name, held = (callee.child("name"), callee.child("expression")) if callee else (None, None)
    arguments = call.all("arguments")
    if not name or not held or name.text != "get" or len(arguments) != 1 or not stable(held):
        return None
    if not stable(arguments[0]) and arguments[0].kind not in ("StringLiteral", "NumericLiteral"):
        return None
    wanted = f"{held.text}.has({arguments[0].text})"
    return f"{wanted} holds here" if any(one.text == wanted for one in _conditions(call)) else None


def _conditions(node: Node) -> Iterator[Node]:
    """Yield the conditions that hold where a node is evaluated; what was negated and left before counts, too."""
    inner = node
    for outer in node.up():
        if outer.is_function:
            return
        if outer.kind == "IfStatement" and inner.role == "thenStatement":
            yield from operands(outer.child("expression"))
        elif outer.kind == "ConditionalExpression" and inner.role == "whenTrue":
            yield from operands(outer.child("condition"))
        elif outer.kind == "BinaryExpression" and operator(outer) == "&&" and inner.role == "right":
            yield from operands(outer.child("left"))
        inner = outer
