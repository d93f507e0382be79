"""Artifacts: named by git's own tree id, imported from raw bytes, read again only when changed."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.errors import Stop
from pipeline.core.model import Entry
from pipeline.site import artifact
from pipeline.site.artifact import UNMEASURED, compressed_sizes, quote, snapshot
from pipeline.tools.git import Git


def put(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below `root`."""
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return put(
        tmp_path / "dist", {"index.html": b"<h1>hello</h1>", "a/b.css": b"b{}", "a/c.png": b"\x89PNG\r\n"}
    )


def tree_of_git(output: Path, scratch: Path) -> str:
    """The tree id that `git add` gives the same files."""
    environment = {**os.environ, "GIT_DIR": str(scratch), "GIT_WORK_TREE": str(output)}
    for words in (["init", "-q"], ["-c", "core.autocrlf=false", "add", "--all", "--force"]):
        subprocess.run(["git", *words], env=environment, check=True)
    return subprocess.run(
        ["git", "write-tree"], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_an_artifact_has_gits_tree_id_and_every_digest(output: Path, tmp_path: Path) -> None:
    made = snapshot(output, tmp_path / "objects.git")
    assert made.tree == tree_of_git(output, tmp_path / "scratch")
    assert [entry.path for entry in made.files] == ["a/b.css", "a/c.png", "index.html"]
    home = made.by_path["index.html"]
    assert home.sha256 == hashlib.sha256(b"<h1>hello</h1>").hexdigest()
    assert home.size == 14
    assert made.manifest.decode().splitlines()[0] == f"{hashlib.sha256(b'b{}').hexdigest()}  a/b.css"


def test_the_bytes_are_in_the_object_store(output: Path, tmp_path: Path) -> None:
    made = snapshot(output, tmp_path / "objects.git")
    kept = Git(tmp_path / "objects.git").run("cat-file", "blob", f"{made.tree}:a/c.png").out
    assert kept == b"\x89PNG\r\n"


_NAMES = st.from_regex(r"[a-z][a-z0-9 _\"'\\#%&+é-]{0,8}", fullmatch=True).map(str.strip).filter(bool)
_PATHS = st.lists(_NAMES, min_size=1, max_size=3).map("/".join)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(_PATHS, st.binary(max_size=40), max_size=6), min_size=2, max_size=3))
def test_any_series_of_changes_gives_gits_tree(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, bytes]]
) -> None:
    root = tmp_path_factory.mktemp("series")
    for number, files in enumerate(states):
        output = root / "dist"
        subprocess.run(["rm", "-rf", str(output)], check=True)
        put(output, {"index.html": b"%d" % number})
        for path, data in files.items():
            target = output / path
            # A name can be a folder in one path and a file in another: the first one wins.
            if any(parent.is_file() for parent in target.parents) or target.is_dir():
                continue
            put(output, {path: data})
        try:
            made = snapshot(output, root / "objects.git")
        except Stop as stop:
            assert "case or Unicode" in " ".join(stop.details)  # noqa: PT017 - one of the generated names
            continue
        assert made.tree == tree_of_git(output, root / f"scratch{number}")


def test_only_what_changed_is_read_again(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact, "_RACY_NS", 0)
    read: list[str] = []
    really = artifact.describe

    def describe(path: str, data: bytes) -> Entry:
        read.append(path)
        return really(path, data)

    monkeypatch.setattr(artifact, "describe", describe)
    first = snapshot(output, tmp_path / "objects.git")
    assert len(read) == 3
    put(output, {"a/b.css": b"b{color:red}"})
    second = snapshot(output, tmp_path / "objects.git")
    assert read[3:] == ["a/b.css"]
    assert second.by_path["index.html"] == first.by_path["index.html"]


def test_sizes_that_nobody_asked_for_are_measured_when_somebody_does(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact, "_RACY_NS", 0)
    bare = snapshot(output, tmp_path / "objects.git", sizes=False)
    assert {entry.gzip for entry in bare.files} == {entry.brotli for entry in bare.files} == {UNMEASURED}
    whole = snapshot(output, tmp_path / "objects.git")
    assert whole == snapshot(output, tmp_path / "other.git")
    assert (whole.tree, whole.manifest) == (bare.tree, bare.manifest)
    # Once known they are kept.
    assert snapshot(output, tmp_path / "objects.git", sizes=False) == whole


def test_an_index_that_would_say_the_same_is_not_written(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifact, "_RACY_NS", 0)
    snapshot(output, tmp_path / "objects.git")
    (index,) = (tmp_path / "objects.git").glob("pages-index-*")
    before = index.stat().st_ino
    snapshot(output, tmp_path / "objects.git")
    assert index.stat().st_ino == before
    put(output, {"a/b.css": b"other"})
    snapshot(output, tmp_path / "objects.git")
    assert index.stat().st_ino != before


