"""Verified rounds: repairs are tried in batches over all files in memory; what makes the errors fewer stays."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.typescript import banned, proof
from pipeline.typescript.edits import Edit, apply, returned
from pipeline.typescript.proof import Change
from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import LEVELS, Level, Repair, Strategy
from pipeline.typescript.world import Source, World

_MOST_ROUNDS = 200
_MOST_CHAINS = 30
_CHAIN_REVEALS = 2
# After so many turns what brings errors is halved, whoever seems to bring them.
_MOST_TURNS = 5
# Of what a new error has to do with, where an edit most likely brought it.
_ROLES = ("source", "receiver", "at", "near", "target", "origin", "holder")
_FUNCTIONS = frozenset(
    ("FunctionDeclaration", "MethodDeclaration", "MethodSignature", "GetAccessor", "ArrowFunction")
)
# Where an error is, as it was before the batch: file, position, code.
Spot = tuple[str, int, int]
# An error, the rank of the strategy and the place among its proposals, and what it proposes.
_Proposal = tuple[Diagnostic, tuple[int, int], Repair]


class Checker(Source, proof.Emitter, Protocol):
    """A session, as far as rounds need it."""

    def set(self, texts: Mapping[str, str]) -> None:
        """Hold these texts in place of the files."""

    def check(self, files: Iterable[str] | None = None) -> list[Diagnostic]:
        """Return the errors of these files, or of all."""

    def dependents(self, files: Iterable[str]) -> list[str] | None:
        """Return these files and all that import them; None for everything."""

    def subjects(self, errors: Iterable[Diagnostic]) -> list[dict[str, Any] | None]:
        """Return for each error of now the declarations that it has to do with; see worker/subjects.mjs."""


@dataclass(frozen=True)
class Kept:
    """A repair that stays: what it did to the JavaScript, and which errors it removed.

    The edits of repairs with one `base` are positions in the same texts: those after all repairs of smaller bases.
    """

    repair: Repair
    removed: tuple[Diagnostic, ...]
    changes: tuple[Change, ...]
    round: int
    base: int = 0

    @property
    def proven(self) -> bool:
        """Whether the JavaScript is the same with and without it."""
        return not self.changes


@dataclass(frozen=True)
class Outcome:
    """What a run did: the changed texts, the repairs that stay, the errors that are left, and why it ended."""

    texts: Mapping[str, str]
    kept: tuple[Kept, ...]
    before: tuple[Diagnostic, ...]
    after: tuple[Diagnostic, ...]
    rounds: int
    checks: int
    seconds: float
    ended: str


@dataclass(eq=False)
class _Candidate:
    repair: Repair
    rank: int
    place: int
    signature: tuple[str, ...]
    targets: list[Diagnostic] = field(default_factory=list)

    @property
    def files(self) -> frozenset[str]:
        return frozenset(edit.file for edit in self.repair.edits)


@dataclass(frozen=True)
class _State:
    texts: Mapping[str, str]
    errors: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class _Trial:
    """A state with some candidates applied, its errors told by where they were before."""

    state: _State
    spots: Counter[Spot]


@dataclass
class _Sieve:
    """What is sifted: candidates in question, those out, those that remove more than they bring; and what holds."""

    rest: list[_Candidate]
    accepted: list[_Candidate]
    current: _Trial
    out: list[_Candidate] = field(default_factory=list)
    dear: list[_Candidate] = field(default_factory=list)
    # Those that brought so few errors more than they removed that others may remove these.
    cheap: set[_Candidate] = field(default_factory=set)

    def judge(self, one: _Candidate, removed: int, brought: int) -> None:
        """Put a candidate where it belongs that brings errors."""
        (self.dear if removed > brought else self.out).append(one)
        if brought - removed <= _CHAIN_REVEALS:
            self.cheap.add(one)
        else:
            self.cheap.discard(one)


@dataclass
class Rounds:
    """One run over one project. `progress` is told how many errors are left, and the level, after each round."""

    checker: Checker
    texts: Mapping[str, str]
    editable: frozenset[str]
    strategies: Sequence[Strategy]
    levels: Sequence[Level] = LEVELS
    seconds: float = 600.0
    progress: Callable[[int, str], None] = lambda _left, _what: None
    wanted: Callable[[Diagnostic], bool] = lambda _one: True

    def __post_init__(self) -> None:
        # How many repairs there were, in its files and in all, when a candidate was tried last.
        self._tried: dict[tuple[str, ...], tuple[int, int]] = {}
        self._sweeping = False
        self._touched: Counter[str] = Counter()
        self._asked: tuple[_State, list[_Proposal]] | None = None
        self._revealing: dict[tuple[str, ...], _Candidate] = {}
        # How many repairs there were around a candidate when it was the head of a chain last.
        self._chained: dict[tuple[str, ...], int] = {}
        self._kept: list[Kept] = []
        self._checks = 0
        self._rounds = 0
        self._base = 0
        self._start = time.monotonic()
        self._held = dict(self.texts)

    def run(self) -> Outcome:
        """Repair until nothing improves or the time is up, with the work kept."""
        before = tuple(self._check(None))
        state = _State(dict(self.texts), before)
        for vague in (False, True):
            for level in self.levels:
                state = self._level(state, level, vague=vague)
        # What failed long ago may hold since then: so that a second run finds nothing that this one left.
        self._sweeping = True
        state = self._level(state, self.levels[-1], vague=True)
        changed = {file: text for file, text in state.texts.items() if text != self.texts[file]}
        self._hold(state.texts)
        # Dependents are found by imports; what else depends on each other shows only when all is checked.
        after = tuple(self._check(None)) if changed else before
        ended = "time" if self._late() else "done"
        seconds = time.monotonic() - self._start
        return Outcome(changed, tuple(self._kept), before, after, self._rounds, self._checks, seconds, ended)

    def _level(self, state: _State, level: Level, *, vague: bool) -> _State:
        while self._rounds < _MOST_ROUNDS and not self._late():
            pool = self._pool(state, level, vague=vague)
            self._rounds += 1
            if pool:
                after = self._settle(state, pool)
            else:
                after = self._chains(state, level)
                if after is state:
                    break
            if after is not state:
                state = after
                self.progress(len(state.errors), level)
        return state

    def _late(self) -> bool:
        return time.monotonic() - self._start > self.seconds

    def _check(self, files: Iterable[str] | None) -> list[Diagnostic]:
        self._checks += 1
        return self.checker.check(files)

    def _world(self, state: _State) -> World:
        self._hold(state.texts)
        return World(self.checker, state.texts, state.errors, self.editable)

    # Choosing

    def _pool(
        self, state: _State, level: Level, *, vague: bool, errors: Sequence[Diagnostic] | None = None
    ) -> list[_Candidate]:
        """Return the candidates that were not tried yet, else those worth another try, the most promising first."""
        found: dict[tuple[Edit, ...], _Candidate] = {}
        for one, (rank, place), repair in self._all(state, errors):
            if LEVELS.index(repair.level) > LEVELS.index(level) or (repair.vague and not vague):
                continue
            signature = _signature(repair, state.texts)
            candidate = found.setdefault(repair.edits, _Candidate(repair, rank, place, signature))
            if one not in candidate.targets:
                candidate.targets.append(one)
        order = sorted(found.values(), key=_promise)
        return [one for one in order if one.signature not in self._tried] or [
            one for one in order if self._worth(one)
        ]

    def _worth(self, one: _Candidate) -> bool:
        """Whether a candidate that failed may do better now: its files changed, or in the last sweep any."""
        here, everywhere = self._tried[one.signature]
        return len(self._kept) > everywhere if self._sweeping else self._gains(one) > here

    def _gains(self, one: _Candidate) -> int:
        return sum(self._touched[file] for file in one.files.union(each.file for each in one.targets))

    def _all(self, state: _State, errors: Sequence[Diagnostic] | None) -> list[_Proposal]:
        """Return what the strategies propose for errors of a state; asked once for each state."""
        if errors is None and self._asked and self._asked[0] is state:
            return self._asked[1]
        world = self._world(state)
        wanted = [one for one in (state.errors if errors is None else errors) if self.wanted(one)]
        world.load({one.file for one in wanted})
        found = [
            (one, rank, repair)
            for one in wanted
            for rank, repair in self._proposals(one, world)
            if self._may(repair, state.texts)
        ]
        if errors is None:
            self._asked = (state, found)
        return found

    def _proposals(self, one: Diagnostic, world: World) -> Iterator[tuple[tuple[int, int], Repair]]:
        for rank, strategy in enumerate(self.strategies):
            if one.code in strategy.CODES:
                for place, repair in enumerate(strategy.propose(one, world)):
                    yield (rank, place), repair

    def _may(self, repair: Repair, texts: Mapping[str, str]) -> bool:
        if not repair.edits or any(edit.file not in self.editable for edit in repair.edits):
            return False
        return not banned.brings(repair.edits, texts)

    def _batch(
        self, pool: list[_Candidate], accepted: Sequence[_Candidate], gone: Counter[Spot]
    ) -> list[_Candidate]:
        """Take candidates out of the pool that can be applied together: one for each error, no two at one place."""
        edits: dict[str, list[Edit]] = {}
        for edit in (edit for one in accepted for edit in one.repair.edits):
            edits.setdefault(edit.file, []).append(edit)
        batch: list[_Candidate] = []
        taken: set[Diagnostic] = set()
        for one in list(pool):
            if all((each.file, each.start, each.code) in gone for each in one.targets):
                pool.remove(one)
            elif not taken.issuperset(one.targets) and not _overlap(one, edits):
                pool.remove(one)
                batch.append(one)
                taken.update(one.targets)
                for edit in one.repair.edits:
                    edits.setdefault(edit.file, []).append(edit)
        for one in batch:
            self._tried[one.signature] = (self._gains(one), len(self._kept))
        return batch

    # Trying

    def _settle(self, state: _State, pool: list[_Candidate]) -> _State:
        """Return the state with the candidates that hold; all positions are those of the state it began with."""
        accepted: list[_Candidate] = []
        current = _Trial(state, _spots(state.errors, ()))
        changes: dict[_Candidate, list[Change]] = {}
        while pool and not self._late():
            batch = self._batch(pool, accepted, _spots(state.errors, ()) - current.spots)
            if not batch:
                break
            changes.update(self._differences(state, batch))
            good = [one for one in batch if proof.allowed(changes[one], one.repair.level)]
            accepted, current = self._sift(state, good, accepted, current)
        if not accepted:
            return state
        gone = _spots(state.errors, ()) - current.spots
        for one in accepted:
            removed = tuple(each for each in one.targets if (each.file, each.start, each.code) in gone)
            self._touched.update(one.files)
            self._kept.append(Kept(one.repair, removed, tuple(changes[one]), self._rounds, self._base))
        self._base += 1
        return current.state

    def _hold(self, texts: Mapping[str, str]) -> None:
        """Let the worker hold these texts; what it holds already is not sent again, so its program stays."""
        changed = {file: text for file, text in texts.items() if text != self._held.get(file)}
        if changed:
            self.checker.set(changed)
            self._held.update(changed)

    def _differences(self, state: _State, batch: Sequence[_Candidate]) -> dict[_Candidate, list[Change]]:
        """Return what each candidate changes in the JavaScript.

        Where all of a file together change nothing, each of them does not either: no edit can take another's back.
        """
        found: dict[_Candidate, list[Change]] = {}
        groups: dict[frozenset[str], list[_Candidate]] = {}
        for one in batch:
            if one.repair.level == LEVELS[0]:
                groups.setdefault(one.files, []).append(one)
        for group in groups.values():
            edits = [edit for one in group for edit in one.repair.edits]
            if len(group) > 1 and not proof.changes(self.checker, state.texts, apply(state.texts, edits)):
                found.update((one, []) for one in group)
        return {one: found[one] if one in found else self._changes(state, one) for one in batch}

    def _changes(self, state: _State, one: _Candidate) -> list[Change]:
        return proof.changes(self.checker, state.texts, apply(state.texts, one.repair.edits))

    def _sift(
        self, state: _State, batch: Sequence[_Candidate], accepted: list[_Candidate], current: _Trial
    ) -> tuple[list[_Candidate], _Trial]:
        """Add the candidates that make the errors fewer: all at once, without those that new errors come from.

        Those get a second look, without what it was that failed beside them; who brings errors then again has failed,
        unless he removes more than he brings.
        """
        sieve = _Sieve(list(batch), accepted, current)
        self._pass(state, sieve)
        again = [*sieve.dear, *sieve.out]
        if len(sieve.accepted) == len(
            accepted
        ):  # nothing else is beside them: only for those that came near it
            again = [one for one in again if one in sieve.cheap] if len(batch) > 1 else []
        sieve.rest = again
        sieve.out = [one for one in sieve.out if one not in again]
        sieve.dear = [one for one in sieve.dear if one not in again]
        self._pass(state, sieve)
        self._revealing.update((one.signature, one) for one in sieve.out if one in sieve.cheap)
        sieve.rest, sieve.dear = sieve.dear, []
        self._costly(state, sieve)
        return sieve.accepted, sieve.current

    def _pass(self, state: _State, sieve: _Sieve) -> None:
        """Take out what brings errors until the rest brings none; what helps of that is accepted."""
        turn = 0
        while sieve.rest and not self._late():
            turn += 1
            trial, new = self._look(state, sieve)
            gone = sieve.current.spots - trial.spots
            if not new:
                held = [one for one in sieve.rest if _helps(one, gone)]
                if len(held) == len(sieve.rest):
                    sieve.accepted, sieve.current = [*sieve.accepted, *held], trial
                elif held:
                    sieve.accepted, sieve.current = self._accept(state, sieve.accepted, held, sieve.current)
                sieve.rest = []
            elif len(sieve.rest) == 1:
                (one,) = sieve.rest
                sieve.judge(one, _weight(gone, one), new.total())
                sieve.rest = []
            else:
                blame = self._blame(state, sieve, trial, new)
                if turn > _MOST_TURNS or not blame:
                    blame = _half(sieve.rest, new)
                for one in sieve.rest:
                    if blame[one]:
                        sieve.judge(one, _own(one, gone), blame[one])
                sieve.rest = [one for one in sieve.rest if not blame[one]]

    def _look(self, state: _State, sieve: _Sieve) -> tuple[_Trial, Counter[Spot]]:
        """Check the edited files alone, which costs little; and all that import them when no error is new there."""
        candidates = [*sieve.accepted, *sieve.rest]
        trial = self._trial(state, candidates, sieve.current.state, home=True)
        new = trial.spots - sieve.current.spots
        if not new:
            trial = self._trial(state, candidates, sieve.current.state)
            new = trial.spots - sieve.current.spots
        return trial, new

    def _costly(self, state: _State, sieve: _Sieve) -> None:
        """Accept those that remove more than they bring: each file's first together, else each alone."""
        for _ in range(_MOST_TURNS):
            if not sieve.rest or self._late():
                return
            trial = self._trial(state, [*sieve.accepted, *sieve.rest], sieve.current.state)
            new, gone = trial.spots - sieve.current.spots, sieve.current.spots - trial.spots
            blame = self._blame(state, sieve, trial, new)
            alone = len(sieve.rest) == 1
            bad = [one for one in sieve.rest if not (alone or _own(one, gone) > blame[one])]
            if (
                not bad
                and trial.spots.total() < sieve.current.spots.total()
                and all(_helps(one, gone) for one in sieve.rest)
            ):
                sieve.accepted, sieve.current = [*sieve.accepted, *sieve.rest], trial
                return
            for one in bad or sieve.rest[-1:]:
                sieve.rest.remove(one)
                self._revealing.setdefault(one.signature, one)

    def _accept(
        self, state: _State, accepted: list[_Candidate], held: list[_Candidate], current: _Trial
    ) -> tuple[list[_Candidate], _Trial]:
        trial = self._trial(state, [*accepted, *held], current.state)
        if trial.spots.total() < current.spots.total():
            return [*accepted, *held], trial
        return accepted, current

    def _blame(self, state: _State, sieve: _Sieve, trial: _Trial, new: Counter[Spot]) -> Counter[_Candidate]:
        """Return how many of the new errors come from each candidate, as far as their places tell."""
        edits = _by_name(edit for one in (*sieve.accepted, *sieve.rest) for edit in one.repair.edits)
        told = [(one, spot) for one in trial.state.errors if (spot := _spot(one, edits)) in new]
        subjects = self.checker.subjects([one for one, _ in told])
        owners = [(edit, one) for one in sieve.rest for edit in one.repair.edits]
        found: Counter[_Candidate] = Counter()
        for (_, spot), subject in zip(told, subjects, strict=True):
            file, position, _ = spot
            near = [
                (abs(edit.start - position), index)
                for index, (edit, _) in enumerate(owners)
                if edit.file == file
            ]
            if near and not min(near)[0]:
                culprit = owners[min(near)[1]][1]
            else:
                cause = _cause(subject, owners, edits, state.texts)
                if not cause and not near:
                    continue
                culprit = cause or owners[min(near)[1]][1]
            found[culprit] += 1
        return found

    def _trial(
        self, state: _State, candidates: Iterable[_Candidate], known: _State, *, home: bool = False
    ) -> _Trial:
        """Apply candidates to a state and check what may differ from the known one; `home`: only what they edit."""
        edits = [edit for one in candidates for edit in one.repair.edits]
        texts = {**state.texts, **apply(state.texts, edits)}
        self._hold(texts)
        changed = {file for file, text in texts.items() if text != known.texts[file]}
        files = sorted(changed) if home else self.checker.dependents(changed)
        found = self._check(files)
        if files is not None:
            scope = set(files)
            found = sorted([one for one in known.errors if one.file not in scope] + found)
        return _Trial(_State(texts, tuple(found)), _spots(found, edits))

    # Chains

    def _chains(self, state: _State, level: Level) -> _State:
        """Try repairs that reveal other errors together with what removes those; kept only when the total falls."""
        waiting, self._revealing = self._revealing, {}
        for one in list(waiting.values())[:_MOST_CHAINS]:
            if self._late():
                break
            if self._chained.get(one.signature) == self._gains(one):
                continue  # nothing changed around it since
            self._chained[one.signature] = self._gains(one)
            again = self._again(state, one)
            found = again and self._chain(state, again, level)
            if found:
                self._revealing = {**waiting, **self._revealing}
                return found
        return state

    def _again(self, state: _State, one: _Candidate) -> _Candidate | None:
        """Return the candidate as it is proposed for the texts of now, None when it no longer is."""
        targets = {
            each: (rank, repair)
            for each, rank, repair in self._all(state, None)
            if _signature(repair, state.texts) == one.signature
        }
        if not targets:
            return None
        (rank, place), repair = next(iter(targets.values()))
        return _Candidate(repair, rank, place, one.signature, list(targets))

    def _chain(self, state: _State, one: _Candidate, level: Level) -> _State | None:
        changes = self._changes(state, one)
        if not proof.allowed(changes, one.repair.level):
            return None
        before = _spots(state.errors, ())
        home = self._trial(state, [one], state, home=True)
        # More than one or two repairs can remove: not worth a look at the other files.
        if home.spots.total() > before.total() + _CHAIN_REVEALS:
            return None
        trial = self._trial(state, [one], state)
        gone = before - trial.spots
        removed = tuple(each for each in one.targets if (each.file, each.start, each.code) in gone)
        if not removed:
            return None
        new = _fresh(trial.state.errors, trial.spots - before, one.repair.edits)
        if not new or trial.spots.total() > before.total() + _CHAIN_REVEALS:
            return None
        mark, base, tried = len(self._kept), self._base, dict(self._tried)
        self._kept.append(Kept(one.repair, removed, tuple(changes), self._rounds, self._base))
        self._base += 1
        pool = self._pool(trial.state, level, vague=False, errors=new)
        after = self._settle(trial.state, pool)
        if len(after.errors) < len(state.errors):
            return after
        del self._kept[mark:]
        self._tried, self._base = tried, base
        return None


