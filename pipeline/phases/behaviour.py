"""Whether a repaired site still behaves as before: its own type check, its tests, its build, its pages."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.base import Unavailable
from pipeline.core import ui
from pipeline.core.errors import Stop
from pipeline.core.files import plural
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.phases.type_check import ENVIRONMENT, own_check
from pipeline.site import build as site_build
from pipeline.site import packages
from pipeline.site.compare import Comparison, compare
from pipeline.site.log import BuildLog, must_succeed
from pipeline.site.recipe import build_command, recipe, scripts_of
from pipeline.site.scripts import without_check
from pipeline.typescript.record import Made

# What `npm init` writes where there are no tests.
_NO_TEST = re.compile(r"no test specified")
_SCRIPT = re.compile(rb"<script\b[^>]*>.*?</script\s*>", re.DOTALL | re.IGNORECASE)
_CODE = (".js", ".mjs", ".cjs", ".map")
# Both builds were made within minutes of each other: these differ in any two builds.
_EVERY_BUILD = ("a timestamp", "a UUID")
_SHOWN = 10
_NOTHING_BUILT = "nothing is built here"


@dataclass(frozen=True)
class Built:
    """The site as it was built before the repairs, its files copied aside; `command` where it is not the site's own."""

    artifact: Artifact
    root: Path
    command: tuple[str, ...] | None


@dataclass(frozen=True)
class Before:
    """How the site was before the repairs: built, or why not (None: not asked for), and what its tests said."""

    built: Built | str | None
    tests: str


