"""`ts.baseline` and `ts.migrate`: the number of type errors only falls, while strict flags come on one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from checks.parse import baseline
from pipeline.core import lock, ui
from pipeline.core.errors import Stop
from pipeline.core.files import plural, write_atomic
from pipeline.core.project import Project
from pipeline.phases import type_check
from pipeline.typescript import flags, ratchet
from pipeline.typescript.flags import Forecast
from pipeline.typescript.ratchet import Turned
from pipeline.typescript.session import Diagnostic


def shrink(project: Project) -> Turned:
    """Write the baseline for the errors that the site's own check reports; raises Stop (2) where it would grow."""
    with lock.hold(project.state / "ts.lock", "writing the baseline"):
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
    """Return what each strict flag would bring, by the language service with the options changed in memory."""
    with lock.hold(project.state / "ts.lock", "forecasting strict flags"):
        type_check.prepare(project)
        with ui.step("errors now") as step:
            session = type_check.open_session(project)
            options, now = session.description.options, session.check()
            step.note = plural(len(now), "error")

        def check(changed: Mapping[str, bool]) -> Sequence[Diagnostic]:
            session.override(changed)
            return session.check()

        found = []
        with session:
            for flag in flags.FLAGS:
                with ui.step(flag) as step:
                    found.append(flags.forecast(flag, options, now, check))
                    step.verdict = "on already" if found[-1].on else f"+{found[-1].errors}"
        return found


def turn_on(project: Project, word: str) -> Turned:
    """Turn a strict flag on and let the baseline allow the errors that it brings, and no others.

    Raises Stop (2) when the flag is on already, or when there are errors that the baseline of now does not allow.
    """
    flag = flags.named(word)
    with lock.hold(project.state / "ts.lock", f"turning on {flag}"):
        type_check.prepare(project)
        with type_check.open_session(project) as session:
            path = Path(session.root, session.description.config)
            if flags.is_on(flag, session.description.options):
                raise Stop(f"{flag} is on already", "invoke ts.migrate")
        before = _turned(project)
        old = path.read_bytes()
        new = flags.turned_on(old.decode("utf-8"), flag).encode("utf-8")
        mode = path.stat().st_mode
        write_atomic(path, new)
        path.chmod(mode)
        try:
            now = baseline.counted(type_check.reported(project))
        except BaseException:
            write_atomic(path, old)
            path.chmod(mode)
            raise
        ratchet.write(project.root, now)
        return Turned(now, before.now)
