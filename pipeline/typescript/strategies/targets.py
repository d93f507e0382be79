"""What an event comes from: `e.target` and its like as the kind of element that the handler takes it for."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import key_of
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.elements import cast, expected, guessed
from pipeline.typescript.strategies.flow import LINKS, bare, home_of
from pipeline.typescript.strategies.listening import Listener, listeners
from pipeline.typescript.strategies.markup import interfaces, named_tags
from pipeline.typescript.strategies.origins import CASTS, LOOKUPS, method_of, origin, selector_of
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "event-target"
CODES = frozenset((2339, 2551, 2531, 18047, 2345, 2322, 2740))
# Null only before an event is dispatched; `relatedTarget` and the like may be null in a handler, too.
_SURE = frozenset(("target", "currentTarget", "srcElement"))
_NULLABLE = frozenset(("relatedTarget", "submitter", "activeElement"))
_BROAD = frozenset(("Element", "HTMLElement", "Document", "Window", "Node", "EventTarget"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield casts of the event's target: to what is listened on, or to the most general kind with the members."""
    node = world.node(one)
    held = node and _held(node, one)
    if not held:
        return
    source = _source(held, world)
    name = source.child("name") if source else None
    if not source or not name or (source.type and "any" in source.type.flags):
        return
    nullable = name.text in _NULLABLE and bool(source.type and source.type.nullable)
    wanted = expected(held) if held.role in ("arguments", "right") else None
    for kind, why in _kinds(source, held, name.text, wanted, world):
        if edit := cast(source, f"{kind} | null" if nullable else kind):
            yield Repair(NAME, "type-only", (edit,), why)


def _held(node: Node, one: Diagnostic) -> Node | None:
    parent = node.parent
    if one.code in (2339, 2551):
        if parent and node.role == "name" and parent.kind in LINKS:
            return parent.child("expression")
        return None
    return node if node.kind in LINKS or node.kind == "Identifier" else None


def _source(held: Node, world: World) -> Node | None:
    """Return the `e.target` that an expression is, or that its variable starts with."""
    node = bare(held)
    if node.kind == "Identifier":
        values = [
            one.child("initializer") for one in world.declarations(node.symbol) if not one.child("type")
        ]
        node = bare(values[0]) if len(values) == 1 and values[0] else node
    if node.kind != "PropertyAccessExpression" or _casted(node):
        return None
    name = node.child("name")
    text = node.type.text if node.type else ""
    general = "EventTarget" in text or "Element | null" in text or text == "never"
    return node if name and name.text in _SURE | _NULLABLE and general else None


def _casted(node: Node) -> bool:
    return bool(node.parent and node.parent.kind == "AsExpression")


def _kinds(
    source: Node, held: Node, name: str, wanted: str | None, world: World
) -> Iterator[tuple[str, str]]:
    needs = _members(held)
    fitting = world.source.implementers("Node", needs) if needs else []
    event = source.child("expression")
    function = _handler(event, world) if event else None
    found = list(listeners(function, world)) if function else []
    listened = {kind for one in found if (kind := one.kind(world) or _marked(one, world))}
    listened |= {kind for one in found if listened & _BROAD and (kind := _marked(one, world))}
    listened -= _BROAD if len(listened) > 1 else set()
    if len(listened) == 1 and (name == "currentTarget" or not listened & _BROAD):
        kind = next(iter(listened))
        if (kind in fitting or not needs) and kind not in ("EventTarget", "any"):
            yield kind, f"it is listened on {kind}"
            return
    if wanted:
        yield wanted, f"{wanted} is what it is used as"
    elif needs:
        yield from guessed(fitting, " ".join(one.event for one in found), needs)


def _marked(one: Listener, world: World) -> str | None:
    """Return the kind that the markup says of what is listened on."""
    source = origin(one.receiver, world) if one.receiver else None
    selector = selector_of(source) if source and method_of(source) in LOOKUPS | CASTS else ""
    found = next(named_tags(selector, source.tree.file, world), None) if source and selector else None
    return interfaces(found, world) if found else None


def _members(held: Node) -> list[str]:
    """Return the members that the handler reads of the same expression."""
    key, home = key_of(held), home_of(held)
    found = set()
    for node in home.walk():
        if node.kind == held.kind and key_of(node) == key and node.parent and node.role == "expression":
            name = node.parent.child("name")
            if name:
                found.add(name.text)
    return sorted(found)


def _handler(event: Node, world: World) -> Node | None:
    places = world.declarations(event.symbol)
    return places[0].parent if len(places) == 1 and places[0].kind == "Parameter" else None
