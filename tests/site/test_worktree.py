"""Which files a build is made from, and how a change is found."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.site import worktree
from tests.site.tiny import write


def read(site: Path, index: Path) -> worktree.Sources:
    return worktree.read_sources(site, site / "dist", index)


@pytest.fixture(params=["git", "no-git"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A site with sources, made files and an output, in a repository or not."""
    root = tmp_path / "site"
    write(
        root,
        {
            "a.md": "1",
            "src/b.ts": "2",
            "src/dist/c.ts": "3",
            ".env": "X=1",
            "invoke.yaml": "",
            "tasks.py": "",
        },
    )
    write(
        root, {"dist/index.html": "", "node_modules/x/index.js": "", ".astro/types.d.ts": "", ".pages/x": ""}
    )
    write(root, {".gitignore": "dist\n!src/dist\nnode_modules\n.env\n*.tmp\n"})
    if request.param == "git":
        subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return root


def test_sources_are_what_no_tool_makes(site: Path) -> None:
    assert worktree.paths(site, site / "dist") == [".env", ".gitignore", "a.md", "src/b.ts", "src/dist/c.ts"]


def test_ignored_files_do_not_count(git_repo: Path) -> None:
    write(git_repo, {".gitignore": "*.tmp\n", "x.tmp": "1"})
    assert worktree.paths(git_repo, git_repo / "dist") == [".gitignore", "README.md"]


def test_tracked_file_that_is_deleted_is_gone(git_repo: Path) -> None:
    (git_repo / "README.md").unlink()
    assert not read(git_repo, git_repo / "none").files


def test_digest_depends_on_contents_and_names_only(site: Path, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    before = read(site, index)
    worktree.write_index(index, before)
    (site / "a.md").touch()
    assert read(site, index).digest == before.digest
    (site / "a.md").rename(site / "z.md")
    after = read(site, index)
    assert after.digest != before.digest
    assert worktree.changed(index, after) == ["z.md", "a.md"]


def test_file_whose_stat_data_is_known_is_not_read_again(site: Path, tmp_path: Path) -> None:
    index = tmp_path / "index.json"
    sources = read(site, index)
    later = worktree.Sources(sources.digest, sources.files, sources.read_ns + 10_000_000_000)
    worktree.write_index(index, later)
    (site / "a.md").chmod(0)
    key = (site / "a.md").stat()
    files = {**sources.files, "a.md": ((key.st_size, key.st_mtime_ns, key.st_ctime_ns), "known")}
    worktree.write_index(index, worktree.Sources("", files, later.read_ns))
    assert read(site, index).files["a.md"][1] == "known"
    # Just written files are read again: the clock of the file system is too coarse to trust.
    (site / "a.md").chmod(0o644)
    worktree.write_index(index, worktree.Sources("", files, sources.read_ns))
    assert read(site, index).files["a.md"][1] != "known"


def test_link_counts_by_where_it_points(site: Path, tmp_path: Path) -> None:
    (site / "link").symlink_to("a.md")
    before = read(site, tmp_path / "none").digest
    (site / "link").unlink()
    (site / "link").symlink_to("nowhere")
    assert read(site, tmp_path / "none").digest != before


def test_name_that_is_not_utf_8_counts(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    name = os.fsdecode(b"caf\xe9.md")
    (site / name).write_text("1", encoding="utf-8")
    index = tmp_path / "index.json"
    before = read(site, index)
    worktree.write_index(index, before)
    (site / name).write_text("2", encoding="utf-8")
    assert read(site, index).digest != before.digest
    assert worktree.changed(index, read(site, index)) == []
