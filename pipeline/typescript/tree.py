"""Typed syntax trees as the worker tells them: nodes, types and symbols, and where they lie in the files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

NOTHING = frozenset(("null", "undefined", "void"))
_FUNCTIONS = frozenset(
    (
        "ArrowFunction",
        "FunctionExpression",
        "FunctionDeclaration",
        "MethodDeclaration",
        "Constructor",
        "GetAccessor",
        "SetAccessor",
    )
)


@dataclass(frozen=True, eq=False)
class Type:
    """A type as the checker sees it; `text` is how it would be written, `flags` what it is (`any`, `union` ...)."""

    id: int
    flags: frozenset[str]
    name: str
    data: Mapping[str, Any]
    pool: Pool

    @cached_property
    def text(self) -> str:
        """How it is written where it was met; names of packages are asked for only when somebody looks."""
        bare: str = self.data["text"]
        return (self.pool.spell(self.id) if self.data.get("foreign") else "") or bare

    def _types(self, key: str) -> tuple[Type, ...]:
        return tuple(one for number in self.data.get(key, ()) if (one := self.pool.type(number)))

    @property
    def members(self) -> tuple[Type, ...]:
        """The members of a union or intersection; of any other type, itself."""
        return self._types("members") or (self,)

    @property
    def arguments(self) -> tuple[Type, ...]:
        """The type arguments of a reference: the element of an array, key and value of a map."""
        return self._types("arguments")

    @property
    def widened(self) -> Type:
        """The type that a variable would get that starts with a value of this one: `"a"` becomes `string`."""
        return self.pool.type(self.data.get("widened", 0)) or self

    @property
    def symbol(self) -> Symbol | None:
        """The symbol that names the type, if it has a name."""
        return self.pool.symbol(self.data.get("symbol", 0))

    @property
    def literal(self) -> Place | None:
        """Where the object literal stands that this nameless type is the type of."""
        data = self.data.get("literal")
        return Place(**data) if data else None

    @property
    def shape(self) -> Place | None:
        """Where the type literal stands that this nameless type is written as."""
        data = self.data.get("shape")
        return Place(**data) if data else None

    @property
    def calls(self) -> tuple[Signature, ...]:
        """Its call signatures, at most three."""
        return tuple(signature_of(one, self.pool) for one in self.data.get("calls", ()))

    @property
    def properties(self) -> tuple[Property, ...]:
        """The properties of a shape that the project itself declares; empty for library types."""
        return tuple(
            Property(
                one["name"], self.pool.type(one["type"]), one["optional"], self.pool.symbol(one["symbol"])
            )
            for one in self.data.get("properties", ())
        )

    @property
    def index(self) -> tuple[tuple[Type | None, Type | None], ...]:
        """Key and value type of its index signatures."""
        return tuple(
            (self.pool.type(key), self.pool.type(value)) for key, value in self.data.get("index", ())
        )

    def has(self, flag: str) -> bool:
        """Whether it is, or one of its members is, of that kind."""
        return flag in self.flags or any(flag in one.flags for one in self.members)

    @property
    def nullable(self) -> bool:
        """Whether null or undefined is one of its members."""
        return any(one.flags & NOTHING for one in self.members)

    @property
    def vague(self) -> bool:
        """Whether `any` or `unknown` stands anywhere in how it is written."""
        words = self.text.replace("<", " ").replace(">", " ").replace("[", " ").replace("]", " ")
        for mark in "(){}|&,;:=":
            words = words.replace(mark, " ")
        return not {"any", "unknown"}.isdisjoint(words.split()) or "…" in self.text


@dataclass(frozen=True)
class Property:
    """One property of a shape."""

    name: str
    type: Type | None
    optional: bool
    symbol: Symbol | None


@dataclass(frozen=True)
class Parameter:
    """One parameter of a signature."""

    name: str
    type: Type | None
    optional: bool
    rest: bool


@dataclass(frozen=True)
class Place:
    """Where something is declared: positions are those of the script `name`; `own` when a repair may edit it."""

    file: str
    name: str
    start: int
    end: int
    kind: str
    own: bool


@dataclass(frozen=True)
class Signature:
    """A call signature; `declared` is where, when the source says."""

    parameters: tuple[Parameter, ...]
    returns: Type | None
    declared: Place | None


@dataclass(frozen=True, eq=False)
class Symbol:
    """What a name means: the same object for every use within one state of the texts."""

    id: int
    name: str
    flags: frozenset[str]
    declarations: tuple[Place, ...]

    @property
    def own(self) -> bool:
        """Whether it is declared in a file that a repair may edit."""
        return any(one.own for one in self.declarations)


def signature_of(data: Mapping[str, Any], pool: Pool) -> Signature:
    """Return a signature from its data."""
    return Signature(
        tuple(
            Parameter(one["name"], pool.type(one["type"]), one["optional"], one["rest"])
            for one in data["parameters"]
        ),
        pool.type(data["returns"]),
        Place(**data["declared"]) if data["declared"] else None,
    )


class Pool:
    """The types and symbols of one state of the texts, by the worker's ids."""

    def __init__(self, spell: Callable[[int], str] = lambda _number: "") -> None:
        self.spell = spell
        self._types: dict[int, Type] = {}
        self._symbols: dict[int, Symbol] = {}

    def add(self, types: Mapping[str, Any], symbols: Mapping[str, Any]) -> None:
        """Take what an answer of the worker brought."""
        for number, data in types.items():
            key = int(number)
            self._types[key] = Type(key, frozenset(data["is"]), data.get("name", ""), data, self)
        for number, data in symbols.items():
            places = tuple(Place(**one) for one in data["declarations"])
            self._symbols[int(number)] = Symbol(int(number), data["name"], frozenset(data["is"]), places)

    def type(self, number: int) -> Type | None:
        """Return the type of that id; None for 0 and for what was too deep to tell."""
        return self._types.get(number)

    def symbol(self, number: int) -> Symbol | None:
        """Return the symbol of that id; None for 0."""
        return self._symbols.get(number)


