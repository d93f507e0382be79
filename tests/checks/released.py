"""A small site with releases in real repositories, for the gates that look at those."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from checks.base import Evidence, Finding, Gate, Subject
from pipeline.core.project import Project, open_project
from pipeline.deploy.release import publish
from pipeline.gates.subject import SiteTools, subject_of
from pipeline.site.artifact import snapshot
from tests.deploy.harbour import SETTINGS, Ticker, change, desk_of, draft, write


@dataclass(frozen=True)
class Released:
    """The site's folder; `clock` moves on with each release."""

    root: Path
    clock: Ticker = field(default_factory=Ticker)

    @property
    def project(self) -> Project:
        return open_project(self.root, environ={})

    @property
    def objects(self) -> Path:
        return self.root / ".pages/objects.git"

    def remote(self, environment: str) -> Path:
        return (
            self.root / ".pages/local.git"
            if environment == "local"
            else self.root.parent / f"{environment}.git"
        )

    def release(self, environment: str, text: str) -> str:
        """Publish the site with another heading, and return the release's name."""
        change(self.root, text)
        desk = desk_of(self.project, environment, self.clock)
        return publish(desk, draft(desk, text)).release

    def subject(self, environment: str) -> Subject:
        project = self.project
        return subject_of(project, snapshot(project.output, self.objects), environment)

    def judged(self, gate: Gate, environment: str) -> tuple[Evidence, list[Finding]]:
        """Collect and judge with the real tools."""
        evidence = gate.collect(self.subject(environment), SiteTools(self.project, environment))
        return evidence, gate.judge(evidence, gate.LIMITS)


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, which may be bare."""
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def site_in(folder: Path) -> Released:
    """Return a committed site whose environment `prod` is a bare repository beside it."""
    root = folder / "harbour"
    write(root / "dist/index.html", "<!doctype html><title>Harbour</title><h1>Harbour</h1>")
    write(root / "dist/app.css", "h1 { color: teal }")
    write(root / "invoke.yaml", SETTINGS.format(remote=folder / "prod.git"))
    write(root / ".gitignore", "dist/\n.pages/\n")
    git(folder, "init", "-q", "--bare", "prod.git")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first light")
    return Released(root)
