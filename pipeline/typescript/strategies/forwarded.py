"""Components that hand a ref on: `forwardRef(...)` told which element it is and which props the component takes."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.annotate import combined
from pipeline.typescript.strategies.base import Repair, insert
from pipeline.typescript.strategies.markup import interfaces
from pipeline.typescript.strategies.props import given_to, shape_of
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "forward-ref"
CODES = frozenset((2322, 2339, 2559))
_MAKERS = frozenset(("forwardRef", "React.forwardRef"))
_TAGS = ("JsxOpeningElement", "JsxSelfClosingElement")


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `forwardRef<HTMLInputElement, { label: string } & ...>` for an error in the component or at its element."""
    node = world.node(one)
    call = _made(node, world) if node else None
    callee = call.child("expression") if call else None
    function = call.all("arguments")[0] if call and call.all("arguments") else None
    parameters = function.all("parameters") if function else []
    if not call or not callee or not function or call.all("typeArguments") or len(parameters) != 2:
        return
    element, name = _element(parameters[1], world), parameters[0].child("name")
    if not element or not name or any(each.child("type") for each in parameters):
        return
    for blind in (False, True):
        shape = shape_of(name, given_to(parameters[0], function, world), world, use_only=blind)
        if shape is None:
            continue
        props = shape.text.replace("React.ComponentProps<", "React.ComponentPropsWithoutRef<")
        props = props if shape.members or shape.extends else "object"
        if edit := insert(callee, f"<{element}, {props}>", after=True):
            why = f"it hands its ref on to {element}, and takes what its elements give"
            yield Repair(NAME, "type-only", combined((edit,), shape.imports), why, vague=shape.vague)


def _made(node: Node, world: World) -> Node | None:
    """Return the call of `forwardRef` around an error, or that made the component whose element it is about."""
    tag = None
    for around in (node, *node.up()):
        callee = around.child("expression") if around.kind == "CallExpression" else None
        if callee and callee.text in _MAKERS:
            return around
        if around.kind in _TAGS and tag is None:
            tag = around.child("tagName")
            for declared in world.declarations(tag.symbol) if tag else ():
                made = declared.child("initializer")
                inner = made.child("expression") if made and made.kind == "CallExpression" else None
                if inner and inner.text in _MAKERS:
                    return made
    return None


def _element(parameter: Node, world: World) -> str | None:
    """Return what the ref is of: the interface of the tag that has it, or the ref of the component that has it."""
    name = parameter.child("name")
    tags = set()
    for use in world.references(name.symbol) if name else ():
        attribute = use.above("JsxAttribute") if use is not name else None
        key = attribute.child("name") if attribute else None
        opening = attribute.above(*_TAGS) if attribute else None
        tag = opening.child("tagName") if opening else None
        if key and key.text == "ref" and tag:
            tags.add(tag.text)
    if len(tags) == 1 and not (one := next(iter(tags)))[:1].islower():
        return f"React.ComponentRef<typeof {one}>"
    return interfaces(tags, world) if tags and all(one[:1].islower() for one in tags) else None
