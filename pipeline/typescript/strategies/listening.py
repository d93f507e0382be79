"""Who listens to an event: the call, attribute or property that takes a handler, its event and its receiver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.typescript.strategies.flow import unwrapped
from pipeline.typescript.strategies.markup import interfaces
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

_LISTEN = frozenset(("addEventListener", "removeEventListener"))
_NAMED = frozenset(("VariableDeclaration", "PropertyDeclaration", "PropertyAssignment"))


@dataclass(frozen=True)
class Listener:
    """One place where a handler is set: the event's name, what it is set on, the handler's own expression."""

    event: str
    receiver: Node | None
    handler: Node
    tag: str = ""

    def kind(self, world: World) -> str | None:
        """Return the type of what is listened on, when it is one kind of element."""
        if self.tag:
            return interfaces({self.tag}, world) if self.tag[:1].islower() else None
        parts = (
            [one.text for one in self.receiver.type.members] if self.receiver and self.receiver.type else []
        )
        known = [one for one in parts if one not in ("null", "undefined")]
        return known[0] if len(known) == 1 and known[0].isidentifier() else None


def listeners(function: Node, world: World) -> Iterator[Listener]:
    """Yield where a function listens to events: where it is written, or where its name is used."""
    if found := listener(function):
        yield found
        return
    holder = function.parent if function.parent and function.parent.kind in _NAMED else function
    name = holder.child("name")
    for use in world.references(name.symbol) if name else ():
        outer = use.parent if use.role == "name" and use.parent else use
        if outer.kind == "PropertyAccessExpression" or outer is use:
            bound = outer.parent
            if (
                bound
                and bound.kind == "PropertyAccessExpression"
                and bound.parent
                and outer.role == "expression"
            ):
                outer = bound.parent if bound.text.endswith(".bind") else outer
            if found := listener(outer):
                yield found


def listener(handler: Node) -> Listener | None:
    """Return what an expression listens to; wrappers such as `debounce(handler)` are looked through."""
    node = unwrapped(handler)
    parent = node.parent
    if parent is None:
        return None
    if parent.kind == "CallExpression" and node.role == "arguments":
        callee = parent.child("expression")
        name = callee.child("name") if callee and callee.kind == "PropertyAccessExpression" else None
        if callee and name and name.text in _LISTEN:
            first = parent.all("arguments")[0]
            event = first.text[1:-1] if first.kind.startswith(("String", "NoSub")) else ""
            return Listener(event, callee.child("expression"), node)
        return listener(parent) if parent.role in ("arguments", "right", "expression") else None
    if parent.kind == "BinaryExpression" and node.role == "right":
        left = parent.child("left")
        name = left.child("name") if left and left.kind == "PropertyAccessExpression" else None
        if left and name and name.text.startswith("on") and name.text.islower():
            return Listener(name.text[2:], left.child("expression"), node)
        return None
    if parent.kind == "JsxExpression" and parent.parent and parent.parent.kind == "JsxAttribute":
        attribute = parent.parent
        element = attribute.above("JsxOpeningElement", "JsxSelfClosingElement")
        tag, name = element.child("tagName") if element else None, attribute.child("name")
        if tag and name and name.text.startswith("on"):
            return Listener(name.text[2:].lower(), None, node, tag.text)
    return None
