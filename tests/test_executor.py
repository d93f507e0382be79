"""Chains, ends and exit codes."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import invoke
import pytest
from invoke.exceptions import ParseError

from pipeline.commands.serve import number
from pipeline.core import runs, ui
from pipeline.core.errors import MEANING, Code, Stop
from pipeline.executor import carry, explain
from pipeline.namespace import ns
from pipeline.program import Program, suggest


@pytest.mark.parametrize(
    ("given", "shared"),
    [
        ([], []),
        ([None], [None]),
        ([None, None, "staging"], ["staging", "staging", "staging"]),
        (["staging", None, None], ["staging", "staging", "staging"]),
        (["local", None, "prod"], ["local", "prod", "prod"]),
        ([None, "local", None, "prod", None], ["local", "local", "prod", "prod", "prod"]),
    ],
)
def test_one_env_serves_the_whole_chain(given: list[str | None], shared: list[str | None]) -> None:
    assert carry(given) == shared


def test_a_full_disk_is_no_bug(capsys: pytest.CaptureFixture[str]) -> None:
    code = explain(OSError(errno.ENOSPC, "No space left on device", "/somewhere/file"))
    assert code is not Code.BUG
    assert "the disk is full (/somewhere/file)" in capsys.readouterr().err


def test_a_bug_leaves_a_log_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_TOKEN", "ghp_verysecretvalue0123456789")
    try:
        raise ZeroDivisionError("token ghp_verysecretvalue0123456789")  # noqa: TRY301 - it needs a traceback
    except ZeroDivisionError as error:
        code = explain(error)
    assert code is Code.BUG
    said = capsys.readouterr().err
    assert "verysecret" not in said
    log = Path(said.rsplit("this file: ", 1)[1].strip())
    text = log.read_text(encoding="utf-8")
    log.unlink()
    assert "Traceback" in text
    assert "verysecret" not in text


def test_a_bug_leaves_a_log_when_the_folder_of_the_run_is_gone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.rmtree(runs.folder(tmp_path / "worktree/.pages"))
    try:
        raise ZeroDivisionError("late")  # noqa: TRY301 - it needs a traceback
    except ZeroDivisionError as error:
        code = explain(error)
    assert code is Code.BUG
    log = Path(capsys.readouterr().err.rsplit("this file: ", 1)[1].strip())
    assert "late" in log.read_text(encoding="utf-8")
    log.unlink()


def test_an_interrupt_is_130() -> None:
    assert explain(KeyboardInterrupt()) is Code.INTERRUPTED


def test_a_stop_shows_message_details_and_the_next_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(Stop("it broke", "invoke mend", Code.DRIFT, ("line one",))) is Code.DRIFT
    assert capsys.readouterr().err.splitlines() == ["stopped: it broke", "    line one", "next: invoke mend"]


def test_the_documented_exit_codes_are_the_real_ones() -> None:
    text = (Path(__file__).parents[1] / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    rows = [
        line.strip("| ").split(" | ")
        for line in text.splitlines()
        if line.startswith("| ") and line[2].isdigit()
    ]
    assert {int(code): meaning for code, meaning in rows} == {
        int(code): meaning for code, meaning in MEANING.items()
    }


def test_the_site_may_be_named_behind_a_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "shop"
    site.mkdir()
    (site / "invoke.yaml").write_text("site: {name: the shop}\n")
    monkeypatch.setenv("INVOKE_SITE_PATH", str(tmp_path))
    monkeypatch.setattr(ui._screen, "site", "")
    Program(ns).run(["pages", "home", f"--site={site}"], exit=False)
    assert "the shop" in capsys.readouterr().out


def test_the_nearest_task_is_suggested() -> None:
    stop = suggest("No idea what 'deplyo' is!", ["build", "deploy", "serve"])
    assert stop.message == "there is no task deplyo; the nearest is deploy"
    assert stop.hint == "invoke deploy"


def asked(words: str) -> Stop:
    """Return the end of words that cannot be read as tasks of ours."""
    program = Program(ns)
    with pytest.raises(ParseError) as caught:
        parse(program, words)
    return suggest(str(caught.value), program.words(), caught.value.context)


def parse(program: Program, words: str) -> None:
    program.create_config()
    program.parse_core(["pages", *words.split()])
    program.parse_collection()
    invoke.Program.parse_tasks(program)


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("deploy --evn=prod", "deploy has no flag --evn; the nearest is --env", "invoke --help deploy"),
        ("check --lock", "check has no flag --lock", "invoke --help check"),
        ("releases.show", "releases.show needs NAME", "invoke --help releases.show"),
        ("help", "there is no task help", "invoke --list"),
        (
            "check.bugdets",
            "there is no task check.bugdets; the nearest is check.budgets",
            "invoke check.budgets",
        ),
    ],
)
def test_words_that_cannot_be_read_name_what_was_meant(words: str, message: str, hint: str) -> None:
    stop = asked(words)
    assert (stop.message, stop.hint) == (message, hint)


@pytest.mark.parametrize(("typed", "port"), [("", None), ("0", 0), ("4999", 4999)])
def test_port_is_a_number(typed: str, port: int | None) -> None:
    assert number(typed) == port


@pytest.mark.parametrize("typed", ["abc", "-1", "65536", "4e3"])
def test_port_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(Stop, match=f"--port is {typed}"):
        number(typed)
