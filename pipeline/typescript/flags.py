"""One strict flag at a time: what each would bring, and turning it on in tsconfig.json."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import Stop
from pipeline.typescript import jsonc
from pipeline.typescript.session import Diagnostic

# What `strict` turns on, in the order that costs least: https://www.typescriptlang.org/tsconfig/#strict
STRICT = (
    "alwaysStrict",
    "strictBindCallApply",
    "strictFunctionTypes",
    "noImplicitThis",
    "useUnknownInCatchVariables",
    "noImplicitAny",
    "strictNullChecks",
    "strictPropertyInitialization",
)
BEYOND = (
    "noImplicitOverride",
    "noImplicitReturns",
    "noFallthroughCasesInSwitch",
    "noUnusedLocals",
    "noUnusedParameters",
    "noPropertyAccessFromIndexSignature",
    "noUncheckedIndexedAccess",
    "exactOptionalPropertyTypes",
)
FLAGS = (*STRICT, *BEYOND)
# TypeScript refuses these without the other.
_NEEDS = {
    "strictPropertyInitialization": "strictNullChecks",
    "exactOptionalPropertyTypes": "strictNullChecks",
}


@dataclass(frozen=True)
class Forecast:
    """What a flag would bring: new errors, the most frequent codes among them and the files they are in.

    `needs` names a flag that has to be on before; then its errors are counted in.
    """

    flag: str
    on: bool
    errors: int
    files: int
    codes: tuple[tuple[int, int], ...]
    needs: str = ""


def is_on(flag: str, options: Mapping[str, Any]) -> bool:
    """Return whether a flag is on in these compiler options."""
    if flag in STRICT:
        return bool(options.get(flag, options.get("strict", False)))
    return bool(options.get(flag, False))


@dataclass(frozen=True)
class Brought:
    """The errors that a flag brings to one project, and the flag that has to be on before."""

    errors: tuple[Diagnostic, ...]
    needs: str


def lacks(flag: str, options: Mapping[str, Any]) -> str:
    """Return the flag that has to be on before this one and is not, or nothing."""
    needs = _NEEDS.get(flag, "")
    return "" if not needs or is_on(needs, options) else needs


def brought(
    flag: str,
    options: Mapping[str, Any],
    now: Sequence[Diagnostic],
    check: Callable[[Mapping[str, bool]], Sequence[Diagnostic]],
) -> Brought | None:
    """Return what a flag brings to a project, None where it is on; `check` returns the errors under other options."""
    if is_on(flag, options):
        return None
    needs = lacks(flag, options)
    known = Counter((one.file, one.start, one.code) for one in now)
    new = []
    for one in check({flag: True, **({needs: True} if needs else {})}):
        key = (one.file, one.start, one.code)
        if known[key]:
            known[key] -= 1
        else:
            new.append(one)
    return Brought(tuple(new), needs)


def forecast(flag: str, every: Sequence[Brought | None]) -> Forecast:
    """Return what a flag brings to all projects of a site; an error that two of them report counts once."""
    off = [one for one in every if one is not None]
    new = {(one.file, one.start, one.code, one.message): one for each in off for one in each.errors}.values()
    codes = Counter(one.code for one in new)
    most = tuple(sorted(codes.items(), key=lambda item: (-item[1], item[0]))[:3])
    needs = next((one.needs for one in off if one.needs), "")
    return Forecast(flag, not off, len(new), len({one.file for one in new}), most, needs)


def named(word: str) -> str:
    """Return the flag that a word names, in any case; raises Stop (2) for one that there is not."""
    by_lower = {one.lower(): one for one in FLAGS}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    near = difflib.get_close_matches(word.lower(), by_lower, 1, 0.5)
    hint = f"invoke ts.migrate --apply={by_lower[near[0]]}" if near else "invoke ts.migrate"
    raise Stop(f"there is no strict flag {word}; there are: {', '.join(FLAGS)}", hint)


def turned_on(text: str, flag: str, name: str = "tsconfig.json") -> str:
    """Return a configuration with the flag on, everything else as it was; raises Stop (2) where it is no object."""
    try:
        edit = jsonc.option(name, text, flag, True)  # noqa: FBT003 - a value
    except jsonc.Broken as error:
        raise Stop(f"{name} cannot be read: {error}", "npx tsc --showConfig") from error
    return text[: edit.start] + edit.text + text[edit.end :]
