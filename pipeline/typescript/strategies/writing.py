"""How a type is written at a place: with names that are in scope there or can be imported, and no banned words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pipeline.typescript.edits import Edit
from pipeline.typescript.strategies.naming import Names
from pipeline.typescript.tree import Node, Symbol, Type
from pipeline.typescript.world import World

# A piece of evidence: a type of the checker, or a text that needs no name but global ones.
Piece = Type | str

_IMPORT = re.compile(r'import\("[^"]*"\)\.')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[A-Za-z_$][\w$]*')
_KEYWORDS = frozenset(
    [
        "string",
        "number",
        "boolean",
        "bigint",
        "symbol",
        "object",
        "null",
        "undefined",
        "void",
        "never",
        "unknown",
        "true",
        "false",
        "typeof",
        "keyof",
        "readonly",
        "infer",
        "extends",
        "in",
        "is",
        "asserts",
        "unique",
        "new",
        "get",
        "set",
        "abstract",
        "this",
        "Array",
        "ReadonlyArray",
        "Record",
        "Partial",
        "Promise",
        "Map",
        "Set",
        "Date",
        "RegExp",
        "Error",
    ]
)
_BANNED = re.compile(r"\bany\b|\bFunction\b|\b__\w+|…|\.\.\. \d+ more|<error>|\bunique symbol\b")
# What a timer is where the types of Node are there; said so that it holds in the browser too.
_TIMERS = frozenset(("NodeJS.Timeout", "NodeJS.Timer"))
_LONG = 70
_MOST_MEMBERS = 6
_DEPTH = 3


@dataclass(frozen=True)
class Written:
    """A type as text, the edits that bring its names in, and whether the evidence said any or unknown somewhere."""

    text: str
    imports: tuple[Edit, ...]
    vague: bool

    @property
    def in_array(self) -> str:
        """The text of an array of it."""
        return (
            f"({self.text})[]"
            if re.search(r"[|&]|=>|^(typeof|keyof) ", _flat(self.text))
            else f"{self.text}[]"
        )

    def or_(self, word: str) -> Written:
        """Return it with `null` or `undefined` as one more member."""
        if word in [one.strip() for one in _flat(self.text).split("|")]:
            return self
        text = f"({self.text})" if "=>" in _flat(self.text) else self.text
        return replace(self, text=f"{text} | {word}")


def write(pieces: Iterable[Piece], at: Node, world: World) -> Written | None:
    """Return the union of the pieces as it would be written at a node; None when it cannot be said without `any`."""
    names = Names(at, world)
    vague = False
    members: dict[str, Type | None] = {}
    shapes: list[Type] = []
    for piece in _members(pieces, names):
        if isinstance(piece, str):
            members[piece] = None
        elif "any" in piece.flags or "unknown" in piece.flags:
            vague = True
        elif _empty(piece):
            continue
        elif piece.literal and not names.named(piece):
            shapes.append(piece)
        else:
            text = _text(piece, names, 0)
            if text is None:
                return None
            members[text] = piece
    shape = _shape(shapes, names, 0) if shapes else None
    texts = _ordered(_absorbed(members | ({shape: None} if shape else {})))
    if shapes and shape is None:
        return None
    if not texts or len(texts) > _MOST_MEMBERS or all(one in ("null", "undefined", "void") for one in texts):
        return None
    text = _union(texts)
    return Written(text, names.imports(), vague or bool(re.search(r"\bunknown\b", text)))


def widened(type_: Type) -> Type:
    """Return what a variable of that type should be declared as: a lone literal widens, a set of literals stays."""
    literals = [one for one in type_.members if "literal" in one.flags]
    if (type_.name and type_.has("union")) or "enum" in type_.flags:
        return type_
    others = [one for one in type_.members if not one.flags & {"null", "undefined", "literal"}]
    return type_.widened if len(literals) < 2 or others or "literal" in type_.flags else type_


def _members(pieces: Iterable[Piece], names: Names) -> Iterator[Piece]:
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
            continue
        type_ = widened(piece)
        if name := names.named(type_):
            yield name
        elif "union" in type_.flags and not names.alias(type_):
            for one in type_.members:
                yield names.named(one) or one
        else:
            yield type_


def _empty(type_: Type) -> bool:
    return "never" in type_.flags or type_.text in ("never[]", "{}")


def _absorbed(members: dict[str, Type | None]) -> list[str]:
    texts = set(members)
    if {"true", "false"} <= texts or "boolean" in texts:
        texts = (texts - {"true", "false"}) | {"boolean"}
    for base in ("string", "number"):
        if base in texts:
            texts = {one for one in texts if one == base or not _literal_of(members.get(one), base)}
    if "undefined" in texts:
        texts.discard("void")
    return list(texts)


def _literal_of(type_: Type | None, base: str) -> bool:
    return bool(type_ and "literal" in type_.flags and base in type_.flags)


def _ordered(texts: Iterable[str]) -> list[str]:
    last = {"null": 1, "undefined": 2, "void": 3}
    return sorted(texts, key=lambda one: (last.get(one, 0), one))


def _text(type_: Type, names: Names, depth: int) -> str | None:
    """Return the checker's own text when all its names can be had, else the shape of the type."""
    known = names.named(type_)
    if known:
        return known
    if type_.text in _TIMERS:
        return "ReturnType<typeof setTimeout>"
    inner = type_.arguments[0] if "array" in type_.flags and type_.arguments else None
    if inner and inner.literal and (element := _text(inner, names, depth)):
        return Written(element, (), vague=False).in_array
    text = _IMPORT.sub("", type_.text)
    if not _BANNED.search(text) and (len(text) <= _LONG or not type_.properties or type_.name):
        found = dict(_symbols(type_, 0))
        if all(names.reach(word, found.get(word)) for word in _words(text)):
            return _tidy(text)
    if inner:
        element = _text(inner, names, depth)
        return element and Written(element, (), vague=False).in_array
    if depth < _DEPTH and type_.properties:
        return _shape([type_], names, depth)
    return None


