"""Objects that are indexed with keys their type does not know."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.calls import passed
from pipeline.typescript.strategies.flow import bare, unwrapped
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writes import outermost
from pipeline.typescript.strategies.writing import Piece, Written, write
from pipeline.typescript.tree import NOTHING, Node, Type
from pipeline.typescript.world import World

NAME = "indexing"
CODES = frozenset((7053, 7015, 7017, 2538, 2536, 2464))
_DECLARED = ("VariableDeclaration", "PropertyDeclaration")
_LONGEST = 160
_WIDE = 60
_EMPTY = frozenset(("{}", "object", "Object"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the object's type, then the key's, then a wider type at the use."""
    node = world.node(one)
    if node is not None and one.code == 2464:
        yield from _computed_key(node)
    access = node and (node.parent if node.role == "argumentExpression" else node)
    if access is None or access.kind != "ElementAccessExpression":
        return
    target, key = access.child("expression"), access.child("argumentExpression")
    if target is None or key is None:
        return
    if one.code == 2538:
        yield from _missing_key(access, target, key)
        return
    yield from _bag(target, world)
    yield from _listed_keys(target, key, world)
    yield from _known_key(target, key, world)
    yield from _table(target, key, world)
    yield from _at_use(target, key, world)


def declaration_of(target: Node, world: World) -> Node | None:
    """Return what declares an object in our files: a variable or a member of a class."""
    name = target.child("name") if target.kind == "PropertyAccessExpression" else target
    found = [one for one in world.declarations(name.symbol if name else None) if one.kind in _DECLARED]
    return found[0] if len(found) == 1 else None


def annotated(declaration: Node, kind: Written, why: str) -> Repair | None:
    """Return the repair that writes a declaration's type, in place of one that it has."""
    old, name = declaration.child("type"), declaration.child("name")
    mark = declaration.child("exclamationToken") or declaration.child("questionToken") or name
    edit = replace(old, kind.text) if old else mark and insert(mark, f": {kind.text}", after=True)
    if not edit:
        return None
    return Repair(NAME, "type-only", (edit, *kind.imports), why, vague=kind.vague)


def _key_type(kind: Type | None) -> str | None:
    if kind is None:
        return None
    for name in ("string", "number"):
        if all(name in one.flags for one in kind.members):
            return name
    return "string" if kind.has("string") or "any" in kind.flags else None


def _bag(target: Node, world: World) -> Iterator[Repair]:
    """Yield `Record<string, T>` for what is declared as any object and read under computed keys."""
    name = bare(target)
    for declared in world.declarations(name.symbol) if name.kind == "Identifier" else []:
        kind, inner = declared.child("type"), declared.child("name")
        if not kind or not inner or kind.text not in _EMPTY:
            continue
        reads = [
            outermost(use.parent)
            for use in world.references(inner.symbol)
            if use.parent and use.parent.kind == "ElementAccessExpression" and use.role == "expression"
        ]
        texts = [found.text for found in _read_as(reads, declared, world)]
        for text in (*texts, "unknown"):
            if edit := replace(kind, f"Record<string, {text}>"):
                yield Repair(NAME, "type-only", (edit,), "the object is read under computed keys")


def _read_as(reads: list[Node], at: Node, world: World) -> Iterator[Written]:
    """Yield what values are read as: the plain types they are tested for, and the members that are read of them."""
    plain = [one for one in reads if one.parent and one.parent.kind == "TypeOfExpression"]
    deep = [one for one in reads if one.parent and one.parent.kind == "PropertyAccessExpression"]
    tested = [
        other.text[1:-1]
        for one in plain
        if one.parent and one.parent.parent and (other := one.parent.parent.child("right"))
    ]
    pieces: list[Piece] = [one for one in dict.fromkeys(tested) if one in ("string", "number", "boolean")]
    for shape in by_use(deep, world) if deep else ():
        if found := write([*pieces, *shape], at, world):
            yield found
    if pieces and (alone := write(pieces, at, world)):
        yield alone


def _type_name(target: Node, world: World) -> Written | None:
    """Return how `keyof` names the type of an object."""
    kind = target.type
    if kind and kind.name and kind.symbol and kind.symbol.declarations and "class" not in kind.symbol.flags:
        found = write([kind], target, world)
        if found and "{" not in found.text:
            return found
    inner = target
    while inner.kind == "PropertyAccessExpression" and (next_one := inner.child("expression")):
        inner = next_one
    if inner.kind != "Identifier" or "?" in target.text:
        return None
    return Written(f"typeof {target.text}", (), vague=False)


