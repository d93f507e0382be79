"""Lines for people: when they come, what they say, and what they hide."""

from __future__ import annotations

import contextlib
import io

import pytest

from pipeline.core import ui
from pipeline.core.errors import Code, Stop


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_step_shows_its_label_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    with ui.step("build") as step:
        assert capsys.readouterr().err == "build " + "." * 28 + " "
        step.note = "12 files"
    assert capsys.readouterr().err == "done 0.0 s  12 files\n"


def test_lines_in_the_middle_of_a_step_break_it_and_name_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    with ui.step("build"):
        ui.stream("vite v9")
    lines = capsys.readouterr().err.splitlines()
    assert lines[1] == "    vite v9"
    assert lines[0].startswith("build ....")
    assert lines[2].startswith("build ....")
    assert "done" in lines[2]


def narrow(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("NO_COLOR", "1")
    return terminal


def test_talk_is_broken_between_words_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = narrow(monkeypatch)
    ui.say("  the output folder is older than the sources, of which page.md changed")
    assert terminal.getvalue().splitlines() == [
        "  the output folder is older than the sources, of",
        "    which page.md changed",
    ]


def test_a_note_that_does_not_fit_gets_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = narrow(monkeypatch)
    with ui.step("push") as step:
        step.note = "20260301-120000-local-first-publication"
    with ui.step("verify") as step:
        step.note = "ok"
    assert terminal.getvalue().splitlines() == [
        "push " + "." * 29 + " done 0.0 s",
        "    20260301-120000-local-first-publication",
        "verify " + "." * 27 + " done 0.0 s  ok",
    ]


def test_commands_to_copy_stay_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = narrow(monkeypatch)
    ui.show_stop(
        Stop("no", "invoke deploy --env=local --what='a long description of it'", details=("x " * 40,))
    )
    assert [line[:4] for line in terminal.getvalue().splitlines()] == ["stop", "    ", "next"]


def test_piped_talk_stays_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    ui.say("as long as it is, a message is one line")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_step_that_raises_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no"), ui.step("build"):
        raise ValueError("no")
    assert "failed 0.0 s" in capsys.readouterr().err


def test_steps_inside_a_step_keep_their_own_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with ui.step("outer"), ui.step("inner"):
        pass
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said] == ["outer", "inner", "outer"]


def test_quiet_holds_step_lines_back(capsys: pytest.CaptureFixture[str]) -> None:
    with ui.quiet(), ui.step("build"):
        ui.stream("noise")
    assert capsys.readouterr() == ("", "")


def test_secrets_reach_no_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_PASSWORD", "correct-horse")
    ui.say("push to https://me:correct-horse@example.org/x")
    ui.data("correct-horse")
    with ui.step("correct-horse"):
        pass
    ui.show_stop(Stop("correct-horse", "correct-horse", details=("correct-horse",)))
    out, err = capsys.readouterr()
    assert "correct-horse" not in out + err
    assert "example.org/x" in err


@pytest.mark.parametrize(
    ("variables", "terminal", "coloured"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"TERM": "xterm", "FORCE_COLOR": "1"}, False, True),
        ({"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
    ],
)
def test_when_there_is_colour(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], terminal: bool, coloured: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert ui.colours(Terminal() if terminal else io.StringIO()) is coloured


def test_a_question_without_a_terminal_names_the_flag() -> None:
    with pytest.raises(Stop, match="no terminal") as caught:
        ui.ask("sure?", flag="--yes")
    assert (caught.value.code, caught.value.hint) == (Code.ANSWER, "answer it with --yes")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("/clone/inv", "/clone/inv deploy"),
        ("pages", "pages deploy"),
        ("", "invoke deploy"),
        ("pytest", "invoke deploy"),
    ],
)
def test_hints_name_what_this_user_types(monkeypatch: pytest.MonkeyPatch, typed: str, hint: str) -> None:
    monkeypatch.setenv("PAGES_COMMAND", typed)
    assert ui.as_typed("invoke deploy") == hint


def test_a_table_is_aligned() -> None:
    text = ui.table([("a", "1"), ("long name", "23")], ("what", "count"), frozenset({1}))
    assert text.splitlines() == ["what       count", "a              1", "long name     23"]


def test_a_long_cell_of_a_capped_table_moves_only_its_own_line() -> None:
    rows = [("a", "short", "default"), ("long name", "much longer than the others", "default")]
    assert ui.table(rows, ("what", "value", "origin"), cap=6).splitlines() == [
        "what       value  origin",
        "a          short  default",
        "long name  much longer than the others  default",
    ]


def shown(text: str) -> list[str]:
    """What a terminal of 80 columns shows in the end: `\\r` and `ESC [K` write over a line."""
    return [line.rpartition("\r\033[K")[2] for line in text.split("\n")]


def test_steps_side_by_side_have_a_whole_line_each_and_a_terminal_names_those_that_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with ui.side_by_side(["one", "two"]):
        one, two = ui.step("gate: one"), ui.step("gate: two")
        one.__enter__()
        two.__enter__()
        assert shown(screen.getvalue())[-1] == "running: one, two"
        one.__exit__(None, None, None)
        assert shown(screen.getvalue())[-1] == "running: two"
        ui.say("something happened")
        two.__exit__(None, None, None)
    lines = shown(screen.getvalue())
    assert [line.split(" ..")[0] for line in lines] == ["gate: one", "something happened", "gate: two", ""]
    assert all("done" in line for line in (lines[0], lines[2]))


def test_what_runs_side_by_side_never_breaks_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    with contextlib.ExitStack() as stack:
        stack.enter_context(ui.side_by_side())
        for number in range(30):
            stack.enter_context(ui.step(f"gate: number {number}"))
        last = shown(screen.getvalue())[-1]
        assert len(last) < 80
        assert last.endswith("…")


def test_in_a_pipe_all_are_named_first_and_each_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    with ui.side_by_side(["one", "two"]):
        one, two = ui.step("one"), ui.step("two")
        one.__enter__()
        two.__enter__()
        one.__exit__(None, None, None)
        two.__exit__(None, None, None)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "side by side: one, two"
    assert [line.split()[0] for line in lines[1:]] == ["one", "two"]
    with ui.quiet(), ui.side_by_side(["one", "two"]), ui.step("one"):
        pass
    assert capsys.readouterr().err == ""
