from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.core.model import Artifact
from pipeline.core.project import Project, open_project
from pipeline.site.artifact import snapshot
from tests.policy import QUIET

PAGE = "<!doctype html><html lang='en'><head><title>A page</title></head><body>{}</body></html>"


@dataclass(frozen=True)
class SiteFolder:
    """A plain site in a git repository, whose output is the folder `dist`."""

    root: Path

    def write(self, name: str, text: str) -> None:
        """Write a file; a policy says nothing new of the gates that are tested elsewhere."""
        text += f"\n{QUIET}" if name == "constitution.toml" else ""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @property
    def project(self) -> Project:
        return open_project(self.root, environ={})

    @property
    def artifact(self) -> Artifact:
        return snapshot(self.root / "dist", self.root / ".pages/objects.git")


SETTINGS = """\
site:
  framework: plain
  package_manager: none
  install: []
  build: []
environments:
  staging: {repository: /srv/staging.git, url: "https://staging.example.org/"}
  prod: {repository: ann/site}
"""


@pytest.fixture
def site(git_repo: Path, git: Callable[..., str]) -> SiteFolder:
    made = SiteFolder(git_repo)
    made.write("invoke.yaml", SETTINGS)
    made.write("constitution.toml", "")
    made.write(".gitignore", ".pages/\ndist/\n")
    made.write("dist/index.html", PAGE.format("<script src=a.js></script>"))
    made.write("dist/404.html", PAGE.format("not here"))
    made.write("dist/a.js", "console.log(1)")
    git(git_repo, "add", "--all")
    git(git_repo, "commit", "--quiet", "--message", "site")
    return made
