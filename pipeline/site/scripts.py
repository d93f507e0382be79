"""What the shell texts of package.json's scripts run, and whether that checks types."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

# Programs that check types. `next build` does too, unless it is told not to: its text does not tell.
_CHECKERS = frozenset(
    {"astro check", "tsc", "vue-tsc", "svelte-check", "vue-tsgo", "tsgo", "nuxt typecheck", "nuxi typecheck"}
)
_RUNNERS = frozenset({"npm", "pnpm", "yarn", "bun"})
_EXECS = (["npm", "exec"], ["pnpm", "exec"], ["pnpm", "dlx"], ["yarn", "exec"], ["bun", "x"])
# Those that write JavaScript too, unless they are told not to.
_COMPILERS = frozenset({"tsc", "vue-tsc", "tsgo"})
_LISTS = frozenset({"run-s", "run-p", "npm-run-all"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
# How deep scripts may run scripts.
_DEPTH = 8


def runs_already(checker: Sequence[str], build: Sequence[str], scripts: Mapping[str, str]) -> bool:
    """Return whether the build command, by the text of its scripts, checks types just as `checker` does.

    A check whose failure the build would ignore (`tsc || true`, `tsc; vite build`) does not count.
    """
    manager = build[0] if build else ""
    wanted = _checkers(shlex.join(checker), scripts, manager)
    return bool(wanted) and wanted <= _checkers(shlex.join(build), scripts, manager)


def _checkers(text: str, scripts: Mapping[str, str], manager: str) -> set[str]:
    return {name for words in _commands(text, scripts, manager, _DEPTH) for name in _checker(words)}


def without_check(build: Sequence[str], scripts: Mapping[str, str], *, emits: bool) -> tuple[str, ...] | None:
    """Return the build command with the type check taken out of its scripts; None where there is none to take out.

    With `emits` the check itself writes JavaScript, and `tsc` stays unless it is told not to.
    """
    whole = shlex.join(build)
    text = _unchecked(whole, scripts, build[0], _DEPTH, emits=emits) if build else ""
    if text in ("", whole):
        return None
    words = shlex.split(text)
    if words[0] in _RUNNERS and not _several(text) and "&&" not in text:
        return tuple(words)
    # npm is there with every node, and gives the text to the shell that would run the script.
    return ("npm", "exec", "--call", text)


def _unchecked(text: str, scripts: Mapping[str, str], manager: str, depth: int, *, emits: bool) -> str:
    """Return a shell text without its commands that check types; empty when nothing else is in it."""
    if depth == 0 or _several(text) or ";" in text:
        return text
    parts = (_unchecked_part(part.strip(), scripts, manager, depth, emits=emits) for part in text.split("&&"))
    return " && ".join(part for part in parts if part)


def _unchecked_part(part: str, scripts: Mapping[str, str], manager: str, depth: int, *, emits: bool) -> str:
    try:
        words = shlex.split(part)
    except ValueError:
        return part
    plain = _bare(list(words))
    if any(_checker(plain)):
        return part if emits and plain[0] in _COMPILERS and "--noEmit" not in plain else ""

    def inner(name: str) -> str:
        return _unchecked(scripts[name], scripts, manager, depth - 1, emits=emits)

    names = [name for name in _script_names(plain) if name.split(" ")[0] in scripts]
    if plain[:1] and plain[0] in _LISTS:
        gone = {name for name in names if not inner(name.split(" ")[0])}
        left = [word for word in words if word not in gone]
        return part if not gone else shlex.join(left) if len(gone) < len(names) else ""
    if len(names) != 1 or words[-1] != names[0]:
        return part
    # npm alone runs `prebuild` and `postbuild` by default in every version.
    around = (f"pre{names[0]}", names[0], f"post{names[0]}") if manager == "npm" else (names[0],)
    there = [name for name in around if name in scripts]
    new = [inner(name) for name in there]
    return part if new == [scripts[name] for name in there] else " && ".join(one for one in new if one)


def _several(text: str) -> bool:
    """Return whether a shell text does more than run commands one after the other."""
    return "||" in text or bool(re.search(r"[^&]&(?:[^&]|$)|\|", text))


def _checker(words: Sequence[str]) -> Iterator[str]:
    for length in (1, 2):
        name = " ".join(words[:length])
        if name in _CHECKERS and "--watch" not in words:
            yield name


def _commands(text: str, scripts: Mapping[str, str], manager: str, depth: int) -> Iterator[tuple[str, ...]]:
    """Yield the commands that must succeed for `text` to succeed, with package.json's scripts unfolded."""
    # In a shell list only what `&&` joins must succeed, and the last command of all.
    if depth == 0 or _several(text):
        return
    last = text.rsplit(";", maxsplit=1)[-1]
    for part in last.split("&&"):
        try:
            words = shlex.split(part)
        except ValueError:
            continue
        words = _bare(words)
        for name in _script_names(words):
            # npm alone runs `prebuild` before `build` by default in every version.
            for each in (f"pre{name}", name) if manager == "npm" else (name,):
                if each in scripts:
                    yield from _commands(scripts[each], scripts, manager, depth - 1)
            if name not in scripts:
                # `yarn tsc` and `bun run tsc` reach node_modules/.bin.
                yield tuple(words[words.index(name) :])
        yield tuple(words)


def _bare(words: list[str]) -> list[str]:
    """Return a command without variables in front, `npx` and its like, and folders of the program."""
    while words:
        if words[0] in {"npx", "bunx", "cross-env"}:
            words = _without_flags(words[1:])
        elif words[:2] in _EXECS:
            words = _without_flags(words[2:])
        elif _ASSIGNMENT.match(words[0]):
            words = words[1:]
        else:
            return [words[0].rpartition("/")[2], *words[1:]]
    return []


def _without_flags(words: list[str]) -> list[str]:
    return list(itertools.dropwhile(lambda word: word.startswith("-"), words))


def _script_names(words: Sequence[str]) -> list[str]:
    """Return the scripts of package.json that a command runs, if they are there."""
    if not words:
        return []
    plain = [word for word in words[1:] if not word.startswith("-")]
    if words[0] in _LISTS:
        return plain
    if words[0] not in _RUNNERS:
        return []
    if plain[:1] in (["run"], ["run-script"]):
        return plain[1:2]
    # `yarn build` and `pnpm build` are short for `run build`; `npm build` is not.
    return plain[:1] if words[0] != "npm" else []