def _keys_call(key: Node) -> Node | None:
    """Return the `Object.keys(x)` that a key comes from: of a callback's parameter or a loop's variable."""
    name = bare(key)
    chain = None
    if name.kind != "Identifier" or not name.symbol:
        return None
    for place in name.symbol.declarations:
        if place.name != name.tree.name:
            return None
        declared = name.tree.at(place.start, place.end)
        if place.kind == "Parameter" and declared.above("CallExpression"):
            function = declared.function
            call = function and function.parent
            if call and call.kind == "CallExpression" and declared.child("type") is None:
                chain = call.child("expression")
        loop = declared.above("ForOfStatement") if place.kind == "VariableDeclaration" else None
        if loop and declared.parent and declared.parent.parent is loop:
            chain = loop.child("expression")
    while chain is not None and chain.kind in (
        "PropertyAccessExpression",
        "CallExpression",
        "ParenthesizedExpression",
    ):
        if chain.kind == "CallExpression" and chain.text.startswith(("Object.keys(", "Reflect.ownKeys(")):
            callee = chain.child("expression")
            if callee and callee.text in ("Object.keys", "Reflect.ownKeys"):
                return chain
        chain = chain.child("expression")
    return None


def _listed_keys(target: Node, key: Node, world: World) -> Iterator[Repair]:
    """Yield `(Object.keys(x) as (keyof T)[])` where a key comes from the object itself."""
    call = _keys_call(key)
    argument = call and next(iter(call.all("arguments")), None)
    if call is None or argument is None or argument.text != target.text:
        return
    named = _type_name(target, world)
    edit = named and replace(call, f"({call.text} as (keyof {named.text})[])")
    if named and edit:
        yield Repair(NAME, "type-only", (edit, *named.imports), "the keys are those of the object itself")


def _literal_keys(target: Node) -> str | None:
    names = [one.name for one in target.type.properties] if target.type else []
    return " | ".join(f"'{name}'" for name in names) if 0 < len(names) <= 6 else None


def _known_key(target: Node, key: Node, world: World) -> Iterator[Repair]:
    """Yield `keyof T` as the type of the parameter, variable or member that is the key."""
    name = bare(key)
    name = name.child("name") or name if name.kind == "PropertyAccessExpression" else name
    if not target.type or target.type.text in _EMPTY or name.kind != "Identifier":
        return
    for declared in world.declarations(name.symbol):
        kind, inner = declared.child("type"), declared.child("name")
        if inner is None or not _may_be_typed(declared, kind):
            continue
        named = _type_name(target, world) if declared.tree is target.tree else None
        texts = [f"keyof {named.text}"] if named else []
        texts += [literal] if (literal := _literal_keys(target)) else []
        mark = declared.child("questionToken") or inner
        for text in texts:
            edit = replace(kind, text) if kind else insert(mark, f": {text}", after=True)
            if edit:
                edits = (edit, *named.imports) if named and text.startswith("keyof") else (edit,)
                why = f"it is only used as a key of `{target.text}`"
                yield Repair(
                    NAME, "type-only", edits, why, vague=bool(kind) and _from_nowhere(declared, world)
                )


def _from_nowhere(declared: Node, world: World) -> bool:
    """Whether some caller passes what has no type yet: it may turn out to be any string."""
    pieces = passed(declared, world).pieces if declared.kind == "Parameter" else ()
    return any(not isinstance(one, str) and "any" in one.flags for one in pieces)


def _may_be_typed(declared: Node, kind: Node | None) -> bool:
    """Whether a declaration has no type, or that of any key, and is not the variable of a loop."""
    loop = declared.parent.parent if declared.parent else None
    if loop and loop.kind in ("ForInStatement", "ForOfStatement"):
        return False
    if declared.kind not in ("Parameter", "PropertySignature", "VariableDeclaration", "PropertyDeclaration"):
        return False
    return kind.text in ("string", "number") if kind else declared.child("initializer") is None


def _values_of(target: Node, world: World) -> Written | None:
    kinds = [one.type for one in target.type.properties if one.type] if target.type else []
    found = write(kinds, target, world) if kinds else None
    return found if found and len(found.text) <= _LONGEST else None


def _table(target: Node, key: Node, world: World) -> Iterator[Repair]:
    """Yield `Record<string, V>` at the declaration of a literal that serves as a table."""
    declaration = declaration_of(target, world)
    start = declaration and declaration.child("initializer")
    if not declaration or not start or declaration.child("type") or start.kind != "ObjectLiteralExpression":
        return
    kind, kept = _key_type(bare(key).type), _values_of(target, world)
    if kept and kind:
        record = Written(f"Record<{kind}, {kept.text}>", kept.imports, kept.vague)
        if repair := annotated(declaration, record, "the object is a table that is read under computed keys"):
            yield repair