def _words(text: str) -> Iterator[str]:
    """Yield the names of types in a text: no keywords, property names, parameter names or strings."""
    for found in _TOKEN.finditer(text):
        word = found.group()
        after = text[found.end() :].lstrip()
        before = text[: found.start()].rstrip()
        if (
            word[0] in '"`'
            or word in _KEYWORDS
            or (before.endswith((".", "...")) and not before.endswith("..."))
        ):
            continue
        if re.match(r"\??:(?!:)|\(", after) or (before.endswith("...") and after.startswith(":")):
            continue
        yield word


def _symbols(type_: Type, depth: int) -> Iterator[tuple[str, Symbol]]:
    if type_.name and type_.symbol:
        yield type_.name, type_.symbol
    if depth >= _DEPTH:
        return
    inner = list(type_.arguments) + [one for one in type_.members if one is not type_]
    inner += [one.type for one in type_.properties if one.type]
    inner += [one for pair in type_.index for one in pair if one]
    for call in type_.calls:
        inner += [one.type for one in call.parameters if one.type] + ([call.returns] if call.returns else [])
    for one in inner:
        yield from _symbols(one, depth + 1)


def _union(texts: list[str]) -> str:
    if len(texts) > 1:
        texts = [f"({one})" if "=>" in _flat(one) else one for one in texts]
    return " | ".join(texts)


def _shape(types: list[Type], names: Names, depth: int) -> str | None:
    """Return one object type for several shapes: what not all of them have is optional."""
    order: dict[str, list[Type]] = {}
    optional: set[str] = set()
    for one in types:
        for prop in one.properties:
            if prop.type is None:
                return None
            order.setdefault(prop.name, []).append(prop.type)
            if prop.optional:
                optional.add(prop.name)
    if not order:
        return None
    parts = []
    for name, found in order.items():
        missing = len(found) < len(types) or name in optional
        text = _member(found, names, depth, missing=missing)
        if text is None:
            return None
        parts.append(f"{_key(name)}{'?' if missing else ''}: {text}")
    return "{ " + "; ".join(parts) + " }"


def _member(found: list[Type], names: Names, depth: int, *, missing: bool) -> str | None:
    """Return the union of what a member of a shape can be; without `undefined` when it may be missing."""
    texts: set[str] = set()
    for type_ in found:
        for one in type_.members if "union" in type_.flags and not names.alias(type_) else (type_,):
            if missing and "undefined" in one.flags:
                continue
            text = "unknown" if "any" in one.flags else _text(widened(one), names, depth + 1)
            if text is None:
                return None
            texts.add(text)
    texts = set(_absorbed(dict.fromkeys(texts)))
    if len(texts) > 1:
        texts -= {"never[]"}
    return None if "never[]" in texts or not texts else _union(_ordered(texts))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*|\d+", name) else '"' + name.replace('"', '\\"') + '"'


def _tidy(text: str) -> str:
    """Return a text of the checker as people write it: no semicolon before a closing brace."""
    return re.sub(r";\s*\}", " }", text)


def _flat(text: str) -> str:
    """Return a text without what stands in brackets."""
    before = ""
    while before != text:
        before = text
        text = re.sub(r"\{[^{}]*\}|(?<!=)\((?:[^()]*)\)(?!\s*=>)|\[[^\[\]]*\]|<[^<>]*(?<!=)>", "", text)
    return text
