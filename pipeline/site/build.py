"""From sources to an artifact: install, type check, build, and the record of what was built from what."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.core import lock, proc, ui
from pipeline.core.clock import stamp, utc_now
from pipeline.core.errors import Code, Stop
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.core.secrets import redact
from pipeline.site import artifact as artifacts
from pipeline.site import compare, output, packages, record, worktree
from pipeline.site.log import TAIL, BuildLog, must_succeed
from pipeline.site.recipe import RUN_BY_BUILD, Recipe, build_command, package_manager, recipe, tools
from pipeline.site.record import Record, Stale
from pipeline.tools import git
from pipeline.tools.node import find_node

Variables = Mapping[str, str | None]


@dataclass(frozen=True)
class Built:
    """An artifact and how it came about; `log` and `record` are None where nothing had to be built."""

    artifact: Artifact
    environment: str
    seconds: float
    log: Path | None = None
    record: Record | None = None


@dataclass
class _Work:
    """A build in progress: the site, what to run, with which tools, and when it began."""

    project: Project
    plan: Recipe
    log: BuildLog
    tools: Variables
    head: git.Head | None
    begun: float = field(default_factory=time.monotonic)


# `invoke build check deploy` builds once per environment.
_memo: dict[tuple[Path, str], Artifact] = {}


def build(
    project: Project,
    environment: str,
    *,
    clean: bool = True,
    check: bool = True,
    force: bool = False,
    lockfile: bool = False,
    command: tuple[str, ...] | None = None,
) -> Built:
    """Build the site for an environment; the previous output survives a build that fails or is interrupted.

    `clean` moves the output aside first, `check` runs the site's own type check, `force` installs anew,
    `lockfile` first lets the site's package manager write its lockfile, or mend one that does not fit, `command`
    builds instead of the site's own.
    Raises Stop: 2 without a lockfile or with an unfit output, 3 when the check or the build fails, 6 when
    another build runs here, 7 when the package registry fails, 69 without node.
    """
    _memo.pop((project.root, environment), None)
    with lock.hold(project.state / "build.lock", f"build for {environment}"):
        _recover(project)
        if lockfile:
            relock(project, environment)
        plan = recipe(project, environment, check=check, force=force)
        plan = replace(plan, build=command) if command else plan
        built = _build(project, plan, clean=clean) if plan.build else _take(project, environment)
    _memo[project.root, environment] = built.artifact
    return built


def artifact_of(
    project: Project, environment: str, *, allow_build: bool = False, check: bool = True
) -> Artifact:
    """Return the artifact of the output folder, as built earlier in this process or by an earlier one.

    It must have been built for this environment, from these very sources, and be unchanged since. Otherwise
    it is built with `allow_build` (`check`: with the type check), and refused without: Stop (2) names the
    newest changed source file.
    """
    if known := _memo.get((project.root, environment)):
        return known
    try:
        with lock.hold(project.state / "build.lock", f"reading the output for {environment}"):
            _recover(project)
            found = _existing(project, environment)
    except Stale as stale:
        if not allow_build:
            raise
        ui.say(f"building, because {stale.message}", style="dim")
        return build(project, environment, check=check).artifact
    _memo[project.root, environment] = found
    return found


def forget() -> None:
    """Forget what this process built; what lives longer than one run of tasks needs it."""
    _memo.clear()


def build_twice(
    project: Project, environment: str, *, check: bool = True, force: bool = False, lockfile: bool = False
) -> tuple[Built, compare.Comparison]:
    """Build two times in the same folder and compare the outputs; the second one stays.

    Raises Stop as `build` does, and (2) where there is nothing to build.
    """
    first = build(project, environment, check=check, force=force, lockfile=lockfile)
    if first.record is None:
        raise Stop("nothing is built here: the site is published as it is", "invoke check")
    kept = project.state / "first"
    shutil.rmtree(kept, ignore_errors=True)
    try:
        shutil.copytree(first.artifact.root, kept, symlinks=True)
        second = build(project, environment, check=check)
        return second, compare.compare(first.artifact, kept, second.artifact, second.artifact.root)
    finally:
        shutil.rmtree(kept, ignore_errors=True)


def _recover(project: Project) -> None:
    finished = {one.run for one in record.every(project)}
    if told := output.recover(project.root, project.state, finished):
        ui.warn(told)


def _existing(project: Project, environment: str) -> Artifact:
    if not build_command(project):
        return _take(project, environment).artifact
    found = record.must_fit(project, project.environment(environment))
    artifact = _snapshot(project, project.output)
    record.must_be(project, found, artifact.tree)
    return artifact


def _take(project: Project, environment: str) -> Built:
    """Return the artifact of a site that is published as it is."""
    begun = time.monotonic()
    whole = project.output.resolve() == project.root.resolve()
    folder = output.stage(project.root, project.state) if whole else project.output
    return Built(_snapshot(project, folder), environment, time.monotonic() - begun)


def _snapshot(project: Project, folder: Path) -> Artifact:
    return artifacts.snapshot(folder, project.state / "objects.git", warn=ui.warn)


def relock(project: Project, environment: str) -> None:
    """Let the site's package manager write its lockfile, changing only what does not fit package.json.

    Raises Stop: 2 where nothing is to be locked, 3, 7 or 69 as an install does.
    """
    manager, lock = package_manager(project)
    if manager is None:
        raise Stop("there are no packages to lock: the site has no package manager", "invoke build")
    node = find_node(project.settings.tools.node)
    path = lock or project.root / manager.lockfiles[0]
    before = path.read_bytes() if lock else None
    argv = tuple(manager.relock.split())
    with BuildLog(project, environment) as log, ui.step(f"lockfile ({manager.name})") as step:
        # With CI set, pnpm and yarn would refuse to write it.
        env = {**tools(node, manager, project.root, project.state), "CI": None, "NODE_ENV": None}
        done = log.run(argv, project.root, env, project.settings.timeouts.install)
        if not done.ok:
            raise _packages_failed(argv, done, log)
        after = path.read_bytes() if path.is_file() else None
        step.verdict = "unchanged" if after == before else "done"
        step.note = path.name + ("" if after == before else ", to be committed")


def _build(project: Project, plan: Recipe, *, clean: bool) -> Built:
    name, site, state = plan.environment.name, project.root, project.state
    started, head = utc_now(), git.head(site)
    before = worktree.read_sources(site, project.output, record.index(project, name))
    if clean and plan.keep:
        ui.say(f"{project.settings.site.output} is not cleared before the build: {plan.keep}", style="dim")
    with (
        BuildLog(project, name) as log,
        output.running(site, state, project.output, name, clear=clean and not plan.keep) as run,
    ):
        variables = {**plan.tools(site, state), output.RUN_VARIABLE: run.token}
        work = _Work(project, plan, log, variables, head)
        _install(work)
        _check(work)
        output.set_aside(site, state, run)
        _run_build(work)
        artifact = _fit(project)
        done = Record(
            run=run.token,
            environment=name,
            url=plan.environment.url,
            base=plan.environment.base,
            commit=head.commit if head else None,
            dirty=bool(head and head.dirty),
            sources=before.digest,
            lockfile=hashlib.sha256(plan.lock.read_bytes()).hexdigest() if plan.lock else None,
            node=plan.node.version if plan.node else None,
            command=shlex.join(plan.build),
            checked=bool(plan.check) or plan.check_note == RUN_BY_BUILD,
            tree=artifact.tree,
            started=stamp(started),
            seconds=round(time.monotonic() - work.begun, 3),
        )
        record.write(project, done, before)
    _warn_of_changes(project, name, before)
    return Built(artifact, name, done.seconds, log.path, done)


def _fit(project: Project) -> Artifact:
    try:
        return _snapshot(project, project.output)
    except Stop as unfit:
        unfit.details += (f"what was built is kept in {project.state / output.FAILED}",)
        raise


def _install(work: _Work) -> None:
    plan, site, state = work.plan, work.project.root, work.project.state
    if not plan.install:
        with ui.step("dependencies") as step:
            step.verdict, step.note = "unchanged", plan.install_note
        return
    packages.forget_install(site, state)
    with ui.step(f"dependencies ({plan.install[0]})") as step:
        step.note = plan.install_note
        # A production NODE_ENV would leave out the packages that build the site.
        env, seconds = {**work.tools, "NODE_ENV": None}, work.project.settings.timeouts.install
        argv, done = plan.install, work.log.run(plan.install, site, env, seconds)
        if not done.ok and argv == packages.NPM.install and packages.lacks_platforms(_said(done), plan.lock):
            ui.warn(
                "the lockfile lacks packages for other platforms: installing what it has, with npm install"
            )
            argv = packages.NPM_WITHOUT_PLATFORMS
            done = work.log.run(argv, site, env, seconds)
        if not done.ok:
            raise _packages_failed(argv, done, work.log)
    packages.remember_install(site, state, plan.install_digest)


def install(project: Project, environment: str) -> None:
    """Install what is locked, as a build does, unless it is there, and build nothing; raises Stop as `build` does."""
    plan = recipe(project, environment, check=False)
    if plan.install:
        with BuildLog(project, environment) as log:
            variables = plan.tools(project.root, project.state)
            _install(_Work(project, plan, log, variables, git.head(project.root)))


def _packages_failed(argv: tuple[str, ...], done: proc.Done, log: BuildLog) -> Stop:
    text = _said(done)
    message, hint, code = packages.install_failure(text)
    told = (*map(redact, packages.telling_lines(text, TAIL)), f"log: {log.path}")
    return Stop(f"{message}: {proc.show(argv)} ended with {done.code}", hint, code, told)


def _said(done: proc.Done) -> str:
    return (done.out + done.err).decode("utf-8", "replace")


def _check(work: _Work) -> None:
    plan, project = work.plan, work.project
    if not plan.check:
        with ui.step("type check") as step:
            step.verdict, step.note = "not run", plan.check_note
        return
    with ui.step("type check") as step:
        env = {**work.tools, **plan.variables}
        must_succeed(
            work.log, "the type check", plan.check, project.root, env, project.settings.timeouts.check
        )
        step.verdict = "passed"


def _run_build(work: _Work) -> None:
    plan, project, since = work.plan, work.project, time.time()
    env = {**work.tools, **build_variables(plan, work.head)}
    with ui.step(f"build ({shlex.join(plan.build)})"):
        must_succeed(work.log, "the build", plan.build, project.root, env, project.settings.timeouts.build)
    if not project.output.is_dir():
        raise _no_output(project, since, work.log)


def build_variables(plan: Recipe, head: git.Head | None) -> dict[str, str]:
    """Return what the site's build is told: PAGES_*, NODE_ENV, and the commit's time for its dates."""
    # https://reproducible-builds.org/docs/source-date-epoch/
    epoch = {"SOURCE_DATE_EPOCH": str(head.time)} if head and head.time else {}
    return {**plan.variables, **epoch, "NODE_ENV": "production"}


def _no_output(project: Project, since: float, log: BuildLog) -> Stop:
    found = output.lookalikes(project.root, since)
    hint = f"set site.output to {found[0]} in invoke.yaml" if found else "set site.output in invoke.yaml"
    seen = (f"these look like it: {', '.join(found)}",) if found else ()
    wanted = project.settings.site.output
    return Stop(
        f"the build succeeded and left no folder {wanted}", hint, Code.USAGE, (*seen, f"log: {log.path}")
    )


def _warn_of_changes(project: Project, environment: str, before: worktree.Sources) -> None:
    index = record.index(project, environment)
    after = worktree.read_sources(project.root, project.output, index)
    if after.digest != before.digest:
        paths = worktree.changed(index, after)
        names = ", ".join(paths[:3]) or "a source file"
        ui.warn(f"{names} changed during the build, so its output counts as older than the sources")
        ui.say("    (let git ignore what the build itself writes)")
