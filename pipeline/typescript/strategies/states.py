"""What is written to state that a framework's function holds: `useState`, `useRef`, `ref`, signals, stores."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.strategies.markup import tags
from pipeline.typescript.strategies.writes import Writes, outermost, writes_to
from pipeline.typescript.tree import Node, Type
from pipeline.typescript.world import World

_INNER = frozenset(("current", "value"))
_SETTERS = frozenset(("set", "next", "update"))


def state_writes(holder: Node, name: Node, world: World) -> tuple[Writes, list[Node]]:
    """Return what is written to the state that a declaration holds, and the expressions that read it."""
    pattern = holder.child("name")
    if pattern and pattern.kind == "ArrayBindingPattern":
        return _hook(pattern, name, world)
    inside: list[Node] = []
    found = Writes()
    for use in world.references(name.symbol):
        if use is name:
            continue
        inside += _values(use, world)
        access = use.parent
        member = access.child("name") if access and use.role == "expression" else None
        if (
            access
            and member
            and member.text in _SETTERS
            and access.parent
            and access.parent.kind == "CallExpression"
        ):
            found.values += [one for value in access.parent.all("arguments")[:1] for one in _given(value)]
        elif tag := _referred(use):
            found.texts += _element(tag, world)
    found.texts += [text for tag in _referring(holder, name) for text in _element(tag, world)]
    for node in inside:
        more = writes_to([node])
        found.values += more.values
        found.elements += more.elements
        found.keyed += more.keyed
        found.reads += more.reads
    return found, inside


def _values(use: Node, world: World) -> Iterator[Node]:
    """Yield the expressions that stand for the value of the state that a name holds."""
    access = use.parent if use.parent and use.parent.kind == "PropertyAccessExpression" else None
    member = access.child("name") if access else None
    inner = use.role == "expression" and member is not None and member.text in _INNER
    # A template names the value itself.
    if access and (inner or (member is use and access.text == use.text)):
        yield outermost(access)
    elif kept := _subscribed(use):
        yield from (outermost(one) for one in world.references(kept.symbol) if one is not kept)


def _subscribed(use: Node) -> Node | None:
    """Return the name that holds what is in a store: `$items` of `items`, which Svelte's tool writes."""
    call = (
        use.parent if use.parent and use.parent.kind == "CallExpression" and use.role == "arguments" else None
    )
    declared = call.parent if call and call.parent and call.parent.kind == "VariableDeclaration" else None
    name = declared.child("name") if declared else None
    return name if name and name.text == f"${use.text}" else None


def _hook(pattern: Node, name: Node, world: World) -> tuple[Writes, list[Node]]:
    uses = [one for one in world.references(name.symbol) if one is not name]
    found = writes_to(uses)
    second = pattern.children[1].child("name") if len(pattern.children) > 1 else None
    for use in world.references(second.symbol) if second else ():
        call = use.parent
        if call and call.kind == "CallExpression" and use.role == "expression":
            for value in call.all("arguments")[:1]:
                found.values += list(_given(value))
    return found, uses


def _given(value: Node) -> Iterator[Type]:
    """Yield what a setter is given: a value, or what the function returns that makes the next one."""
    if value.is_function:
        for call in value.type.calls if value.type else ():
            if call.returns:
                yield call.returns
    elif value.type:
        yield value.type


def _referred(use: Node) -> str:
    """Return the tag whose element a JSX `ref={...}` takes."""
    expression = use.parent
    attribute = expression.parent if expression and expression.kind == "JsxExpression" else None
    name = attribute.child("name") if attribute and attribute.kind == "JsxAttribute" else None
    opening = attribute.above("JsxOpeningElement", "JsxSelfClosingElement") if attribute else None
    tag = opening.child("tagName") if opening else None
    return tag.text if tag and name and name.text == "ref" and tag.text.islower() else ""


def _referring(holder: Node, name: Node) -> set[str]:
    """Return the tags whose element a Vue template puts into a ref by its name: `<p ref="title">`."""
    if not holder.tree.file.endswith(".vue"):
        return set()
    named = [(tag, one) for tag, one in tags(holder.tree.source) if one.get("ref") == name.text]
    return {tag for tag, one in named if tag.islower() and "v-for" not in one} if len(named) == 1 else set()


def _element(tag: str, world: World) -> list[str]:
    names = [f'HTMLElementTagNameMap["{tag}"]', f'SVGElementTagNameMap["{tag}"]']
    found = world.source.ambient(names)
    return [text for one in names if (text := found.get(one))][:1]