@dataclass(frozen=True)
class Confirmed:
    """What was looked at after the repairs; each text is `passed`, `failed: why` or why it was not looked at.

    `errors` are those of the site's own type check, None where it could not tell; `pages` compares the built files.
    """

    check: str
    errors: int | None
    tests: str
    build: str
    pages: str
    warnings: tuple[str, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """Return what failed."""
        named = (("type check", self.check), ("tests", self.tests), ("build", self.build))
        return tuple(f"{name}: {text}" for name, text in named if text.startswith("failed"))


def look_before(project: Project, *, test: bool, build: bool, emits: bool) -> Before:
    """Look at the site before it is repaired; `emits`: its type check is what writes its JavaScript."""
    tests = _tests(project, "the site's tests as they are") if test else "not run: --no-test"
    return Before(_build_before(project, emits=emits) if build else None, tests)


def _build_before(project: Project, *, emits: bool) -> Built | str:
    """Build the site as it is and copy it aside; returns why not where that fails.

    A type check within the build's own scripts would end it: it is left out, where what it writes is not needed.
    """
    own = build_command(project)
    if not own:
        return _NOTHING_BUILT
    kept = _folder(project)
    shutil.rmtree(kept, ignore_errors=True)
    command = without_check(own, scripts_of(packages.manifest(project.root)), emits=emits)
    try:
        built = site_build.build(project, ENVIRONMENT, check=False, command=command)
        shutil.copytree(built.artifact.root, kept, symlinks=True)
    except Stop as stop:
        return f"the site did not build before: {stop.message}"
    return Built(built.artifact, kept, command)


def _folder(project: Project) -> Path:
    return project.state / "ts" / "first"


def confirm(
    project: Project,
    expected: int,
    before: Before,
    changed: Sequence[Made],
) -> Confirmed:
    """Look at the repaired site; `expected` errors are left, `changed` are the repairs that changed the JavaScript."""
    warnings: list[str] = []
    check, errors = _check(project, expected, warnings)
    tests = _tests_after(project, before.tests, warnings)
    build, pages = _build(project, before.built, changed, warnings, checked=bool(errors) or check == "passed")
    for line in warnings:
        ui.warn(line)
    return Confirmed(check, errors, tests, build, pages, tuple(warnings))


def _check(project: Project, expected: int, warnings: list[str]) -> tuple[str, int | None]:
    with ui.step("the site's own type check") as step:
        try:
            found = own_check(project)
        except Unavailable as refusal:
            step.verdict, step.note = "unavailable", refusal.reason
            return f"unavailable: {refusal.reason}", None
        if found.nothing:
            step.verdict, step.note = "not run", found.nothing
            return f"not run: {found.nothing}", None
        named = sum(one["level"] == "error" for one in found.data["diagnostics"])
        errors = max(named, found.data["said_errors"] or 0)
        step.note = plural(errors, "error")
        if errors > expected:
            step.verdict = "failed"
            return f"failed: {plural(errors, 'error')}, where {expected} were expected", errors
    if errors != expected:
        warnings.append(
            f"the site's own type check reports {plural(errors, 'error')}, the language service {expected}:"
            " they look at different files or options"
        )
    return "passed", errors


def _tests_after(project: Project, before: str, warnings: list[str]) -> str:
    if before.startswith("not run"):
        return before
    found = _tests(project, "the site's tests")
    if not (found.startswith("failed") and before.startswith("failed")):
        return found
    warnings.append("the site's tests fail, and failed before the run as well: it cannot be told by them")
    return f"not passed: {found.partition(': ')[2]}, as before the run"


def _tests(project: Project, label: str) -> str:
    scripts = (packages.manifest(project.root) or {}).get("scripts")
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if not script or _NO_TEST.search(str(script)):
        return "not run: package.json has no test script"
    plan = recipe(project, ENVIRONMENT, check=False)
    if plan.manager is None:
        return "not run: the site has no package manager"
    words = plan.manager.run_script("test")
    env = {**plan.tools(project.root, project.state), **plan.variables}
    try:
        with BuildLog(project, ENVIRONMENT) as log, ui.step(label):
            must_succeed(log, "the tests", words, project.root, env, project.settings.timeouts.build)
    except Stop as stop:
        return f"failed: {stop.message}"
    return "passed"


def _build(
    project: Project,
    before: Built | str | None,
    changed: Sequence[Made],
    warnings: list[str],
    *,
    checked: bool,
) -> tuple[str, str]:
    if before is None:
        return "not run: --no-build", "not compared"
    if before == _NOTHING_BUILT:
        return f"not run: {_NOTHING_BUILT}", "not compared"
    # The check within the build was made just now, unless it is another one than the site's own.
    command = before.command if checked and isinstance(before, Built) else None
    try:
        after = site_build.build(project, ENVIRONMENT, check=False, command=command).artifact
    except Stop as stop:
        # What did not build before is not broken by the repairs.
        word = "not passed" if isinstance(before, str) else "failed"
        return f"{word}: {stop.message}", "not compared"
    if isinstance(before, str):
        return "passed", f"not compared: {before}"
    with ui.step("the built pages, before and after") as step:
        found = compare(before.artifact, before.root, after, after.root)
        step.note = pages = _compared(found)
        unexplained = surprises(found, before.root, after.root, code_changed=bool(changed))
        if unexplained:
            step.verdict = "warning"
    shutil.rmtree(before.root, ignore_errors=True)
    warnings += [f"{line}; the repairs do not explain that" for line in unexplained[:_SHOWN]]
    if len(unexplained) > _SHOWN:
        warnings.append(f"and {len(unexplained) - _SHOWN} more built files that the repairs do not explain")
    return f"passed{f', without the type check in it ({shlex.join(command)})' if command else ''}", pages


def _compared(found: Comparison) -> str:
    if found.identical:
        return f"{plural(found.files, 'file')}, identical byte for byte"
    return f"{len(found.differences)} of {plural(found.files, 'file')} differ"


def surprises(found: Comparison, before: Path, after: Path, *, code_changed: bool) -> list[str]:
    """Return the built files that differ otherwise than repairs explain.

    Without a changed expression nothing may differ but what differs in any two builds. With one, scripts may, alone or
    inside of pages, and so the hashed names that come from their content; the rest of a page may not.
    """
    names = {one.path: one.other for one in found.differences if one.kind == "renamed"}
    lines = []
    for one in found.differences:
        if one.kind in ("changed", "renamed"):
            old, new = (before / one.path).read_bytes(), (after / (one.other or one.path)).read_bytes()
            script = one.path.endswith(_CODE)
            if one.looks_like in _EVERY_BUILD or (script and code_changed):
                continue
            if _plain(old, names, code_changed=code_changed) == _plain(new, {}, code_changed=code_changed):
                continue
        elif code_changed and one.path.endswith(_CODE):
            continue
        lines.append(one.text())
    return lines


def _plain(data: bytes, names: Mapping[str, str], *, code_changed: bool) -> bytes:
    for old, new in names.items():
        data = data.replace(Path(old).name.encode(), Path(new).name.encode())
    return _SCRIPT.sub(b"", data) if code_changed else data
