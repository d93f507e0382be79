from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.tools.git import Git
from pipeline.typescript import landing
from pipeline.typescript.commits import repository
from pipeline.typescript.landing import Content, land, recover

RunGit = Callable[..., str]


def contents(root: Path, *names: str) -> dict[str, Content]:
    for name in names:
        (root / name).write_text(f"old {name}\r\n")
    return {name: Content(f"old {name}\r\n".encode(), f"new {name}\r\n".encode()) for name in names}


def state(root: Path) -> Path:
    (root / ".pages").mkdir(exist_ok=True)
    return root / ".pages"


def test_all_files_are_written_with_their_modes_and_nothing_is_left_behind(tmp_path: Path) -> None:
    step = contents(tmp_path, "a.ts", "b.ts")
    (tmp_path / "a.ts").chmod(0o755)
    assert land(tmp_path, state(tmp_path), step, None) == []
    assert (tmp_path / "a.ts").read_bytes() == b"new a.ts\r\n"
    assert (tmp_path / "b.ts").read_bytes() == b"new b.ts\r\n"
    assert (tmp_path / "a.ts").stat().st_mode & 0o777 == 0o755
    assert recover(tmp_path, state(tmp_path)) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == [".pages", "a.ts", "b.ts"]


def test_nothing_is_written_when_one_file_was_changed(tmp_path: Path) -> None:
    step = contents(tmp_path, "a.ts", "b.ts")
    (tmp_path / "b.ts").write_text("mine\n")
    with pytest.raises(Stop, match=r"b.ts was changed during the run; nothing was written") as caught:
        land(tmp_path, state(tmp_path), step, None)
    assert caught.value.code is Code.USAGE
    assert (tmp_path / "a.ts").read_text() == "old a.ts\n"
    assert recover(tmp_path, state(tmp_path)) == []


@pytest.mark.parametrize("point", ["stage", "first file", "git", "index"])
def test_killed_anywhere_the_next_run_completes_it_or_nothing_was_written(
    git_repo: Path, git: RunGit, point: str
) -> None:
    step = contents(git_repo, "a.ts", "b.ts")
    git(git_repo, "add", "--all")
    git(git_repo, "commit", "--quiet", "--message", "sources")
    (git_repo / "staged.txt").write_text("mine\n")
    git(git_repo, "add", "staged.txt")
    repo = repository(git_repo)
    assert repo
    folder = state(git_repo)
    (folder / ".gitignore").write_text("*\n")
    new = {name: one.new for name, one in step.items()}
    tip, lines = repo.commit(repo.head, new, "repair\n", folder / "index")
    child = os.fork()
    if child == 0:
        _die_at(point)
        land(git_repo, folder, step, repo.move(tip, "pages/ts-fix-1", lines))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    told = recover(git_repo, folder)
    assert told
    assert recover(git_repo, folder) == []
    texts = {name: (git_repo / name).read_bytes() for name in step}
    if point == "stage":
        assert texts == {name: one.old for name, one in step.items()}
        assert git(git_repo, "branch", "--show-current") == "main"
        assert "before it wrote anything" in told[0]
    else:
        assert texts == new
        assert git(git_repo, "branch", "--show-current") == "pages/ts-fix-1"
        assert git(git_repo, "rev-parse", "HEAD") == tip
        assert "complete now" in told[0]
    assert git(git_repo, "status", "--porcelain") == "A  staged.txt"


def _die_at(point: str) -> None:
    module: Any = landing
    count = 0

    def die(*_: object, **__: object) -> None:
        nonlocal count
        count += 1
        if point != "first file" or count == 2:
            os._exit(9)
        original(*_)

    original = module._replace
    if point == "stage":
        module.write_json = die
    elif point == "first file":
        module._replace = die
    elif point == "git":
        module._move = die
    else:
        run = Git.run

        def until_index(self: Git, *words: str, **more: Any) -> object:  # noqa: ANN401 - as run has it
            if words[0] == "update-index":
                os._exit(9)
            return run(self, *words, **more)

        changed: Any = Git
        changed.run = until_index


def test_what_a_person_changed_after_a_kill_is_left_alone(tmp_path: Path) -> None:
    step = contents(tmp_path, "a.ts", "b.ts")
    child = os.fork()
    if child == 0:
        _die_at("first file")
        land(tmp_path, state(tmp_path), step, None)
        os._exit(0)
    os.waitpid(child, 0)
    assert (tmp_path / "a.ts").read_bytes() == b"new a.ts\r\n"
    (tmp_path / "b.ts").write_text("mine\n")
    assert recover(tmp_path, state(tmp_path))[1:] == ["b.ts was changed meanwhile and is left as it is"]
    assert (tmp_path / "b.ts").read_text() == "mine\n"


def test_another_commit_checked_out_meanwhile_refuses(git_repo: Path, git: RunGit) -> None:
    step = contents(git_repo, "a.ts")
    git(git_repo, "add", "--all")
    git(git_repo, "commit", "--quiet", "--message", "sources")
    repo = repository(git_repo)
    assert repo
    tip, lines = repo.commit(repo.head, {"a.ts": step["a.ts"].new}, "x\n", state(git_repo) / "index")
    git(git_repo, "commit", "--quiet", "--allow-empty", "--message", "mine")
    with pytest.raises(Stop, match="another commit was checked out"):
        land(git_repo, state(git_repo), step, repo.move(tip, "b", lines))
    assert (git_repo / "a.ts").read_bytes() == b"old a.ts\r\n"


def test_new_file_is_made_with_its_folder_and_taken_away_again(tmp_path: Path) -> None:
    new = {"src/types/env.d.ts": Content(None, b"declare const x: 1;\n")}
    assert land(tmp_path, state(tmp_path), new, None) == []
    path = tmp_path / "src/types/env.d.ts"
    assert path.read_bytes() == b"declare const x: 1;\n"
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    with pytest.raises(Stop, match="was changed during the run"):
        land(tmp_path, state(tmp_path), new, None)
    assert (
        land(tmp_path, state(tmp_path), {"src/types/env.d.ts": Content(path.read_bytes(), None)}, None) == []
    )
    assert not path.exists()
