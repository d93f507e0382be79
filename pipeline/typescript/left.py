"""Why an error is left, and what a person should decide; many of one root are told as one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.typescript.record import Error, Left

_QUOTED = re.compile(r"'([^']+)'")
_MOST_PLACES = 3

# What a person should decide, by code; the category's line is for the rest.
_BY_CODE: dict[int, str] = {
    2307: "should this file or package exist? add it, or correct the path",
    2305: "should the module export it? export it, or import another name",
    2724: "should the module export it? export it, or import another name",
    2304: "what is this name? declare it, import it, or correct the spelling",
    2552: "what is this name? declare it, import it, or correct the spelling",
    7016: "does the package have types? npm install -D its @types package, or declare the module",
    2339: "may the object have it? add it to its type, or correct the code",
    2551: "may the object have it? add it to its type, or correct the code",
    2367: "can both sides ever be equal? correct the comparison, or the types",
    2554: "what is the missing or surplus argument to be?",
    2555: "what is the missing argument to be?",
    2741: "what is the missing property to be?",
    2739: "what are the missing properties to be?",
    2740: "what are the missing properties to be?",
    2769: "which of the signatures is meant?",
    2532: "what should happen when it is undefined?",
    2531: "what should happen when it is null?",
    2564: "when is the member set? set it in the constructor, or allow undefined",
    2454: "what is its value when no branch sets it?",
}
_BY_CATEGORY = {
    "missing type": "which type is meant here? write it down",
    "null check": "what should happen when there is no value?",
    "interface or property": "which side is right, the type or the value?",
    "DOM type": "which element is it, and may it be missing?",
    "unknown in catch": "what can be thrown here? test for it before use",
    "import/export": "where should this name come from?",
    "unused": "is it still needed? remove it, or use it",
    "configuration": "correct tsconfig.json or the installed packages",
    "other": "read the message in the editor and correct the code",
}


@dataclass(frozen=True)
class Root:
    """Errors with one code about one name; `files` counts the files they are in."""

    code: int
    name: str
    lefts: tuple[Left, ...]

    @property
    def places(self) -> str:
        """Return the first places, and how many more there are."""
        shown = [one.error.place for one in self.lefts[:_MOST_PLACES]]
        more = len(self.lefts) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more else "")


def explain(
    errors: Iterable[Error],
    *,
    refused: Mapping[str, str],
    known: Collection[int],
    type_only: bool,
    late: bool,
    dirty: Collection[str] = (),
) -> list[Left]:
    """Return each error with the reason why it is left.

    `refused` are the files that may not be edited, with the reason; `known` the codes that some strategy knows.
    """
    return [
        Left(one, _reason(one, refused, known, dirty, type_only=type_only, late=late), decide(one))
        for one in errors
    ]


def decide(one: Error) -> str:
    """Return what a person should decide about an error."""
    return _BY_CODE.get(one.code) or _BY_CATEGORY[one.category]


def _reason(
    one: Error,
    refused: Mapping[str, str],
    known: Collection[int],
    dirty: Collection[str],
    *,
    type_only: bool,
    late: bool,
) -> str:
    if one.file in dirty:
        return "the file is not committed, so it was not edited"
    if one.file in refused:
        return f"the file is not edited: {refused[one.file]}"
    if one.code not in known:
        return f"no repair is known for TS{one.code}"
    if late:
        return "the time was up"
    if type_only:
        return "no repair without a change of the JavaScript was found (--type-only)"
    return "no repair was found that removes it and brings no other error"


def roots(lefts: Sequence[Left]) -> list[Root]:
    """Return the errors by code and the name they are about, the most frequent first."""
    groups: dict[tuple[int, str], list[Left]] = {}
    for one in lefts:
        found = _QUOTED.search(one.error.head)
        groups.setdefault((one.error.code, found[1] if found else ""), []).append(one)
    made = [Root(code, name, tuple(group)) for (code, name), group in groups.items()]
    return sorted(made, key=lambda one: (-len(one.lefts), one.code, one.name))
