"""`if (e.target && e.target.value)`: a condition that asks whether an event's target is there asks what it is.

For markup that has no casts, Svelte's before 5; there the target of an element that holds no other is the current one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.flow import bare, in_markup, operator
from pipeline.typescript.strategies.markup import interfaces
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "target-asked"
CODES = frozenset((7053, 2339, 2551, 18047, 2531))
_LISTENED = re.compile(r"currentTarget: EventTarget & (HTML\w+Element)")
# What holds no other element that an event could come from; a form is what is submitted itself.
_ALONE = frozenset(("HTMLInputElement", "HTMLTextAreaElement", "HTMLSelectElement"))
_FORM = "HTMLFormElement"
_CONTROL = re.compile(r"<(input|select|textarea|button|output|fieldset|object)\b|</form\s*>")
_RISK = "where the event comes from another element, the condition is now false"


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `e.target instanceof HTMLInputElement` in place of `e.target` in the condition around its use."""
    node = world.node(one)
    access = node if node is None or node.kind == "ElementAccessExpression" else node.parent
    held = access.child("expression") if access else None
    if not access or not held or held.kind != "PropertyAccessExpression" or not held.text.endswith(".target"):
        return
    kind = _kind(held)
    if kind is None:
        return
    asked = next((each for each in _operands(access) if each.text == held.text), None)
    checks = [f"{held.text} instanceof {kind}"]
    if access.kind == "ElementAccessExpression" and (control := _control(access, world)):
        checks.append(f"{access.text} instanceof {control}")
    if asked is not None and (edit := replace(asked, " && ".join(checks))):
        yield Repair(NAME, "guard", (edit,), f"the event comes from {kind}", _RISK)
    elif kind in _ALONE and in_markup(held) and not _later(held):
        name = held.child("name")
        if name and (edit := replace(name, "currentTarget")):
            yield Repair(
                NAME, "guard", (edit,), f"{kind} holds no element that the event could come from instead"
            )


def _later(held: Node) -> bool:
    """Whether the handler may go on after the event was dispatched: then nothing is its current target any more."""
    function, event = held.function, held.child("expression")
    own = [one.child("name") for one in function.all("parameters")] if function else []
    if function is None or event is None or not any(one and one.text == event.text for one in own):
        return True
    return any(one.kind == "AsyncKeyword" for one in function.all("modifiers"))


def _kind(held: Node) -> str | None:
    """Return the kind of element that an event comes from, when it is the one that is listened on."""
    event = held.child("expression")
    text = event.type.text if event and event.type else ""
    found = _LISTENED.search(text)
    if not found or (found[1] == _FORM and "submitter" not in text and not text.startswith("SubmitEvent")):
        return None
    return found[1] if found[1] in _ALONE or found[1] == _FORM else None


def _control(access: Node, world: World) -> str | None:
    """Return the kind of the first control of the form in whose tag a handler is written."""
    key, place = access.child("argumentExpression"), access.place
    found = _CONTROL.search(access.tree.source, place[1]) if place else None
    if key is None or key.text != "0" or found is None or found[1] is None:
        return None
    return interfaces({found[1]}, world)


def _operands(node: Node) -> Iterator[Node]:
    """Yield what all has to hold where a node is evaluated, of the conditions around it."""
    inner = node
    for outer in node.up():
        if outer.is_function:
            return
        if outer.kind == "IfStatement" and inner.role in ("thenStatement", "expression"):
            yield from _parts(outer.child("expression"))
        elif outer.kind == "ConditionalExpression" and inner.role in ("whenTrue", "condition"):
            yield from _parts(outer.child("condition"))
        inner = outer


def _parts(test: Node | None) -> Iterator[Node]:
    node = bare(test) if test else None
    if node is not None and node.kind == "BinaryExpression" and operator(node) == "&&":
        yield from _parts(node.child("left"))
        yield from _parts(node.child("right"))
    elif node is not None:
        yield node
