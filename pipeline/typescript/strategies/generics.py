"""Type arguments that cannot be inferred: promises, sets, the start of a reduction, entries made into an object."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.usage import by_use
from pipeline.typescript.strategies.writes import Writes, writes_to
from pipeline.typescript.strategies.writing import Written, write
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

NAME = "generics"
CODES = frozenset((2794, 2345, 2322, 7053, 2769, 18046, 2571, 2339))
_REDUCE = frozenset(("reduce", "reduceRight"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type argument of the promise, then the type of the reduction's start."""
    node = world.node(one)
    if node is None:
        return
    yield from _promise(one, node, world)
    for reduce in _reductions(node, world):
        yield from _start(reduce, world)


def _promise(one: Diagnostic, node: Node, world: World) -> Iterator[Repair]:
    """Yield `new Promise<T>` with what its executor resolves with."""
    for made in (node, *node.up()):
        callee = made.child("expression") if made.kind == "NewExpression" else None
        if callee is None or callee.text != "Promise" or made.all("typeArguments"):
            continue
        if one.code == 2794:
            if edit := insert(callee, "<void>", after=True):
                yield Repair(NAME, "type-only", (edit,), "the promise resolves with nothing")
            return
        executor = next(iter(made.all("arguments")), None)
        first = next(iter(executor.all("parameters")), None) if executor else None
        name = first.child("name") if first else None
        given: list[Type] = []
        for use in world.references(name.symbol) if name else []:
            call = use.parent
            if call and call.kind == "CallExpression" and use.role == "expression":
                given += [one.type for one in call.all("arguments")[:1] if one.type]
            elif use is not name and use.context:
                given += [
                    kind.type for call in use.context.calls for kind in call.parameters[:1] if kind.type
                ]
        found = write(given, made, world) if given else None
        if found and (edit := insert(callee, f"<{found.text}>", after=True)):
            why = "the promise resolves with this"
            yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)
        return


def _reductions(node: Node, world: World) -> Iterator[Node]:
    """Yield the calls of reduce whose accumulator or result an error is about."""
    seen: set[int] = set()
    places = [one for one in (node, *node.up()) if one.kind == "CallExpression"]
    for name in (one for one in node.walk() if one.kind == "Identifier"):
        for declared in world.declarations(name.symbol):
            start = declared.child("initializer")
            if declared.kind == "VariableDeclaration" and start:
                places.append(bare(start))
            elif declared.kind == "Parameter" and declared.parent and declared.parent.parent:
                places.append(declared.parent.parent)
    for call in places:
        callee = call.child("expression") if call.kind == "CallExpression" else None
        method = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
        if method and method.text in _REDUCE and len(call.all("arguments")) == 2 and call.index not in seen:
            seen.add(call.index)
            yield call


def _start(reduce: Node, world: World) -> Iterator[Repair]:
    """Yield `[] as T[]` or `{} as Record<K, V>` for the accumulator that starts empty."""
    callback, start = reduce.all("arguments")
    parameters = callback.all("parameters")
    name = parameters[0].child("name") if parameters else None
    if name is None or name.kind != "Identifier" or parameters[0].child("type"):
        return
    uses = [one for one in world.references(name.symbol) if one is not name]
    for found in _types(start, writes_to(uses), uses, callback, world):
        if edit := insert(start, f" as {found.text}", after=True):
            why = "the accumulator starts empty and gets this"
            yield Repair(NAME, "type-only", (edit, *found.imports), why, vague=found.vague)


def _types(start: Node, into: Writes, uses: list[Node], callback: Node, world: World) -> Iterator[Written]:
    if start.kind == "ArrayLiteralExpression" and not start.all("elements"):
        grown = [*into.elements, *_appended(callback, uses)]
        if grown and (found := write(grown, start, world)):
            yield Written(found.in_array, found.imports, found.vague)
    if start.kind != "ObjectLiteralExpression" or start.all("properties"):
        return
    pairs = [*into.keyed, *_computed(callback)]
    values = write([value for _, value in pairs], start, world) if pairs else None
    if values is None and pairs:
        reads = [one.parent for one in uses if one.parent and one.parent.kind == "ElementAccessExpression"]
        values = next(
            (said for pieces in by_use(reads, world) if (said := write(pieces, start, world))), None
        )
    if pairs:
        values = values or Written("unknown", (), vague=True)
        key = "number" if all("number" in key.flags for key, _ in pairs) else "string"
        yield Written(f"Record<{key}, {values.text}>", values.imports, values.vague)


def _appended(callback: Node, uses: list[Node]) -> Iterator[Type]:
    """Yield what `[...acc, x]` and `acc.concat(x)` add."""
    for use in uses:
        spread = use.parent
        around = spread.parent if spread and spread.kind == "SpreadElement" else None
        if around and around.kind == "ArrayLiteralExpression" and callback.contains(around):
            for one in around.all("elements"):
                inner = one.child("expression") if one.kind == "SpreadElement" else None
                if inner is None and one.type:
                    yield one.type
                elif inner is not None and inner is not use and inner.type:
                    yield from inner.type.arguments[:1]


def _computed(callback: Node) -> Iterator[tuple[Type, Type]]:
    """Yield key and value of the members that `{ ...acc, [key]: value }` adds."""
    for one in callback.walk():
        name, value = one.child("name"), one.child("initializer")
        if (
            one.kind == "PropertyAssignment"
            and name
            and name.kind == "ComputedPropertyName"
            and value
            and value.type
        ):
            key = name.child("expression")
            if key and key.type:
                yield key.type, value.type
