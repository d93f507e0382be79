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


def forecast(
    flag: str,
    options: Mapping[str, Any],
    now: Sequence[Diagnostic],
    check: Callable[[Mapping[str, bool]], Sequence[Diagnostic]],
) -> Forecast:
    """Return what a flag would bring; `check` returns the errors under other options."""
    if is_on(flag, options):
        return Forecast(flag, True, 0, 0, ())  # noqa: FBT003 - a field
    needs = _NEEDS.get(flag, "")
    needs = "" if not needs or is_on(needs, options) else needs
    found = check({flag: True, **({needs: True} if needs else {})})
    known = Counter((one.file, one.start, one.code) for one in now)
    new = []
    for one in found:
        key = (one.file, one.start, one.code)
        if known[key]:
            known[key] -= 1
        else:
            new.append(one)
    codes = Counter(one.code for one in new)
    most = tuple(sorted(codes.items(), key=lambda item: (-item[1], item[0]))[:3])
    return Forecast(flag, False, len(new), len({one.file for one in new}), most, needs)  # noqa: FBT003


def named(word: str) -> str:
    """Return the flag that a word names, in any case; raises Stop (2) for one that there is not."""
    by_lower = {one.lower(): one for one in FLAGS}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    near = difflib.get_close_matches(word.lower(), by_lower, 1, 0.5)
    hint = f"invoke ts.migrate --apply={by_lower[near[0]]}" if near else "invoke ts.migrate"
    raise Stop(f"there is no strict flag {word}; there are: {', '.join(FLAGS)}", hint)


def turned_on(text: str, flag: str) -> str:
    """Return a tsconfig.json with the flag on, everything else as it was; raises Stop (2) where it is no object."""
    try:
        edit = jsonc.option("tsconfig.json", text, flag, True)  # noqa: FBT003 - a value
    except jsonc.Broken as error:
        raise Stop(f"tsconfig.json cannot be read: {error}", "npx tsc --showConfig") from error
    return text[: edit.start] + edit.text + text[edit.end :]
