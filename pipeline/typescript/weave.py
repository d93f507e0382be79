"""Texts with any part of the repairs: every piece knows which repair wrote it and which took it away.

The same idea as SCCS's weave: https://en.wikipedia.org/wiki/Interleaved_deltas
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from pipeline.typescript.edits import Edit
from pipeline.typescript.rounds import Kept

_ORIGINAL: frozenset[int] = frozenset()


@dataclass
class _Piece:
    # Repairs that make the same edit write one piece together.
    text: str
    born: frozenset[int] = _ORIGINAL
    died: set[int] = field(default_factory=set)


class Weave:
    """The repairs of a run, by their place in `kept`, over the texts from before it."""

    def __init__(self, texts: Mapping[str, str], kept: Sequence[Kept]) -> None:
        self._texts = texts
        self._pieces: dict[str, list[_Piece]] = {}
        self.needs: list[set[int]] = [set() for _ in kept]
        numbered = list(enumerate(kept))
        for _, group in groupby(numbered, key=lambda one: one[1].base):
            batch: dict[Edit, set[int]] = {}
            for number, one in group:
                for edit in one.repair.edits:
                    batch.setdefault(edit, set()).add(number)
            for edit in sorted(batch, reverse=True):
                self._apply(edit, frozenset(batch[edit]))
        self.files = frozenset(self._pieces)

    def text(self, file: str, repairs: Collection[int]) -> str:
        """Return a file's text with these repairs and no others."""
        if file not in self._pieces:
            return self._texts[file]
        return "".join(
            one.text
            for one in self._pieces[file]
            if (not one.born or not one.born.isdisjoint(repairs)) and one.died.isdisjoint(repairs)
        )

    def line(self, file: str, number: int) -> int:
        """Return the line, from 1, where a repair's change begins once all are made; 0 when it is not there."""
        lines = 1
        for one in self._pieces.get(file, ()):
            if number in one.born or number in one.died:
                return lines
            lines += 0 if one.died else one.text.count("\n")
        return 0

    def _apply(self, edit: Edit, numbers: frozenset[int]) -> None:
        pieces = self._pieces.setdefault(edit.file, [_Piece(self._texts[edit.file])])
        start = self._split(pieces, edit.start, numbers)
        end = self._split(pieces, edit.end, numbers)
        for one in pieces[start:end]:
            if not one.died:
                one.died |= numbers
                self._need(numbers, one.born)
        pieces.insert(start, _Piece(edit.text, numbers))

    def _split(self, pieces: list[_Piece], position: int, numbers: frozenset[int]) -> int:
        """Return the index of the piece that begins at a position of the visible text, made when it is not there."""
        seen = 0
        for index, one in enumerate(pieces):
            if one.died:
                continue
            if seen == position:
                return index
            if seen < position < seen + len(one.text):
                # What is written inside another repair's text cannot stand without it.
                self._need(numbers, one.born)
                at = position - seen
                pieces[index : index + 1] = [
                    _Piece(one.text[:at], one.born, set(one.died)),
                    _Piece(one.text[at:], one.born, set(one.died)),
                ]
                return index + 1
            seen += len(one.text)
        if seen == position:
            return len(pieces)
        raise ValueError(f"position {position} lies outside the text")

    def _need(self, numbers: frozenset[int], others: frozenset[int]) -> None:
        for number in numbers:
            self.needs[number] |= others - {number}


def touched(kept: Iterable[Kept]) -> list[str]:
    """Return the files that repairs edit, in order."""
    return sorted({file for one in kept for file in map(attrgetter("file"), one.repair.edits)})
