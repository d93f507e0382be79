"""Names of types at a place: which are in scope, which can be imported, and by which edit."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from pipeline.typescript.edits import Edit, newline_of
from pipeline.typescript.tree import Node, Place, Symbol, Tree, Type
from pipeline.typescript.world import World

_DECLARED = frozenset(
    (
        "InterfaceDeclaration",
        "TypeAliasDeclaration",
        "ClassDeclaration",
        "EnumDeclaration",
        "ModuleDeclaration",
    )
)
_TYPES = frozenset(("InterfaceDeclaration", "TypeAliasDeclaration"))


class Names:
    """The names of types as seen from a node; remembers what it must import for those it handed out."""

    def __init__(self, at: Node, world: World) -> None:
        self.at = at
        self.world = world
        self.scope = _scope(at)
        self._wanted: dict[str, tuple[Edit, ...]] = {}

    def imports(self) -> tuple[Edit, ...]:
        """Return the edits that bring in the names that were handed out."""
        return joined(sorted({edit for edits in self._wanted.values() for edit in edits}))

    def reach(self, name: str, symbol: Symbol | None) -> bool:
        """Whether a name can be used here for that symbol, if need be with an import."""
        if name in self.scope:
            known = self.scope[name]
            return symbol is None or not known or known == symbol.id
        if symbol is not None and symbol.own:
            edits = next(
                (found for one in symbol.declarations if (found := self._own(name, symbol, one))), None
            )
        elif self._is_global(name):
            edits = ()
        else:
            edits = self._package(name, symbol) if symbol else None
        if edits is None:
            return False
        self._wanted[name] = edits
        return True

    def package(self, name: str, module: str) -> tuple[Edit, ...] | None:
        """Return the edits that import a name from a package; None when there is no place for them."""
        return () if name in self.scope else self._line(module, name)

    def alias(self, type_: Type) -> bool:
        """Whether a union has a name of its own that can be used here."""
        symbol = type_.symbol
        if type_.name and type_.text.endswith(
            f".{type_.name}"
        ):  # `React.ReactNode`: only React must be known
            owner = type_.text.partition(".")[0]
            return owner in self.scope or self._is_global(owner)
        return bool(
            symbol and "alias" in symbol.flags and self.reach(type_.name, symbol) and "<" not in type_.text
        )

    def named(self, type_: Type) -> str | None:
        """Return the project's own name for a shape, or `typeof x` or `(typeof x)[number]` for a constant's literal."""
        if found := self._same(type_):
            return found
        place = next((one.literal for one in type_.members if one.literal), None)
        node = self.world.at(place) if place and place.own else None
        declared = node and node.above("VariableDeclaration")
        name = declared and declared.child("name")
        if (
            not declared
            or not name
            or not declared.type
            or name.kind != "Identifier"
            or not _at_top(declared)
        ):
            return None
        if declared.type.id == type_.id and declared.child("type") is None:
            text = f"typeof {name.text}"
        elif [one.id for one in declared.type.arguments] == [type_.id] and len(type_.text) > 60:
            text = f"(typeof {name.text})[number]"
        else:
            return None
        if _within(declared, self.at):
            return None
        return text if self._value(name.text, name.symbol, declared) else None

    def _same(self, type_: Type) -> str | None:
        """Return the name of an interface or alias of the project that says exactly what a nameless shape is."""
        names = [one.name for one in type_.properties]
        if type_.name or len(names) < 2 or type_.literal is None:
            return None
        files = [file for file, text in self.world.texts.items() if all(one in text for one in names)]
        self.world.load(files)
        for file in sorted(files):
            for tree in self.world.trees(file):
                for node in tree.root.children:
                    own = node.type if node.kind in _TYPES and not node.all("typeParameters") else None
                    if own and own.symbol and _shape_of(own) == _shape_of(type_):
                        name = node.child("name")
                        if name and self.reach(name.text, own.symbol):
                            return name.text
        return None

    def _value(self, name: str, symbol: Symbol | None, declared: Node) -> bool:
        if symbol is None:
            return False
        if declared.tree is self.at.tree:
            return True
        for node in self.at.tree.by_symbol.get(symbol.id, ()):
            if node.above("ImportDeclaration") and node.text == name:
                return True
        return self.reach(name, symbol)

    def _is_global(self, name: str) -> bool:
        return self.world.source.ambient([name]).get(name) is not None

    def _own(self, name: str, symbol: Symbol, place: Place) -> tuple[Edit, ...] | None:
        node = self.world.at(place)
        if node is None or not place.own:
            return None
        if not node.tree.module:
            return ()
        if symbol.name == "default":
            return self._import(place.file, name, default=True)
        statement = (
            node.above("FirstStatement", "VariableStatement") if node.kind == "VariableDeclaration" else node
        )
        if statement is None or statement.parent is not node.tree.root:
            return None
        if any(one.kind == "ExportKeyword" for one in statement.all("modifiers")) or _listed(name, node.tree):
            return self._import(place.file, name)
        if node.kind not in _TYPES or (inner := node.tree.place(node.start, node.start + 1)) is None:
            return None
        if node.tree.part != "main" or node.tree.segments is not None:
            return None
        found = self._import(place.file, name)
        return found and (Edit(place.file, inner[0], inner[0], "export "), *found)

    def _package(self, name: str, symbol: Symbol) -> tuple[Edit, ...] | None:
        for node in self.world.references(symbol):
            declaration = node.above("ImportDeclaration")
            specifier = declaration and declaration.child("moduleSpecifier")
            if specifier and node.above("ImportSpecifier") and not specifier.text[1:].startswith("."):
                return self._line(specifier.text[1:-1], name)
        for place in symbol.declarations:
            found = re.search(r"node_modules/((?:@[^/]+/)?[^/]+)/(?!.*node_modules/)", place.file)
            if found:
                module = re.sub(r"^@types/", "", found[1]).replace("__", "/")
                # Vue's own packages are no dependencies of a site: `vue` gives all that they export.
                return self._line("vue" if module.startswith("@vue/") else module, name)
        return None

    def _import(self, file: str, name: str, *, default: bool = False) -> tuple[Edit, ...] | None:
        tree = self.at.tree
        for specifier in _specifiers(tree):
            places = specifier.symbol.declarations if specifier.symbol else ()
            if any(one.file == file for one in places):
                return self._line(specifier.text[1:-1], name, default=default)
        if aliased := _aliased(tree, file):
            return self._line(aliased, name, default=default)
        path = posixpath.relpath(file, posixpath.dirname(tree.file) or ".")
        if not path.startswith("."):
            path = f"./{path}"
        path = re.sub(r"(\.d)?\.[cm]?[jt]sx?$", "", path)
        path = re.sub(r"(?<=.)/index$", "", path) + _extension(tree, file)
        return self._line(path, name, default=default)

    def _line(self, module: str, name: str, *, default: bool = False) -> tuple[Edit, ...] | None:
        tree = self.at.tree
        specifiers = _specifiers(tree)
        quote = (
            specifiers[0].text[0]
            if specifiers
            else "'"
            if tree.text.count("'") >= tree.text.count('"')
            else '"'
        )
        sample = [one for one in tree.root.children if tree.place(one.start, one.end)]
        end = ";" if not sample or any(one.text.endswith(";") for one in sample) else ""
        what = name if default else f"{{ {name} }}"
        text = f"import type {what} from {quote}{module}{quote}{end}"
        newline = newline_of(tree.source)
        placed = [one for one in (node.parent for node in specifiers) if one and one.place]
        if placed and (place := placed[-1].place):
            indent = tree.source[tree.source.rfind("\n", 0, place[0]) + 1 : place[0]]
            return (
                Edit(tree.file, place[1], place[1], f"{newline}{indent if not indent.strip() else ''}{text}"),
            )
        first = next((one for one in sample if not _prologue(one)), None)
        if first is None or not (place := first.place):
            return None
        start = place[0]
        if tree.segments is None and first is tree.root.children[0] and not tree.text.startswith("#!"):
            start = 0
        indent = tree.source[tree.source.rfind("\n", 0, start) + 1 : start]
        return (Edit(tree.file, start, start, f"{text}{newline * 2}{indent if not indent.strip() else ''}"),)


def _aliased(tree: Tree, file: str) -> str:
    """Return how a file of another folder is imported where the script says `@/lib/x` for such files already."""
    path = re.sub(r"(\.d)?\.[cm]?[jt]sx?$", "", file)
    if posixpath.dirname(path) == posixpath.dirname(tree.file):
        return ""
    for specifier in _specifiers(tree):
        said = specifier.text[1:-1]
        alias, slash, tail = said.partition("/")
        for place in specifier.symbol.declarations if specifier.symbol and slash else ():
            known = re.sub(r"(/index)?(\.d)?\.[cm]?[jt]sx?$", "", place.file)
            folder = known[: -len(tail)] if known.endswith(tail) else None
            if place.own and not alias.startswith(".") and folder is not None and path.startswith(folder):
                return f"{alias}/{re.sub(r'(?<=.)/index$', '', path[len(folder) :])}"
    return ""


def _specifiers(tree: Tree) -> list[Node]:
    found = [one.child("moduleSpecifier") for one in tree.root.children if one.kind == "ImportDeclaration"]
    return [one for one in found if one and one.place]


def _extension(tree: Tree, file: str) -> str:
    relative = [one.text[1:-1] for one in _specifiers(tree) if one.text[1:].startswith(".")]
    if any(one.endswith(".js") for one in relative):
        return ".js"
    found = posixpath.splitext(file)[1]
    return found if any(one.endswith((".ts", ".tsx")) for one in relative) else ""


def _prologue(node: Node) -> bool:
    return (
        node.kind == "ExpressionStatement"
        and bool(node.children)
        and node.children[0].kind == "StringLiteral"
    )


def _scope(at: Node) -> dict[str, int]:
    """Return the names of types that are in scope at a node, with the ids of their symbols (0: not known)."""
    found: dict[str, int] = {}
    for around in (at, *at.up()):
        for one in around.children:
            names: list[Node | None] = []
            if one.kind in _DECLARED or one.kind == "TypeParameter":
                names = [one.child("name")]
            elif one.kind == "ImportDeclaration":
                names = [
                    inner.child("name")
                    for inner in one.walk()
                    if inner.kind in ("ImportClause", "ImportSpecifier", "NamespaceImport")
                ]
            for name in names:
                if name and name.text not in found:
                    found[name.text] = name.symbol.id if name.symbol else 0
    return found


def _listed(name: str, tree: Tree) -> bool:
    return any(
        one.kind == "ExportSpecifier" and (inner := one.child("name")) and inner.text == name
        for one in tree.nodes
        if one.kind == "ExportSpecifier"
    )


def _at_top(declared: Node) -> bool:
    statement = declared.above("FirstStatement", "VariableStatement")
    return statement is not None and statement.parent is declared.tree.root


def _within(declared: Node, at: Node) -> bool:
    return declared.tree is at.tree and declared.contains(at)


def _shape_of(type_: Type) -> set[tuple[str, str, bool]]:
    return {(one.name, one.type.text if one.type else "", one.optional) for one in type_.properties}


def joined(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return edits with one for each place: texts that go in at one point follow each other, an import only once."""
    found: dict[tuple[str, int, int], list[str]] = {}
    for one in edits:
        found.setdefault((one.file, one.start, one.end), []).append(one.text)
    return tuple(Edit(*place, _without_twice(texts)) for place, texts in found.items())


def _without_twice(texts: Sequence[str]) -> str:
    lines = {line.strip() for text in texts[:1] for line in text.splitlines() if line.strip()}
    said = texts[0]
    for text in texts[1:]:
        for part in re.split(r"(?<=[;'\"])(?=\s*import type )", text):
            if part.strip() in lines:
                continue
            lines.add(part.strip())
            said += part
    return said
