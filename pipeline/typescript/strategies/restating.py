"""Optional props that a declaration file or a package declares and that are given undefined: declared again.

Under exactOptionalPropertyTypes a member's type cannot be widened by an interface that extends it, so the component
extends all but those members and declares them itself: `extends Omit<Widget, 'id'> { id?: Widget['id'] | undefined; }`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.typescript.edits import Edit, indent_at, newline_of, unit_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.strategies.exact import TAGS, given_open, properties
from pipeline.typescript.strategies.flow import quote_of
from pipeline.typescript.tree import Node, Tree
from pipeline.typescript.world import World

NAME = "restated-props"
CODES = frozenset((2375,))
_LESS = re.compile(r"Omit<(.+), ((?:(['\"])[\w$-]+\3(?: \| )?)+)>")


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the component's props with the members that any element gives as undefined declared again."""
    tag = _tag(one, world)
    holder = _props(tag, world) if tag else None
    if tag is None or holder is None:
        return
    names = set(_foreign(tag, world))
    for other in world.errors:
        there = _tag(other, world) if other.code in CODES and other != one else None
        if there and _same(there, tag):
            names.update(_foreign(there, world))
    edits = _declared(holder, sorted(names)) if names else ()
    if edits:
        why = f"{', '.join(sorted(names))} may be given as undefined; the declaration is not the site's to change"
        yield Repair(NAME, "type-only", edits, why)


def _tag(one: Diagnostic, world: World) -> Node | None:
    node = world.node(one)
    if node is None:
        return None
    opening = node if node.kind in TAGS else node.above(*TAGS) if node.role == "tagName" else None
    return opening.child("tagName") if opening else None


def _same(one: Node, other: Node) -> bool:
    return one.symbol is not None and one.symbol is other.symbol


def _foreign(tag: Node, world: World) -> Iterator[str]:
    """Yield the optional members that an element gives as undefined and that are declared in nobody's source."""
    opening = tag.parent
    calls = tag.type.calls if tag.type else ()
    kind = calls[0].parameters[0].type if calls and calls[0].parameters else None
    known = {each.name: each for each in properties(kind)} if kind else {}
    holder = opening.child("attributes") if opening else None
    for name in given_open(holder) if holder else ():
        member = known.get(name)
        if member and member.optional and not world.declarations(member.symbol):
            yield name


def _props(tag: Node, world: World) -> Node | None:
    """Return what names the component's props: an interface that extends others, or an import under another name."""
    for declared in world.declarations(tag.symbol):
        parameters = declared.all("parameters")
        kind = parameters[0].child("type") if parameters else None
        if kind is None or kind.kind != "TypeReference":
            continue
        return next((one for one in _named(declared.tree, kind.text)), None)
    return None


def _named(tree: Tree, name: str) -> Iterator[Node]:
    for one in tree.root.children:
        inner = one.child("name")
        if one.kind == "InterfaceDeclaration" and inner and inner.text == name:
            yield one
        elif one.kind == "ImportDeclaration":
            yield from (
                each
                for each in one.walk()
                if each.kind == "ImportSpecifier" and each.child("propertyName") and _local(each) == name
            )


def _local(specifier: Node) -> str:
    name = specifier.child("name")
    return name.text if name else ""


def _declared(holder: Node, names: Sequence[str]) -> tuple[Edit, ...]:
    return _interface(holder, names) if holder.kind == "InterfaceDeclaration" else _import(holder, names)


def _interface(holder: Node, names: Sequence[str]) -> tuple[Edit, ...]:
    """Return the edits of an interface: less of what it extends, and those members of its own."""
    source, quote = holder.tree.source, _quote(holder.tree)
    bases = [base for clause in holder.all("heritageClauses") for base in clause.all("types")]
    edits: list[Edit] = []
    lines: list[str] = []
    for base in bases:
        inside = {each.name for each in properties(base.type)} if base.type else set()
        # What a library's Omit leaves is not told: with one base, it is all from there.
        own = [name for name in names if name in inside or (len(bases) == 1 and not inside)]
        edit = replace(base, _less(base.text, own, quote)) if own else None
        if edit:
            edits.append(edit)
            lines += _members(_root(base.text), own, quote)
    first = next(iter(holder.all("members")), None)
    place = first.place if first else None
    if not lines or place is None:
        return ()
    gap = newline_of(source) + indent_at(source, place[0])
    edits.append(Edit(holder.tree.file, place[0], place[0], "".join(line + gap for line in lines)))
    return tuple(edits)


def _import(specifier: Node, names: Sequence[str]) -> tuple[Edit, ...]:
    """Return the edits that turn `import type { Form as Props }` into an interface that extends the import."""
    tree = specifier.tree
    source = tree.source
    original, local = specifier.child("propertyName"), specifier.child("name")
    last = [one for one in tree.root.children if one.kind == "ImportDeclaration" and one.place]
    if original is None or local is None or not last or last[-1].place is None:
        return ()
    free = len(re.findall(rf"\b{re.escape(original.text)}\b", source)) == 1
    base = original.text if free else f"{original.text}{local.text}"
    if not free and re.search(rf"\b{re.escape(base)}\b", source):
        return ()
    word = base if free else f"{original.text} as {base}"
    swap = replace(specifier, f"type {word}" if specifier.text.startswith("type ") else word)
    if swap is None:
        return ()
    newline, quote = newline_of(source), _quote(tree)
    indent, unit = indent_at(source, last[-1].place[0]), unit_of(source)
    lines = [
        f"interface {local.text} extends {_less(base, names, quote)} {{",
        *(unit + line for line in _members(base, names, quote)),
        "}",
    ]
    text = newline + "".join(newline + indent + line for line in lines)
    return swap, Edit(tree.file, last[-1].place[1], last[-1].place[1], text)


def _quote(tree: Tree) -> str:
    """Return the quotation mark of the imports; markup in the same file has its own."""
    imports = (one.child("moduleSpecifier") for one in tree.root.children if one.kind == "ImportDeclaration")
    return next((one.text[0] for one in imports if one and one.place), quote_of(tree.source))


def _less(base: str, names: Sequence[str], quote: str) -> str:
    found = _LESS.fullmatch(base)
    old = re.findall(r"[\w$-]+", found[2]) if found else []
    keys = " | ".join(f"{quote}{name}{quote}" for name in [*old, *names])
    return f"Omit<{found[1] if found else base}, {keys}>"


def _root(base: str) -> str:
    found = _LESS.fullmatch(base)
    return found[1] if found else base


def _members(base: str, names: Sequence[str], quote: str) -> list[str]:
    return [
        f"{name if name.isidentifier() else quote + name + quote}?: {base}[{quote}{name}{quote}] | undefined;"
        for name in names
    ]
