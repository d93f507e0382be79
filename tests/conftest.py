"""What every test starts from: an environment that holds nothing of the machine it runs on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

_GIT_CONFIG = """\
[user]
    name = Test Person
    email = test@example.invalid
[init]
    defaultBranch = main
[commit]
    gpgSign = false
[core]
    autocrlf = false
[protocol "file"]
    allow = always
[gc]
    auto = 0
[maintenance]
    auto = false
"""
# The person's own settings, and what git sets for the hooks and rebases it runs.
_FOREIGN_PREFIXES = (
    "GIT_",
    "GH_",
    "GITHUB_",
    "INVOKE_",
    "NPM_CONFIG_",
    "npm_config_",
    "PAGES_",
    "VIRTUAL_ENV",
)
_FOREIGN = (
    "CI",
    "CLICOLOR_FORCE",
    "FORCE_COLOR",
    "NODE_OPTIONS",
    "NO_COLOR",
    "PYTHONWARNINGS",
    "VIRTUAL_ENV",
)
_KEPT = ("NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_CAFILE", "npm_config_cafile")
_LOOPBACK = "localhost,127.0.0.1,::1"

Git = Callable[..., str]


def clean_environment(machine: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return `machine` without anybody's settings, with `home` for git's and for what programs write."""
    kept = {
        name: value
        for name, value in machine.items()
        if name in _KEPT or (name not in _FOREIGN and not name.startswith(_FOREIGN_PREFIXES))
    }
    # The way to a package registry may lead through a proxy; the way to our own servers never does.
    bypass = ",".join(filter(None, [kept.get("NO_PROXY") or kept.get("no_proxy"), _LOOPBACK]))
    return kept | {
        "COLUMNS": "80",
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": bypass,
        "TERM": "dumb",
        "TZ": "UTC",
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "no_proxy": bypass,
    }


@pytest.fixture(autouse=True)
def clean_env(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Give every test, and every program that it starts, a clean environment; return it."""
    home = tmp_path_factory.mktemp("home")
    (home / "gitconfig").write_text(_GIT_CONFIG, encoding="utf-8")
    clean = clean_environment(os.environ, home)
    for name in os.environ.keys() - clean.keys():
        monkeypatch.delenv(name)
    for name, value in clean.items():
        monkeypatch.setenv(name, value)
    return clean


@pytest.fixture
def git() -> Git:
    """Run real git: `git(folder, "status")` returns what it prints, without the last line end."""

    def run(folder: Path, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"git {' '.join(words)}: {done.stderr}"
        return done.stdout.rstrip("\n")

    return run


@pytest.fixture
def git_repo(tmp_path: Path, git: Git) -> Path:
    """Return a real repository with one commit of one file on `main`."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "README.md").write_text("# A site\n", encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "begin")
    return folder


@pytest.fixture(scope="session")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a node_modules folder that holds TypeScript, installed with real npm once for a session."""
    from pipeline.tools.node import find_node

    folder = tmp_path_factory.mktemp("typescript")
    (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    words = [*find_node().npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "typescript@5.9.3"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"
