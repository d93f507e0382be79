"""`ts.fix` from end to end: repair in memory, land as commits, prove with the site's own check, tests and build."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pipeline.core import lock, ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.phases import behaviour, several, type_check
from pipeline.phases.mend import mend
from pipeline.phases.several import Part, Repaired
from pipeline.typescript import commits, landing, left, record, stash, steps, texts, turning, workspace
from pipeline.typescript.categories import wanted_categories, wanted_codes
from pipeline.typescript.commits import Repository
from pipeline.typescript.message import message
from pipeline.typescript.projects import Target, projects
from pipeline.typescript.rounds import Outcome, Rounds
from pipeline.typescript.session import Diagnostic, Session
from pipeline.typescript.steps import By, Step
from pipeline.typescript.stock import Stock
from pipeline.typescript.strategies.base import LEVELS
from pipeline.typescript.weave import Weave
from pipeline.typescript.workspace import Files, Misnamed


class Progress(Protocol):
    """Shows how the errors of a project get fewer."""

    def begin(self, errors: int) -> None:
        """Tell that a project's repair begins."""

    def __call__(self, left: int, what: str) -> None:
        """Tell a round's outcome."""

    def end(self) -> None:
        """Tell that other lines follow."""


@dataclass(frozen=True)
class Wish:
    """What a person asked for; empty paths, categories and codes are all of them, `seconds` limit the repairing."""

    paths: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    type_only: bool = False
    seconds: float = 600.0
    by: By = "strategy"
    stash: bool = False
    here: bool = False
    test: bool = True
    build: bool = True
    config: str | None = None


@dataclass
class _Run:
    project: Project
    wish: Wish
    name: str
    repo: Repository | None
    here: Path
    progress: Progress
    categories: frozenset[str]
    dry_run: bool
    warnings: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.project.root

    def tell(self, lines: Sequence[str]) -> None:
        self.warnings += lines
        for line in lines:
            ui.warn(line)


def repair(
    project: Project, wish: Wish, *, dry_run: bool, here: Path, progress: Progress, clock: Clock = utc_now
) -> Repaired:
    """Repair a site's type errors; nothing is written in a dry run.

    Raises Stop: 2 for uncommitted changes in the way, a wrong path, code or category, or a project that cannot be
    opened; 6 when another run is busy here.
    """
    categories = wanted_categories(wish.categories)
    with lock.hold(project.state / "ts.lock", "repairing types"):
        finish_earlier(project)
        repo = commits.repository(project.root)
        run = _Run(project, wish, _name(clock()), repo, here, progress, categories, dry_run)
        type_check.prepare(project)
        return _repair(run)


def finish_earlier(project: Project) -> None:
    """Complete what a killed run had begun to write, and bring back what it had put away."""
    for line in [
        *landing.recover(project.root, project.state),
        *turning.take_back(project.root, project.state),
        *stash.bring_back(project.state),
    ]:
        ui.warn(line)


def _name(moment: datetime) -> str:
    return moment.strftime("%Y%m%d-%H%M%S")


def _repair(run: _Run) -> Repaired:
    project = run.project
    targets = (Target(run.root, run.wish.config),) if run.wish.config else projects(run.root)
    parts: list[Part] = []
    unknown: Stop | None = None
    try:
        for target in targets:
            try:
                parts.append(_project(run, target, parts))
            except Misnamed as stop:
                # A path or a code may be one of another project.
                unknown = stop
        if not parts and unknown:
            raise unknown
        found = several.together(run.name, parts, tuple(run.warnings))
        return found if run.dry_run or not found.repairs else _land(run, found, several.held(parts))
    finally:
        run.tell(stash.bring_back(project.state))


