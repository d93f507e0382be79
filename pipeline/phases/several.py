"""What a run came to; several projects of a site (monorepo, references), each repaired alone, as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pipeline.phases.behaviour import Confirmed
from pipeline.typescript.configuration import ConfigurationRepair
from pipeline.typescript.record import Error, Left, Made, error_of
from pipeline.typescript.steps import Step

_Text = TypeVar("_Text", str, str | None)


@dataclass(frozen=True)
class Part:
    """One project's outcome; `held` are the texts that it began with (None: no such file), `texts` those it changed.

    `emits`: its type check writes JavaScript too.
    """

    before: tuple[Error, ...]
    left: tuple[Left, ...]
    others: tuple[Error, ...]
    repairs: tuple[Made, ...]
    steps: tuple[Step, ...]
    held: Mapping[str, str | None]
    texts: Mapping[str, str]
    ended: str
    seconds: float
    versions: dict[str, str]
    emits: bool


@dataclass(frozen=True)
class Repaired:
    """What a run came to; `texts` are before (None: a new file) and after by file, `commits` empty without git.

    `before` and `left` are those of the wanted errors, `others` how many more the project has.
    """

    run: str
    before: tuple[Error, ...]
    left: tuple[Left, ...]
    others: int
    repairs: tuple[Made, ...]
    steps: tuple[Step, ...]
    texts: dict[str, tuple[str | None, str]]
    ended: str
    seconds: float
    versions: dict[str, str]
    emits: bool
    commits: tuple[str, ...] = ()
    branch: str = ""
    trees: tuple[str, str] = ("", "")
    confirmed: Confirmed | None = None
    warnings: tuple[str, ...] = ()


def prefix(top: Path, root: Path) -> str:
    """Return what leads from the site to a project, with its slash; empty for the site itself."""
    return "" if root == top.resolve() or root == top else f"{root.relative_to(top.resolve()).as_posix()}/"


def prefixed(part: Part, lead: str) -> Part:
    """Return a project's outcome with the site's paths."""
    if not lead:
        return part

    def led(one: Error) -> Error:
        return replace(one, file=f"{lead}{one.file}")

    def keyed(found: Mapping[str, _Text]) -> dict[str, _Text]:
        return {f"{lead}{file}": text for file, text in found.items()}

    repairs = (
        replace(
            one,
            file=f"{lead}{one.file}",
            errors=tuple(map(led, one.errors)),
            changes=tuple(replace(each, file=f"{lead}{each.file}") for each in one.changes),
        )
        for one in part.repairs
    )
    return replace(
        part,
        before=tuple(map(led, part.before)),
        left=tuple(replace(one, error=led(one.error)) for one in part.left),
        others=tuple(map(led, part.others)),
        repairs=tuple(repairs),
        steps=tuple(replace(one, texts=keyed(one.texts)) for one in part.steps),
        held=keyed(part.held),
        texts=keyed(part.texts),
    )


def configured(
    part: Part, mended: Sequence[ConfigurationRepair], before: tuple[Error, ...], texts: Mapping[str, str]
) -> Part:
    """Return an outcome over a mended configuration as one that began before that: a step for each correction."""
    steps, repairs = [], []
    held, last = dict(part.held), dict(part.texts)
    for number, one in enumerate(mended, 1):
        errors = tuple(error_of(each, texts) for each in one.removed)
        line = (one.before or "").count("\n", 0, one.edits[0].start) + 1
        repairs.append(Made(number, "configuration", one.level, one.file, line, one.why, "", errors, ()))
        steps.append(Step(("configuration",), (number - 1,), {one.file: one.after}, *one.errors))
        held.setdefault(one.file, one.before)
        last[one.file] = one.after
    later = (replace(one, step=one.step + len(mended)) for one in part.repairs)
    return replace(
        part,
        before=before,
        repairs=(*repairs, *later),
        steps=(*steps, *part.steps),
        held=held,
        texts=last,
    )


def changed(parts: Iterable[Part], lead: str, files: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the texts that earlier projects changed, by the paths of another one: of its files, and of others."""
    own = set(files)
    found = {
        file.removeprefix(lead): text
        for one in parts
        for file, text in one.texts.items()
        if file.startswith(lead)
    }
    return (
        {file: text for file, text in found.items() if file in own},
        {file: text for file, text in found.items() if file not in own},
    )


def held(parts: Sequence[Part]) -> dict[str, str | None]:
    """Return the texts of all projects as they were before the run."""
    found: dict[str, str | None] = {}
    for part in parts:
        for file, text in part.held.items():
            found.setdefault(file, text)
    return found


def together(run: str, parts: Sequence[Part], warnings: tuple[str, ...]) -> Repaired:
    """Return what all projects came to; an error that two of them report counts once."""
    first = held(parts)
    last = {file: text for one in parts for file, text in one.texts.items()}
    repairs: list[Made] = []
    steps: list[Step] = []
    for part in parts:
        repairs += [replace(one, step=one.step + len(steps)) for one in part.repairs]
        steps += part.steps
    lefts = {one.error: one for part in parts for one in part.left}
    return Repaired(
        run,
        tuple(dict.fromkeys(one for part in parts for one in part.before)),
        tuple(lefts.values()),
        len({one for part in parts for one in part.others} - lefts.keys()),
        tuple(repairs),
        tuple(steps),
        {file: (first[file], text) for file, text in sorted(last.items()) if text != first[file]},
        "time" if any(one.ended == "time" for one in parts) else "done",
        sum(one.seconds for one in parts),
        {name: version for one in parts for name, version in one.versions.items()},
        any(one.emits for one in parts),
        warnings=warnings,
    )
