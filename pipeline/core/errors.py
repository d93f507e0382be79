"""The one exception meant for users, and the one table of exit codes."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Exit codes of every task; the table in docs/exit-codes.md is tested against this one."""

    DONE = 0
    BUG = 1
    USAGE = 2
    GATE = 3
    ANSWER = 4
    PUBLISH = 5
    LOCKED = 6
    SERVICE = 7
    DRIFT = 8
    MISSING = 69  # EX_UNAVAILABLE of sysexits.h
    INTERRUPTED = 130  # 128 + SIGINT


MEANING: dict[Code, str] = {
    Code.DONE: "done",
    Code.BUG: "a bug in the pipeline; the path of the log is printed",
    Code.USAGE: "wrong usage or settings",
    Code.GATE: "a gate failed",
    Code.ANSWER: "an answer was needed and there was no terminal; the flag that answers it is printed",
    Code.PUBLISH: "publishing failed and the old release is still live",
    Code.LOCKED: "locked by another run; by whom and since when is printed",
    Code.SERVICE: "an outside service failed",
    Code.DRIFT: "drift or a violation was found",
    Code.MISSING: "a tool is missing; the line that installs it is printed",
    Code.INTERRUPTED: "interrupted",
}


class Stop(Exception):
    """What happened, the next command to type, and the exit code.

    `details` are further lines shown below the message, such as the end of a failed command's output.
    """

    def __init__(
        self, message: str, hint: str = "", code: Code = Code.USAGE, details: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.details = details