def _promise(one: _Candidate) -> tuple[int, int, int, int, tuple[Edit, ...]]:
    # Safety first, then how many errors one edit may remove.
    return LEVELS.index(one.repair.level), -len(one.targets), one.rank, one.place, one.repair.edits


def _signature(repair: Repair, texts: Mapping[str, str]) -> tuple[str, ...]:
    # Positions move from round to round; the line that is edited and the new text do not.
    words = [repair.strategy]
    for edit in repair.edits:
        text = texts[edit.file]
        start = text.rfind("\n", 0, edit.start) + 1
        end = text.find("\n", edit.end)
        line = text[start : end if end >= 0 else None]
        words += [edit.file, line, str(edit.start - start), edit.text]
    return tuple(words)


def _spots(errors: Iterable[Diagnostic], edits: Sequence[Edit]) -> Counter[Spot]:
    names = _by_name(edits)
    return Counter(_spot(one, names) for one in errors)


def _spot(one: Diagnostic, edits: Mapping[str, Sequence[Edit]]) -> Spot:
    return one.file, returned(one.start, edits.get(one.file, ())), one.code


def _by_name(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for edit in sorted(set(edits)):
        found.setdefault(edit.file, []).append(edit)
    return found


def _fresh(errors: Iterable[Diagnostic], new: Counter[Spot], edits: Sequence[Edit]) -> list[Diagnostic]:
    names = _by_name(edits)
    return [one for one in errors if _spot(one, names) in new]


def _cause(
    subject: Mapping[str, Any] | None,
    owners: Sequence[tuple[Edit, _Candidate]],
    edits: Mapping[str, Sequence[Edit]],
    texts: Mapping[str, str],
) -> _Candidate | None:
    """Return the candidate that edits a declaration which a new error has to do with: behind its name, in its line."""
    for role in _ROLES:
        place = (subject or {}).get(role)
        if not place or not place["own"] or place["file"] not in edits or place["start"] < 0:
            continue
        file = place["file"]
        start = returned(place["start"], edits[file])
        end = texts[file].find("\n", start)
        behind = [
            (edit.start, index)
            for index, (edit, _) in enumerate(owners)
            if edit.file == file and start <= edit.start <= (end if end >= 0 else len(texts[file]))
        ]
        if behind:
            # What a function returns is written behind its parameters.
            last = place["kind"] in _FUNCTIONS
            return owners[(max(behind) if last else min(behind))[1]][1]
    return None


def _half(group: Sequence[_Candidate], new: Iterable[Spot]) -> Counter[_Candidate]:
    """Blame the second half of what edits the files with new errors, or of all when none does."""
    files = {file for file, _, _ in new}
    some = [one for one in group if not files.isdisjoint(one.files)]
    some = some if len(some) > 1 or len(group) == 1 else list(group)
    return Counter(some[(len(some) + 1) // 2 :] or some)


def _own(one: _Candidate, gone: Counter[Spot]) -> int:
    return sum((each.file, each.start, each.code) in gone for each in one.targets)


def _overlap(one: _Candidate, edits: Mapping[str, Sequence[Edit]]) -> bool:
    # Two that add the same import may go together: an edit that both make is made once.
    return any(
        edit != other and edit.overlaps(other)
        for edit in one.repair.edits
        for other in edits.get(edit.file, ())
    )


def _helps(one: _Candidate, gone: Counter[Spot]) -> bool:
    return _weight(gone, one) > 0


def _weight(gone: Counter[Spot], one: _Candidate) -> int:
    if any((each.file, each.start, each.code) in gone for each in one.targets):
        return gone.total()
    return 0
