"""Verified rounds: repairs are tried in batches over all files in memory, and only what makes the errors fewer stays."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.typescript.edits import Edit, apply, moved
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import LEVELS, Level, Repair, Strategy
from pipeline.typescript.world import Source, World

Key = tuple[str, int, int, str]
_MOST_ROUNDS = 30


class Checker(Source, Protocol):
    """A session, as far as rounds need it."""

    def set(self, texts: Mapping[str, str]) -> None:
        """Hold these texts in place of the files."""

    def check(self, files: Iterable[str] | None = None) -> list[Diagnostic]:
        """Return the errors of these files, or of all."""

    def dependents(self, files: Iterable[str]) -> list[str] | None:
        """Return these files and all that import them; None for everything."""

    def emit(self, texts: Mapping[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
        """Return the JavaScript of texts, by file."""


@dataclass(frozen=True)
class Kept:
    """A repair that stays: which errors it removed, and in which round."""

    repair: Repair
    removed: tuple[Diagnostic, ...]
    round: int


@dataclass(frozen=True)
class Outcome:
    """What a run did: the changed texts, the repairs that stay, the errors that are left."""

    texts: Mapping[str, str]
    kept: tuple[Kept, ...]
    before: tuple[Diagnostic, ...]
    after: tuple[Diagnostic, ...]
    rounds: int
    checks: int
    seconds: float
    ended: str


@dataclass
class _Candidate:
    repair: Repair
    rank: int
    targets: list[Diagnostic] = field(default_factory=list)


@dataclass(frozen=True)
class _State:
    texts: Mapping[str, str]
    errors: tuple[Diagnostic, ...]


@dataclass
class Rounds:
    """One run over one project. `progress` is told the count of errors left after each step."""

    checker: Checker
    texts: Mapping[str, str]
    editable: frozenset[str]
    strategies: Sequence[Strategy]
    levels: Sequence[Level] = LEVELS
    seconds: float = 600.0
    progress: Callable[[int, str], None] = lambda _left, _what: None
    wanted: Callable[[Diagnostic], bool] = lambda _one: True

    def __post_init__(self) -> None:
        self._tried: set[tuple[str, ...]] = set()
        self._kept: list[Kept] = []
        self._checks = 0
        self._rounds = 0
        self._start = time.monotonic()

    def run(self) -> Outcome:
        """Repair until nothing improves or the time is up, with the work kept."""
        before = tuple(self._check(None))
        state = _State(dict(self.texts), before)
        ended = "done"
        for vague in (False, True):
            for level in self.levels:
                allowed = self.levels[: self.levels.index(level) + 1]
                while self._rounds < _MOST_ROUNDS:
                    if self._late():
                        ended = "time"
                        break
                    batch = self._batch(state, allowed, vague=vague)
                    if not batch:
                        break
                    self._rounds += 1
                    state = self._settle(state, batch)
                    self.progress(len(state.errors), level)
        changed = {file: text for file, text in state.texts.items() if text != self.texts[file]}
        return Outcome(
            changed,
            tuple(self._kept),
            before,
            state.errors,
            self._rounds,
            self._checks,
            time.monotonic() - self._start,
            ended,
        )

    def _late(self) -> bool:
        return time.monotonic() - self._start > self.seconds

    def _check(self, files: Iterable[str] | None) -> list[Diagnostic]:
        self._checks += 1
        return self.checker.check(files)

    def _batch(self, state: _State, levels: Sequence[Level], *, vague: bool) -> list[_Candidate]:
        world = World(self.checker, state.texts, state.errors, self.editable)
        errors = [one for one in state.errors if self.wanted(one)]
        world.load({one.file for one in errors})
        found: dict[tuple[Edit, ...], _Candidate] = {}
        for one in errors:
            for rank, strategy in enumerate(self.strategies):
                if one.code not in strategy.CODES:
                    continue
                for repair in strategy.propose(one, world):
                    if repair.level not in levels or (repair.vague and not vague) or not self._may(repair):
                        continue
                    if self._signature(repair, state) in self._tried:
                        continue
                    candidate = found.setdefault(repair.edits, _Candidate(repair, rank))
                    candidate.targets.append(one)
        order = sorted(
            found.values(),
            key=lambda one: (LEVELS.index(one.repair.level), -len(one.targets), one.rank, one.repair.edits),
        )
        chosen: list[_Candidate] = []
        taken: set[Diagnostic] = set()
        for candidate in order:
            if taken.issuperset(candidate.targets):
                continue
            if any(
                edit.overlaps(other)
                for edit in candidate.repair.edits
                for one in chosen
                for other in one.repair.edits
            ):
                continue
            chosen.append(candidate)
            taken.update(candidate.targets)
        for candidate in chosen:
            self._tried.add(self._signature(candidate.repair, state))
        return chosen

    def _may(self, repair: Repair) -> bool:
        return bool(repair.edits) and all(edit.file in self.editable for edit in repair.edits)

    def _signature(self, repair: Repair, state: _State) -> tuple[str, ...]:
        # Positions move from round to round; the line that is edited and the new text do not.
        words = [repair.strategy]
        for edit in repair.edits:
            text = state.texts[edit.file]
            start = text.rfind("\n", 0, edit.start) + 1
            end = text.find("\n", edit.end)
            words += [edit.file, text[start : end if end >= 0 else None], str(edit.start - start), edit.text]
        return tuple(words)

    def _settle(self, state: _State, batch: Sequence[_Candidate]) -> _State:
        batch = self._proven(state, batch)
        if not batch:
            return state
        after, gone, new = self._trial(state, batch)
        if new and len(batch) > 1:
            blamed = [one for one in batch if _near(one, new, state)]
            rest = [one for one in batch if one not in blamed]
            if blamed and rest:
                return self._settle_each(self._settle(state, rest), blamed, state)
            half = len(batch) // 2
            return self._settle_each(self._settle(state, batch[:half]), batch[half:], state)
        working = [one for one in batch if gone.intersection(one.targets)]
        if len(after.errors) >= len(state.errors) or not working:
            return state
        if len(working) < len(batch):
            again, _, new = self._trial(state, working)
            if len(again.errors) > len(after.errors) or new:
                working = list(batch)
            else:
                after = again
        for one in working:
            removed = tuple(target for target in one.targets if target in gone)
            self._kept.append(Kept(one.repair, removed, self._rounds))
        return after

    def _settle_each(self, state: _State, batch: Sequence[_Candidate], old: _State) -> _State:
        moved_batch = [one for one in (_carried(one, old, state) for one in batch) if one]
        if not moved_batch or self._late():
            return state
        if len(moved_batch) == 1:
            return self._settle(state, moved_batch)
        half = (len(moved_batch) + 1) // 2
        first = self._settle(state, moved_batch[:half])
        return self._settle_each(first, moved_batch[half:], state)

    def _trial(
        self, state: _State, batch: Sequence[_Candidate]
    ) -> tuple[_State, set[Diagnostic], list[Diagnostic]]:
        edits = [edit for one in batch for edit in one.repair.edits]
        changed = apply(state.texts, edits)
        self.checker.set(changed)
        files = self.checker.dependents(changed)
        found = self._check(files)
        if files is None:
            errors = found
        else:
            scope = set(files)
            errors = sorted([one for one in state.errors if one.file not in scope] + found)
        after = _State({**state.texts, **changed}, tuple(errors))
        gone, new = _compare(state.errors, errors, edits)
        self.checker.set({file: state.texts[file] for file in changed})
        return after, gone, new

    def _proven(self, state: _State, batch: Sequence[_Candidate]) -> list[_Candidate]:
        """Leave out repairs that claim to be type-only and change the JavaScript."""
        claims = [one for one in batch if one.repair.level == "type-only"]
        if not claims:
            return list(batch)
        changed = apply(state.texts, [edit for one in claims for edit in one.repair.edits])
        before = self.checker.emit({file: state.texts[file] for file in changed})
        after = self.checker.emit(changed)
        liars = {file for file in changed if before[file] != after[file]}
        good = []
        for one in batch:
            files = {edit.file for edit in one.repair.edits}
            if one.repair.level == "type-only" and files & liars:
                alone = apply(state.texts, one.repair.edits)
                if any(self.checker.emit({file: text})[file] != before[file] for file, text in alone.items()):
                    continue
            good.append(one)
        return good


def _compare(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic], edits: Sequence[Edit]
) -> tuple[set[Diagnostic], list[Diagnostic]]:
    """Return which errors are gone and which are new; an error is the same one when its place moved with the text."""
    by_file: dict[str, list[Edit]] = {}
    for edit in sorted(set(edits)):
        by_file.setdefault(edit.file, []).append(edit)
    left: Counter[Key] = Counter((one.file, one.start, one.code, "") for one in after)
    gone = set()
    for one in before:
        key = (one.file, moved(one.start, by_file.get(one.file, ())), one.code, "")
        if left[key]:
            left[key] -= 1
        else:
            gone.add(one)
    new = []
    for one in after:
        key = (one.file, one.start, one.code, "")
        if left[key]:
            left[key] -= 1
            new.append(one)
    return gone, new


def _near(candidate: _Candidate, new: Sequence[Diagnostic], state: _State) -> bool:
    for edit in candidate.repair.edits:
        line = state.texts[edit.file].count("\n", 0, edit.start)
        for one in new:
            if one.file == edit.file and abs(state.texts[edit.file].count("\n", 0, one.start) - line) <= 3:
                return True
    return False


def _carried(candidate: _Candidate, old: _State, new: _State) -> _Candidate | None:
    """Return the candidate with its positions in the new texts, None when its place was edited."""
    edits = []
    for edit in candidate.repair.edits:
        before, after = old.texts[edit.file], new.texts[edit.file]
        if before == after:
            edits.append(edit)
            continue
        start = _shifted(before, after, edit.start, edit.end)
        if start is None:
            return None
        edits.append(Edit(edit.file, start, start + edit.end - edit.start, edit.text))
    from dataclasses import replace

    targets = [
        one for one in new.errors if any(one.code == t.code and one.file == t.file for t in candidate.targets)
    ]
    return _Candidate(replace(candidate.repair, edits=tuple(edits)), candidate.rank, targets)


def _shifted(before: str, after: str, start: int, end: int) -> int | None:
    line_start = before.rfind("\n", 0, start) + 1
    line_end = before.find("\n", end)
    line = before[line_start : line_end if line_end >= 0 else len(before)]
    count = before[:line_start].count(line)
    position = -1
    for _ in range(count + 1):
        position = after.find(line, position + 1)
        if position < 0:
            return None
    return position + start - line_start