class Node:
    """One node; `start` and `end` are positions in the script, `place` those in the file that people edit."""

    __slots__ = ("children", "index", "row", "tree")

    def __init__(self, tree: Tree, index: int, row: Sequence[int]) -> None:
        self.tree = tree
        self.index = index
        self.row = row
        self.children: list[Node] = []

    def __repr__(self) -> str:
        return f"<{self.kind} {self.text[:40]!r}>"

    @property
    def kind(self) -> str:
        """TypeScript's name of the kind: `Identifier`, `CallExpression` ..."""
        return self.tree.kinds[self.row[0]]

    @property
    def start(self) -> int:
        """Where it starts, after comments and white space."""
        return self.row[1]

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.row[2]

    @property
    def parent(self) -> Node | None:
        """The node around it; None for the whole script."""
        return self.tree.nodes[self.row[3]] if self.row[3] >= 0 else None

    @property
    def role(self) -> str:
        """What it is to its parent: `expression`, `name`, `initializer`, `left`, `arguments` ..."""
        return self.tree.roles[self.row[4]]

    @property
    def type(self) -> Type | None:
        """Its type, for expressions, declarations and type nodes."""
        return self.tree.pool.type(self.row[5])

    @property
    def symbol(self) -> Symbol | None:
        """What the identifier means; imports are followed to what they import."""
        return self.tree.pool.symbol(self.row[6])

    @property
    def context(self) -> Type | None:
        """The type that its surroundings expect."""
        return self.tree.pool.type(self.row[7])

    @property
    def signature(self) -> Signature | None:
        """What a call resolves to."""
        data = self.tree.signatures.get(str(self.index))
        return signature_of(data, self.tree.pool) if data else None

    @property
    def jsdoc(self) -> Sequence[Mapping[str, str]]:
        """The tags of its JSDoc comment: `tag`, `name`, `type`."""
        found: Sequence[Mapping[str, str]] = self.tree.jsdoc.get(str(self.index), ())
        return found

    @property
    def text(self) -> str:
        """Its source text, as it stands in the file; of what was generated, as it was generated."""
        if self.tree.segments is not None and (place := self.place):
            return self.tree.source[place[0] : place[1]]
        return self.tree.text[self.start : self.end]

    @property
    def place(self) -> tuple[int, int] | None:
        """Its range in the file; None when it was generated and stands nowhere."""
        return self.tree.place(self.start, self.end)

    def child(self, role: str) -> Node | None:
        """Return the first child with that role."""
        return next((one for one in self.children if one.role == role), None)

    def all(self, role: str) -> list[Node]:
        """Return the children with that role: `parameters`, `arguments`, `members`, `statements` ..."""
        return [one for one in self.children if one.role == role]

    def up(self) -> Iterator[Node]:
        """Yield what is around it, the nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def above(self, *kinds: str) -> Node | None:
        """Return the nearest node around it of one of the kinds."""
        return next((one for one in self.up() if one.kind in kinds), None)

    def walk(self) -> Iterator[Node]:
        """Yield it and everything in it, in the order of the source."""
        last = self.end
        nodes = self.tree.nodes
        index = self.index
        yield self
        index += 1
        while index < len(nodes) and self.contains(nodes[index]) and nodes[index].start <= last:
            yield nodes[index]
            index += 1

    def contains(self, other: Node) -> bool:
        """Whether the other node lies in it (a node contains itself)."""
        node: Node | None = other
        while node is not None and node.index > self.index:
            node = node.parent
        return node is self

    @property
    def function(self) -> Node | None:
        """The nearest function around it."""
        return self.above(*_FUNCTIONS)

    @property
    def is_function(self) -> bool:
        """Whether it is a function of any kind."""
        return self.kind in _FUNCTIONS


@dataclass(eq=False)
class Tree:
    """One script: a whole file, or the part of an embedded language's file that TypeScript reads.

    `segments` are [generated, source, length, verified, lead] rows; None when script and file are the same. The
    lead, which may be missing, is the length of what was generated before it and stands for nothing (`__VLS_ctx.`).
    """

    file: str
    name: str
    part: str
    text: str
    source: str
    segments: Sequence[Sequence[Any]] | None
    module: bool
    declaration: bool
    kinds: Sequence[str]
    roles: Sequence[str]
    signatures: Mapping[str, Any]
    jsdoc: Mapping[str, Any]
    pool: Pool
    nodes: list[Node] = field(default_factory=list)

    @property
    def root(self) -> Node:
        """The node of the whole script."""
        return self.nodes[0]

    @cached_property
    def by_symbol(self) -> Mapping[int, list[Node]]:
        """The nodes that name a symbol, by its id."""
        found: dict[int, list[Node]] = {}
        for node in self.nodes:
            if node.row[6]:
                found.setdefault(node.row[6], []).append(node)
        return found

    def at(self, start: int, end: int) -> Node:
        """Return the smallest node that covers the range; of several with the same range, the outermost."""
        best = self.root
        while True:
            inner = next((one for one in best.children if one.start <= start and end <= one.end), None)
            if inner is None or (best.start == start and best.end == end):
                return best
            best = inner

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the range in the file, or None when it does not come from one stretch of the file."""
        if self.segments is None:
            return start, end
        for generated, source, length, *_ in self.segments:
            if generated <= start and end <= generated + length:
                return source + start - generated, source + end - generated
        first, last = self._edge(start, after=True), self._edge(end, after=False)
        if first is None or last is None or last < first:
            return None
        return first, last

    def _edge(self, position: int, *, after: bool) -> int | None:
        for generated, source, length, _, *lead in self.segments or ():
            if after and lead and generated - lead[0] <= position < generated:
                return int(source)
            inside = (
                generated <= position < generated + length
                if after
                else generated < position <= generated + length
            )
            if inside:
                return int(source + position - generated)
        return None


def read_tree(data: Mapping[str, Any], source: str, pool: Pool) -> Tree:
    """Return a tree from the worker's data and the text of its file."""
    text = source if data["text"] is None else data["text"]
    tree = Tree(
        data["file"],
        data["name"],
        data["part"],
        text,
        source,
        data["segments"],
        data["module"],
        data["declaration"],
        data["kinds"],
        data["roles"],
        data["signatures"],
        data["jsdoc"],
        pool,
    )
    for index, row in enumerate(data["nodes"]):
        node = Node(tree, index, row)
        tree.nodes.append(node)
        if row[3] >= 0:
            tree.nodes[row[3]].children.append(node)
    return tree


def line_of(text: str, position: int) -> int:
    """Return the 1-based line of a position."""
    return text.count("\n", 0, position) + 1


class Lines:
    """Line and column of positions in a text, both 1-based."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        for index, mark in enumerate(text):
            if mark == "\n":
                self._starts.append(index + 1)

    def at(self, position: int) -> tuple[int, int]:
        """Return line and column."""
        line = bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1
