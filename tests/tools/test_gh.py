"""Which gh is taken, and what its login says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.tools.gh import Gh, find_gh, login


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Take away PATH's gh and the one beside the interpreter; return a folder on PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv/bin/python"))
    return tmp_path / "bin"


def test_an_old_gh_on_path_gives_way_to_the_wheels(bare: Path, tmp_path: Path) -> None:
    program(bare / "gh", "echo 'gh version 2.39.1 (2023-11-14)'")
    wheel = program(tmp_path / "venv/bin/gh", "echo 'gh version 2.102.0 (2026-09-30)'")
    assert find_gh() == Gh(wheel, (2, 102, 0), "wheel")


def test_an_old_gh_alone_is_named(bare: Path) -> None:
    program(bare / "gh", "echo 'gh version 2.39.1 (2023-11-14)'")
    with pytest.raises(Stop, match=r"gh 2\.40 or newer is needed") as caught:
        find_gh()
    assert caught.value.code == Code.MISSING
    assert caught.value.details[0] == f"{bare / 'gh'} is 2.39.1"


def test_a_named_gh_is_the_only_one(bare: Path) -> None:
    program(bare / "gh", "echo 'gh version 2.99.0 (2026-01-01)'")
    with pytest.raises(Stop, match=r"`tools\.gh` is /nowhere/gh, but"):
        find_gh("/nowhere/gh")


@pytest.mark.parametrize(
    ("script", "user", "note"),
    [
        ("echo '  ✓ Logged in to github.com account ann (keyring)'", "ann", "logged in as ann"),
        (
            "echo 'You are not logged into any GitHub hosts. To log in, run: gh auth login' >&2; exit 1",
            None,
            "You are not logged into any GitHub hosts",
        ),
        ("echo '  X Failed to log in to github.com account ann' >&2; exit 1", None, "Failed to log in to"),
    ],
)
def test_login(bare: Path, script: str, user: str | None, note: str) -> None:
    found = login(Gh(program(bare / "gh", script), (2, 40, 0), "PATH"))
    assert found.user == user
    assert note in found.note