def _own_key(target: Node, key: Node) -> bool:
    """Whether the key is the variable of a `for (k in x)` over the object, or one like it, or of its `Object.keys`."""
    name = bare(key)
    for place in name.symbol.declarations if name.kind == "Identifier" and name.symbol else ():
        loop = (
            name.tree.at(place.start, place.end).above("ForInStatement")
            if place.name == name.tree.name
            else None
        )
        over = loop.child("expression") if loop else None
        if over is not None and _alike(over, target):
            return True
    call = _keys_call(key)
    return bool(call and any(_alike(one, target) for one in call.all("arguments")))


def _alike(over: Node, target: Node) -> bool:
    """Whether two expressions are the same object, or of one type of the project that lists its members."""
    one, other = over.type, target.type
    same = bool(one and other and one.id == other.id and one.properties and not one.index)
    return same or over.text == target.text


def _at_use(target: Node, key: Node, world: World) -> Iterator[Repair]:
    named = _type_name(target, world)
    known = bool(target.type and target.type.properties)
    cast = key.text if key.kind in ("Identifier", "PropertyAccessExpression") else f"({key.text})"
    if named and known:
        edit = replace(key, f"{cast} as keyof {named.text}")
        if edit and _own_key(target, key):
            yield Repair(
                NAME, "type-only", (edit, *named.imports), "the loop runs over the keys of this object"
            )
    kept, kind = _values_of(target, world), _key_type(bare(key).type)
    # Of a type with many different members the values are whatever; who reads one has to look.
    if (
        (kept is None or len(kept.text) > _WIDE)
        and kind == "string"
        and target.type
        and _is_object(target.type)
        and not _bare_start(target, world)
    ):
        kept = Written("unknown", (), vague=False)
    edits = (
        (insert(target, "("), insert(target, f" as Record<{kind}, {kept.text}>)", after=True)) if kept else ()
    )
    if kept and kind and all(edits):
        why = "the object is read as a table: a wider type that it already fits"
        both = (one for one in edits if one)
        yield Repair(NAME, "type-only", (*both, *kept.imports), why, vague=kept.vague)


def _bare_start(target: Node, world: World) -> bool:
    """Whether the object is declared as `{}` and nothing else: its declaration is to be typed, not each use."""
    declared = declaration_of(target, world)
    start = declared.child("initializer") if declared else None
    return bool(declared and start and start.text == "{}" and not declared.child("type"))


def _is_object(kind: Type) -> bool:
    plain = all("object" in one.flags and "array" not in one.flags for one in kind.members)
    return plain and kind.text not in _EMPTY


def _computed_key(node: Node) -> Iterator[Repair]:
    """Yield the string that `{ [key]: value }` makes of a key that may be null or undefined."""
    key = node.child("expression") if node.kind == "ComputedPropertyName" else node
    kinds = key.type.members if key and key.type else ()
    plain = all("string" in one.flags or bool(one.flags & NOTHING) for one in kinds)
    if key and kinds and plain and (edit := replace(key, f"String({key.text})")):
        yield Repair(NAME, "guard", (edit,), "JavaScript makes this same string of the key")


def _missing_key(access: Node, target: Node, key: Node) -> Iterator[Repair]:
    """Yield the same look-up with a key that is never undefined; `x[undefined]` reads the key "undefined"."""
    kind, holder = key.type, target.type
    if kind is None or holder is None:
        return
    present = [one for one in kind.members if not one.flags & {"undefined", "null"}]
    written_to = unwrapped(access).role == "left"
    cast = (
        key.text
        if key.kind in ("Identifier", "PropertyAccessExpression", "CallExpression")
        else f"({key.text})"
    )
    if holder.has("array") or holder.has("tuple"):
        if all("number" in one.flags for one in present) and not written_to:
            edit = replace(key, f"{cast} ?? -1")
            if edit:
                yield Repair(
                    NAME, "guard", (edit,), "a list has nothing at -1, as it has nothing at undefined"
                )
    elif all("string" in one.flags for one in present) and (edit := replace(key, f"String({key.text})")):
        yield Repair(NAME, "guard", (edit,), "JavaScript looks up the key as this same string")
    simple = bare(key).kind == "Identifier" and not written_to and unwrapped(access).role != "expression"
    edit = replace(access, f"({key.text} != null ? {access.text} : undefined)") if simple else None
    if edit:
        why = "the object has nothing under undefined"
        yield Repair(NAME, "guard", (edit,), why, "a key named undefined or null would no longer be found")