def test_a_file_changed_right_after_it_was_read_is_seen(output: Path, tmp_path: Path) -> None:
    first = snapshot(output, tmp_path / "objects.git")
    about = (output / "index.html").stat()
    put(output, {"index.html": b"<h1>hullo</h1>"})
    os.utime(output / "index.html", ns=(about.st_atime_ns, about.st_mtime_ns))
    assert snapshot(output, tmp_path / "objects.git").tree != first.tree


def test_a_lost_object_store_is_made_again(output: Path, tmp_path: Path) -> None:
    first = snapshot(output, tmp_path / "objects.git")
    subprocess.run(["rm", "-rf", str(tmp_path / "objects.git")], check=True)
    assert snapshot(output, tmp_path / "objects.git") == first
    assert Git(tmp_path / "objects.git").has(f"{first.tree}:index.html")


def test_a_half_written_index_is_ignored(output: Path, tmp_path: Path) -> None:
    first = snapshot(output, tmp_path / "objects.git")
    index = next((tmp_path / "objects.git").glob("pages-index-*"))
    index.write_text(index.read_text()[:-20])
    assert snapshot(output, tmp_path / "objects.git") == first


def problems(output: Path, tmp_path: Path) -> str:
    with pytest.raises(Stop) as caught:
        snapshot(output, tmp_path / "objects.git")
    return "\n".join((caught.value.message, *caught.value.details))


def test_no_output_folder(tmp_path: Path) -> None:
    assert "there is no output folder" in problems(tmp_path / "dist", tmp_path)


def test_an_empty_output_folder(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    assert "is empty" in problems(tmp_path / "dist", tmp_path)


def test_every_problem_is_named_at_once(output: Path, tmp_path: Path) -> None:
    (output / "index.html").unlink()
    put(output, {"A/B.css": b"", "nested/.git/HEAD": b"", "bad\x07name": b""})
    (output / "out").symlink_to(tmp_path)
    (output / "dangling").symlink_to(output / "nowhere")
    (output / "a/loop").symlink_to(output)
    os.mkfifo(output / "pipe")
    said = problems(output, tmp_path)
    for part in (
        "index.html is missing",
        "a: differs from A only in case",
        "a git repository inside",
        "control character",
        "out: a symbolic link that leaves",
        "dangling: a symbolic link to nothing",
        "a/loop: a symbolic link to a folder that contains it",
        "pipe: neither a file nor a folder",
    ):
        assert part in said


def test_names_that_differ_only_in_unicode_form(output: Path, tmp_path: Path) -> None:
    put(output, {"caf\u00e9.html": b"", "cafe\u0301.html": b""})
    assert "case or Unicode form" in problems(output, tmp_path)


def test_a_name_that_is_not_utf8(output: Path, tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(output) + b"/\xff.html"))).write_bytes(b"")
    assert "not UTF-8" in problems(output, tmp_path)


def test_too_large_a_file_and_too_large_a_site(output: Path, tmp_path: Path) -> None:
    for number in range(11):
        with (output / f"{number}.bin").open("wb") as file:
            file.truncate(100 * 1024 * 1024 + (1 if number == 0 else 0))
    said = problems(output, tmp_path)
    assert "0.bin: 104.9 MB, GitHub refuses files over" in said
    assert "1.2 GB in all" in said


def test_links_inside_the_output_are_published_as_what_they_point_to(output: Path, tmp_path: Path) -> None:
    (output / "home.html").symlink_to("index.html")
    (output / "styles").symlink_to("a")
    made = snapshot(output, tmp_path / "objects.git")
    assert made.by_path["home.html"].oid == made.by_path["index.html"].oid
    assert made.by_path["styles/b.css"].oid == made.by_path["a/b.css"].oid


def test_a_wide_folder_is_warned_of(output: Path, tmp_path: Path) -> None:
    put(output, {f"wide/{number}.html": b"" for number in range(3_001)})
    said: list[str] = []
    snapshot(output, tmp_path / "objects.git", warn=said.append)
    assert said == ["wide holds 3,001 files; GitHub recommends at most 3,000 in one folder"]


def test_compressed_sizes_are_those_of_the_real_compressors() -> None:
    import gzip

    import brotli

    data = b"<p>the same again</p>" * 100
    assert compressed_sizes(data) == (len(gzip.compress(data, 6)), len(brotli.compress(data, quality=5)))


def test_quotes_and_backslashes_survive_fast_import() -> None:
    assert quote('a"b\\c') == b'"a\\"b\\\\c"'
