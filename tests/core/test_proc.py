"""The runner of other programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.core.errors import Code, Stop
from pipeline.core.proc import TimedOut, detach, run, show


def alive(pid: int) -> bool:
    """Whether a process runs (and is not only waiting to be reaped)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_both_outputs_and_the_code_are_kept() -> None:
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert (done.text, done.error, done.code, done.ok) == ("out", "err", 3, False)


def test_lines_come_while_the_program_runs() -> None:
    seen: list[tuple[float, str]] = []
    start = time.monotonic()
    run(
        ["sh", "-c", "echo one; sleep 0.4; echo two"],
        on_line=lambda line: seen.append((time.monotonic() - start, line)),
    )
    assert [line for _, line in seen] == ["one", "two"]
    assert seen[0][0] < seen[1][0] - 0.2


def test_much_output_is_neither_slow_nor_broken_in_the_middle_of_a_character() -> None:
    lines: list[str] = []
    done = run([sys.executable, "-c", "print('é' * 999_999); print('é' * 3)"], on_line=lines.append)
    assert [len(line) for line in lines] == [999_999, 3]
    assert len(done.out) == 2 * 999_999 + 1 + 6 + 1


def test_what_is_not_utf8_is_replaced() -> None:
    assert run(["printf", "a\\377b"]).text == "a\ufffdb"


def test_input_is_fed_in_pieces() -> None:
    assert run(["wc", "-c"], stdin=(b"x" * 1000 for _ in range(1000))).text.strip() == "1000000"


def test_a_program_that_does_not_read_its_input_is_no_error() -> None:
    assert run(["true"], stdin=(b"x" * 100_000 for _ in range(100))).ok


def test_an_error_in_what_feeds_the_input_reaches_the_caller() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run(["cat"], stdin=chunks())


def test_at_the_limit_the_program_ends_with_all_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    start = time.monotonic()
    with pytest.raises(TimedOut, match=r"still running after 0\.5 s") as caught:
        run(["sh", "-c", f"echo started; sleep 60 & echo $! > {note}; wait"], timeout=0.5)
    assert time.monotonic() - start < 3
    assert caught.value.details == ("started",)
    assert not alive(int(note.read_text()))


def test_a_program_that_ignores_the_polite_signal_is_killed() -> None:
    with pytest.raises(TimedOut):
        run(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], timeout=0.3)


def test_a_grandchild_that_keeps_the_pipe_open_does_not_keep_us() -> None:
    start = time.monotonic()
    assert run(["sh", "-c", "sleep 8 & echo done"]).text == "done"
    assert time.monotonic() - start < 6


def test_an_interrupt_ends_the_program_too(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = f"from pipeline.core.proc import run; run(['sh', '-c', 'echo $$ > {note}; sleep 60'])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
    )
    while not (note.is_file() and note.read_text().strip()):
        time.sleep(0.02)
    # The program writes before Popen has returned on a busy machine.
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.wait(10)
    assert not alive(int(note.read_text()))


def test_a_missing_program_says_so() -> None:
    with pytest.raises(Stop, match="no-such-program is not installed") as caught:
        run(["no-such-program"])
    assert caught.value.code is Code.MISSING


def test_a_missing_folder_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="is not there"):
        run(["true"], cwd=tmp_path / "nowhere")


def test_variables_are_added_and_taken_away() -> None:
    os.environ["PAGES_TEST_GONE"] = "here"
    try:
        done = run(
            ["sh", "-c", 'echo "${PAGES_TEST_GONE-gone} $PAGES_TEST_NEW"'],
            env={"PAGES_TEST_GONE": None, "PAGES_TEST_NEW": "new"},
        )
    finally:
        del os.environ["PAGES_TEST_GONE"]
    assert done.text == "gone new"


def test_the_tail_is_the_end_and_redacted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "hunter2hunter2")
    done = run(["sh", "-c", "seq 1 100; echo token hunter2hunter2"])
    assert done.tail(2) == ("100", "token [redacted]")
    assert "hunter2" not in show(["curl", "hunter2hunter2"])


def test_a_detached_program_outlives_its_starter_and_speaks_into_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("of the time before, and longer than what comes now")
    body = (
        "import sys; from pathlib import Path; from pipeline.core.proc import detach\n"
        "words = ['/bin/sh', '-c', 'sleep 0.3; echo $WORD; echo bad >&2; ps -o sid= -p $$']\n"
        "print(detach(words, env={'WORD': 'good'}, log=Path(sys.argv[1])))\n"
    )
    done = run([sys.executable, "-c", body, log], cwd=Path(__file__).resolve().parents[2])
    pid = int(done.text)
    assert alive(pid)
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    said = log.read_text().split()
    assert said[:2] == ["good", "bad"]
    assert int(said[2]) == pid


def test_a_program_that_is_not_there_cannot_be_detached(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        detach([str(tmp_path / "none")], env={}, log=tmp_path / "log")
