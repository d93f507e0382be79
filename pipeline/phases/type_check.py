"""The site's own type check, as the gate runs it, and the worker's session for the same site."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from checks import typescript as gate
from checks.base import Evidence, Result, Subject, Unavailable
from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.core.files import plural
from pipeline.core.project import Project
from pipeline.gates.subject import SiteTools, type_check
from pipeline.phases import generated
from pipeline.site import build as site_build
from pipeline.site import packages, worktree
from pipeline.site.log import BuildLog, must_succeed
from pipeline.site.recipe import recipe
from pipeline.tools.node import find_node
from pipeline.typescript.broken import refuse_broken
from pipeline.typescript.projects import Target, projects
from pipeline.typescript.servers import Missing
from pipeline.typescript.session import Refused, Session
from pipeline.typescript.stock import Stock
from pipeline.typescript.strategies import STRATEGIES, served
from pipeline.typescript.strategies.base import Strategy

ENVIRONMENT = "local"
# Nothing can serve these.
_HOPELESS = frozenset({"no-typescript", "no-config", "broken-config"})


def own_check(project: Project) -> Evidence:
    """Run the site's own type check and return what it reports; raises Unavailable as the gate does."""
    subject = Subject(
        source=project.root,
        output=project.output,
        files=(),
        tree="",
        source_digest="",
        environment=ENVIRONMENT,
        type_check=type_check(project),
        type_check_seconds=project.settings.timeouts.check,
    )
    return gate.collect(subject, _Tools(project, ENVIRONMENT))


def reported(project: Project) -> list[Mapping[str, object]]:
    """Return the errors that the site's own type check reports; raises Stop (3) when it cannot tell them all."""
    with ui.step("type check") as step:
        try:
            found = own_check(project)
        except Unavailable as refusal:
            raise Stop(refusal.reason, refusal.fix, Code.GATE, refusal.details) from refusal
        errors = [one for one in found.data["diagnostics"] if one["level"] == "error"]
        said = found.data.get("said_errors") or 0
        if said > len(errors) or (found.data.get("code") and not errors):
            raise Stop(
                f"`{shlex.join(found.data['command'])}` names only {len(errors)} of its {max(said, 1)} errors",
                "run it yourself in the site's folder",
                Code.GATE,
                tuple(found.data["tail"]),
            )
        step.note = plural(len(errors), "error")
    return errors


def prepare(project: Project) -> None:
    """Install the site's packages where there are none, and let Astro write its types."""
    root = project.root
    package = packages.manifest(root)
    missing = not any((folder / "node_modules").is_dir() for folder in (root, *root.parents))
    if package is not None and missing and packages.needs_install(package):
        site_build.install(project, ENVIRONMENT)
    if words := generated.words(root):
        plan = recipe(project, ENVIRONMENT, check=False)
        variables = {**plan.tools(root, project.state), **plan.variables}
        with ui.step("generated types (astro sync)") as step:
            before = generated.made_from(project, variables)
            if generated.fresh(project, before):
                step.note = "unchanged"
                return
            with BuildLog(project, ENVIRONMENT) as log:
                must_succeed(log, "astro sync", words, root, variables, project.settings.timeouts.check)
            generated.remember(project, before)


class _Tools(SiteTools):
    """The site's surroundings, where `astro sync` is left out when the types are as it would write them."""

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run a command to its end, as SiteTools does."""
        if not argv or tuple(argv) != generated.words(cwd):
            return super().run(argv, cwd=cwd, timeout=timeout, env=env)
        before = generated.made_from(self._project, self._variables)
        if generated.fresh(self._project, before):
            return Result(0, "", "")
        result = super().run(argv, cwd=cwd, timeout=timeout, env=env)
        if result.code == 0:
            generated.remember(self._project, before)
        return result


def open_session(
    project: Project, target: Target | str | None = None, held: Mapping[str, str] | None = None
) -> Session:
    """Open a TypeScript project, the site's first one for None, with texts in place of its files.

    A text is a configuration of the site's own. Raises Stop (2) with the way to mend it.
    """
    node: Path = find_node(project.settings.tools.node).path
    one = Target(project.root, target) if isinstance(target, str) else target or projects(project.root)[0]
    refuse_broken(one.root, one.config)
    return Session(node, one.root, config=one.config, overlay=held)


def open_any(project: Project, target: Target) -> Session | Stock:
    """Open a TypeScript project in the worker, or where that cannot serve it in its own stock language servers.

    Raises Stop (2) with the way to mend it.
    """
    try:
        return open_session(project, target)
    except Refused as refusal:
        # A server looks for tsconfig.json and what that refers to, whatever else there is.
        known = any(one.root == target.root and one.config == target.config for one in projects(project.root))
        if refusal.kind in _HOPELESS or not known:
            raise
        try:
            stock = Stock(
                find_node(project.settings.tools.node).path,
                target.root,
                config=target.config,
                own=worktree.paths(target.root, project.output),
            )
        except Missing as missing:
            hint = f"{refusal.hint}; for quick fixes alone: {missing.hint}" if missing.hint else refusal.hint
            raise Refused(refusal.kind, refusal.message, hint) from missing
        stock.reason = f"{refusal.message}; {refusal.hint}"
        return stock


def strategies(opened: Session | Stock) -> tuple[Strategy, ...]:
    """Return what repairs: a stock server's quick fixes where there is no worker to know more."""
    return STRATEGIES if isinstance(opened, Session) else (served,)


def notes(opened: Session | Stock) -> list[str]:
    """Return what a person should know about how a project was opened: nothing about the worker."""
    if isinstance(opened, Session):
        return []
    return [
        f"{opened.description.config} is served by {opened.told}, with its quick fixes alone: {opened.reason}"
    ]
