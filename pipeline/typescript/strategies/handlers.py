"""Handlers of events: the type of their event, and what is listened on where the event's name tells more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.elements import cast, placed
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.listening import Listener, listeners
from pipeline.typescript.strategies.origins import origin
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "event-handler"
CODES = frozenset((7006, 2339, 2551, 2345, 2769, 2322))
_MAPS = ("HTMLElementEventMap", "WindowEventMap", "DocumentEventMap")
_PLAIN = re.compile(r"[A-Z]\w*Event")


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the type of a handler's event, by the name of the event that it listens to."""
    node = world.node(one)
    if node is None:
        return
    if one.code == 7006:
        parameter = node if node.kind == "Parameter" else node.above("Parameter")
        yield from _untyped(parameter, world) if parameter else ()
    elif one.code in (2339, 2551):
        yield from _too_general(node, world)
    else:
        yield from _own_event(node)


def _untyped(parameter: Node, world: World) -> Iterator[Repair]:
    function, name = parameter.parent, parameter.child("name")
    if (
        not function
        or not name
        or function.all("parameters")[0] is not parameter
        or name.kind != "Identifier"
    ):
        return
    found = [one for one in listeners(function, world) if one.event]
    types = {_type_of(one, world) for one in found}
    if not types or None in types:
        return
    text = " | ".join(sorted(one for one in types if one))
    bracket = function.kind == "ArrowFunction" and not function.text.lstrip("async ").startswith("(")
    edit = replace(parameter, f"({name.text}: {text})") if bracket else insert(name, f": {text}", after=True)
    if edit:
        yield Repair(NAME, "type-only", (edit,), f"it listens to {found[0].event}")


def _type_of(one: Listener, world: World) -> str | None:
    """Return the type of the event that a listener gets, None when it is one of the project's own."""
    if one.tag:  # what JSX calls its events is up to its library
        return None
    names = [f'{name}["{one.event}"]' for name in _MAPS]
    known = world.source.ambient(names)
    text = next((text for name in names if (text := known.get(name))), None)
    return text if text and re.fullmatch(r"\w+", text) else None


def _too_general(node: Node, world: World) -> Iterator[Repair]:
    """`e.key` of an Event: what is listened on is known too little, or the parameter is annotated too widely."""
    access = node.parent
    held = access.child("expression") if access and node.role == "name" else None
    if not held or not held.type or held.type.text != "Event" or held.kind != "Identifier":
        return
    places = world.declarations(held.symbol)
    function = places[0].parent if len(places) == 1 and places[0].kind == "Parameter" else None
    heard: str | None = None
    for one in listeners(function, world) if function else ():
        source = origin(one.receiver, world) if one.receiver else None
        general = one.receiver and one.receiver.type and re.search(r"\bElement\b", one.receiver.type.text)
        for edit in placed(source, "HTMLElement") if source and general else ():
            yield Repair(NAME, "type-only", (edit,), f"it is listened to for {one.event}")
        kind = _type_of(one, world)
        heard = kind if kind != "Event" else heard
        annotation = places[0].child("type")
        if kind and kind != "Event" and annotation and (narrower := replace(annotation, kind)):
            yield Repair(NAME, "type-only", (narrower,), f"it listens to {one.event}")
    kind = heard or _by_member(node.text, world)
    casted = cast(held, kind) if kind else None
    if casted:
        yield Repair(NAME, "type-only", (casted,), f"it has {node.text}")


def _by_member(member: str, world: World) -> str | None:
    """Return the only kind of event that has a member."""
    found = [one for one in world.source.implementers("Event", [member]) if _PLAIN.fullmatch(one)]
    return found[0] if len(found) == 1 else None


def _own_event(node: Node) -> Iterator[Repair]:
    """A handler that wants a CustomEvent: the event's name is declared, or the handler is cast."""
    call = node if node.kind == "CallExpression" else node.above("CallExpression")
    callee = call.child("expression") if call else None
    arguments = call.all("arguments") if call else []
    if not callee or len(arguments) < 2 or not callee.text.endswith("EventListener"):
        return
    handler = bare(arguments[1])
    signature = handler.type.calls[0] if handler.type and handler.type.calls else None
    kind = signature.parameters[0].type if signature and signature.parameters else None
    if kind is None or not re.match(r"\w*Event\b", kind.text):
        return
    event = arguments[0].text[1:-1] if arguments[0].kind == "StringLiteral" else ""
    annotation = handler.all("parameters")[0].child("type") if handler.all("parameters") else None
    # What the language's own events are is known: only those of the project are declared.
    own = kind.text.startswith("CustomEvent") or bool(kind.symbol and kind.symbol.own)
    if event and own and (edit := _declared(event, annotation.text if annotation else kind.text, callee)):
        yield Repair(NAME, "type-only", (edit,), f"{event} is an event of this project")
    function = handler.kind in ("ArrowFunction", "FunctionExpression")
    text = f"({handler.text}) as EventListener" if function else f"{arguments[1].text} as EventListener"
    if edit := replace(arguments[1], text):
        yield Repair(NAME, "type-only", (edit,), "it is only called with the event that it is set for")


def _declared(event: str, kind: str, callee: Node) -> Edit | None:
    """Return the edit that makes an event known where it is listened to: at the end of a module."""
    receiver = callee.child("expression")
    text = receiver.type.text if receiver and receiver.type else ""
    target = "Document" if text == "Document" else "Window" if text.startswith("Window") else ""
    target = target or ("HTMLElement" if "HTML" in text else "")
    tree = callee.tree
    vague = "any" in kind or ("<" in kind and not re.fullmatch(r"CustomEvent<(string|number|boolean)>", kind))
    if not target or not tree.module or tree.segments is not None or vague:
        return None
    name = event if event.isidentifier() else f"'{event}'"
    line = "\r\n" if "\r\n" in tree.source else "\n"
    inner = f"  interface {target}EventMap {{{line}    {name}: {kind};{line}  }}"
    body = f"{line}declare global {{{line}{inner}{line}}}{line}"
    end = len(tree.source)
    return Edit(tree.file, end, end, body)
