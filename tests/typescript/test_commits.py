from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipeline.core.errors import Stop
from pipeline.typescript import commits, stash
from pipeline.typescript.commits import Repository, landed, merge, named, repository, undo
from pipeline.typescript.landing import Content, land

Git = Callable[..., str]
LINES = "".join(f"line {number}\n" for number in range(1, 21))


@pytest.fixture
def site(git_repo: Path, git: Git) -> Path:
    """A site in a folder of its repository, with CRLF in the work tree and LF in git."""
    root = git_repo / "web"
    (root / "src").mkdir(parents=True)
    (git_repo / ".gitattributes").write_text("*.ts text eol=crlf\n")
    (root / "src/a.ts").write_bytes(LINES.replace("\n", "\r\n").encode())
    (root / "src/run.ts").write_bytes(LINES.replace("\n", "\r\n").encode())
    (root / "src/run.ts").chmod(0o755)
    (root / ".pages").mkdir()
    (root / ".pages/.gitignore").write_text("*\n")
    git(git_repo, "add", "--all")
    git(git_repo, "commit", "--quiet", "--message", "sources")
    return root


def opened(root: Path) -> Repository:
    found = repository(root)
    assert found
    return found


def repaired(root: Path, number: int, changes: Mapping[str, tuple[str, str]]) -> None:
    """Land one commit that replaces a word in each of the files."""
    repo = opened(root)
    contents = {}
    for file, (old, new) in changes.items():
        data = (root / file).read_bytes()
        assert old.encode() in data
        contents[file] = Content(data, data.replace(old.encode(), new.encode()))
    message = f"ts: step {number}\n\nTs-Fix: 20260101-000000/{number}\n"
    new_files = {file: one.new for file, one in contents.items()}
    tip, lines = repo.commit(repo.head, new_files, message, root / ".pages/index")
    assert land(root, root / ".pages", contents, repo.move(tip, None, lines)) == []


def take_back(root: Path, word: str) -> list[str]:
    repo = opened(root)
    contents, move, files = undo(repo, named(landed(repo), word), root / ".pages/index")
    assert land(root, root / ".pages", contents, move) == []
    return files


def test_commit_keeps_line_ends_modes_and_everything_else(site: Path, git: Git) -> None:
    repaired(site, 1, {"src/run.ts": ("line 3\r\n", "LINE 3\r\n")})
    assert git(site, "status", "--porcelain") == ""
    assert git(site, "diff", "--numstat", "HEAD~1").split() == ["1", "1", "web/src/run.ts"]
    assert git(site, "ls-files", "--stage", "src/run.ts").startswith("100755 ")
    assert b"LINE 3\r\n" in (site / "src/run.ts").read_bytes()
    assert git(site, "log", "-1", "--format=%an <%ae>") == "Test Person <test@example.invalid>"


def test_uncommitted_files_are_told_apart(site: Path) -> None:
    (site / "src/a.ts").write_text("changed\n")
    (site / "src/new.ts").write_text("new\n")
    (site.parent / "README.md").write_text("changed\n")
    wanted = ["src/a.ts", "src/run.ts", "src/new.ts"]
    assert opened(site).uncommitted(wanted) == {"src/a.ts": " M", "src/new.ts": "??"}


def test_each_commit_is_undone_alone(site: Path, git: Git) -> None:
    for number in (3, 9, 15):
        repaired(site, number, {"src/a.ts": (f"line {number}\r\n", f"LINE {number}\r\n")})
    assert take_back(site, "20260101-000000/9") == ["src/a.ts"]
    lines = (site / "src/a.ts").read_bytes().split(b"\r\n")
    assert [lines[at] for at in (2, 8, 14)] == [b"LINE 3", b"line 9", b"LINE 15"]
    assert git(site, "status", "--porcelain") == ""
    with pytest.raises(Stop, match="was undone already"):
        named(landed(opened(site)), "9")


def test_commit_that_adds_a_file_is_undone_unless_it_was_changed_later(site: Path, git: Git) -> None:
    for number, name in enumerate(("src/env.d.ts", "src/other.d.ts"), 1):
        repo, content = opened(site), Content(None, b"declare const x: 1;\r\n")
        message = f"ts: {name}\n\nTs-Fix: 20260101-000000/{number}\n"
        tip, lines = repo.commit(repo.head, {name: content.new}, message, site / ".pages/index")
        assert land(site, site / ".pages", {name: content}, repo.move(tip, None, lines)) == []
    assert git(site, "status", "--porcelain") == ""
    take_back(site, "1")
    assert not (site / "src/env.d.ts").exists()
    assert git(site, "status", "--porcelain") == ""
    assert git(site, "ls-files", "src/env.d.ts") == ""
    (site / "src/other.d.ts").write_bytes(b"declare const x: 2;\r\n")
    git(site, "commit", "--quiet", "--all", "--message", "mine")
    with pytest.raises(Stop, match=r"other.d.ts was changed later in the same lines"):
        take_back(site, "2")


