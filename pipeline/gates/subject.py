"""What the gates look at: a site's sources and artifact, and the programs that they may call."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from checks.base import File, Lighthouse, Limits, Result, Subject, Unavailable, Visits, digest
from pipeline.core import proc
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Stop
from pipeline.core.files import read_json, write_json
from pipeline.core.model import Artifact
from pipeline.core.project import Project
from pipeline.gates import refs
from pipeline.gates.live import live_release
from pipeline.site import detect, facts, worktree
from pipeline.site.recipe import recipe
from pipeline.tools.github_place import on_github

if TYPE_CHECKING:
    from checks.base import Gate
    from pipeline.core.schema import Policy
    from pipeline.gates.lighthouse import Auditor

_VERSION_SECONDS = 30
# Gates whose limits stand in another gate's part of the policy.
_PARTS = {"keyboard": "accessibility"}


def subject_of(project: Project, artifact: Artifact, environment: str, clock: Clock = utc_now) -> Subject:
    """Return what is judged for an environment; reads the sources to name them by a digest."""
    place = project.environment(environment)
    hub = on_github(place.repository or "", os.environ)
    return Subject(
        source=project.root,
        output=artifact.root,
        files=tuple(File(one.path, one.sha256, one.size, one.gzip) for one in artifact.files),
        tree=artifact.tree,
        source_digest=source_digest(project),
        base=place.base,
        url=place.url,
        environment=place.name,
        type_check=type_check(project),
        type_check_seconds=project.settings.timeouts.check,
        live=live_release(project.state / "objects.git", place.name, artifact.tree),
        hub=f"{hub.host}/{hub.slug}" if hub else "",
        branch=place.branch,
        moment=stamp(clock()),
        versions=versions(project),
        plans=plans(project, environment),
    )


def plans(project: Project, environment: str) -> Mapping[str, str]:
    """Return digests, or texts, of the settings that change what a gate measures, by its name; limits do not."""
    policy = project.policy_for(environment)
    lighthouse = policy.lighthouse
    names = ("engine", "runs", "presets", "every", "changed")
    repository = project.environment(environment).repository
    return {
        "lighthouse": digest([getattr(lighthouse, name) for name in names]),
        "accessibility": f"{policy.accessibility.engine} {policy.accessibility.standard}",
        "quality": str(policy.quality.seconds),
        "refs": refs.digests(project, environment),
        # Empty for the embedded repository, which nobody else changes.
        "remote": digest(repository) if repository else "",
    }


def versions(project: Project) -> Mapping[str, str]:
    """Return the versions of what measures in a browser; a browser is asked once for each of its files."""
    from pipeline.tools import toolbox

    groups: tuple[toolbox.Group, ...] = ("page", "lighthouse", "lhci", "pa11y", "html", "code")
    found = {name: version for group in groups for name, version in toolbox.versions(group).items()}
    found["chromium"] = _chromium(project)
    return found


def _chromium(project: Project) -> str:
    """Return the browser's version, asked again only when another file would run; empty where there is none."""
    from pipeline.tools import chrome

    file = project.state / "cache" / "chromium.json"
    path = next((path for path, _ in chrome.candidates(project.settings.tools.chrome, os.environ)), None)
    try:
        status = path.stat() if path else None
    except OSError:
        status = None
    if path is None or status is None:
        return ""
    seen = [str(path), status.st_mtime_ns, status.st_size]
    kept = read_json(file)
    if isinstance(kept, dict) and kept.get("seen") == seen:
        return str(kept["version"])
    try:
        version = chrome.find_chrome(project.settings.tools.chrome).version
    except Stop:
        return ""
    write_json(file, {"seen": seen, "version": version})
    return version


def source_digest(project: Project) -> str:
    """Return the SHA-256 of the site's own files: tracked, or untracked and not ignored, as they are now."""
    index = project.state / "cache" / "sources.json"
    found = worktree.read_sources(project.root, project.output, index)
    worktree.write_index(index, found)
    return found.digest


def type_check(project: Project) -> tuple[str, ...]:
    """Return the site's own type checker: from the settings, else by looking; empty when it has none."""
    chosen = project.settings.site.check
    if chosen is not None:
        return chosen
    try:
        return detect.guess(facts.look(project.root)).check.value or ()
    except Stop:
        return ()


def limits_for(gate: Gate, policy: Policy) -> Limits:
    """Return a gate's limits from the policy, or its own where the policy has nothing to say."""
    own = getattr(policy, _PARTS.get(gate.NAME, gate.NAME), None)
    return {**gate.LIMITS, **own.model_dump(mode="json")} if own else gate.LIMITS


