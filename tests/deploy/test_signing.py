"""Releases signed with the user's SSH key, by real ssh-keygen."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.core.project import Project
from pipeline.deploy.publish import signing_key
from pipeline.deploy.release import make
from tests.deploy.harbour import desk_of, draft

pytestmark = pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="ssh-keygen is not installed")


@pytest.fixture
def key(site: Path, tmp_path: Path) -> Path:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", f"{path}.pub")):
        subprocess.run(["git", "-C", site, "config", name, value], check=True)
    return path


def test_a_release_is_signed_when_there_is_a_key(
    project: Project, site: Path, key: Path, tmp_path: Path
) -> None:
    desk = desk_of(project)
    plan = draft(desk)
    outcome = make(desk, plan)
    signers = tmp_path / "signers"
    signers.write_text(f"test@example.invalid {(key.parent / 'key.pub').read_text()}")
    config = [f"gpg.ssh.allowedSignersFile={signers}", "gpg.format=ssh"]
    assert desk.git.try_run("verify-commit", outcome.commit, config=config).ok
    shown = desk.git.run("log", "-1", "--format=%cn|%ce|%ct|%G?", outcome.commit, config=config).text
    assert shown == f"Test Person|test@example.invalid|{int(plan.when.timestamp())}|G"
    assert desk_of(project).releases[0].name == outcome.release


def test_without_a_key_nothing_is_signed(project: Project, site: Path) -> None:
    assert signing_key(site) == {}
    desk = desk_of(project)
    outcome = make(desk, draft(desk))
    assert desk.git.text("log", "-1", "--format=%G?", outcome.commit) == "N"


def test_a_pgp_key_is_not_taken_for_an_ssh_key(site: Path) -> None:
    subprocess.run(["git", "-C", site, "config", "user.signingkey", "0xDEADBEEF"], check=True)
    assert signing_key(site) == {}
