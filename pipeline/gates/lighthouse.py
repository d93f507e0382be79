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


class Auditor:
    """Measures a subject's pages; `close` ends the server, the engine and its browser. Raises Stop."""

    def __init__(self, project: Project, subject: Subject, *, fresh: bool = False) -> None:
        policy = project.policy_for(subject.environment)
        self.limits: Limits = policy.lighthouse.model_dump(mode="json")
        self.tools: Mapping[str, str] = {}
        self._subject = subject
        self._fresh = fresh
        self._digests = {file.path: file.sha256 for file in subject.files}
        self._dropped: set[tuple[str, str]] = set()
        self._worker: Worker | None = None
        self._lhci: LighthouseCI | None = None
        self._pictures = pictures(project.state)
        try:
            self._kept = KeptRuns(project.state / "cache" / "lighthouse.db")
        except (sqlite3.Error, OSError) as error:
            what = f"the database of Lighthouse's runs cannot be opened: {error}"
            raise Stop(what, f"rm {project.state / 'cache/lighthouse.db'}", Code.SERVICE) from error
        self._engine(project)
        self._server = self._serve()

    def _engine(self, project: Project) -> None:
        from pipeline.tools import toolbox
        from pipeline.tools.chrome import find_chrome
        from pipeline.tools.lighthouse.lhci import LighthouseCI
        from pipeline.tools.node import find_node

        chrome = find_chrome(project.settings.tools.chrome)
        node = find_node(project.settings.tools.node)
        if self.limits["engine"] == "lhci":
            self._lhci = LighthouseCI(node.path, toolbox.need("lhci", node), chrome.path)
            versions = toolbox.versions("lhci")
        else:
            folder = toolbox.need("lighthouse", node)
            self._worker = Worker(node.path, folder / "node_modules/lighthouse", chrome.path)
            versions = toolbox.versions("lighthouse")
        self.tools = {**versions, "chromium": chrome.version, "node": node.version}
        # Node's version changes no figure of the page.
        same = {name: text for name, text in self.tools.items() if name != "node"}
        self._tool = digest(_FORMAT, self.limits["engine"], same)

    def _serve(self) -> FilesServer:
        files = {file.path: file for file in self._subject.files}
        server = FilesServer(
            "lighthouse",
            {path: file.sha256 for path, file in files.items()},
            lambda path: self._subject.read(files[path]),
            self._subject.base,
        )
        server.start()
        return server

    def close(self) -> None:
        """End the browser, the worker and the server."""
        if self._worker:
            self._worker.close()
        self._server.stop()
        self._kept.close()

    def kept(self, page: str, preset: str) -> Sequence[Mapping[str, Any]]:
        """Return the runs that were made of this very page and all that it loads, by what measures now."""
        if self._fresh and (page, preset) not in self._dropped:
            self._dropped.add((page, preset))
            self._kept.drop(self._tool, page, preset)
        return self._kept.of(self._tool, page, preset, self._digest)

    def _digest(self, path: str) -> str | None:
        """Return what the server answers for a path below the root: a digest, None for a 404."""
        # What lies outside of the base path is never ours.
        name = None if path.startswith("//") else served(path.removeprefix("/"), self._digests)
        return self._digests[name] if name is not None else None

    def measure(
        self, page: str, preset: str, categories: Sequence[str], count: int
    ) -> Sequence[Mapping[str, Any]]:
        """Measure a page and keep the runs that may be used again; a failure is tried once more.

        Raises Unavailable.
        """
        url = self._server.url + quote(page.removeprefix("/"))
        made: list[dict[str, Any]] = []
        while len(made) < count:
            for run in self._tried(url, page, preset, categories, count):
                if run["preset"] != preset:
                    raise Unavailable(f"Lighthouse measured {page} as {run['preset']}, not as {preset}")
                made.append(self._keep(page, preset, run))
        return made

    def _tried(
        self, url: str, page: str, preset: str, categories: Sequence[str], count: int
    ) -> list[dict[str, Any]]:
        for last in (False, True):
            try:
                return self._runs(url, page, preset, categories, count)
            except Broken as broken:
                reason, said = broken.reason, broken.said
            except report.Garbage as garbage:
                reason, said = str(garbage), ()
            if last:
                raise Unavailable(f"{page}: {reason}", "invoke check.lighthouse", said[-8:])
        raise AssertionError

    def _runs(
        self, url: str, page: str, preset: str, categories: Sequence[str], count: int
    ) -> list[dict[str, Any]]:
        if self._worker:
            return [report.read(self._worker.report(url, preset, categories), self._server.url)]
        if self._lhci is None:
            raise AssertionError
        own = limits_of(self.limits, page)
        scores = {
            theirs: limit / 100
            for ours, theirs in CATEGORIES.items()
            if theirs in categories and (limit := own[ours]) is not None
        }
        values = {_AUDITS[name]: limit for name in METRICS if (limit := own[name]) is not None}
        reports, failed = self._lhci.reports(url, preset, categories, count, scores, values)
        runs = [report.read(one, self._server.url) for one in reports]
        # An assertion is about the median of these runs.
        return [{**run, "assertions": failed if number == 0 else []} for number, run in enumerate(runs)]

    def _keep(self, page: str, preset: str, run: dict[str, Any]) -> dict[str, Any]:
        """Put a run's pictures away, and keep it unless another time would give something else."""
        film = []
        for frame in run.pop("film", ()):
            kind, _, data = frame["data"].partition(";base64,")
            picture = base64.b64decode(data)
            name = hashlib.sha256(picture).hexdigest()
            path = self._pictures / f"{name}{'.webp' if 'webp' in kind else '.jpg'}"
            if not path.is_file():
                write_atomic(path, picture)
            film.append({"ms": frame["ms"], "picture": name})
        run["film"] = film
        calm = not disturbed(run) or inside(values(run, EXCLUDED), limits_of(self.limits, page))
        if calm and not run["foreign"]:
            needs = {path: self._digest(path) for path, _ in run["requests"]}
            self._kept.add(self._tool, page, preset, needs, run)
        return run
