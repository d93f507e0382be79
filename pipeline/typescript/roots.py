"""Root causes: errors grouped by the declaration, member, module or expression that they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.typescript.categories import category
from pipeline.typescript.session import Diagnostic

Subject = Mapping[str, Any]
Place = Mapping[str, Any]

_QUOTED = re.compile(r"['\"]+([^'\"]+)['\"]+")
_JSX = frozenset((7026, 17004, 2875, 2874, 6142))
_MODULE = frozenset((2307, 2792, 7016, 2306, 2732, 2882, 2834, 2835, 5097, 1259))
_EXPORT = frozenset((1192, 2305, 2614, 2613, 2724, 2459))
_NAME = frozenset((2304, 2552, 2503, 2318, 2580, 2582, 2583, 2584, 2585, 2591, 2592, 2593, 2686, 2868))
_MEMBER = frozenset((2339, 2551, 2540, 2550, 7015, 7017, 7053))
_GIVEN = frozenset((2322, 2345, 2375, 2379, 2412, 2739, 2740, 2741, 2769, 2353, 2559, 2561))
_TYPES = frozenset(("ClassDeclaration", "ClassExpression", "InterfaceDeclaration", "TypeAliasDeclaration"))
_WORDS = {
    "Parameter": "parameter",
    "PropertyDeclaration": "member",
    "PropertySignature": "member",
    "PropertyAssignment": "property",
    "ShorthandPropertyAssignment": "property",
    "GetAccessor": "member",
    "SetAccessor": "member",
    "MethodDeclaration": "method",
    "MethodSignature": "method",
    "FunctionDeclaration": "function",
    "ClassDeclaration": "class",
    "InterfaceDeclaration": "interface",
    "TypeAliasDeclaration": "type",
    "EnumDeclaration": "enumeration",
    "ImportSpecifier": "import",
}


@dataclass(frozen=True)
class Root:
    """What an error comes from; errors with equal `key` have one cause.

    `kind` says what would remove it (see REMOVALS); `start` is a position in the file, -1 when it stands nowhere.
    """

    key: tuple[str, ...]
    kind: str
    title: str
    file: str
    start: int


# What removes a cause, by its kind.
REMOVALS: Mapping[str, str] = {
    "jsx": "say in tsconfig.json whose JSX it is (jsx, jsxImportSource)",
    "module": "make the module resolve, or give it types",
    "export": "export it there, or import what is exported",
    "name": "declare it, import it, or install the types that declare it",
    "member": "declare the member, or correct its name",
    "index": "give it an index signature, or the key a type (keyof)",
    "untyped": "write down its type",
    "nullable": "test it once where it comes from, or type it as always there",
    "unset": "set it in the constructor, or allow undefined in its type",
    "narrow": "say which kind it is where it comes from",
    "empty": "give the empty start a type",
    "caught": "test what was thrown before it is used",
    "given": "make both sides agree: the declared type, or the value",
    "unused": "remove it, or use it",
    "other": "read the message in the editor and correct the code",
}


def root_of(error: Diagnostic, subject: Subject | None) -> Root:
    """Return the cause of an error, by what the worker says that it is about (None: by its message alone)."""
    if error.code in _JSX:
        return Root(("jsx",), "jsx", "JSX without types", error.file, error.start)
    quoted = _QUOTED.findall(error.head)
    if error.code in _MODULE and quoted:
        return Root(("module", quoted[0]), "module", f'module "{quoted[0]}"', error.file, error.start)
    if error.code in _EXPORT and len(quoted) > 1:
        title = f'{quoted[1]} of "{quoted[0]}"'
        return Root(("export", quoted[0], quoted[1]), "export", title, error.file, error.start)
    if error.code in _NAME and quoted:
        return Root(("name", quoted[0]), "name", f"the name {quoted[0]}", error.file, error.start)
    if subject is None:
        return _by_message(error, quoted)
    return _by_subject(error, subject, quoted)


def _by_message(error: Diagnostic, quoted: Sequence[str]) -> Root:
    """Group by code and the first name in the message within a file: the best that a message can tell."""
    name = quoted[0] if quoted else ""
    kind = _kind(error)
    title = f"TS{error.code} {name}".rstrip() if error.code else error.head[:60]
    key = (str(error.code), name, error.file, "" if name else str(error.start))
    return Root(key, kind, title, error.file, error.start)


def _by_subject(error: Diagnostic, subject: Subject, quoted: Sequence[str]) -> Root:
    kind = _kind(error)
    order: tuple[str, ...]
    if re.search(r"\bnever\b", error.head) and (origin := _own(subject, "origin")):
        return _declared("empty", origin)
    if error.code in _MEMBER and quoted:
        return _member(error, subject, quoted, kind)
    if kind == "unused":
        return _here(error, kind, quoted)
    if kind == "untyped":
        order = ("holder", "at", "target") if error.code == 7031 else ("at", "target", "near")
    elif kind == "nullable":
        order = ("source", "near") if error.code in _GIVEN else ("at", "near")
    elif error.code in _GIVEN:
        order = ("target", "source", "near")
    else:
        order = ("at", "target") if kind in ("unset", "caught") else ("at",)
    found = next((place for name in order if (place := _own(subject, name))), None)
    if found:
        return _declared(kind, found)
    return _expression(error, subject, kind) if kind in ("nullable", "narrow") else _here(error, kind, quoted)


def _member(error: Diagnostic, subject: Subject, quoted: Sequence[str], kind: str) -> Root:
    owner = subject.get("owner") or {}
    last = quoted[-1] if error.code != 7053 else ""
    if re.search(r"\| (?:null|undefined)\b", last) and error.code == 2339:
        place = _own(subject, "source") or _own(subject, "near")
        return _declared("nullable", place) if place else _expression(error, subject, "nullable")
    named = owner.get("own") and owner.get("kind") in _TYPES
    if error.code in (7015, 7017, 7053):
        place = owner if named else _own(subject, "near")
        return _declared("index", place) if place else _expression(error, subject, "index")
    if last.startswith("Window "):
        title = f"{quoted[0]} of window"
        return Root(("member", "window", quoted[0]), "member", title, error.file, error.start)
    if named or (owner.get("own") and owner.get("kind") == "TypeLiteral"):
        name = owner["name"] if named else "a shape"
        where = ("member", owner["file"], str(owner["start"]), quoted[0])
        return Root(where, "member", f"{quoted[0]} of {name}", owner["file"], owner["start"])
    place = _own(subject, "near")
    narrow = "narrow" if kind == "narrow" or not owner.get("own") else kind
    return _declared(narrow, place) if place else _expression(error, subject, narrow)


def _own(subject: Subject, name: str) -> Place | None:
    place: Place | None = subject.get(name)
    return place if place and place["own"] and place["start"] >= 0 else None


def _declared(kind: str, place: Place) -> Root:
    name = str(place["name"])
    word = _WORDS.get(place["kind"], "variable" if name.isidentifier() else "")
    if name.startswith("__"):
        title = f"{word}, taken apart" if word else "a value without a name"
    else:
        title = f"{word} {name}" if word else name
    return Root(("declared", place["file"], str(place["start"])), kind, title, place["file"], place["start"])


def _expression(error: Diagnostic, subject: Subject, kind: str) -> Root:
    start = subject.get("spot", -1)
    start = start if isinstance(start, int) and start >= 0 else error.start
    text = " ".join(str(subject.get("text", "")).split())
    title = f"expression {text[:48]}" if text else "an expression"
    return Root(("expression", error.file, str(start)), kind, title, error.file, start)


def _here(error: Diagnostic, kind: str, quoted: Sequence[str]) -> Root:
    title = f"{quoted[0]}, unused" if kind == "unused" and quoted else error.head[:60]
    return Root(("at", error.file, str(error.start), str(error.code)), kind, title, error.file, error.start)


_BY_CATEGORY = {
    "missing type": "untyped",
    "null check": "nullable",
    "DOM type": "narrow",
    "unknown in catch": "caught",
    "unused": "unused",
}


def _kind(error: Diagnostic) -> str:
    if error.code in (2564, 2454, 2565):
        return "unset"
    name = category(error.code, error.message)
    if error.code in _GIVEN and name != "null check":
        return "given"
    return _BY_CATEGORY.get(name, "other")
