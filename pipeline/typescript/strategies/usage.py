"""What a value without a type must be, from how the code around uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.typescript.strategies.writing import Piece, write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

_STRING = frozenset(
    (
        *(
            "charAt",
            "charCodeAt",
            "codePointAt",
            "endsWith",
            "localeCompare",
            "match",
            "matchAll",
            "normalize",
        ),
        *(
            "padEnd",
            "padStart",
            "replace",
            "replaceAll",
            "search",
            "split",
            "startsWith",
            "substr",
            "substring",
        ),
        *(
            "toLowerCase",
            "toLocaleLowerCase",
            "toUpperCase",
            "toLocaleUpperCase",
            "trim",
            "trimEnd",
            "trimStart",
        ),
    )
)
_NUMBER = frozenset(("toFixed", "toPrecision", "toExponential"))
_DATE = frozenset(
    (
        *("getDate", "getDay", "getFullYear", "getHours", "getMinutes", "getMonth", "getSeconds", "getTime"),
        *("setDate", "setFullYear", "setHours", "setMonth", "toISOString", "toLocaleDateString"),
        *("toLocaleTimeString", "toDateString", "getTimezoneOffset"),
    )
)
_ARRAY = frozenset(
    (
        *("push", "pop", "shift", "unshift", "splice", "map", "filter", "forEach", "reduce", "some", "every"),
        *("find", "findIndex", "findLast", "flatMap", "join", "sort", "reverse", "flat", "entries", "fill"),
    )
)
_SHARED = frozenset(("length", "slice", "concat", "includes", "indexOf", "lastIndexOf", "at", "toString"))
_EVENT = frozenset(
    ("preventDefault", "stopPropagation", "stopImmediatePropagation", "currentTarget", "composedPath")
)
_ELEMENT = frozenset(
    (
        *(
            "classList",
            "querySelector",
            "querySelectorAll",
            "addEventListener",
            "removeEventListener",
            "closest",
        ),
        *(
            "appendChild",
            "setAttribute",
            "getAttribute",
            "removeAttribute",
            "innerHTML",
            "textContent",
            "dataset",
        ),
        *("parentElement", "nextElementSibling", "getBoundingClientRect", "insertAdjacentHTML", "innerText"),
        *("scrollIntoView", "replaceChildren", "append", "prepend", "offsetWidth", "offsetHeight", "matches"),
    )
)
_CALLBACKS = frozenset(
    ("map", "filter", "forEach", "some", "every", "find", "findIndex", "findLast", "flatMap")
)
_ARITHMETIC = frozenset(("-", "*", "/", "%", "**", "-=", "*=", "/=", "%=", "<<", ">>", ">>>", "&", "|", "^"))
_COMPARED = frozenset(("<", ">", "<=", ">=", "===", "!==", "==", "!="))
_TYPEOF = {"string": "string", "number": "number", "boolean": "boolean", "undefined": "undefined"}
_DEPTH = 3


def by_use(nodes: Sequence[Node], world: World, depth: int = 0) -> Iterator[tuple[Piece, ...]]:
    """Yield what expressions that mean the same value can be, the best evidence first."""
    nodes = [*nodes, *_kept_as(nodes, world)]
    if timer := _timer(nodes):
        yield (timer,)
    expected = _distinct(one.context for one in nodes)
    if len(expected) == 1:
        yield (expected[0],)
    compared = list(_comparisons(nodes))
    names = list(dict.fromkeys(one for node in nodes if (one := _member(node))))
    if names:
        yield from _by_members(nodes, names, world, depth)
    elif counted := _counted(nodes):
        yield (counted,)
    elif compared:
        yield tuple(compared)
    elif called := next((one for node in nodes if (one := _called(node, world))), None):
        yield (called,)
    elif element := _element(nodes, world, depth) or _indexed(nodes, world, depth):
        yield (element,)
    if len(expected) > 1:
        yield tuple(expected[:1])
    if not names and not expected and not compared:
        yield from _weak(nodes)


def _timer(nodes: Sequence[Node]) -> str:
    """Return the type of what `clearTimeout` ends: what `setTimeout` gives back, in the browser and in Node."""
    for node in nodes:
        callee = node.parent.child("expression") if node.parent and node.role == "arguments" else None
        if callee and callee.text in ("clearTimeout", "clearInterval"):
            return f"ReturnType<typeof set{callee.text.removeprefix('clear')}>"
    return ""


def _kept_as(nodes: Sequence[Node], world: World) -> Iterator[Node]:
    """Yield the uses of the constants that hold one of the expressions: they mean the same value."""
    for node in nodes:
        declared = node.parent if node.role == "initializer" else None
        name = declared.child("name") if declared and declared.kind == "VariableDeclaration" else None
        holder = declared.above("VariableDeclarationList") if declared else None
        plain = declared is not None and not declared.child("type") and name is not None
        if plain and name and name.kind == "Identifier" and holder and holder.text.startswith("const"):
            yield from (one for one in world.references(name.symbol) if one is not name)


def accesses(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield the property accesses on expressions."""
    for node in nodes:
        parent = node.parent
        if parent and parent.kind == "PropertyAccessExpression" and node.role == "expression":
            yield parent


