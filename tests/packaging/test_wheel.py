"""The wheel in an empty environment, as a user would install it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from tests.packaging.conftest import TOP

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program `pages` of an environment with the wheel and what it asks for in it."""
    folder = tmp_path_factory.mktemp("empty")
    pins = (TOP / "requirements.lock").read_text(encoding="utf-8").partition("# [dev]")[0]
    constraints = folder / "constraints.txt"
    constraints.write_text(
        "\n".join(line.rstrip("\\") for line in pins.splitlines() if "==" in line), encoding="utf-8"
    )
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    uv = [sys.executable, "-m", "uv"]
    environment = folder / "venv"
    python = environment / "bin" / "python"
    for argv in (
        [*uv, "venv", "--no-project", "--python", sys.executable, str(environment)],
        [*uv, "pip", "install", "--python", str(python), "--constraints", str(constraints), str(wheel)],
    ):
        done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return environment / "bin" / "pages"


def run(pages: Path, folder: Path, *words: str, **extra: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | extra
    done = subprocess.run(
        [pages, *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_version(pages: Path, tmp_path: Path) -> None:
    assert pipeline.__version__ in run(pages, tmp_path, "--version")


def test_list_has_the_tasks_but_none_for_developers(pages: Path, tmp_path: Path) -> None:
    tasks = {line.split()[0] for line in run(pages, tmp_path, "--list").splitlines() if line.startswith("  ")}

    assert {"build", "deploy.site", "rollback"} <= tasks
    assert not {"test", "lock"} & tasks


def test_module_is_the_program_too(pages: Path, tmp_path: Path) -> None:
    assert pipeline.__version__ in run(
        pages.with_name("python"), tmp_path, "-m", "pages_pipeline", "--version"
    )


def test_demo_needs_git_and_nothing_else(pages: Path, tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git
    path = tmp_path / "bin"
    path.mkdir()
    (path / "git").symlink_to(git)

    played = json.loads(run(pages, tmp_path, "demo", "--json", PATH=str(path)))

    assert len({act["release"] for act in played["acts"]}) == len(played["acts"]) == 3