class SiteTools:
    """Other programs for gates, in the surroundings in which the site is built."""

    def __init__(self, project: Project, environment: str, *, fresh: bool = False) -> None:
        self._project = project
        self._environment = environment
        self._fresh = fresh
        self._one_at_a_time = threading.Lock()
        self._visits: Visits | Unavailable | None = None
        self._lighthouse: Auditor | None = None

    @cached_property
    def _variables(self) -> Mapping[str, str | None]:
        plan = recipe(self._project, self._environment, check=False)
        return {**plan.tools(self._project.root, self._project.state), **plan.variables}

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run a command to its end; raises Unavailable when it or what it needs is not there."""
        start = time.monotonic()
        try:
            done = proc.run(argv, cwd=cwd, timeout=timeout, env={**self._variables, **(env or {})})
        except proc.TimedOut as late:
            return Result(None, _text(late.done.out), _text(late.done.err), time.monotonic() - start)
        except Stop as stop:
            raise Unavailable(stop.message, stop.hint, stop.details) from stop
        return Result(done.code, _text(done.out), _text(done.err), done.seconds)

    def which(self, name: str) -> str | None:
        """Return the path of a program as the site's own programs would find it, or None."""
        return shutil.which(name, path=self._variables.get("PATH"))

    def version(self, name: str) -> str:
        """Return the first line of `NAME --version`, empty when it does not say."""
        try:
            result = self.run([name, "--version"], cwd=self._project.root, timeout=_VERSION_SECONDS)
        except Unavailable:
            return ""
        return result.out.partition("\n")[0].strip() if result.code == 0 else ""

    def remote(self, what: str) -> Mapping[str, Any]:
        """Return facts about where it is published: "actions", "branches" or "backup"; raises Unavailable."""
        about = {"branches": refs.branches, "backup": refs.backup}.get(what)
        if about:
            try:
                return about(self._project, self._environment)
            except Stop as stop:
                raise Unavailable(stop.message, stop.hint, stop.details) from stop
        from pipeline.tools.github import connect
        from pipeline.tools.github_actions import gather

        place = self._project.environment(self._environment)
        try:
            hub = connect(place.repository or "", self._project.settings.tools.gh)
            if hub is None or what != "actions":
                raise Unavailable(f"{place.repository or 'the embedded repository'} has no {what} to read")
            return gather(hub, place.branch, utc_now())
        except Stop as stop:
            raise Unavailable(stop.message, stop.hint, stop.details) from stop

    def toolbox(self, group: str) -> Path:
        """Return the folder whose `node_modules` has a group of locked packages; raises Unavailable."""
        from pipeline.tools import toolbox
        from pipeline.tools.node import find_node

        try:
            return toolbox.need(cast("toolbox.Group", group), find_node(self._project.settings.tools.node))
        except Stop as stop:
            raise Unavailable(stop.message, stop.hint, stop.details) from stop

    def browser(self) -> Path:
        """Return the program of the browser; raises Unavailable."""
        from pipeline.tools.chrome import find_chrome

        try:
            return find_chrome(self._project.settings.tools.chrome).path
        except Stop as stop:
            raise Unavailable(stop.message, stop.hint, stop.details) from stop

    @contextlib.contextmanager
    def served(self, subject: Subject) -> Iterator[str]:
        """Serve the files that are judged as GitHub Pages will, and return the address."""
        from pipeline.site.server.folder import FilesServer

        files = {file.path: file for file in subject.files}
        names = {path: file.sha256 for path, file in files.items()}
        with FilesServer("files", names, lambda path: subject.read(files[path]), subject.base) as server:
            yield server.url

    def keep(self, name: str) -> Path | None:
        """Return a folder where a gate keeps what it learned of single files; None when all is measured again."""
        return None if self._fresh else self._project.state / "cache" / "files" / name

    def visits(self, subject: Subject) -> Visits:
        """Return what a browser sees on the pages; the first gate that asks visits them. Raises Unavailable."""
        from pipeline.gates.visits import visit

        with self._one_at_a_time:
            if self._visits is None:
                try:
                    self._visits = visit(self._project, subject, fresh=self._fresh)
                except Unavailable as refusal:
                    self._visits = refusal
                except Stop as stop:
                    self._visits = Unavailable(stop.message, stop.hint, stop.details)
        if isinstance(self._visits, Unavailable):
            raise self._visits
        return self._visits

    def lighthouse(self, subject: Subject) -> Lighthouse:
        """Return Lighthouse over a server of the subject's files; raises Unavailable."""
        from pipeline.gates.lighthouse import Auditor

        if self._lighthouse is None:
            try:
                self._lighthouse = Auditor(self._project, subject, fresh=self._fresh)
            except Stop as stop:
                raise Unavailable(stop.message, stop.hint, stop.details) from stop
        return self._lighthouse

    def close(self) -> None:
        """Let go of what was opened for the gates."""
        if self._lighthouse is not None:
            self._lighthouse.close()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