def _member(node: Node) -> str:
    parent = node.parent
    if parent is None:
        return ""
    if parent.kind == "PropertyAccessExpression" and node.role == "expression":
        name = parent.child("name")
        return name.text if name else ""
    return ""


def _distinct(types: Iterator[Type | None]) -> list[Type]:
    found: dict[str, Type] = {}
    for one in types:
        if one and not one.flags & {"any", "unknown", "never", "parameter", "void"} and not one.vague:
            found.setdefault(one.text, one)
    return list(found.values())


def _by_members(
    nodes: Sequence[Node], names: list[str], world: World, depth: int
) -> Iterator[tuple[Piece, ...]]:
    wanted = set(names)
    for known, text in ((_STRING, "string"), (_NUMBER, "number"), (_DATE, "Date")):
        if wanted & known and wanted <= known | _SHARED | {"valueOf", "toLocaleString"}:
            yield (text,)
            return
    if wanted & _EVENT or (wanted & {"target"} and wanted <= {"target", "type", "key", "detail", "code"}):
        found = world.source.implementers("Event", names)
        yield from ((one,) for one in found[:2])
        return
    if wanted & _ELEMENT:
        found = [one for one in world.source.implementers("Element", names) if not one.startswith("SVG")]
        html = [one for one in found if one.startswith("HTML")]
        yield from ((one,) for one in dict.fromkeys([*found[:1], *html[:1]]))
        return
    if wanted & _ARRAY and wanted <= _ARRAY | _SHARED:
        element = _element(nodes, world, depth)
        if element:
            yield (f"{element}[]",) if _simple(element) else (f"({element})[]",)
        return
    if wanted <= {"then", "catch", "finally"}:
        return
    if wanted <= {"length"}:
        listed = _indexed(nodes, world, depth)
        yield from ((one,) for one in (listed, "string", "string[]") if one)
        return
    yield from ((one,) for one in _declared_shapes(names, world, nodes[0]))
    if depth < _DEPTH and (shape := _shape(nodes, names, world, depth)):
        yield (shape,)


def _simple(text: str) -> bool:
    return text.isidentifier() or (text.startswith("{") and text.count("{") == 1)


def _declared_shapes(names: Sequence[str], world: World, at: Node) -> Iterator[Type]:
    """Yield the project's own interfaces and classes with all the members, the smallest first; one name says little."""
    if len(names) < 2:
        return
    files = [file for file, text in world.texts.items() if all(name in text for name in names)]
    world.load(files)
    found: list[tuple[int, int, str, int, Type]] = []
    wanted = set(names)
    for file in sorted(files):
        for tree in world.trees(file):
            for node in tree.root.children:
                if node.kind not in ("InterfaceDeclaration", "TypeAliasDeclaration", "ClassDeclaration"):
                    continue
                type_ = node.type
                if type_ is None or node.all("typeParameters"):
                    continue
                inside = {one.name for one in type_.properties}
                if wanted <= inside:
                    apart = 0 if tree is at.tree else 1
                    found.append((len(inside), apart, file, node.start, type_))
    yield from (one[-1] for one in sorted(found, key=lambda one: one[:4])[:2])


def _shape(nodes: Sequence[Node], names: list[str], world: World, depth: int) -> str | None:
    parts = []
    for name in names:
        inner = [one for one in accesses(nodes) if (found := one.child("name")) and found.text == name]
        pieces = next(by_use(inner, world, depth + 1), None)
        said = write(pieces, nodes[0], world) if pieces else None
        if said is None and not (pieces is None and _shown(inner)):
            parts.append(f"{name}: unknown")
        elif said is None or said.imports:
            parts.append(f"{name}: string" if said is None else f"{name}: unknown")
        else:
            parts.append(f"{name}: {said.text}")
    return "{ " + "; ".join(parts) + " }"


def _shown(nodes: Sequence[Node]) -> bool:
    return any(one.parent and one.parent.kind in ("TemplateSpan", "JsxExpression") for one in nodes)


def _comparisons(nodes: Sequence[Node]) -> Iterator[Piece]:
    for node in nodes:
        parent = node.parent
        if parent is None:
            continue
        if parent.kind == "BinaryExpression" and (operator := parent.child("operatorToken")):
            other = parent.child("right" if node.role == "left" else "left")
            if operator.text in _COMPARED and other and _says_something(other):
                yield other.type or "unknown"
        elif parent.kind == "SwitchStatement" and node.role == "expression":
            for one in parent.walk():
                value = one.child("expression") if one.kind == "CaseClause" else None
                if value and value.type and one.above("SwitchStatement") is parent:
                    yield value.type
        elif parent.kind == "TypeOfExpression" and parent.parent and parent.parent.kind == "BinaryExpression":
            other = parent.parent.child("right")
            if other and (text := _TYPEOF.get(other.text[1:-1])):
                yield text


def _says_something(node: Node) -> bool:
    known = node.type is not None and not node.type.flags & {"any", "unknown"}
    return known and node.text not in ("null", "undefined")


