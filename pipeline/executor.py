"""Runs a chain of tasks: one `--env` for all of them, one place where every end becomes an exit code."""

from __future__ import annotations

import contextlib
import errno
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import invoke
from invoke import Config
from invoke.exceptions import AmbiguousEnvVar, Exit, ParseError, UncastableEnvVar, UnexpectedExit
from invoke.parser import ParserContext
from invoke.tasks import Call

from pipeline.core import runs, ui
from pipeline.core.errors import Code, Stop
from pipeline.core.secrets import redact

if TYPE_CHECKING:
    from invoke.runners import Result
    from invoke.tasks import Task

Given = str | tuple[str, dict[str, Any]] | ParserContext


class Executor(invoke.Executor):
    """invoke's executor, which shares `--env` along a chain and ends with our exit codes."""

    def normalize(self, tasks: tuple[Given, ...]) -> list[Call]:
        """Return the calls; a task without an `--env` of its own gets its neighbour's, and --dry reaches them all."""
        calls: list[Call] = super().normalize(tasks)
        shared = carry([given_env(task) for task in tasks])
        for call, env in zip(calls, shared, strict=False):
            if env is not None and "env" in call.kwargs:
                call.kwargs["env"] = env
        if self.config.run.dry:
            for call in calls:
                if "dry_run" in call.kwargs:
                    call.kwargs["dry_run"] = True
        return calls

    def execute(self, *tasks: Given) -> dict[Task[Any], Result]:
        """Run the tasks; whatever ends them becomes an exit code, and the run's record is written."""
        code = Code.BUG
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        let_our_variables_be(self.config)
        try:
            results: dict[Task[Any], Result] = super().execute(*tasks)
            code = Code.DONE
        except (Exit, UnexpectedExit, ParseError):
            raise
        except BaseException as error:
            code = explain(error)
            raise Exit(code=code) from error
        finally:
            runs.finish(sys.argv[1:], code, ui.steps_done())
        return results


def let_our_variables_be(config: Config) -> None:
    """Keep invoke from stumbling over INVOKE_* variables of ours that are lists or have a key of several words.

    Our own settings read them; what invoke can read of its own is loaded as ever.
    """
    load = config.load_shell_env

    def load_what_fits() -> None:
        with contextlib.suppress(UncastableEnvVar, AmbiguousEnvVar, ValueError):
            load()

    # A plain assignment would become a setting.
    object.__setattr__(config, "load_shell_env", load_what_fits)


def given_env(task: Given) -> str | None:
    """Return the `--env` that was typed behind this task, or None."""
    if not isinstance(task, ParserContext) or "env" not in task.args:
        return None
    argument = task.args["env"]
    return str(argument.value) if argument.got_value else None


def carry(given: Iterable[str | None]) -> list[str | None]:
    """Return each task's environment: its own, else that of the next task to the right, else of the last one."""
    own = list(given)
    shared: list[str | None] = []
    following: str | None = None
    for env in reversed(own):
        following = env or following
        shared.append(following)
    shared.reverse()
    last: str | None = None
    for place, env in enumerate(shared):
        shared[place] = last = env or last
    return shared


def explain(error: BaseException) -> Code:
    """Tell the user why a run ended, and return the exit code."""
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        where = f" ({error.filename})" if error.filename else ""
        error = Stop(
            f"the disk is full{where}; nothing that was live has changed",
            "free some space, then run it again",
        )
    if isinstance(error, Stop):
        ui.show_stop(error)
        return error.code
    if isinstance(error, KeyboardInterrupt):
        ui.say("interrupted", style="warning")
        return Code.INTERRUPTED
    if isinstance(error, SystemExit):
        raise error
    ui.show_stop(
        Stop(f"a bug: {type(error).__name__}: {error}", f"report it with this file: {write_log(error)}")
    )
    return Code.BUG


def write_log(error: BaseException) -> Path:
    """Write a log fit for a bug report and return its path."""
    from pipeline import __version__

    lines = [
        f"pages-pipeline {__version__}",
        f"python {sys.version}",
        f"platform {sys.platform}",
        f"argv {sys.argv}",
        "",
    ]
    text = "\n".join(lines) + "".join(traceback.format_exception(error))
    folder = runs.current()
    path = folder / "bug.log" if folder else Path(tempfile.mkstemp(prefix="pages-bug-", suffix=".log")[1])
    path.write_text(redact(text), encoding="utf-8")
    return path
