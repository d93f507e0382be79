"""Which modules a script imports, read without running it.

Bundlers write specifiers as plain strings, so a pattern finds them all; it may also find one inside a text
or a comment, which does no harm because only specifiers that lead to a file of the output count.
"""

from __future__ import annotations

import re

# `import "./a.js"`, `import{a as b}from"./a.js"`, `export*from"./a.js"`
_STATIC = re.compile(
    r"""\b(?:import|export)\b\s*(?:[\w$*{},\s]*?\bfrom\b\s*)?(["'])((?:\.{0,2}/|https?:)[^"'\n]*)\1"""
)
_DYNAMIC = re.compile(r"""\bimport\s*\(\s*(?:/\*.*?\*/\s*)*(["'`])((?:\.{0,2}/|https?:)[^"'`\n$]*)\1""")


def imports(text: str) -> tuple[str, ...]:
    """Return the specifiers of static imports and re-exports: the browser loads them with the module."""
    return tuple(dict.fromkeys(match[2] for match in _STATIC.finditer(text)))


def dynamic_imports(text: str) -> tuple[str, ...]:
    """Return the specifiers of `import(...)`: the browser loads them when the code gets there."""
    return tuple(dict.fromkeys(match[2] for match in _DYNAMIC.finditer(text)))
