"""`ts.fix` from end to end: repair in memory, land as commits, prove with the site's own check, tests and build."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.core import lock, ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.phases import behaviour, type_check
from pipeline.typescript import commits, landing, left, record, stash, steps, texts, workspace
from pipeline.typescript.categories import wanted_categories, wanted_codes
from pipeline.typescript.commits import Repository
from pipeline.typescript.message import message
from pipeline.typescript.record import Error, Left, Made
from pipeline.typescript.rounds import Outcome, Rounds
from pipeline.typescript.session import Diagnostic, Session
from pipeline.typescript.steps import By, Step
from pipeline.typescript.strategies import STRATEGIES
from pipeline.typescript.strategies.base import LEVELS
from pipeline.typescript.weave import Weave
from pipeline.typescript.workspace import Files

Progress = Callable[[int, str], None]


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


@dataclass(frozen=True)
class Repaired:
    """What a run came to; `texts` are before and after by file, `commits` empty without git or in a dry run.

    `before` and `left` are those of the wanted errors, `others` how many more the project has.
    """

    run: str
    before: tuple[Error, ...]
    left: tuple[Left, ...]
    others: int
    repairs: tuple[Made, ...]
    steps: tuple[Step, ...]
    texts: dict[str, tuple[str, str]]
    ended: str
    seconds: float
    versions: dict[str, str]
    commits: tuple[str, ...] = ()
    branch: str = ""
    trees: tuple[str, str] = ("", "")
    confirmed: behaviour.Confirmed | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class _Run:
    project: Project
    wish: Wish
    name: str
    repo: Repository | None
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
        run = _Run(project, wish, _name(clock()), commits.repository(project.root))
        type_check.prepare(project)
        return _repair(run, categories, here, progress, dry_run=dry_run)


def finish_earlier(project: Project) -> None:
    """Complete what a killed run had begun to write, and bring back what it had put away."""
    for line in [
        *landing.recover(project.root, project.state),
        *stash.bring_back(project.root, project.state),
    ]:
        ui.warn(line)


def _name(moment: datetime) -> str:
    return moment.strftime("%Y%m%d-%H%M%S")


def _repair(
    run: _Run, categories: frozenset[str], here: Path, progress: Progress, *, dry_run: bool
) -> Repaired:
    project, wish = run.project, run.wish
    with ui.step("read the project"):
        session = type_check.open_session(project, wish.config)
    with session:
        files = workspace.look(project.root, project.output, session.description.files)
        where = workspace.chosen(project.root, here, wish.paths, files.texts)
        dirty = _dirty(run, files, where, dry_run=dry_run)
        try:
            files = _as_committed(run, session, files, dirty, dry_run=dry_run)
            codes = wanted_codes(wish.codes, [one.code for one in session.check()]) if wish.codes else None

            def wanted(one: Diagnostic) -> bool:
                kind = record.error_of(one, {}).category
                return (
                    (not wish.paths or one.file in where)
                    and (not categories or kind in categories)
                    and (codes is None or one.code in codes)
                )

            outcome = _rounds(session, files, wish, wanted, progress)
            found = _told(run, session, files, outcome, wanted, dirty, dry_run=dry_run)
            if dry_run or not found.repairs:
                return found
            session.close()
            return _land(run, found, files)
        finally:
            run.tell(stash.bring_back(project.root, project.state))


def _dirty(run: _Run, files: Files, where: frozenset[str], *, dry_run: bool) -> dict[str, str]:
    """Return the uncommitted files with git's letters; raises Stop (2) where they are in the way."""
    if run.repo is None:
        return {}
    dirty = run.repo.uncommitted(files.editable)
    inside = [file for file in dirty if file in where]
    if inside and not (run.wish.stash or dry_run):
        raise Stop(
            f"{plural(len(inside), 'file')} to be repaired {'has' if len(inside) == 1 else 'have'} changes"
            " that are not committed; none is overwritten",
            "commit them, or: invoke ts.fix --stash",
            details=tuple(inside[:10]),
        )
    return dirty


def _as_committed(
    run: _Run, session: Session, files: Files, dirty: dict[str, str], *, dry_run: bool
) -> Files:
    """Put uncommitted changes away where that was asked for; what stays uncommitted is not edited."""
    if dry_run or run.repo is None or not dirty:
        return files
    away = [file for file, state in dirty.items() if state != "??"] if run.wish.stash else []
    held = dict(files.texts)
    if away:
        stash.put_away(run.repo, run.project.state, away)
        ui.say(f"stashed your changes of {plural(len(away), 'file')} until the run ends", style="dim")
        fresh = {file: text for file in away if (text := texts.read(run.root / file)) is not None}
        held = {file: text for file, text in {**held, **fresh}.items() if file in fresh or file not in away}
        session.set(fresh)
    return Files(held, files.editable - (dirty.keys() - set(away)), files.refused)


