"""`ts.baseline` and `ts.migrate`: the number of type errors only falls, while strict flags come on one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from checks.parse import baseline
from pipeline.core import lock, ui
from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.phases import several, type_check
from pipeline.phases.repair import finish_earlier
from pipeline.typescript import flags, ratchet, texts, turning
from pipeline.typescript.flags import Brought, Forecast
from pipeline.typescript.projects import Target, projects
from pipeline.typescript.ratchet import Turned
from pipeline.typescript.session import Diagnostic


def shrink(project: Project) -> Turned:
    """Write the baseline for the errors that the site's own check reports; raises Stop (2) where it would grow."""
    with lock.hold(project.state / "ts.lock", "writing the baseline"):
        finish_earlier(project)
        type_check.prepare(project)
        turned = _turned(project)
        ratchet.write(project.root, turned.counts)
        return turned


def _turned(project: Project) -> Turned:
    now = baseline.counted(type_check.reported(project))
    old = ratchet.allowed(project.root)
    there = frozenset(file for file in old or {} if (project.root / file).is_file())
    turned = ratchet.turn(old, now, there=there)
    if isinstance(turned, list):
        raise ratchet.grown(turned)
    return turned


def forecasts(project: Project) -> list[Forecast]:
    """Return what each strict flag would bring to the projects of the site, with the options changed in memory."""
    with lock.hold(project.state / "ts.lock", "forecasting strict flags"):
        finish_earlier(project)
        type_check.prepare(project)
        every = [_forecasts(project, target) for target in projects(project.root)]
        return [
            flags.forecast(flag, row) for flag, row in zip(flags.FLAGS, zip(*every, strict=True), strict=True)
        ]


def _forecasts(project: Project, target: Target) -> list[Brought | None]:
    lead = several.prefix(project.root, target.root)
    with ui.step(f"errors now ({lead}{target.config})") as step:
        session = type_check.open_session(project, target)
        options, now = session.description.options, session.check()
        step.note = plural(len(now), "error")

    def check(changed: Mapping[str, bool]) -> Sequence[Diagnostic]:
        session.override(changed)
        return session.check()

    found = []
    with session:
        for flag in flags.FLAGS:
            with ui.step(flag) as step:
                one = flags.brought(flag, options, now, check)
                step.verdict = "on already" if one is None else f"+{len(one.errors)}"
            errors = tuple(replace(each, file=f"{lead}{each.file}") for each in one.errors) if one else ()
            found.append(one and replace(one, errors=errors))
    return found


def turn_on(project: Project, word: str) -> Turned:
    """Turn a strict flag on in every project of the site that lacks it; the baseline allows what it brings, no more.

    Raises Stop (2) when the flag is on already, when it needs another one, or when there are errors that the baseline
    of now does not allow.
    """
    flag = flags.named(word)
    with lock.hold(project.state / "ts.lock", f"turning on {flag}"):
        finish_earlier(project)
        type_check.prepare(project)
        changes = _turned_on(project, flag)
        before = _turned(project)
        turning.begin(project.root, project.state, changes)
        try:
            now = baseline.counted(type_check.reported(project))
        except BaseException:
            turning.take_back(project.root, project.state)
            raise
        ratchet.write(project.root, now)
        turning.done(project.state)
        return Turned(now, before.now)


def _turned_on(project: Project, flag: str) -> dict[str, tuple[str, str]]:
    """Return the configurations that lack a flag, before and after."""
    found = {}
    for target in projects(project.root):
        with type_check.open_session(project, target) as session:
            options, config = session.description.options, session.description.config
        if flags.is_on(flag, options):
            continue
        if needs := flags.lacks(flag, options):
            raise Stop(f"{flag} needs {needs} first", f"invoke ts.migrate --apply={needs}")
        name = f"{several.prefix(project.root, target.root)}{config}"
        old = texts.read(target.root / config)
        if old is None:
            raise Stop(f"{name} is not UTF-8", f"write {name} as UTF-8")
        found[name] = (texts.characters(old), texts.characters(flags.turned_on(old, flag, name)))
    if not found:
        raise Stop(f"{flag} is on already", "invoke ts.migrate")
    return found
