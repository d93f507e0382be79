"""Edits of type annotations that stand in the source."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.typescript.edits import Edit
from pipeline.typescript.strategies.base import insert
from pipeline.typescript.strategies.naming import joined
from pipeline.typescript.tree import Node

_LOOSE = frozenset(("FunctionType", "ConstructorType", "ConditionalType", "InferType"))


def or_word(type_: Node, words: Iterable[str]) -> tuple[Edit, ...]:
    """Return the edits that add members to a written type; none when all are there or it does not stand in the file."""
    has = {one.text for one in (type_.all("types") if type_.kind == "UnionType" else [type_])}
    missing = [one for one in words if one not in has]
    if not missing:
        return ()
    loose = type_.kind in _LOOSE
    closing = insert(type_, f"{')' if loose else ''} | {' | '.join(missing)}", after=True)
    opening = insert(type_, "(") if loose else None
    if closing is None or (loose and opening is None):
        return ()
    return (opening, closing) if opening else (closing,)


def union_with(type_: Node, text: str) -> tuple[Edit, ...]:
    """Return the edits that make a written type a union with another text."""
    return or_word(type_, [f"({text})" if "=>" in text else text])


def combined(edits: Iterable[Edit], imports: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return edits and imports as one repair: what goes in at the same point becomes one edit, imports first."""
    return joined((*imports, *edits))
