"""Entries of a form: strings, unless the field of that name is a file."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import subject
from pipeline.typescript.strategies.base import Repair
from pipeline.typescript.strategies.elements import cast
from pipeline.typescript.strategies.flow import bare
from pipeline.typescript.strategies.markup import MARKUP, tags
from pipeline.typescript.strategies.origins import method_of
from pipeline.typescript.tree import Node
from pipeline.typescript.world import World

NAME = "form-entry"
CODES = frozenset((2345, 2322, 2339, 2551, 18047, 2531, 2352))
_FIELDS = frozenset(("input", "select", "textarea", "button", "output"))
# Fields that send nothing when they are not chosen.
_CHOSEN = frozenset(("checkbox", "radio"))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield `as string` where the markup has one field of that name, `as string | null` where it may send nothing."""
    node = subject(one, world) or _read(world.node(one))
    call = _entry(node, world) if node else None
    if call is None or "FormDataEntryValue" not in (call.type.text if call.type else ""):
        return
    name = call.all("arguments")[0].text[1:-1] if call.all("arguments") else ""
    kinds = _fields(name, world)
    if "file" in kinds:
        return
    always = bool(kinds) and not kinds & _CHOSEN
    for text in ("string", "string | null") if always else ("string | null",):
        if edit := cast(call, text):
            why = f"the field {name} is no file" if kinds else f"nothing sends {name} as a file"
            yield Repair(NAME, "type-only", (edit,), why)


def _read(node: Node | None) -> Node | None:
    return node.parent.child("expression") if node and node.parent and node.role == "name" else node


def _entry(node: Node, world: World) -> Node | None:
    """Return the call of `get` that an expression is, or that its variable starts with."""
    held = bare(node)
    if held.kind == "Identifier":
        values = [one.child("initializer") for one in world.declarations(held.symbol)]
        held = values[0] if len(values) == 1 and values[0] is not None else held
    return held if method_of(held) == "get" else None


def _fields(name: str, world: World) -> set[str]:
    """Return the kinds of the fields with a name in the markup of the project."""
    found = set()
    for file, text in sorted(world.texts.items()):
        if name and file.endswith(MARKUP) and name in text:
            for tag, attributes in tags(text):
                if tag in _FIELDS and attributes.get("name") == name:
                    found.add(attributes.get("type") or tag)
    return found
