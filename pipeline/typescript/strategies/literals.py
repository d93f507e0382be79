"""Declarations that start empty (`[]`, `{}`, null, nothing): typed by what is written to them later.

`never[]` and `{}` are where the errors come from, so the repair is one annotation there, not a cast at each use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.states import state_writes
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writes import Writes, elements, outermost, writes_to
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import Node, Symbol
from pipeline.typescript.world import World

NAME = "empty-start"
CODES = frozenset(
    (2322, 2339, 2345, 2349, 2488, 2531, 2532, 2551, 2769, 7005, 7034, 7053, 18046, 18047, 18048)
)

_HOLDERS = frozenset(("VariableDeclaration", "PropertyDeclaration", "PropertyAssignment"))
MAKERS = frozenset(
    (
        "useState",
        "useRef",
        "createRef",
        "ref",
        "shallowRef",
        "createSignal",
        "signal",
        "writable",
        "atom",
        "createContext",
    )
)
_NOTHING = frozenset(("null", "undefined", ""))
_DEPTH = 3


@dataclass(frozen=True)
class Empty:
    """A declaration that starts empty: how (`[]`, `{}`, `null`, ``), and the call that wraps it, if one does."""

    holder: Node
    name: Node
    start: str
    call: Node | None


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield a type for each empty declaration that the error's expression comes from."""
    node = world.node(one)
    if node is None:
        return
    for empty in _sources(node, world):
        for written in _types(empty, world):
            for edits in _edits(empty, written):
                why = f"{empty.name.text} starts as {empty.start or 'nothing'} and gets this later"
                yield Repair(NAME, "type-only", combined(edits, written.imports), why, vague=written.vague)


def _sources(node: Node, world: World) -> Iterator[Empty]:
    seen: set[int] = set()
    queue = [(one, 0) for one in _names_around(node)]
    while queue:
        name, depth = queue.pop(0)
        symbol = name.symbol
        if symbol is None or symbol.id in seen:
            continue
        seen.add(symbol.id)
        for declared in _declared(symbol, world):
            empty = empty_at(declared)
            if empty:
                yield empty
            elif depth < _DEPTH:
                start = declared.child("initializer") or _iterated(declared)
                queue += [(one, depth + 1) for one in _identifiers(start)] if start else []


def _declared(symbol: Symbol, world: World) -> list[Node]:
    if not symbol.own or not symbol.flags & {"variable", "property", "parameter"}:
        return []
    return world.declarations(symbol)[:1]


def _iterated(declared: Node) -> Node | None:
    """Return what a loop or a callback takes a name's value from."""
    loop = declared.above("ForOfStatement")
    held = declared.above("VariableDeclaration") if declared.kind == "BindingElement" else declared
    if loop and held and held.parent and held.parent.parent is loop:
        return loop.child("expression")
    function = declared.parent if declared.kind == "Parameter" else None
    call = function.parent if function and function.role == "arguments" else None
    return call.child("expression") if call and call.kind == "CallExpression" else None


def _names_around(node: Node) -> list[Node]:
    found = _identifiers(node)
    for around in list(node.up())[:3]:
        if around.is_function or around.kind.endswith(("Statement", "Block", "Declaration")):
            break
        if around.kind in ("CallExpression", "PropertyAccessExpression", "ElementAccessExpression"):
            found += _identifiers(around.child("expression"))
        elif around.kind == "BinaryExpression":
            found += _identifiers(around.child("left"))
    return found


def _identifiers(node: Node | None) -> list[Node]:
    if node is None or node.end - node.start > 400:
        return []
    return [one for one in node.walk() if one.kind == "Identifier" and one.symbol]


def empty_at(declared: Node) -> Empty | None:
    """Return how a declaration starts empty; None when it has a type or a real value."""
    if declared.kind == "BindingElement":
        pattern = declared.parent
        holder = pattern.parent if pattern and pattern.kind == "ArrayBindingPattern" else None
        call = holder.child("initializer") if holder else None
        first = pattern.children[0].child("name") if pattern and pattern.children else None
        if holder and call and first and holder.kind == "VariableDeclaration":
            return _made(holder, first, call)
        return None
    name = declared.child("name")
    if (
        declared.kind not in _HOLDERS
        or not name
        or declared.child("type")
        or name.kind not in ("Identifier", "PrivateIdentifier")
    ):
        return None
    value = declared.child("initializer")
    if value is None:
        around = declared.parent
        loop = around.parent if around else None
        if declared.kind != "VariableDeclaration" or (
            loop and loop.kind in ("ForOfStatement", "ForInStatement", "CatchClause")
        ):
            return None
        return None if around and around.kind == "CatchClause" else Empty(declared, name, "", None)
    if (start := _empty(value)) is not None:
        return Empty(declared, name, start, None)
    return _made(declared, name, value)


def _made(holder: Node, name: Node, call: Node) -> Empty | None:
    callee = call.child("expression")
    if (
        call.kind not in ("CallExpression", "NewExpression")
        or call.child("typeArguments")
        or call.all("typeArguments")
    ):
        return None
    if not callee:
        return None
    word = callee.text.rpartition(".")[2]
    arguments = call.all("arguments")
    if call.kind == "NewExpression":
        return (
            Empty(holder, name, f"new {word}()", call) if word in ("Map", "Set") and not arguments else None
        )
    start = _empty(arguments[0]) if arguments else ""
    return Empty(holder, name, start, call) if word in MAKERS and start is not None else None


