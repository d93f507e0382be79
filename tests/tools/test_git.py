"""What one git process answers for many questions, and objects that are written without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.tools.git import ZERO, Git, GitError, folders, moves, store


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return store(tmp_path / "objects.git")


def commit(git: Git, tree: str, text: str = "first") -> str:
    who = "Ada <ada@example.org> 1767225600 +0000"
    head = f"tree {tree}\nauthor {who}\ncommitter {who}\n\n{text}\n"
    return git.put("commit", head.encode())


def tree_of(git: Git, **names: str) -> str:
    rows = [
        f"{'040000 tree' if len(name) > 4 else '100644 blob'} {oid}\t{name}" for name, oid in names.items()
    ]
    return git.run("mktree", stdin="".join(f"{row}\n" for row in rows).encode()).text


@pytest.mark.parametrize("data", [b"", b"plain\n", b"\0\xff\r\n" * 5_000])
def test_an_object_is_written_as_git_writes_it(git: Git, data: bytes) -> None:
    oid = git.put("blob", data)
    assert git.run("hash-object", "--stdin", stdin=data).text == oid
    assert git.run("cat-file", "blob", oid).out == data
    assert git.put("blob", data) == oid
    assert git.run("fsck", "--strict").ok


def test_many_questions_have_their_answers_in_order(git: Git) -> None:
    blob = git.put("blob", b"one missing\n")
    inner = tree_of(git, note=blob)
    tree = tree_of(git, note=blob, folder=inner)
    names = [f"{tree}:note", f"{tree}:not there", ZERO, f"{tree}:folder/note", f"{tree}:folder"]
    assert git.ids(*names) == [blob, None, None, blob, inner]
    found = list(git.objects(names))
    assert [one.kind if one else None for one in found] == ["blob", None, None, "blob", "tree"]
    assert found[0] is not None
    assert found[0].data == b"one missing\n"
    assert git.ids() == []
    assert list(git.objects([])) == []


def test_folders_of_a_tree_leave_its_files_out(git: Git) -> None:
    blob = git.put("blob", b"x")
    inner = tree_of(git, note=blob)
    [tree] = git.objects([tree_of(git, note=blob, folder=inner, größe=inner)])
    assert folders(tree) == {"folder": inner, "größe": inner}
    [file] = git.objects([blob])
    assert folders(file) == {}
    assert folders(None) == {}


def test_refs_move_together_or_not_at_all(git: Git) -> None:
    one = commit(git, git.put("tree", b""))
    two = commit(git, git.put("tree", b""), "second")
    git.run("update-ref", "--stdin", stdin=moves({"refs/a": one, "refs/b": two}))
    with pytest.raises(GitError):
        git.run("update-ref", "--stdin", stdin=moves({"refs/a": two, "refs/b": "1" * 40}))
    assert git.ids("refs/a", "refs/b") == [one, two]
    git.run("update-ref", "--stdin", stdin=moves({"refs/a": two, "refs/b": None}))
    assert git.ids("refs/a", "refs/b") == [two, None]
