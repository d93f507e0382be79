"""Turns a folder into a site of ours: what would be written, and writing all of it or nothing."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.core.errors import Stop
from pipeline.core.files import write_atomic
from pipeline.core.paths import POLICY_FILE, SETTINGS_FILE, resource
from pipeline.site.detect import Guess, Guessed, guess
from pipeline.site.facts import Facts, look

TASKS_FILE = "tasks.py"
FILES = (SETTINGS_FILE, POLICY_FILE, TASKS_FILE)
_PLAIN_WORD = re.compile(r"[A-Za-z][\w./-]*")
_COMMAND_WORD = re.compile(r"[A-Za-z@./-](?:[\w@./=:-]*[\w/])?")
# YAML reads these words as something else than text.
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


@dataclass(frozen=True)
class File:
    """One file of a plan; `action` is write, replace (the old one goes to `backup`), keep or same."""

    path: Path
    action: str
    content: bytes
    backup: Path | None = None


@dataclass(frozen=True)
class Plan:
    """What `init` will do to the folder `site`, and what the user should know."""

    site: Path
    guess: Guess
    files: tuple[File, ...]
    warnings: tuple[str, ...]

    @property
    def changes(self) -> tuple[File, ...]:
        """The files that are written."""
        return tuple(file for file in self.files if file.action in {"write", "replace"})

    @property
    def after(self) -> str:
        """The tasks that publish the site for the first time: they write the lockfile where there is none."""
        lacking = any(text.startswith("no lockfile") for text in self.guess.warnings)
        return ("build --lock " if lacking else "") + "deploy --env=local"

    def rows(self) -> list[tuple[str, str, str]]:
        """Return each guess as name, value and reason."""
        rows = []
        for name, one in self._guesses():
            value = "-" if one.value is None else one.value
            text = " ".join(value) or "-" if isinstance(value, tuple) else str(value)
            rows.append((name.replace("_", " "), text, line(one.why)))
        return rows

    def lines(self, *, dry_run: bool) -> list[str]:
        """Return what becomes of each file."""
        would = "would be " if dry_run else ""
        told = {
            "write": f"{would}written",
            "keep": "kept: it is there (--force replaces it)",
            "same": "is right",
        }
        return [
            f"{file.path.name}: "
            + (
                told.get(file.action)
                or f"{would}replaced, the old one {would}kept as {file.backup and file.backup.name}"
            )
            for file in self.files
        ]

    def value(self) -> dict[str, object]:
        """Return the plan as data."""
        files = [
            {"path": str(file.path), "action": file.action, "backup": file.backup and str(file.backup)}
            | {"content": file.content.decode()}
            for file in self.files
        ]
        guesses = {name: {"value": one.value, "why": one.why} for name, one in self._guesses()}
        return {"site": str(self.site), "guesses": guesses, "files": files, "warnings": list(self.warnings)}

    def _guesses(self) -> list[tuple[str, Guessed[object]]]:
        return [(name, one) for name, one in vars(self.guess).items() if isinstance(one, Guessed)]


def make_plan(site: Path, *, force: bool, today: date) -> Plan:
    """Look at the folder and plan its files; raises Stop (2) with the reason when it is no static site."""
    facts = look(site)
    found = guess(facts)
    contents = render(found, today)
    files = tuple(_file(site / name, contents[name], force=force) for name in FILES)
    return Plan(site, found, files, (*found.warnings, *_about_git(facts), *_about_kept(files)))


def render(found: Guess, today: date) -> dict[str, bytes]:
    """Return the text of each file."""
    import jinja2

    loader = jinja2.FileSystemLoader(resource("templates", "init"))
    # Nothing here is HTML; the filters quote for YAML and keep comments on their line.
    environment = jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
        finalize=lambda value: line(value) if isinstance(value, str) else value,
    )
    environment.filters |= {"scalar": scalar, "command": command, "line": line}
    values = {"g": found, "next_year": today.year + 1}
    return {name: environment.get_template(f"{name}.j2").render(values).encode() for name in FILES}


def line(text: str) -> str:
    """Return `text` on one line, so that it ends where its comment ends."""
    return " ".join(text.split())


def scalar(text: str) -> str:
    """Return `text` as YAML reads it back."""
    plain = _PLAIN_WORD.fullmatch(text) and text.lower() not in _NOT_TEXT
    return text if plain else json.dumps(text, ensure_ascii=False)


def command(words: Sequence[str]) -> str:
    """Return a command as YAML that our settings read back as the same words."""
    if len(words) > 1 and words[0].isalpha() and all(_COMMAND_WORD.fullmatch(word) for word in words):
        return " ".join(words)
    return json.dumps(list(words), ensure_ascii=False)


def _file(path: Path, content: bytes, *, force: bool) -> File:
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise Stop(f"{path} is not a plain file", f"move {path.name} away, then: invoke init")
    if not path.exists():
        return File(path, "write", content)
    if path.read_bytes() == content:
        return File(path, "same", content)
    return File(path, "replace", content, _backup(path)) if force else File(path, "keep", content)


def _backup(path: Path) -> Path:
    names = [f"{path.name}.bak", *(f"{path.name}.bak{number}" for number in range(2, 1000))]
    return next(path.with_name(name) for name in names if not path.with_name(name).exists())


def _about_git(facts: Facts) -> tuple[str, ...]:
    if facts.commits:
        return ()
    missing = "no git repository" if facts.commits is None else "no commits yet"
    steps = ("git init", "git add --all", "git commit -m 'first commit'")[0 if facts.commits is None else 1 :]
    return (f"{missing}, so no release can name its source: {' && '.join(steps)}",)


def _about_kept(files: tuple[File, ...]) -> tuple[str, ...]:
    told = []
    for file in files:
        text = file.path.read_bytes() if file.action == "keep" else b""
        if file.path.name == TASKS_FILE and text and b"pages_pipeline" not in text:
            told.append(
                "tasks.py is not ours and was kept: our tasks run as `pages <task>`; --force replaces it"
            )
        if file.path.name == SETTINGS_FILE and text and b"executor_class" not in text:
            told.append("invoke.yaml was kept and lacks `tasks.executor_class: pipeline.executor.Executor`")
    return tuple(told)


def apply(plan: Plan) -> None:
    """Write the plan's files, all or none; raises Stop (2) with the old files in place."""
    undo = contextlib.ExitStack()
    try:
        with undo:
            for file in plan.changes:
                if file.backup:
                    old = file.path.read_bytes()
                    undo.callback(file.backup.unlink, missing_ok=True)
                    _write(file.backup, old)
                    undo.callback(_write, file.path, old)
                else:
                    undo.callback(file.path.unlink, missing_ok=True)
                _write(file.path, file.content)
            undo.pop_all()
    except OSError as error:
        message = f"cannot write in {plan.site}: {error.strerror}; nothing was changed"
        raise Stop(message, f"ls -ld {plan.site}") from error


def _write(path: Path, content: bytes) -> None:
    write_atomic(path, content)
    # A temporary file is its owner's only; these are source files like any other.
    path.chmod(0o644)
