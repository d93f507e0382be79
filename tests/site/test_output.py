"""When an output folder may be cleared, and what a killed build left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.site import output
from tests.site.tiny import wait_for, write


def test_folder_that_only_a_build_fills_may_be_cleared(tmp_path: Path) -> None:
    write(tmp_path, {"dist/index.html": "1"})
    assert output.keep_reason(tmp_path, tmp_path / "dist") is None
    assert output.keep_reason(tmp_path, tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        (".", "it is the site itself"),
        ("..", "it is outside of the site"),
        ("../elsewhere", "it is outside of the site"),
        ("app", "it holds package.json"),
        ("top", "it holds src"),
        ("link", "it is a symbolic link"),
    ],
)
def test_folder_that_holds_more_than_a_build_is_kept(folder: str, why: str, tmp_path: Path) -> None:
    site = tmp_path / "site"
    write(site, {"app/package.json": "{}", "top/src/a.ts": "", "../elsewhere/a": ""})
    (site / "link").symlink_to("app")
    assert output.keep_reason(site, site / folder) == why


def test_folder_with_tracked_files_is_kept(git_repo: Path) -> None:
    write(git_repo, {"docs/notes ä.md": "1"})
    assert output.keep_reason(git_repo, git_repo / "docs") is None
    subprocess.run(["git", "add", "docs"], cwd=git_repo, check=True)
    assert output.keep_reason(git_repo, git_repo / "docs") == "git tracks docs/notes ä.md in it"


def test_leftover_processes_are_found_by_their_token_only() -> None:
    child = "import subprocess, time; p = subprocess.Popen(['sleep', '30'], start_new_session=True); p.wait()"
    mine = subprocess.Popen([sys.executable, "-c", child], env={**os.environ, output.RUN_VARIABLE: "mine"})
    other = subprocess.Popen(["sleep", "30"], env={**os.environ, output.RUN_VARIABLE: "mine-not"})
    wait_for(lambda: len(output.leftovers("mine")) == 2)
    assert output.end_leftovers("mine") == 2
    assert mine.wait(10) == -9
    assert output.leftovers("mine") == []
    assert output.leftovers("mine-not") == [other.pid]
    assert output.end_leftovers("mine-not") == 1
    assert other.wait(10) == -9


def test_recovery_without_a_killed_build_does_nothing(tmp_path: Path) -> None:
    assert output.recover(tmp_path, tmp_path / ".pages", ()) is None


def test_build_killed_before_the_output_was_moved_leaves_it_alone(tmp_path: Path) -> None:
    write(tmp_path, {"dist/index.html": "old"})
    state = tmp_path / ".pages"
    write(state, {"building.json": {"token": "t", "environment": "local", "output": "dist", "clear": True,
                                    "had_output": True}})  # fmt: skip
    assert (
        output.recover(tmp_path, state, ()) == "the last build (local) was killed: dist/ was not touched yet"
    )
    assert (tmp_path / "dist/index.html").read_text(encoding="utf-8") == "old"


def test_first_build_that_was_killed_leaves_no_half_output(tmp_path: Path) -> None:
    write(tmp_path, {"dist/index.html": "half"})
    state = tmp_path / ".pages"
    write(state, {"building.json": {"token": "t", "environment": "local", "output": "dist", "clear": True,
                                    "had_output": False}})  # fmt: skip
    told = output.recover(tmp_path, state, ())
    assert told == "the last build (local) was killed: its unfinished dist/ is put away"
    assert not (tmp_path / "dist").exists()


def test_journal_that_is_half_written_counts_as_none(tmp_path: Path) -> None:
    write(tmp_path, {"building.json": '{"token": "t'})
    assert output.recover(tmp_path, tmp_path, ()) is None


def test_lookalikes_are_new_folders_with_a_home_page(tmp_path: Path) -> None:
    write(tmp_path, {"out/index.html": "", "out/blog/index.html": "", ".output/public/index.html": ""})
    write(tmp_path, {"docs/index.html": "", "node_modules/a/index.html": ""})
    os.utime(tmp_path / "docs/index.html", (1, 1))
    assert output.lookalikes(tmp_path, 1_000) == [".output/public", "out"]
