"""The `pages` program: invoke with our tasks built in, `--site`, suggestions for typing errors, and our exit codes."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import invoke
from invoke.exceptions import ParseError
from invoke.parser import Argument

from pipeline import __version__
from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.executor import Executor

if TYPE_CHECKING:
    from invoke import Collection
    from invoke.parser import ParserContext

_UNKNOWN = re.compile(r"No idea what '(?P<word>[^']*)' is!")
_LACKING = re.compile(r"'(?P<task>[^']*)' did not receive required positional arguments: (?P<names>.*)")
_PATH = re.compile(r"/|\.(?:[cm]?[jt]sx?|astro|vue|svelte)$")
_TS_FIX_VALUES = ("--path", "--category", "--code", "--time-limit", "--by", "--config")
# Below it a resemblance is chance: `help` and `home` have 0.5.
_NEAR = 0.6


class Program(invoke.Program):
    """invoke's program with `--site` and with exit code 2, and the nearest task, for what it does not know."""

    def __init__(self, namespace: Collection) -> None:
        super().__init__(
            name="pages", binary="pages", namespace=namespace, version=__version__, executor_class=Executor
        )

    def core_args(self) -> list[Argument]:
        """Return invoke's own flags and ours."""
        site = Argument(name="site", kind=str, help="folder of the site; else the one that holds this folder")
        return [*super().core_args(), site]

    def parse_core(self, argv: list[str] | None) -> None:
        """Read the core flags."""
        super().parse_core(argv)
        # invoke turns bytecode off, which makes every start 2.3 times as dear.
        sys.dont_write_bytecode = False
        self._go_to_site()

    def _go_to_site(self) -> None:
        if self.args.site.value:
            ui.remember_site(self.args.site.value)
            os.environ["INVOKE_SITE_PATH"] = str(Path(self.args.site.value).absolute())

    def normalize_argv(self, argv: list[str] | None) -> None:
        """Read the command line.

        `ts.fix src/a.ts` is short for `ts.fix --path=src/a.ts`, `check.explain` for `check.explain all`.
        """
        super().normalize_argv(argv)
        self.argv = with_paths(with_every(self.argv))

    def parse_tasks(self) -> None:
        """Read the tasks and their flags; raises SystemExit (2) with a suggestion for what is not known."""
        try:
            super().parse_tasks()
        except ParseError as error:
            ui.show_stop(suggest(str(error), self.words(), error.context))
            raise SystemExit(int(Code.USAGE)) from None
        # Behind a task it counts as much as in front of it.
        self._go_to_site()

    def words(self) -> list[str]:
        """Return every task name that could have been meant."""
        names = self.collection.task_names if self.collection else {}
        return sorted({*names, *(alias for aliases in names.values() for alias in aliases)})


def with_paths(argv: Sequence[str]) -> list[str]:
    """Return a command line in which the paths that follow `ts.fix` are values of its flag `--path`.

    invoke knows no task that takes any number of words. A path has a slash or the ending of a source file; what follows
    a flag without `=` may be its value and stays.
    """
    made: list[str] = []
    taking = False
    for word in argv:
        before = made[-1] if made else ""
        value = before in _TS_FIX_VALUES
        path = taking and not value and not word.startswith("-") and bool(_PATH.search(word))
        if not path and not word.startswith("-") and not value:
            taking = word == "ts.fix"
        made.append(f"--path={word}" if path else word)
    return made


def with_every(argv: Sequence[str]) -> list[str]:
    """Return a command line in which `check.explain` without a gate lists them all.

    invoke knows no word that may be left out.
    """
    made: list[str] = []
    for place, word in enumerate(argv):
        made.append(word)
        following = argv[place + 1] if place + 1 < len(argv) else "-"
        asked = place and argv[place - 1] in {"-h", "--help", "-l", "--list"}
        if word == "check.explain" and following.startswith("-") and not asked:
            made.append("all")
    return made


def suggest(message: str, known: list[str], context: ParserContext | None = None) -> Stop:
    """Return the end for words that could not be read, with the nearest task, or flag of the task in `context`."""
    # The default of a group goes by the group's name.
    task = min((context.name, *context.aliases), key=len) if context and context.name else None
    usage = f"invoke --help {task}" if task else "invoke --help"
    if lacking := _LACKING.search(message):
        names = lacking["names"].replace("'", "").upper()
        return Stop(f"{lacking['task']} needs {names}", f"invoke --help {lacking['task']}")
    match = _UNKNOWN.search(message)
    if not match:
        return Stop(message, usage if task else "invoke --list")
    word = match["word"]
    if word.startswith("-"):
        flag = word.partition("=")[0]
        near = difflib.get_close_matches(flag, list(context.flags) if context else [], 1, _NEAR)
        text = f"{task} has no flag {flag}" if task else f"there is no flag {flag}"
        return Stop(text + (f"; the nearest is {near[0]}" if near else ""), usage)
    near = difflib.get_close_matches(word, known, 1, _NEAR)
    text = f"there is no task {word}" + (f"; the nearest is {near[0]}" if near else "")
    return Stop(text, f"invoke {near[0]}" if near else "invoke --list")
