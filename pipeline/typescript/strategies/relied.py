"""Optional members that the code counts on nearly everywhere: declared as always there, in one place.

An interface that only hands its members on to others keeps them optional there (`extends Partial<Position>`), and
those of its heirs whose members are counted on declare them again. One declaration stands for many checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from pipeline.typescript.edits import Edit, indent_at, newline_of, unit_of
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.absent import GIVEN, USED, subject
from pipeline.typescript.strategies.base import Repair, replace
from pipeline.typescript.tree import Node, Type, line_of
from pipeline.typescript.world import World

NAME = "relied-on"
CODES = USED | GIVEN
# How many errors a member must cause: below, checks are shorter to review than a promise.
_LEAST = 4
# How many of the project's own literals must give the members for each that does not: three in four of all.
_FOR_EACH = 3
_NAMED_PLACES = 3
_INTERFACE = "InterfaceDeclaration"
Key = tuple[str, int]


@dataclass
class _Interface:
    """An interface with the members that errors are about: how often in all, and by the interface they are read of."""

    node: Node
    members: dict[str, Node] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    owners: dict[Key, Counter[str]] = field(default_factory=dict)
    edits: dict[tuple[str, ...], tuple[tuple[Edit, ...], str]] = field(default_factory=dict)


_KNOWN: WeakKeyDictionary[World, dict[Key, _Interface]] = WeakKeyDictionary()


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the members of the interface that are counted on as always there, when its literals give them."""
    found = _member(one, world)
    if found is None:
        return
    member, _ = found
    if world not in _KNOWN:
        _KNOWN[world] = _survey(world)
    held = _KNOWN[world].get(_key(member.parent)) if member.parent else None
    name = member.child("name")
    if held is None or name is None or held.counts[name.text] < _LEAST:
        return
    places = sorted((each.start, text) for text, each in held.members.items())
    every = [text for _, text in places if held.counts[text] >= _LEAST]
    for names in dict.fromkeys((tuple(every), (name.text,))):
        if names not in held.edits:
            held.edits[names] = _required(held, names, world)
        edits, given = held.edits[names]
        if edits:
            count = sum(held.counts[each] for each in names)
            why = f"{', '.join(names)}: read {count} times as always there; {given}"
            yield Repair(NAME, "type-only", edits, why)


def _member(one: Diagnostic, world: World) -> tuple[Node, Node] | None:
    """Return the optional member of an interface that an error is about, and the object that it is read of."""
    node = subject(one, world)
    name = node.child("name") if node and node.kind == "PropertyAccessExpression" else None
    owner = node.child("expression") if node else None
    places = world.declarations(name.symbol) if name else []
    if len(places) != 1 or owner is None or places[0].kind != "PropertySignature":
        return None
    holder = places[0].parent
    good = (
        holder and holder.kind == _INTERFACE and places[0].child("questionToken") and places[0].child("type")
    )
    return (places[0], owner) if good else None


def _survey(world: World) -> dict[Key, _Interface]:
    known: dict[Key, _Interface] = {}
    for one in world.errors:
        found = _member(one, world) if one.code in CODES else None
        if found is None:
            continue
        member, owner = found
        name, holder = member.child("name"), member.parent
        if name and holder:
            held = known.setdefault(_key(holder), _Interface(holder))
            held.members.setdefault(name.text, member)
            held.counts[name.text] += 1
            for key in _named(owner.type):
                held.owners.setdefault(key, Counter())[name.text] += 1
    return known


def _required(held: _Interface, names: Sequence[str], world: World) -> tuple[tuple[Edit, ...], str]:
    heirs = _heirs(held.node, world)
    edits: list[Edit] = []
    for name in names:
        token = held.members[name].child("questionToken")
        edits += [edit] if token and (edit := replace(token, "")) else []
    promised = {_key(held.node)}
    for heir, clause in heirs:
        if clause is not None and (edit := replace(clause, f"Partial<{clause.text}>")):
            edits.append(edit)
        counts = held.owners.get(_key(heir), Counter())
        again = [name for name in names if counts[name] >= _LEAST]
        if again and (edit := _again(heir, [held.members[name] for name in again])):
            edits.append(edit)
            promised.add(_key(heir))
    given = _given(promised, names, world)
    return (tuple(edits) if given else ()), given


def _again(heir: Node, members: list[Node]) -> Edit | None:
    """Return the edit that declares members of the base in an interface again, as always there."""
    place, name = heir.place, heir.child("name")
    if place is None or name is None:
        return None
    source, file = heir.tree.source, heir.tree.file
    brace = source.find("{", place[0])
    last = heir.all("heritageClauses")[-1:] or [name]
    end = last[0].place
    brace = source.find("{", end[1]) if end else brace
    gap = newline_of(source) + indent_at(source, place[0]) + unit_of(source)
    said = "".join(
        f"{gap}{one.child('name').text}: {one.child('type').text};"  # type: ignore[union-attr]
        for one in members
    )
    return Edit(file, brace + 1, brace + 1, said)


def _heirs(interface: Node, world: World) -> list[tuple[Node, Node | None]]:
    """Return the interfaces that extend one, themselves or through others; of the nearest, what names it there."""
    found: list[tuple[Node, Node | None]] = []
    queue = [interface]
    while queue:
        base = queue.pop(0)
        name = base.child("name")
        for use in world.references(name.symbol) if name else ():
            clause = use.above("HeritageClause")
            heir = clause.parent if clause else None
            named = use.parent
            if heir and heir.kind == _INTERFACE and named and named.parent is clause:
                found.append((heir, named if base is interface else None))
                queue.append(heir)
    return found


def _given(promised: set[Key], names: Sequence[str], world: World) -> str:
    """Return how many of the objects that the project makes give all the members; empty when too few do."""
    world.load(world.texts)
    good, bad = 0, []
    for file in world.texts:
        for tree in world.trees(file):
            for node in tree.nodes:
                if node.kind != "ObjectLiteralExpression" or promised.isdisjoint(_named(node.context)):
                    continue
                if _gives(node, names):
                    good += 1
                else:
                    bad.append(f"{file}:{line_of(tree.text, node.start)}")
    if good <= _FOR_EACH * len(bad):
        return ""
    rest = f", not those of {', '.join(bad[:_NAMED_PLACES])}" if bad else ""
    more = f" and {len(bad) - _NAMED_PLACES} more" if len(bad) > _NAMED_PLACES else ""
    return f"{good} of {good + len(bad)} objects that are made give them{rest}{more}"


def _gives(literal: Node, names: Sequence[str]) -> bool:
    has: set[str] = set()
    for one in literal.children:
        name, inner = one.child("name"), one.child("expression")
        has.update([name.text] if name else ())
        for shape in inner.type.members if one.kind == "SpreadAssignment" and inner and inner.type else ():
            has.update(each.name for each in shape.properties)
    return has.issuperset(names)


def _named(kind: Type | None) -> list[Key]:
    return [
        (place.file, place.start)
        for one in (kind.members if kind else ())
        if one.symbol
        for place in one.symbol.declarations
        if place.kind == _INTERFACE
    ]


def _key(node: Node | None) -> Key:
    return (node.tree.file, node.start) if node else ("", 0)