def _project(run: _Run, target: Target, earlier: Sequence[Part]) -> Part:
    """Repair one project of the site in memory, over what the earlier ones came to."""
    project, wish = run.project, run.wish
    with ui.step("read the project") as step:
        session = type_check.open_any(project, target)
        step.note = target.config if run.root == target.root else f"{target.root.name}/{target.config}"
    run.tell(type_check.notes(session))
    with session:
        files = workspace.look(target.root, project.output, session.description.files)
        where = workspace.chosen(target.root, run.here, wish.paths, files.texts)
        repo = commits.repository(target.root) if run.repo else None
        dirty = _dirty(run, repo, files, where)
        files = _as_committed(run, repo, session, files, dirty)
        prefix = several.prefix(run.root, target.root)
        changed, beside = several.changed(earlier, prefix, files.texts)
        if beside:
            session.configure(beside)
        if changed:
            session.set(changed)
            files = replace(files, texts={**files.texts, **changed})
        before = [*_wrong(session), *session.check()]
        codes = wanted_codes(wish.codes, [one.code for one in before]) if wish.codes else None

        def wanted(one: Diagnostic) -> bool:
            kind = record.error_of(one, {}).category
            return (
                (not wish.paths or one.file in where)
                and (not run.categories or kind in run.categories)
                and (codes is None or one.code in codes)
            )

        mended = []
        if isinstance(session, Session):  # a stock server reads the configuration from disk
            mended = mend(session, files.texts, beside, repo=repo, wanted=wanted)
        if mended:
            # Another configuration may read other files.
            now = workspace.look(target.root, project.output, session.description.files)
            files = replace(now, texts={**now.texts, **changed}, editable=now.editable - set(dirty))
        outcome = _rounds(session, files, wish, wanted, run.progress)
        part = _told(run, session, files, outcome, wanted, dirty)
    if mended:
        first = tuple(record.error_of(one, files.texts) for one in before if wanted(one))
        part = several.configured(part, mended, first, files.texts)
    return several.prefixed(part, prefix)


def _wrong(session: Session | Stock) -> list[Diagnostic]:
    """Return what is wrong with the configuration itself; no repair of code removes it."""
    return [one for one in session.description.problems if one.level == "error"]


def _dirty(run: _Run, repo: Repository | None, files: Files, where: frozenset[str]) -> dict[str, str]:
    """Return the uncommitted files with git's letters; raises Stop (2) where they are in the way."""
    if repo is None:
        return {}
    dirty = repo.uncommitted(files.editable)
    inside = [file for file in dirty if file in where]
    if inside and not (run.wish.stash or run.dry_run):
        raise Stop(
            f"{plural(len(inside), 'file')} to be repaired {'has' if len(inside) == 1 else 'have'} changes"
            " that are not committed; none is overwritten",
            "commit them, or: invoke ts.fix --stash",
            details=tuple(inside[:10]),
        )
    return dirty


def _as_committed(
    run: _Run, repo: Repository | None, session: Session | Stock, files: Files, dirty: dict[str, str]
) -> Files:
    """Put uncommitted changes away where that was asked for; what stays uncommitted is not edited."""
    if run.dry_run or repo is None or not dirty:
        return files
    away = [file for file, state in dirty.items() if state != "??"] if run.wish.stash else []
    held = dict(files.texts)
    if away:
        stash.put_away(repo, run.project.state, away)
        ui.say(f"stashed your changes of {plural(len(away), 'file')} until the run ends", style="dim")
        fresh = {file: text for file in away if (text := texts.read(repo.root / file)) is not None}
        held = {file: text for file, text in {**held, **fresh}.items() if file in fresh or file not in away}
        session.set(fresh)
    return Files(held, files.editable - (dirty.keys() - set(away)), files.refused)


def _rounds(
    session: Session | Stock,
    files: Files,
    wish: Wish,
    wanted: Callable[[Diagnostic], bool],
    progress: Progress,
) -> Outcome:
    progress.begin(sum(map(wanted, session.check())))
    outcome = Rounds(
        session,
        files.texts,
        files.editable,
        type_check.strategies(session),
        levels=("type-only",) if wish.type_only else LEVELS,
        seconds=wish.seconds,
        progress=progress,
        wanted=wanted,
    ).run()
    progress.end()
    return outcome


def _told(
    run: _Run,
    session: Session | Stock,
    files: Files,
    outcome: Outcome,
    wanted: Callable[[Diagnostic], bool],
    dirty: dict[str, str],
) -> Part:
    weave = Weave(files.texts, outcome.kept)
    if run.dry_run or not outcome.kept:
        everything = tuple(range(len(outcome.kept)))
        whole = Step(("all repairs",), everything, outcome.texts, len(outcome.before), len(outcome.after))
        plan = [whole] if outcome.kept else []
    else:
        with ui.step("order of the commits") as step:
            plan = steps.plan(
                session, files.texts, outcome.kept, weave, outcome.before, outcome.after, run.wish.by
            )
            step.note = plural(len(plan), "step")
    wrong = _wrong(session)
    after = [one for one in (*wrong, *outcome.after) if wanted(one)]
    errors = [record.error_of(one, {**files.texts, **outcome.texts}) for one in after]
    lefts = left.explain(
        errors,
        refused=files.refused,
        known=frozenset[int]().union(*(one.CODES for one in type_check.strategies(session))),
        type_only=run.wish.type_only,
        late=outcome.ended == "time",
        dirty=[] if run.dry_run else dirty,
    )
    description = session.description
    return Part(
        tuple(record.error_of(one, files.texts) for one in (*wrong, *outcome.before) if wanted(one)),
        tuple(lefts),
        tuple(record.error_of(one, files.texts) for one in outcome.after if not wanted(one)),
        record.made(outcome.kept, weave, plan),
        tuple(plan),
        files.texts,
        outcome.texts,
        outcome.ended,
        outcome.seconds,
        {"typescript": description.typescript, **description.languages},
        emits=not (description.options.get("noEmit") or description.options.get("emitDeclarationOnly")),
    )


