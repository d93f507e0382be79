"""The kind of element that a lookup finds, told where it is looked up: from the selector, the markup, or the use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.edits import Edit
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, insert, replace
from pipeline.typescript.strategies.flow import LINKS, inside, operator, unwrapped
from pipeline.typescript.strategies.markup import interfaces, named_tags
from pipeline.typescript.strategies.origins import CASTS, LOOKUPS, is_list, method_of, origin, selector_of
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "element"
CODES = frozenset((2339, 2551, 2345, 2322, 2739, 2740, 2741, 2352))
_ELEMENT = re.compile(r"\b(?:Element|HTMLElement|SVGElement|ChildNode|ParentNode|Node|RadioNodeList)\b")
_KIND = re.compile(r"(?:HTML|SVG)\w*Element|Element|Node")
# What people call an element when they do not write its tag.
_WORDS = {
    "btn": "Button", "button": "Button", "form": "Form", "select": "Select", "textarea": "TextArea", "img": "Image",
    "image": "Image", "link": "Anchor", "anchor": "Anchor", "video": "Video", "audio": "Audio", "canvas": "Canvas",
    "dialog": "Dialog", "modal": "Dialog", "iframe": "IFrame", "script": "Script", "details": "Details",
    "option": "Option", "table": "Table", "input": "Input", "checkbox": "Input", "toggle": "Input", "field": "Input",
    "search": "Input", "slider": "Input", "template": "Template", "progress": "Progress", "meta": "Meta",
}  # fmt: skip


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield a type argument or a cast for the lookup behind an element, the surest kind first."""
    node = world.node(one)
    held = node and _held(node, one)
    if not held or not held.type or not _ELEMENT.search(held.type.text):
        return
    source = origin(held, world)
    if source is None:
        return
    wanted = expected(held) if one.code not in (2339, 2551) else None
    needs = members(source, world)
    known = {part.text for part in held.type.members}
    for kind, why in kinds(source, held, needs, wanted, world):
        if kind in known:
            continue
        for edit in placed(source, kind):
            yield Repair(NAME, "type-only", (edit,), why)


def _held(node: Node, one: Diagnostic) -> Node | None:
    """Return the expression that is an element of too general a kind."""
    parent = node.parent
    if parent is None:
        return None
    if one.code in (2339, 2551):
        return parent.child("expression") if node.role == "name" and parent.kind in LINKS else None
    if node.role == "arguments":
        return node
    if node.role == "name" and parent.kind in (
        "VariableDeclaration",
        "PropertyAssignment",
        "PropertyDeclaration",
    ):
        return parent.child("initializer")
    outer = parent if node.role == "name" and parent.kind == "PropertyAccessExpression" else node
    if outer.role == "left" and outer.parent and outer.parent.kind == "BinaryExpression":
        return outer.parent.child("right")
    if node.kind == "ReturnStatement":
        return node.child("expression")
    return node if node.kind in LINKS or node.kind == "Identifier" else None


def expected(node: Node) -> str | None:
    """Return the DOM interface that the surroundings of an expression want."""
    context = node.context or (node.parent.context if node.parent else None)
    parts = [one.text for one in context.members if not one.nullable] if context else []
    return parts[0] if len(parts) == 1 and _KIND.fullmatch(parts[0]) else None


def members(source: Node, world: World) -> list[str]:
    """Return the members that are missing on what comes from one lookup, over all errors of its file."""
    found = set()
    for one in world.errors:
        if one.code in (2339, 2551) and one.file == source.tree.file:
            node = world.node(one)
            held = node and _held(node, one)
            general = held is not None and held.type is not None and _ELEMENT.search(held.type.text)
            if node and held and general and origin(held, world) is source:
                found.add(node.text)
    return sorted(found)


def kinds(
    source: Node, held: Node, needs: list[str], wanted: str | None, world: World
) -> Iterator[tuple[str, str]]:
    """Yield the interfaces that an element may be of, with the reason, the surest first."""
    selector = selector_of(source) if method_of(source) in LOOKUPS | CASTS else ""
    fitting = world.source.implementers("Element", needs) if needs else []
    for names in named_tags(selector, source.tree.file, world) if selector else ():
        kind = interfaces(names, world)
        if kind and (not needs or set(fitting).issuperset(kind.split(" | "))):
            yield kind, f"{selector} is <{'>, <'.join(sorted(names))}>"
            return
    if wanted:
        yield wanted, f"{wanted} is what it is used as"
    elif needs:
        yield from guessed(fitting, f"{selector} {held.text}", needs)


def guessed(fitting: list[str], words: str, needs: list[str]) -> Iterator[tuple[str, str]]:
    """Yield interfaces that have the members: by what the code calls the element, then the most general ones."""
    why = f"it has {', '.join(needs)}"
    for general in ("Element", "HTMLElement"):
        if general in fitting:
            yield general, why
            return
    for word in re.findall(r"[A-Z]?[a-z]+", words):
        kind = f"HTML{_WORDS.get(word.lower(), '')}Element"
        if kind in fitting and kind != "HTMLElement":
            yield kind, f"{why}, and is called {word.lower()}"
            return
    if "HTMLInputElement" in fitting:
        yield "HTMLInputElement", why
    elif fitting:
        yield fitting[0], why


def placed(source: Node, kind: str) -> Iterator[Edit]:
    """Yield the edits that tell the kind at the lookup, the annotation, or the expression itself."""
    method = method_of(source)
    edit: Edit | None
    if source.role == "type":
        yield from _annotated(source, kind)
        return
    if method in LOOKUPS:
        given = source.all("typeArguments")
        opening = source.tree.text.find("(", (source.child("expression") or source).end)
        edit = replace(given[0], kind) if given else inside(source, opening, f"<{kind}>")
        if edit:
            yield edit
        return
    if is_list(source):
        text = f"HTMLCollectionOf<{kind}>" if method == "getElementsByClassName" else f"NodeListOf<{kind}>"
        if edit := cast(source, text):
            yield edit
        return
    nullable = bool(source.type and source.type.nullable)
    if source.kind in LINKS and (edit := cast(source, f"{kind} | null" if nullable else kind)):
        yield edit


def _annotated(source: Node, kind: str) -> Iterator[Edit]:
    for part in [source, *source.children]:
        if part.kind == "TypeReference" and _ELEMENT.fullmatch(part.text):
            edit = replace(part, kind)
            if edit:
                yield edit
                return


def cast(node: Node, kind: str) -> Edit | None:
    """Return the edit that adds `as kind`, in parentheses where a member follows."""
    outer = unwrapped(node)
    if outer is not node and outer.parent and outer.parent.kind in LINKS:
        return insert(node, f" as {kind}", after=True)
    parent = node.parent
    if parent and parent.kind == "BinaryExpression" and operator(parent) == "=":
        return insert(node, f" as {kind}", after=True)
    follows = parent is not None and (
        (parent.kind in LINKS and node.role == "expression")
        or parent.kind
        in ("BinaryExpression", "AwaitExpression", "PrefixUnaryExpression", "SpreadElement", "AsExpression")
    )
    return replace(node, f"({node.text} as {kind})") if follows else insert(node, f" as {kind}", after=True)
