"""One state of a project's texts, with everything that strategies may ask about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from pipeline.typescript.session import Diagnostic, QuickFix
from pipeline.typescript.tree import Node, Place, Symbol, Tree


class Source(Protocol):
    """What answers a world's questions: a session with a worker, or a record of its answers."""

    def trees(self, files: Iterable[str], sources: Mapping[str, str]) -> list[Tree]:
        """Return the typed trees of files."""

    def fixes(self, one: Diagnostic) -> list[QuickFix]:
        """Return the language service's quick fixes."""

    def implementers(self, base: str, members: Iterable[str]) -> list[str]:
        """Return the interfaces that extend `base` and have the members."""

    def ambient(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return the types of global names."""


class World:
    """Texts, errors and trees of one state; trees come when they are first asked for.

    `editable` are the files that a repair may change: the project's own, not generated, vendored or ignored.
    """

    def __init__(
        self,
        source: Source,
        texts: Mapping[str, str],
        errors: Sequence[Diagnostic],
        editable: frozenset[str],
    ) -> None:
        self.source = source
        self.texts = texts
        self.errors = errors
        self.editable = editable
        self._trees: dict[str, list[Tree]] = {}
        self._references: dict[int, list[Node]] = {}

    def load(self, files: Iterable[str]) -> None:
        """Fetch the trees of files in one question."""
        missing = [file for file in files if file not in self._trees and file in self.texts]
        if missing:
            self._trees.update({file: [] for file in missing})
            for tree in self.source.trees(missing, self.texts):
                self._trees[tree.file].append(tree)

    def trees(self, file: str) -> list[Tree]:
        """Return the trees of a file: one, or one for each script in an embedded language's file."""
        self.load([file])
        return self._trees.get(file, [])

    def node(self, one: Diagnostic) -> Node | None:
        """Return the node that an error is about."""
        tree = next((tree for tree in self.trees(one.file) if tree.name == one.name), None)
        return tree.at(one.script_start, one.script_end) if tree else None

    def at(self, place: Place) -> Node | None:
        """Return the node at a place, when its file is one of ours."""
        tree = next((tree for tree in self.trees(place.file) if tree.name == place.name), None)
        if tree is None:
            return None
        node = tree.at(place.start, place.end)
        # Nodes with the same range: the declaration is the one of that kind.
        while node.kind != place.kind:
            inner = next(
                (one for one in node.children if (one.start, one.end) == (place.start, place.end)), None
            )
            if inner is None:
                break
            node = inner
        return node

    def declarations(self, symbol: Symbol | None) -> list[Node]:
        """Return the nodes that declare a symbol in our files."""
        if symbol is None:
            return []
        return [node for one in symbol.declarations if one.own and (node := self.at(one))]

    def references(self, symbol: Symbol | None) -> list[Node]:
        """Return every node that names the symbol, in all files, its declarations included."""
        if symbol is None:
            return []
        if symbol.id not in self._references:
            name = symbol.name.strip('"')
            files = [file for file, text in self.texts.items() if name in text or name == "default"]
            self.load(files)
            self._references[symbol.id] = [
                node
                for file in sorted(files)
                for tree in self._trees.get(file, [])
                for node in tree.by_symbol.get(symbol.id, ())
            ]
        return self._references[symbol.id]
