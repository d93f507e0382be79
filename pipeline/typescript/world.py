"""One state of a project's texts, with everything that strategies may ask about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from pipeline.typescript.session import Diagnostic, QuickFix
from pipeline.typescript.tree import Node, Place, Symbol, Tree

# What only its own scope can name, unless a module exports it.
_LOCAL = frozenset(("VariableDeclaration", "Parameter", "BindingElement", "FunctionDeclaration"))
_EXPORTS = re.compile(r"^\s*export\s*(?:\{|default\b|=)", re.MULTILINE)


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
            files = self._naming(symbol)
            self.load(files)
            self._references[symbol.id] = [
                node
                for file in sorted(files)
                for tree in self._trees.get(file, [])
                for node in tree.by_symbol.get(symbol.id, ())
            ]
        return self._references[symbol.id]

    def _naming(self, symbol: Symbol) -> list[str]:
        """Return the files that may name a symbol: reading fewer trees is most of what speed there is."""
        homes = {one.file for one in symbol.declarations}
        if len(homes) == 1 and all(one.own for one in symbol.declarations) and not self._leaves(symbol):
            return sorted(homes)
        words = {symbol.name.strip('"')}
        if "default" in words:  # whatever it is called where it is imported, the file is named there
            words = {stem for home in homes for stem in _stems(home)}
        pattern = re.compile(r"(?<![\w$])(?:" + "|".join(map(re.escape, sorted(words))) + r")(?![\w$])")
        return sorted(
            homes.union(file for file, text in self.texts.items() if pattern.search(text)) & set(self.texts)
        )

    def _leaves(self, symbol: Symbol) -> bool:
        """Whether a symbol may be named outside its file: unless it is local to a function or a module keeps it."""
        for node in self.declarations(symbol):
            if node.kind not in _LOCAL or not node.tree.module:
                return True
            around = [node, *node.up()]
            if node.kind == "Parameter" and len(node.all("modifiers")):  # a member as well
                return True
            if any(one.is_function for one in around[1:]):
                continue
            text = node.tree.text
            if any(one.text.startswith("export") for one in around[:-1]) or _EXPORTS.search(text):
                return True
        return False


def _stems(file: str) -> Iterator[str]:
    path = PurePosixPath(file)
    stem = path.name.partition(".")[0]
    yield stem
    if stem == "index" and path.parent.name:
        yield path.parent.name