def _counted(nodes: Sequence[Node]) -> str:
    for node in nodes:
        parent = node.parent
        if parent is None:
            continue
        if parent.kind == "BinaryExpression" and (operator := parent.child("operatorToken")):
            if operator.text in _ARITHMETIC:
                return "number"
            other = parent.child("right" if node.role == "left" else "left")
            if operator.text in ("+", "+=") and other and other.type and "number" in other.type.widened.flags:
                return "number"
            if operator.text in ("+", "+=") and other and other.type and "string" in other.type.widened.flags:
                return "string"
        if parent.kind == "PostfixUnaryExpression" or (
            parent.kind == "PrefixUnaryExpression" and not parent.text.startswith("!")
        ):
            return "number"
    return ""


def _called(node: Node, world: World) -> str:
    """Return the type of a function that is called with what the calls pass."""
    parent = node.parent
    if not parent or parent.kind != "CallExpression" or node.role != "expression":
        return ""
    parts = []
    for index, argument in enumerate(parent.all("arguments")):
        if argument.kind == "SpreadElement":
            said = argument.child("expression")
            text = write((said.type,), node, world) if said and said.type else None
            parts.append(f"...args: {text.text}" if text else "...args: unknown[]")
            break
        text = write((argument.type,), node, world) if argument.type else None
        name = argument.text if argument.kind == "Identifier" else f"value{index or ''}"
        parts.append(f"{name}: {text.text}" if text and not text.imports else f"{name}: unknown")
    outer = parent.parent
    unused = outer is not None and outer.kind in ("ExpressionStatement", "ArrowFunction", "VoidExpression")
    return f"({', '.join(parts)}) => {'void' if unused else 'unknown'}"


def _element(nodes: Sequence[Node], world: World, depth: int) -> str:
    """Return the element type of something that is walked over, as text."""
    items: list[Node] = []
    seen = False
    for node in nodes:
        parent = node.parent
        if parent is None:
            continue
        name = None
        if parent.kind == "ForOfStatement" and node.role == "expression":
            declared = next((one for one in parent.walk() if one.kind == "VariableDeclaration"), None)
            name = declared.child("name") if declared else None
        elif _member(node) in _CALLBACKS and parent.parent and parent.parent.kind == "CallExpression":
            function = next(iter(parent.parent.all("arguments")), None)
            parameter = next(iter(function.all("parameters")), None) if function else None
            name = parameter.child("name") if parameter else None
        if name is not None:
            seen = True
            items += [one for one in world.references(name.symbol) if one is not name]
    if not seen or depth >= _DEPTH:
        return ""
    pieces = next(by_use(items, world, depth + 1), None) if items else None
    said = write(pieces, nodes[0], world) if pieces else None
    text = said.text if said and not said.imports else "string" if _shown(items) else "unknown"
    return text if depth or any(_member(one) in _CALLBACKS for one in nodes) else f"{text}[]"


def _indexed(nodes: Sequence[Node], world: World, depth: int) -> str:
    """Return the array that is read by number: `key[0] === "product"` says `string[]`."""
    reads = [
        one.parent
        for one in nodes
        if one.parent and one.parent.kind == "ElementAccessExpression" and one.role == "expression"
    ]
    keys = [one.child("argumentExpression") for one in reads]
    numbers = [
        key for key in keys if key and (key.text.isdigit() or (key.type and "number" in key.type.flags))
    ]
    if not reads or depth >= _DEPTH + 1 or len(numbers) < len(keys):
        return ""
    said = next(
        (found for one in by_use(reads, world, depth) if (found := write(one, nodes[0], world))), None
    )
    return said.in_array if said and not said.imports else "unknown[]"


def _weak(nodes: Sequence[Node]) -> Iterator[tuple[Piece, ...]]:
    for node in nodes:
        parent = node.parent
        if parent is None:
            continue
        if parent.kind in ("TemplateSpan", "JsxExpression"):
            yield ("string",)
            yield ("number", "string")
            return
        if parent.kind == "ElementAccessExpression" and node.role == "argumentExpression":
            owner = parent.child("expression")
            if owner and owner.type and "array" in owner.type.flags:
                yield ("number",)
                return
            if owner and owner.kind == "Identifier" and owner.type and owner.type.properties:
                yield (f"keyof typeof {owner.text}",)
            yield ("string",)
            return
        if _decides(node):
            yield ("boolean",)
            return
        if parent.kind == "PrefixUnaryExpression" and parent.text.startswith("!"):
            yield ("boolean",)
            return


def _decides(node: Node) -> bool:
    """Whether it is the condition of a choice, or one of the operands of one."""
    while (parent := node.parent) and parent.kind in ("BinaryExpression", "ParenthesizedExpression"):
        token = parent.child("operatorToken")
        if token and token.text not in ("&&", "||"):
            return False
        node = parent
    if parent is None:
        return False
    return (parent.kind == "IfStatement" and node.role == "expression") or (
        parent.kind == "ConditionalExpression" and node.role == "condition"
    )
