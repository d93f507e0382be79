"""Secrets, files, clock, paths and runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.core import clock, files, paths, runs
from pipeline.core.secrets import redact, remember


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("push https://x-access-token:abcdefgh@github.com/o/r", "push https://[redacted]@github.com/o/r"),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "[redacted]"),
        ("github_pat_11ABCDEFG0123456789_abcdef", "[redacted]"),
        ("Authorization: Bearer abcdefghijklmnop.qrst", "Authorization: Bearer [redacted]"),
        ("git@github.com:o/r.git", "git@github.com:o/r.git"),
        ("https://example.org/a@b", "https://example.org/a@b"),
        ("nothing secret", "nothing secret"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, shown: str) -> None:
    assert redact(text, {}) == shown


def test_values_of_secret_variables_are_masked_wherever_they_stand() -> None:
    variables = {"UPTIMEROBOT_API_KEY": "u1234567-abc", "KEYBOARD": "qwertyuiop", "SHORT_TOKEN": "1"}
    assert redact("u1234567-abc qwertyuiop 1", variables) == "[redacted] qwertyuiop 1"


def test_a_remembered_value_is_masked() -> None:
    remember("told-by-the-keyring")
    assert redact("it is told-by-the-keyring", {}) == "it is [redacted]"


def test_an_atomic_write_that_fails_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(TypeError):
        files.write_atomic(path, "not bytes")  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_json_is_read_back_and_half_of_it_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    files.write_json(path, {"b": 1, "a": "é"}, durable=True)
    assert files.read_json(path) == {"a": "é", "b": 1}
    path.write_text(path.read_text()[:-5])
    assert files.read_json(path) is None
    assert files.read_json(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (1_500_000, "1.5 MB"), (2_000_000_000, "2.0 GB")],
)
def test_sizes_are_said_in_si_units(size: int, said: str) -> None:
    assert files.human_size(size) == said


@pytest.mark.parametrize(
    ("count", "word", "said"),
    [(1, "file", "1 file"), (0, "entry", "0 entries"), (2, "day", "2 days"), (1_234, "page", "1,234 pages")],
)
def test_plurals(count: int, word: str, said: str) -> None:
    assert files.plural(count, word) == said


def test_a_moment_is_written_and_read_in_utc() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    assert clock.stamp(moment) == "2026-03-01T12:00:00Z"
    assert clock.parse(clock.stamp(moment)) == moment
    assert clock.ago(moment, moment + timedelta(hours=5)) == "5 h ago"
    assert clock.ago(moment, moment - timedelta(hours=5)) == "0 s ago"


def test_the_state_folder_is_ignored_by_git_without_a_change_to_the_sites_files(tmp_path: Path) -> None:
    folder = paths.state_folder(tmp_path)
    assert (folder / ".gitignore").read_text() == "*\n"
    assert [one.name for one in tmp_path.iterdir()] == [".pages"]


def test_only_so_many_runs_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / "runs" / f"2020010{number}-000000-1").mkdir(parents=True)
    folder = runs.folder(tmp_path, keep=3)
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "20200103-000000-1",
        "20200104-000000-1",
        folder.name,
    ]
    runs.finish(["deploy", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"], 3, [("build", "failed", 1.25)])
    record = json.loads((folder / "run.json").read_text())
    assert record["argv"] == ["deploy", "[redacted]"]
    assert record["steps"] == [{"step": "build", "verdict": "failed", "seconds": 1.25}]
