"""A new name for a value, from what the code looks it up by."""

from __future__ import annotations

import re

from pipeline.typescript.strategies.absent import lookup_of
from pipeline.typescript.strategies.flow import LINKS, bare
from pipeline.typescript.tree import Node

_WORDS = re.compile(r"[A-Za-z0-9]+")
_ELEMENTS = ("querySelector", "closest", "getElementById")
# What the result of a method is called.
_CALLED = {
    "find": ["found"],
    "get": ["entry"],
    "exec": ["match"],
    "pop": ["last"],
    "shift": ["first"],
    "at": ["entry"],
}
_WORDS_TAKEN = """
    class default new delete function in for if return var let const this switch case do else export
    import enum static public private protected package interface null true false typeof void while with
    yield await name status top open close event length parent self window document location history
    origin screen
"""
_RESERVED = frozenset(_WORDS_TAKEN.split())


def name_for(node: Node) -> str:
    """Return a new name for the value of an expression, one that nothing in the script has."""
    source = bare(node)
    method, argument = lookup_of(source)
    words = _WORDS.findall(argument) if method in (*_ELEMENTS, "get") else []
    base = _camel(words or _last_words(source))
    taken = {one.text for one in node.tree.nodes if one.kind == "Identifier"} | _RESERVED
    for option in (base, f"{base}Element" if method in _ELEMENTS and argument else f"{base}Found"):
        if option not in taken:
            return option
    return next(name for number in range(2, 1000) if (name := f"{base}{number}") not in taken)


def _last_words(source: Node) -> list[str]:
    last: Node | None = source
    while last is not None and last.kind in LINKS and not last.child("name"):
        last = last.child("expression")
    name = (last.child("name") or last) if last else source
    words = _WORDS.findall(re.sub(r"^(get|find|query|select|read)(?=[A-Z])", "", name.text)) or ["found"]
    return _CALLED.get(words[0], words[-1:])


def _camel(words: list[str]) -> str:
    first = words[0].lower() if words[0].isupper() else words[0][:1].lower() + words[0][1:]
    base = first + "".join(one[:1].upper() + one[1:] for one in words[1:4])
    return f"found{base}" if base[:1].isdigit() else base