def _land(run: _Run, found: Repaired, held: Mapping[str, str | None]) -> Repaired:
    project, wish = run.project, run.wish
    if late := workspace.changed_since(run.root, held):
        raise landing.changed(late)
    before = behaviour.look_before(project, test=wish.test, build=wish.build, emits=found.emits)
    # Tests and builds take their time.
    if late := workspace.changed_since(run.root, held):
        raise landing.changed(late)
    contents = {
        file: landing.Content(None if old is None else texts.encode(old), texts.encode(new))
        for file, (old, new) in found.texts.items()
    }
    made: tuple[str, ...] = ()
    branch, trees = "", ("", "")
    with ui.step("write") as step:
        if run.repo:
            made, entries = _commit(run, run.repo, found)
            branch = "" if wish.here else f"{commits.BRANCH}{run.name}"
            trees = (run.repo.tree(run.repo.head), run.repo.tree(made[-1]))
            warned = landing.land(
                run.root, project.state, contents, run.repo.move(made[-1], branch or None, entries)
            )
            step.note = f"{plural(len(made), 'commit')} on {branch or run.repo.branch or 'HEAD'}"
        else:
            _back_up(project, found)
            warned = landing.land(run.root, project.state, contents, None)
            step.note = f"{plural(len(contents), 'file')}; what they were is in .pages/ts/backup/{run.name}"
    run.tell(warned)
    run.tell(stash.bring_back(project.state))
    expected = len(found.left) + found.others
    changed = [one for one in found.repairs if not one.proven]
    confirmed = behaviour.confirm(project, expected, before, changed)
    warnings = (*run.warnings, *confirmed.warnings)
    result = replace(found, commits=made, branch=branch, trees=trees, confirmed=confirmed, warnings=warnings)
    record.keep(project.state, run.name, value_of(result))
    return result


def _commit(run: _Run, repo: Repository, found: Repaired) -> tuple[tuple[str, ...], list[str]]:
    parent, entries = repo.head, []
    made = []
    for number, step in enumerate(found.steps, 1):
        repairs = [one for one in found.repairs if one.step == number]
        files: dict[str, bytes | None] = {file: texts.encode(text) for file, text in step.texts.items()}
        told = message(step, repairs, f"{run.name}/{number}")
        parent, lines = repo.commit(parent, files, told, run.project.state / "ts" / "index")
        made.append(parent)
        entries += lines
    return tuple(made), entries


def _back_up(project: Project, found: Repaired) -> None:
    """Keep each step's files as they were before and after it: what `ts.undo` goes by where there is no git."""
    now: dict[str, str | None] = {file: old for file, (old, _) in found.texts.items()}
    for number, step in enumerate(found.steps, 1):
        for file, text in step.texts.items():
            for name, content in (("before", now[file]), ("after", text)):
                if content is None:
                    continue
                path = project.state / "ts" / "backup" / found.run / str(number) / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(texts.encode(content))
            now[file] = text


def value_of(one: Repaired) -> dict[str, Any]:
    """Return what a run came to as JSON."""
    return {
        "run": one.run,
        "at": stamp(datetime.strptime(f"{one.run}+0000", "%Y%m%d-%H%M%S%z")),
        "before": len(one.before),
        "left": [{**asdict(each.error), "reason": each.reason, "decide": each.decide} for each in one.left],
        "others": one.others,
        "table": [asdict(row) for row in rows(one)],
        "repairs": [record.plain(each) for each in one.repairs],
        "steps": [
            {
                "id": f"{one.run}/{number}",
                "names": each.names,
                "commit": one.commits[number - 1] if one.commits else "",
                "files": sorted(each.texts),
                "before": each.before,
                "after": each.after,
            }
            for number, each in enumerate(one.steps, 1)
        ],
        "branch": one.branch,
        "trees": {"before": one.trees[0], "after": one.trees[1]},
        "ended": one.ended,
        "seconds": round(one.seconds, 1),
        "versions": one.versions,
        "confirmed": asdict(one.confirmed) if one.confirmed else None,
        "warnings": list(one.warnings),
    }


def rows(one: Repaired) -> list[record.Row]:
    """Return the final table by category."""
    return record.rows(one.before, one.repairs, [each.error for each in one.left])
