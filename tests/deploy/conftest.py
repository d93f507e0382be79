"""Fixtures of the release engine's tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipeline.core.project import Project, open_project
from tests.deploy.harbour import SETTINGS, write
from tests.policy import quiet


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A committed site with two pages in its output folder."""
    root = tmp_path / "harbour"
    write(root / "dist/index.html", "<!doctype html><title>Harbour</title><h1>Harbour</h1>")
    write(root / "dist/boats/index.html", "<!doctype html><title>Boats</title><h1>Boats</h1>")
    write(root / "dist/app.css", "h1 { color: teal }")
    write(root / "invoke.yaml", SETTINGS.format(remote=tmp_path / "prod.git"))
    write(root / ".gitignore", "dist/\n")
    quiet(root)
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first light"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "prod.git"], check=True)
    return root


@pytest.fixture
def project(site: Path) -> Project:
    """The site with its settings."""
    return open_project(site)
