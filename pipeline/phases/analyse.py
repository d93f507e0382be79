"""`ts.report` from end to end: the site's type errors with their causes, as one value."""

from __future__ import annotations

import posixpath
import re
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from checks import typescript as gate
from checks.base import Unavailable
from pipeline.core import ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.gates.subject import type_check
from pipeline.phases import several
from pipeline.phases import type_check as checking
from pipeline.site import packages, recipe, scripts, worktree
from pipeline.tools import git
from pipeline.typescript import analysis, causes, configuration, jsonc, later, reach, record, texts, trend
from pipeline.typescript.analysis import Analysis, Outside
from pipeline.typescript.broken import refuse_broken
from pipeline.typescript.categories import category
from pipeline.typescript.projects import Target, projects
from pipeline.typescript.record import Error
from pipeline.typescript.roots import Root, root_of
from pipeline.typescript.running import ServerDied
from pipeline.typescript.session import Diagnostic, Refused, Session
from pipeline.typescript.stock import Stock
from pipeline.typescript.trend import Point

# Errors that are looked at one by one; what is beyond is counted. A site with more has one cause for nearly all.
MOST = 20_000
_SOURCES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".astro", ".vue", ".svelte", ".mdx")
_READ = (*_SOURCES, ".html", ".htm", ".md")
_NAMED = re.compile(r"(?:^|[\s/])(?:vue-)?tsc\b[^&;|]*?\s(?:-p|--project)[\s=]+(\S+)|--tsconfig[\s=]+(\S+)")
# Why the worker does not serve a project, and the check of the site itself may.
_FALLBACK = frozenset({"typescript-7", "no-typescript", "old-vue-tsc"})


@dataclass(frozen=True)
class Report:
    """An analysis with where it comes from: the checker, versions, configurations, seconds, and the trend."""

    analysis: Analysis
    command: str
    configs: tuple[str, ...]
    versions: Mapping[str, str]
    points: tuple[Point, ...]
    seconds: float
    at: str
    notes: tuple[str, ...] = ()


@dataclass
class _Seen:
    """What was found out before the causes: errors with roots, imports, files, options, line numbers."""

    found: list[tuple[Error, Root]]
    imports: dict[str, list[tuple[str, str | None]]]
    files: set[str]
    options: Mapping[str, Any]
    places: dict[tuple[str, int], int]
    versions: dict[str, str]
    texts: dict[str, str]
    more: int = 0
    notes: tuple[str, ...] = ()


def report(project: Project, *, config: str | None = None, clock: Clock = utc_now) -> Report:
    """Return the analysis of a site's type errors; keeps a point of the trend.

    Raises Stop: 2 without TypeScript or with a configuration that cannot be read, 7 when a checker breaks down.
    """
    start = time.monotonic()
    root = project.root
    command = type_check(project)
    package = packages.manifest(root) or {}
    checking.prepare(project)
    targets = (
        [Target(root, config)]
        if config
        else targets_of(gate.effective(command, package) if command else "", root)
    )
    configs = [f"{several.prefix(root, one.root)}{one.config}" for one in targets]
    for one in targets:
        refuse_broken(one.root, one.config)
    homes = {several.prefix(root, one.root): packages.manifest(one.root) or {} for one in targets}
    package = _merged([package, *homes.values()])
    seen = _look(project, targets, command)
    own = worktree.paths(root, project.output)
    _read(root, seen, own)
    entries = _entries({*seen.files, *seen.texts}, {"": package, **homes})
    about = causes.Circumstances(
        root,
        package,
        [error for error, _ in seen.found],
        seen.imports,
        seen.files,
        own,
        seen.options,
        configs[0],
        tuple(root / lead for lead in homes),
    )
    done = analysis.analyse(
        seen.found,
        places=seen.places,
        reached=_reached(seen, entries),
        checked_by_build=_checked_by_build(project, command, package),
        outside=[
            *_advised(about),
            *causes.look(about),
            *_checker(project, command),
            *(
                each
                for one in configs
                for each in later.refused(root, one, about.installed("typescript") or "")
            ),
        ],
        more=seen.more,
    )
    moment = stamp(clock())
    head = git.Git(root, bare=False).maybe("rev-parse", "--verify", "--quiet", "HEAD") or ""
    points = trend.add(project.state, Point(moment, head, done.errors, len(done.causes)))
    return Report(
        done,
        shlex.join(command),
        tuple(configs),
        seen.versions,
        tuple(points),
        round(time.monotonic() - start, 1),
        moment,
        seen.notes,
    )


def targets_of(script: str, root: Path) -> list[Target]:
    """Return what a check command looks at: what it names, else what tsconfig.json leads to; and all packages."""
    named = [first or second for first, second in _NAMED.findall(script)]
    every = projects(root)
    if named:
        own = [Target(root.resolve(), _file(root, one)) for one in named]
        return [*own, *(one for one in every if one.root != root.resolve())]
    return list(every)


