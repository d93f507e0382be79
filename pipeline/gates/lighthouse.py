"""Lighthouse over a build that is no release yet: a server of its files, an engine, and the runs made before."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from checks.base import Limits, Subject, Unavailable, digest
from checks.lighthouse_runs import CATEGORIES, EXCLUDED, METRICS, disturbed, inside, limits_of, values
from checks.parse.address import served
from pipeline.core.errors import Code, Stop
from pipeline.core.files import write_atomic
from pipeline.core.project import Project
from pipeline.gates.lighthouse_runs import KeptRuns
from pipeline.site.server.folder import FilesServer
from pipeline.tools.lighthouse import report
from pipeline.tools.lighthouse.worker import Broken, Worker

if TYPE_CHECKING:
    from pipeline.tools.lighthouse.lhci import LighthouseCI

Run = dict[str, Any]
# Raised when a run means something else than before: earlier runs are then not used any more.
_FORMAT = 1
_AUDITS = {
    "lcp": "largest-contentful-paint",
    "fcp": "first-contentful-paint",
    "cls": "cumulative-layout-shift",
    "tbt": "total-blocking-time",
}


def pictures(state: Path) -> Path:
    """Return the folder of the pictures that runs name: `<SHA-256>.jpg` or `.webp`."""
    return state / "cache" / "lighthouse"


class Engine:
    """What measures, as the policy says; starts at the first run. Raises Stop where a program is missing."""

    def __init__(self, project: Project, environment: str) -> None:
        from pipeline.tools import toolbox
        from pipeline.tools.chrome import find_chrome
        from pipeline.tools.lighthouse.lhci import LighthouseCI
        from pipeline.tools.node import find_node

        self.limits: Limits = project.policy_for(environment).lighthouse.model_dump(mode="json")
        self._worker: Worker | None = None
        self._lhci: LighthouseCI | None = None
        chrome = find_chrome(project.settings.tools.chrome)
        node = find_node(project.settings.tools.node)
        if self.limits["engine"] == "lhci":
            self._lhci = LighthouseCI(node.path, toolbox.need("lhci", node), chrome.path)
            versions = toolbox.versions("lhci")
        else:
            package = toolbox.need("lighthouse", node) / "node_modules/lighthouse"
            self._worker = Worker(node.path, package, chrome.path)
            versions = toolbox.versions("lighthouse")
        # Node is not among them: it changes no figure of a page.
        self.tools: Mapping[str, str] = {**versions, "chromium": chrome.version}
        self.name = digest(_FORMAT, self.limits["engine"], self.tools)

    def close(self) -> None:
        """End the worker and its browser."""
        if self._worker:
            self._worker.close()

    def runs(self, home: str, page: str, preset: str, categories: Sequence[str], count: int) -> list[Run]:
        """Return `count` runs of a page of the site at `home`; what fails is tried once more. Raises Unavailable."""
        made: list[Run] = []
        while len(made) < count:
            made += self._tried(home, page, preset, categories, count)
        return made

    def _tried(self, home: str, page: str, preset: str, categories: Sequence[str], count: int) -> list[Run]:
        for last in (False, True):
            try:
                runs = self._some(home, page, preset, categories, count)
            except Broken as broken:
                reason, said = broken.reason, broken.said
            except report.Garbage as garbage:
                reason, said = str(garbage), ()
            else:
                if all(run["preset"] == preset for run in runs):
                    return runs
                reason, said = f"Lighthouse measured as {runs[0]['preset']}, not as {preset}", ()
            if last:
                raise Unavailable(f"{page}: {reason}", "invoke check.lighthouse", said[-8:])
        raise AssertionError

    def _some(self, home: str, page: str, preset: str, categories: Sequence[str], count: int) -> list[Run]:
        url = home + quote(page.removeprefix("/"))
        if self._worker:
            return [report.read(self._worker.report(url, preset, categories), home)]
        if self._lhci is None:
            raise AssertionError
        own = limits_of(self.limits, page)
        scores = {
            theirs: limit / 100
            for ours, theirs in CATEGORIES.items()
            if theirs in categories and (limit := own[ours]) is not None
        }
        most = {_AUDITS[name]: limit for name in METRICS if (limit := own[name]) is not None}
        reports, failed = self._lhci.reports(url, preset, categories, count, scores, most)
        # An assertion is about the median of these runs.
        return [
            {**report.read(one, home), "assertions": [] if number else failed}
            for number, one in enumerate(reports)
        ]


def serve(subject: Subject) -> FilesServer:
    """Return a server of the subject's files; raises Unavailable when one of them was changed."""
    files = {file.path: file for file in subject.files}
    digests = {path: file.sha256 for path, file in files.items()}
    return FilesServer("lighthouse", digests, lambda path: subject.read(files[path]), subject.base)