def _rounds(
    session: Session,
    files: Files,
    wish: Wish,
    wanted: Callable[[Diagnostic], bool],
    progress: Progress,
) -> Outcome:
    return Rounds(
        session,
        files.texts,
        files.editable,
        STRATEGIES,
        levels=("type-only",) if wish.type_only else LEVELS,
        seconds=wish.seconds,
        progress=progress,
        wanted=wanted,
    ).run()


def _told(
    run: _Run,
    session: Session,
    files: Files,
    outcome: Outcome,
    wanted: Callable[[Diagnostic], bool],
    dirty: dict[str, str],
    *,
    dry_run: bool,
) -> Repaired:
    weave = Weave(files.texts, outcome.kept)
    everything = tuple(range(len(outcome.kept)))
    if dry_run or not outcome.kept:
        whole = Step(("all repairs",), everything, outcome.texts, len(outcome.before), len(outcome.after))
        plan = [whole] if outcome.kept else []
    else:
        with ui.step("order of the commits") as step:
            plan = steps.plan(session, files.texts, outcome.kept, weave, outcome.before, run.wish.by)
            step.note = plural(len(plan), "step")
    errors = [record.error_of(one, {**files.texts, **outcome.texts}) for one in outcome.after if wanted(one)]
    lefts = left.explain(
        errors,
        refused=files.refused,
        known=frozenset[int]().union(*(one.CODES for one in STRATEGIES)),
        type_only=run.wish.type_only,
        late=outcome.ended == "time",
        dirty=[] if dry_run else dirty,
    )
    description = session.description
    return Repaired(
        run.name,
        tuple(record.error_of(one, files.texts) for one in outcome.before if wanted(one)),
        tuple(lefts),
        sum(not wanted(one) for one in outcome.after),
        record.made(outcome.kept, weave, plan),
        tuple(plan),
        {file: (files.texts[file], text) for file, text in sorted(outcome.texts.items())},
        outcome.ended,
        outcome.seconds,
        {"typescript": description.typescript, **description.languages},
        warnings=tuple(run.warnings),
    )


def _land(run: _Run, found: Repaired, files: Files) -> Repaired:
    project, wish = run.project, run.wish
    if late := workspace.changed_since(run.root, files.texts):
        raise landing.changed(late)
    before = behaviour.build_before(project) if wish.build else None
    contents = {
        file: landing.Content(texts.encode(old), texts.encode(new))
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
    run.tell(stash.bring_back(run.root, project.state))
    expected = len(found.left) + found.others
    confirmed = behaviour.confirm(
        project, expected, before, [one for one in found.repairs if not one.proven], test=wish.test
    )
    result = Repaired(
        **{
            **{name: getattr(found, name) for name in found.__dataclass_fields__},
            "commits": made,
            "branch": branch,
            "trees": trees,
            "confirmed": confirmed,
            "warnings": (*run.warnings, *confirmed.warnings),
        }
    )
    record.keep(project.state, run.name, value_of(result))
    return result


def _commit(run: _Run, repo: Repository, found: Repaired) -> tuple[tuple[str, ...], list[str]]:
    parent, entries = repo.head, []
    made = []
    for number, step in enumerate(found.steps, 1):
        repairs = [one for one in found.repairs if one.step == number]
        files = {file: texts.encode(text) for file, text in step.texts.items()}
        told = message(step, repairs, f"{run.name}/{number}")
        parent, lines = repo.commit(parent, files, told, run.project.state / "ts" / "index")
        made.append(parent)
        entries += lines
    return tuple(made), entries


def _back_up(project: Project, found: Repaired) -> None:
    """Keep each step's files as they were before and after it: what `ts.undo` goes by where there is no git."""
    now = {file: old for file, (old, _) in found.texts.items()}
    for number, step in enumerate(found.steps, 1):
        for file, text in step.texts.items():
            for name, content in (("before", now[file]), ("after", text)):
                path = project.state / "ts" / "backup" / found.run / str(number) / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(texts.encode(content))
            now[file] = text


def value_of(one: Repaired) -> dict[str, Any]:
    """Return what a run came to as JSON."""
    from dataclasses import asdict

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