def _empty(value: Node) -> str | None:
    if value.kind == "ArrayLiteralExpression" and not value.children:
        return "[]"
    if value.kind == "ObjectLiteralExpression" and not value.children:
        return "{}"
    return value.text if value.text in ("null", "undefined") else None


def _types(empty: Empty, world: World) -> Iterator[Written]:
    if empty.call is None or empty.start.startswith("new"):
        nodes = [one for one in world.references(empty.name.symbol) if one is not empty.name]
        found, reads = writes_to(nodes), [outermost(one) for one in nodes]
    else:
        found, reads = state_writes(empty.holder, empty.name, world)
    at = empty.holder
    if empty.start == "[]":
        yield from _arrays(found, reads, at, world)
    elif empty.start == "{}":
        yield from _objects(found, at, world)
    elif empty.start.startswith("new"):
        yield from _collections(empty.start, found, at, world)
    else:
        yield from _values(empty, found, reads, world)


def _arrays(found: Writes, reads: list[Node], at: Node, world: World) -> Iterator[Written]:
    known = elements(found)
    if known and (element := write(known, at, world)):
        yield Written(element.in_array, element.imports, element.vague)
    for pieces in by_use(reads, world):
        if (whole := write(pieces, at, world)) and ("[]" in whole.text or "Array<" in whole.text):
            yield whole


def _objects(found: Writes, at: Node, world: World) -> Iterator[Written]:
    if found.keyed:
        value = write([one for _, one in found.keyed], at, world)
        keys = write([one for one, _ in found.keyed if not one.flags & {"any"}] or ["string"], at, world)
        if value and keys:
            names = (*value.imports, *keys.imports)
            for key in dict.fromkeys(
                (keys.text if keys.text in ("number", "string") else "string", "string")
            ):
                yield Written(f"Record<{key}, {value.text}>", names, value.vague)
                grown = write([*[one for _, one in found.keyed], "undefined"], at, world)
                if grown and grown.text != value.text:
                    yield Written(f"Record<{key}, {grown.text}>", names, value.vague)
    if found.members:
        parts: list[str] = []
        imports: tuple[Edit, ...] = ()
        vague = False
        for name, types in found.members.items():
            written = write(types, at, world)
            if written is None:
                return
            parts.append(f"{name}?: {written.text}")
            imports += written.imports
            vague = vague or written.vague
        yield Written(f"{{ {'; '.join(parts)} }}", tuple(dict.fromkeys(imports)), vague)
    pieces: list[Piece] = [one for one in found.values if one.text != "{}"]
    if pieces and (whole := write(pieces, at, world)):
        yield whole
    if found.reads and (whole := write(found.reads[:1], at, world)):
        yield whole


def _collections(start: str, found: Writes, at: Node, world: World) -> Iterator[Written]:
    if start == "new Set()":
        if inner := write(found.elements, at, world):
            yield Written(inner.text, inner.imports, inner.vague)
        return
    key, value = (
        write([one for one, _ in found.keyed], at, world),
        write([one for _, one in found.keyed], at, world),
    )
    if key and value:
        yield Written(f"{key.text}, {value.text}", (*key.imports, *value.imports), key.vague or value.vague)


def _values(empty: Empty, found: Writes, reads: list[Node], world: World) -> Iterator[Written]:
    if found.texts and (written := write(found.texts, empty.holder, world)):
        yield written
    pieces: list[Piece] = [
        *found.texts,
        *(one for one in found.values if not one.flags & {"null", "undefined"}),
    ]
    grown = elements(found) if any(one.text == "never[]" for one in found.values) else []
    if grown and (element := write(grown, empty.holder, world)):
        pieces = [one for one in pieces if isinstance(one, str) or one.text != "never[]"]
        pieces.append(element.in_array)
    nothing = [one for value in found.values for one in value.members if one.flags & {"null", "undefined"}]
    candidates: list[tuple[Piece, ...]] = [tuple(pieces)] if pieces else []
    if not pieces or any(not isinstance(one, str) and one.vague for one in pieces):
        candidates += [(*pieces, *more) for more in by_use(reads, world)]
    for one in candidates:
        written = write([*one, *nothing], empty.holder, world)
        if written is None:
            continue
        if empty.start in ("null", "undefined"):
            yield written.or_(empty.start)
        else:
            yield written
            if empty.call is None:
                yield written.or_("undefined")


def _edits(empty: Empty, written: Written) -> Iterator[tuple[Edit, ...]]:
    edit: Edit | None
    if empty.call is not None:
        callee = empty.call.child("expression")
        edit = insert(callee, f"<{written.text}>", after=True) if callee else None
    elif empty.holder.kind == "PropertyAssignment":
        value = empty.holder.child("initializer")
        edit = insert(value, f" as {written.text}", after=True) if value else None
    else:
        edit = insert(empty.name, f": {written.text}", after=True)
    if edit:
        yield (edit,)