class Auditor:
    """Measures a subject's pages and keeps the runs; `close` ends all that was started. Raises Stop, Unavailable."""

    def __init__(self, project: Project, subject: Subject, *, fresh: bool = False) -> None:
        self._subject = subject
        self._fresh = fresh
        self._digests = {file.path: file.sha256 for file in subject.files}
        self._dropped: set[tuple[str, str]] = set()
        self._pictures = pictures(project.state)
        self._engine = Engine(project, subject.environment)
        path = project.state / "cache" / "lighthouse.db"
        try:
            self._kept = KeptRuns(path)
        except (sqlite3.Error, OSError) as error:
            what = f"the database of Lighthouse's runs cannot be opened: {error}"
            raise Stop(what, f"rm {path}", Code.SERVICE) from error
        self._server = serve(subject).start()

    @property
    def limits(self) -> Limits:
        """The policy's `lighthouse`."""
        return self._engine.limits

    @property
    def tools(self) -> Mapping[str, str]:
        """The versions of what measures."""
        return self._engine.tools

    def close(self) -> None:
        """End the browser, the worker and the server."""
        self._engine.close()
        self._server.stop()
        self._kept.close()

    def kept(self, page: str, preset: str) -> Sequence[Mapping[str, Any]]:
        """Return the runs that were made of this very page and all that it loads, by what measures now."""
        if self._fresh and (page, preset) not in self._dropped:
            self._dropped.add((page, preset))
            self._kept.drop(self._engine.name, page, preset)
        return self._kept.of(self._engine.name, page, preset, self._digest)

    def _digest(self, path: str) -> str | None:
        """Return what the server answers for a path below the root: a digest, None for a 404."""
        # What lies outside of the base path is never ours.
        name = None if path.startswith("//") else served(path.removeprefix("/"), self._digests)
        return self._digests[name] if name is not None else None

    def measure(
        self, page: str, preset: str, categories: Sequence[str], count: int
    ) -> Sequence[Mapping[str, Any]]:
        """Measure a page and keep the runs that may be used again; raises Unavailable."""
        # One at a time where that costs nothing more: what is killed in between has kept the others.
        step = count if self.limits["engine"] == "lhci" else 1
        made: list[Run] = []
        while len(made) < count:
            runs = self._engine.runs(self._server.url, page, preset, categories, step)
            made += [self._keep(page, preset, run) for run in runs]
        return made

    def _keep(self, page: str, preset: str, run: Run) -> Run:
        """Put a run's pictures away, and keep it unless another time would give something else."""
        run = {**run, "film": [self._frame(frame) for frame in run["film"]]}
        calm = not disturbed(run) or inside(values(run, EXCLUDED), limits_of(self.limits, page))
        # Accessibility, best practices and SEO are measured once, whatever happened to the times meanwhile.
        if (calm or "seo" in run["refs"]) and not run["foreign"]:
            needs = {path: self._digest(path) for path, _ in run["requests"]}
            self._kept.add(self._engine.name, page, preset, needs, run)
        return run

    def _frame(self, frame: Mapping[str, Any]) -> dict[str, Any]:
        kind, _, data = frame["data"].partition(";base64,")
        picture = base64.b64decode(data)
        name = hashlib.sha256(picture).hexdigest()
        path = self._pictures / f"{name}{'.webp' if 'webp' in kind else '.jpg'}"
        if not path.is_file():
            write_atomic(path, picture)
        return {"ms": frame["ms"], "picture": name}