def _merged(manifests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the first package.json with what the others ask for beside it."""
    merged: dict[str, Any] = {}
    for one in manifests:
        for key, value in one.items():
            if isinstance(value, dict) and key.endswith("ependencies"):
                merged[key] = {**value, **merged.get(key, {})}
            else:
                merged.setdefault(key, value)
    return merged


def _entries(files: Iterable[str], homes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    every = list(files)
    for lead, package in homes.items():
        own = {file.removeprefix(lead) for file in every if file.startswith(lead)}
        found |= {f"{lead}{file}": kind for file, kind in reach.entries(own, package).items()}
    return found


def _file(root: Path, name: str) -> str:
    path = name.removeprefix("./")
    return f"{path.rstrip('/')}/tsconfig.json" if (root / path).is_dir() else path


def _look(project: Project, targets: Sequence[Target], command: Sequence[str]) -> _Seen:
    seen = _Seen([], {}, set(), {}, {}, {}, {})
    for target in targets:
        lead = several.prefix(project.root, target.root)
        try:
            with ui.step(f"type errors ({lead}{target.config})") as step:
                with checking.open_any(project, target) as session:
                    seen.notes += tuple(checking.notes(session))
                    _ask(session, seen, project.root.resolve(), lead)
                step.note = plural(len(seen.found) + seen.more, "error")
        except Refused as refusal:
            if refusal.kind not in _FALLBACK or not command:
                raise
            return _by_checker(project, refusal)
        except ServerDied as died:
            if not command:
                raise
            return _by_checker(project, died)
    return seen


def _ask(session: Session | Stock, seen: _Seen, root: Path, lead: str) -> None:
    """Ask about one project; `lead` leads from the site's root to its own."""

    def led(file: str) -> str:
        return posixpath.normpath(f"{lead}{file}") if lead and file else file

    description = session.description
    errors = [*_new(description.problems, seen, led), *_new(session.check(), seen, led)]
    room = max(0, MOST - len(seen.found))
    seen.more += max(0, len(errors) - room)
    errors = errors[:room]
    subjects = session.subjects(errors)
    roots = [root_of(error, subject) for error, subject in zip(errors, subjects, strict=True)]
    if lead:
        errors = [replace(one, file=led(one.file)) for one in errors]
        roots = [replace(one, file=led(one.file), key=(lead, *one.key)) for one in roots]
    seen.texts.update(
        {file: texts.read(root / file) or "" for file in {one.file for one in errors if one.file}}
    )
    pairs = list(zip(errors, roots, strict=True))
    _number(root, seen, pairs)
    seen.found += [(_error(error, seen), cause) for error, cause in pairs]
    for file, rows in session.imports().items():
        known = [(row["specifier"], led(row["target"]) if row["target"] else None) for row in rows]
        seen.imports[led(file)] = list(dict.fromkeys([*seen.imports.get(led(file), []), *known]))
    seen.files |= {led(file) for file in (*description.files, *description.declarations)}
    seen.options = seen.options or description.options
    seen.versions.update({"typescript": description.typescript, **description.languages})


def _new(errors: Iterable[Diagnostic], seen: _Seen, led: Callable[[str], str]) -> list[Diagnostic]:
    """Return the errors that no configuration before has told."""
    known = {(error.file, error.line, error.column, error.code, error.message) for error, _ in seen.found}
    if not known:
        return [one for one in errors if one.level == "error"]
    found = [one for one in errors if one.level == "error"]
    new = []
    for one in found:
        now = _error(replace(one, file=led(one.file)), seen)
        if (now.file, now.line, now.column, now.code, now.message) not in known:
            new.append(one)
    return new


def _number(root: Path, seen: _Seen, pairs: Sequence[tuple[Diagnostic, Root]]) -> None:
    """Find the lines of the errors and of their causes, reading each text once."""
    wanted: dict[str, set[int]] = {}
    for error, cause in pairs:
        wanted.setdefault(error.file, set()).add(error.start)
        if cause.start >= 0:
            wanted.setdefault(cause.file, set()).add(cause.start)
    for file, positions in wanted.items():
        text = seen.texts.get(file)
        text = text if text is not None else texts.read(root / file) if file else None
        if text is None:
            continue
        line = last = 0
        for position in sorted(positions):
            line += text.count("\n", last, position)
            last = position
            seen.places[(file, position)] = line + 1


def _error(one: Diagnostic, seen: _Seen) -> Error:
    line = seen.places.get((one.file, one.start))
    text = seen.texts.get(one.file, "")
    if not line:
        return record.error_of(one, seen.texts)
    column = one.start - text.rfind("\n", 0, one.start)
    return Error(one.file, line, column, one.code, one.message, category(one.code, one.message))


def _by_checker(project: Project, refusal: Stop) -> _Seen:
    """Return what the site's own check says, where the worker cannot serve: causes by message alone."""
    with ui.step("type check") as step:
        try:
            data = checking.own_check(project).data
        except Unavailable as broken:
            raise Stop(broken.reason, broken.fix or refusal.hint, Code.SERVICE, broken.details) from broken
        rows = [one for one in data["diagnostics"] if one["level"] == "error"]
        said = max(len(rows), data.get("said_errors") or 0)
        step.note = plural(said, "error")
    if data.get("code") and not rows:
        raise Stop(
            f"`{shlex.join(data['command'])}` ended with code {data['code']} and named no error",
            refusal.hint or "run it yourself in the site's folder",
            Code.SERVICE,
            (f"{refusal.message}", *data["tail"][-15:]),
        )
    found = [_told(one) for one in rows[:MOST]]
    note = f"{refusal.message}; causes are told by the messages of the site's own check ({refusal.hint})"
    places = {(root.file, root.start): error.line for error, root in found}
    return _Seen(found, {}, set(), _options(project.root), places, {}, {}, said - len(found), (note,))


def _told(one: Mapping[str, Any]) -> tuple[Error, Root]:
    code = int(str(one["code"]).removeprefix("TS")) if str(one["code"])[2:].isdigit() else 0
    error = Error(
        one["file"], one["line"], one["column"], code, one["message"], category(code, one["message"])
    )
    # A position that is only a name here: line and column, kept apart.
    start = one["line"] * 10_000 + one["column"]
    return error, root_of(Diagnostic(one["file"], start, start, code, one["message"], "", 0, 0), None)


def _options(root: Path) -> Mapping[str, Any]:
    try:
        plain = jsonc.parse((root / "tsconfig.json").read_text(encoding="utf-8-sig")).plain
    except (OSError, UnicodeDecodeError, jsonc.Broken):
        return {}
    found = plain.get("compilerOptions") if isinstance(plain, dict) else None
    return found if isinstance(found, dict) else {}


def _read(root: Path, seen: _Seen, own: Iterable[str]) -> None:
    """Add what imports cannot tell: script elements, workers, globs; and all imports where no compiler told them."""
    files = {file for file in own if file.endswith(_READ)} | {
        one for one in seen.files if "node_modules/" not in one
    }
    for file in files - seen.texts.keys():
        text = texts.read(root / file)
        if text is not None:
            seen.texts[file] = text
    told = bool(seen.imports)
    aliases = _aliases(root, seen.options)
    for file in sorted(files):
        text = seen.texts.get(file, "")
        more = reach.written(file, text, files) if told else reach.scanned(file, text, files, aliases)
        seen.imports.setdefault(file, []).extend(("", target) for target in sorted(more))


def _aliases(root: Path, options: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for pattern, targets in (options.get("paths") or {}).items():
        if targets and pattern.endswith("*"):
            top = Path(str(options.get("pathsBasePath") or options.get("baseUrl") or "."))
            folder = top / str(targets[0]).partition("*")[0]
            inside = (
                folder.relative_to(root) if folder.is_absolute() and folder.is_relative_to(root) else folder
            )
            found[pattern[:-1]] = f"{inside.as_posix().removeprefix('./')}/"
    return found


def _reached(seen: _Seen, entries: Mapping[str, str]) -> dict[str, str] | None:
    graph = {file: {target for _, target in rows if target} for file, rows in seen.imports.items()}
    loaded = {file: kind for file, kind in entries.items() if file in graph or file in seen.files}
    if not any(kind in ("page", "package.json") for kind in loaded.values()):
        return None
    return reach.reached(graph, loaded)


def _checked_by_build(project: Project, command: Sequence[str], package: Mapping[str, Any]) -> bool:
    build = recipe.build_command(project)
    if command and build and scripts.runs_already(command, build, recipe.scripts_of(package)):
        return True
    return "next build" in gate.effective(build, package) if build else False


def _advised(about: causes.Circumstances) -> list[Outside]:
    """Return what the configuration lacks, by the look of the errors; `ts.fix` tries it and keeps what helps."""
    found = configuration.proposals(about.errors, about.options, about.needs, about.root)
    return [
        Outside(
            "configuration",
            group[0].why,
            f"invoke ts.fix (tries: {group[0].shown})",
            about.config,
            group[0].specifiers,
            group[0].codes,
        )
        for group in found
    ]


def _checker(project: Project, command: Sequence[str]) -> list[Outside]:
    typed, _ = gate.sources(project.root, project.output)
    if command or not typed:
        return []
    astro = any(name.endswith(".astro") for name in typed)
    needed = "@astrojs/check typescript" if astro else "typescript"
    return [
        Outside(
            "checker", "the site has no type check of its own", f"npm install -D {needed}", "package.json"
        )
    ]


def value_of(one: Report) -> dict[str, Any]:
    """Return a report as JSON."""
    done = one.analysis
    return {
        "at": one.at,
        "command": one.command,
        "configs": list(one.configs),
        "versions": dict(one.versions),
        "seconds": one.seconds,
        "errors": done.errors,
        "not_analysed": done.more,
        "causes": [{**asdict(each), "place": each.place} for each in done.causes],
        "outside": [asdict(each) for each in done.outside],
        "categories": [asdict(each) for each in done.rows],
        "codes": dict(Counter(f"TS{each.error.code}" for each in done.problems).most_common()),
        "roadmap": [asdict(each) for each in done.stages],
        "minutes": round(done.minutes),
        "trend": [asdict(each) for each in one.points],
        "diagnostics": [asdict(each) for each in done.problems],
        "notes": list(one.notes),
    }
