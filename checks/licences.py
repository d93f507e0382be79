"""Whether a licence is one of those that the policy denies, by SPDX expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

_WORD = re.compile(r"\(|\)|[^\s()]+")
# Words that say nothing about what is allowed: https://docs.npmjs.com/cli/configuring-npm/package-json#license
_UNKNOWN = re.compile(
    r"^(?:see licen[cs]e.*|unlicensed|unknown|custom.*|none|noassertion|proprietary|)$", re.IGNORECASE
)


def unknown(licence: str) -> bool:
    """Whether it names no licence."""
    return _UNKNOWN.match(licence.strip()) is not None


def denied(licence: str, patterns: Sequence[str]) -> bool:
    """Whether every choice of the expression holds a licence that a pattern such as `GPL-*` denies.

    `A OR B` leaves a choice, `A AND B` does not (SPDX, annex D: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/).
    What is no expression is looked at as a whole.
    """
    words = _WORD.findall(licence)
    found, rest = _either(words, patterns)
    return found if not rest else _named(licence, patterns)


def _either(words: list[str], patterns: Sequence[str]) -> tuple[bool, list[str]]:
    found, rest = _both(words, patterns)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:], patterns)
        found = found and other
    return found, rest


def _both(words: list[str], patterns: Sequence[str]) -> tuple[bool, list[str]]:
    found, rest = _one(words, patterns)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:], patterns)
        found = found or other
    return found, rest


def _one(words: list[str], patterns: Sequence[str]) -> tuple[bool, list[str]]:
    if not words:
        return False, []
    if words[0] == "(":
        found, rest = _either(words[1:], patterns)
        return found, rest[1:] if rest and rest[0] == ")" else rest
    found, rest = _named(words[0], patterns), words[1:]
    if len(rest) > 1 and rest[0].upper() == "WITH":
        # An exception makes it milder; whoever denies it must name it: `GPL-2.0-only WITH *`.
        whole = f"{words[0]} WITH {rest[1]}"
        return (_named(whole, [one for one in patterns if " " in one])), rest[2:]
    return found, rest


def _named(licence: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(licence.lower(), one.lower()) for one in patterns)