def test_later_change_of_the_same_lines_is_named(site: Path) -> None:
    repaired(site, 1, {"src/a.ts": ("line 3\r\n", "LINE 3\r\n")})
    repaired(site, 2, {"src/a.ts": ("LINE 3\r\n", "Line three\r\n")})
    repo = opened(site)
    with pytest.raises(Stop, match=r"cannot be undone alone: src/a\.ts was changed later") as caught:
        undo(repo, named(landed(repo), "1"), site / ".pages/index")
    assert caught.value.hint == "invoke ts.undo 20260101-000000/2"
    assert "ts: step 2" in caught.value.details[0]


def test_uncommitted_changes_are_in_the_way_of_an_undo(site: Path) -> None:
    repaired(site, 1, {"src/a.ts": ("line 3\r\n", "LINE 3\r\n")})
    (site / "src/a.ts").write_text("mine\n")
    repo = opened(site)
    with pytest.raises(Stop, match=r"src/a.ts has changes that are not committed"):
        undo(repo, named(landed(repo), "1"), site / ".pages/index")


def test_commits_are_named_by_id_number_or_hash(site: Path) -> None:
    repaired(site, 1, {"src/a.ts": ("line 3\r\n", "LINE 3\r\n")})
    every = landed(opened(site))
    for word in ("20260101-000000/1", "1", every[0].commit, every[0].commit[:7].upper()):
        assert named(every, word) == every[0]
    with pytest.raises(Stop, match="no commit of repairs is named 7") as caught:
        named(every, "7")
    assert caught.value.details == (f"20260101-000000/1  {every[0].commit[:10]}  ts: step 1",)
    with pytest.raises(Stop, match="HEAD holds no commit of repairs"):
        named([], "7")


def test_merge_keeps_what_only_one_side_changed() -> None:
    ours, theirs = LINES.replace("line 2\n", "two\n"), LINES.replace("line 18\n", "")
    merged = merge(ours.encode(), LINES.encode(), theirs.encode())
    assert merged == ours.replace("line 18\n", "").encode()
    assert merge(ours.encode(), LINES.encode(), LINES.replace("line 2\n", "2\n").encode()) is None


def test_no_repository_before_the_first_commit(tmp_path: Path, git: Git) -> None:
    assert repository(tmp_path) is None
    git(tmp_path, "init", "--quiet")
    assert repository(tmp_path) is None


def test_detached_head_moves_without_a_branch(site: Path, git: Git) -> None:
    git(site, "checkout", "--quiet", "--detach")
    repaired(site, 1, {"src/a.ts": ("line 3\r\n", "LINE 3\r\n")})
    assert git(site, "branch", "--show-current") == ""
    assert git(site, "log", "-1", "--format=%s") == "ts: step 1"


def test_stash_takes_only_the_named_files_and_brings_staged_and_unstaged_back(site: Path, git: Git) -> None:
    text = LINES.replace("\n", "\r\n")
    (site / "src/a.ts").write_bytes(text.replace("line 5\r", "staged\r").encode())
    git(site, "add", "src/a.ts")
    (site / "src/a.ts").write_bytes(
        text.replace("line 5\r", "staged\r").replace("line 6\r", "mine\r").encode()
    )
    (site.parent / "README.md").write_text("other\n")
    stash.put_away(opened(site), site / ".pages", ["src/a.ts"])
    assert git(site, "status", "--porcelain") == " M README.md"
    repaired(site, 1, {"src/a.ts": ("line 15\r\n", "LINE 15\r\n")})
    assert stash.bring_back(site / ".pages") == []
    found = (site / "src/a.ts").read_bytes()
    assert b"staged\r\nmine\r\n" in found
    assert b"LINE 15\r\n" in found
    assert git(site, "diff", "--cached", "--numstat").split() == ["1", "1", "web/src/a.ts"]
    assert git(site, "stash", "list") == ""
    assert stash.bring_back(site / ".pages") == []


def test_stash_that_does_not_fit_any_more_is_kept(site: Path, git: Git) -> None:
    mine = LINES.replace("line 5\n", "mine\n").replace("\n", "\r\n").encode()
    (site / "src/a.ts").write_bytes(mine)
    stash.put_away(opened(site), site / ".pages", ["src/a.ts"])
    repaired(site, 1, {"src/a.ts": ("line 5\r\n", "LINE 5\r\n")})
    (told,) = stash.bring_back(site / ".pages")
    assert "they are safe in stash@{0}" in told
    assert git(site, "status", "--porcelain") == ""
    assert b"LINE 5\r\n" in (site / "src/a.ts").read_bytes()
    assert "mine" in git(site, "show", "stash@{0}:web/src/a.ts")


def test_trailers_are_read_from_messages_only(site: Path, git: Git) -> None:
    git(site, "commit", "--quiet", "--allow-empty", "--message", "Ts-Fix: in a subject")
    assert commits.landed(opened(site)) == []
