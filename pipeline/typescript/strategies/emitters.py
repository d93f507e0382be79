"""Lists of listeners kept by the name of an event in an object that starts as `{}`: what they take, and who may listen.

Each listener takes what its own event brings, which no type of the list can say; so the function that adds one is
generic, and the list holds what the code that calls them knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.calls import passed
from pipeline.typescript.strategies.flow import assigned, bare
from pipeline.typescript.strategies.indexing import declaration_of
from pipeline.typescript.strategies.parameters import annotate
from pipeline.typescript.strategies.returns import insert_generics
from pipeline.typescript.strategies.writing import write
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "listeners"
CODES = frozenset((7006, 7053))
_ADD = frozenset(("push", "unshift"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the types of the object, of the parameter that is kept in it, and of the place where it is kept."""
    node = world.node(one)
    target = _target(node, one.code) if node else None
    declared = declaration_of(target, world) if target else None
    start = declared.child("initializer") if declared else None
    if not target or not declared or not start or start.text != "{}" or declared.child("type"):
        return
    stored = list(_stored(declared, world))
    argument = next(_called_with(declared, world), None)
    if len(stored) != 1 or argument is None:
        return
    parameter, use = stored[0]
    kind = write([argument.type], declared, world) if argument.type else None
    known = kind.text if kind and not kind.vague else "unknown"
    word = argument.text if argument.kind == "Identifier" else "value"
    edits = _edits(
        declared, parameter, use, f"({word}: {known}) => void", word, generic=known == "unknown", world=world
    )
    if edits:
        imports = kind.imports if kind and known != "unknown" else ()
        why = "its functions are called with this; each takes what its own event brings"
        yield Repair(NAME, "type-only", (*edits, *imports), why)


def _target(node: Node, code: int) -> Node | None:
    """Return the object that is read or written under a name at the place of an error."""
    if code == 7006:
        parameter = node if node.kind == "Parameter" else node.above("Parameter")
        function = parameter.parent if parameter else None
        body = function.child("body") if function else None
        uses = (
            [one for one in body.walk() if one.text == node.text and one.kind == "Identifier"] if body else []
        )
        return next((found for one in uses if (found := _kept_in(one))), None)
    access = node.parent if node.role == "argumentExpression" else node
    return access.child("expression") if access and access.kind == "ElementAccessExpression" else None


def _kept_in(use: Node) -> Node | None:
    """Return the object that a use is put into a list of: `x[k] = [...x[k], use]`, `(x[k] ||= []).push(use)`."""
    for outer in use.up():
        if outer.is_function:
            return None
        found = None
        if outer.kind == "BinaryExpression" and outer.parent and outer.parent.kind == "ExpressionStatement":
            found = outer.child("left") if use.role == "elements" else None
        elif outer.kind == "CallExpression" and use.role == "arguments":
            callee = outer.child("expression")
            name = callee.child("name") if callee else None
            held = callee.child("expression") if callee and name and name.text in _ADD else None
            found = (
                next((one for one in held.walk() if one.kind == "ElementAccessExpression"), None)
                if held
                else None
            )
        if found is not None:
            return found.child("expression") if found.kind == "ElementAccessExpression" else None
    return None


def _uses(declared: Node, world: World) -> Iterator[Node]:
    """Yield where the object is read or written under a name."""
    name = declared.child("name")
    for one in world.references(name.symbol) if name else ():
        whole = one.parent if one.role == "name" and one.parent and one.parent is not declared else one
        if whole.parent and whole.parent.kind == "ElementAccessExpression" and whole.role == "expression":
            yield whole.parent


def _stored(declared: Node, world: World) -> Iterator[tuple[Node, Node]]:
    """Yield the parameters without a type that are put into a list of the object, with the place."""
    seen: set[int] = set()
    for access in _uses(declared, world):
        function = access.function
        for parameter in function.all("parameters") if function else ():
            name = parameter.child("name")
            for use in world.references(name.symbol) if name and not parameter.child("type") else ():
                held = _kept_in(use) if use is not name else None
                if held and held.text == (access.child("expression") or held).text and use.start not in seen:
                    seen.add(use.start)
                    yield parameter, use


def _called_with(declared: Node, world: World) -> Iterator[Node]:
    """Yield the only argument of the calls of what the lists hold."""
    for access in _uses(declared, world):
        if assigned(access):
            continue
        for outer in access.up():
            if outer.is_function:
                break
            listed = outer.child("expression") if outer.kind == "ForOfStatement" else None
            name = None
            if listed and listed.contains(access):
                name = next(
                    (one.child("name") for one in outer.walk() if one.kind == "VariableDeclaration"), None
                )
            elif (
                outer.kind == "CallExpression"
                and (callee := outer.child("expression"))
                and callee.contains(access)
            ):
                method, first = callee.child("name"), next(iter(outer.all("arguments")), None)
                taken = first.all("parameters") if method and method.text == "forEach" and first else []
                name = taken[0].child("name") if taken else None
            for use in world.references(name.symbol) if name else ():
                call = use.parent
                if (
                    call
                    and call.kind == "CallExpression"
                    and use.role == "expression"
                    and len(call.all("arguments")) == 1
                ):
                    yield bare(call.all("arguments")[0])


def _edits(
    declared: Node, parameter: Node, use: Node, function: str, word: str, *, generic: bool, world: World
) -> tuple[Edit, ...]:
    name, owner = declared.child("name"), parameter.parent
    if not name or not owner:
        return ()
    table = insert(name, f": Record<string, ({function})[]>", after=True)
    different = any(
        not isinstance(one, str) and any(each.parameters for each in one.calls)
        for one in passed(parameter, world).pieces
    )
    if not (generic and different):
        own = annotate(parameter, f": {function}")
        return (table, *own) if table and own else ()
    scope = insert_generics(owner, "<T>")
    own = annotate(parameter, f": ({word}: T) => void")
    cast = insert(use, f" as {function}", after=True)
    return (table, scope, *own, cast) if table and scope and own and cast else ()
