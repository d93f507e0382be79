"""Prepare the public code bases of repair_corpora.toml: checked out, one tsconfig edit, installed, one commit."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.tools.node import find_node, write_shims

HERE = Path(__file__).parent
CACHE = Path(tempfile.gettempdir()) / "pages-pipeline-repair"
GITHUB = "https://github.com/{owner}/{name}.git"
ROLES = ("measured", "clean", "held-out")
# Installed or made by tools; never a part of the one commit.
_IGNORED = "node_modules\n.astro\n.svelte-kit\n.next\ndist\nbuild\n*.tsbuildinfo\n"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# tsc and vue-tsc: `error TS2322:`; astro check: `error ts(2322):`.
# svelte-check's machine-verbose is JSON, where its compiler's own codes are words.
_CODED = re.compile(r"\berror (?:TS|ts\()(\d+)")
_SVELTE = re.compile(r'^\d+ \{"type":"ERROR".*"code":"?(\d*)', re.MULTILINE)
_AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Edit:
    """One replacement in one file; `old` stands there exactly once."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Corpus:
    """One code base; `folder` is the part of the repository to use, `errors` what its checker reports."""

    name: str
    kind: str
    role: str
    repository: str
    commit: str
    install: tuple[str, ...]
    check: tuple[str, ...]
    errors: int
    checker: str
    typescript: str
    edits: tuple[Edit, ...] = ()
    prepare: tuple[tuple[str, ...], ...] = ()
    folder: str = "."


@dataclass(frozen=True)
class Checked:
    """What a checker said: errors, errors by code (0: not TypeScript's), and its time in seconds."""

    errors: int
    codes: Mapping[int, int]
    seconds: float


def corpora(path: Path = HERE / "repair_corpora.toml") -> tuple[Corpus, ...]:
    """Read the list of code bases."""
    return tuple(_corpus(entry) for entry in tomllib.loads(path.read_text("utf-8"))["corpus"])


def _corpus(entry: Mapping[str, Any]) -> Corpus:
    ready = dict(entry)
    ready["install"], ready["check"] = tuple(entry["install"]), tuple(entry["check"])
    ready["prepare"] = tuple(tuple(argv) for argv in entry.get("prepare", ()))
    ready["edits"] = tuple(Edit(**edit) for edit in entry.get("edits", ()))
    return Corpus(**ready)


def environment(folder: Path) -> dict[str, str]:
    """Return the variables for a code base's programs: a node that is new enough, no colours, no questions."""
    node = find_node()
    script = Path(node.npm[-1])
    shims = folder / ".node-shims"
    words = {"node": (str(node.path),), "npm": node.npm}
    npx = script.with_name("npx-cli.js")
    words["npx"] = (str(node.path), str(npx)) if npx.is_file() else ("npx",)
    if words["npx"] != ("npx",):
        write_shims(shims, words)
    quiet = {"NO_COLOR": "1", "CI": "true", "ASTRO_TELEMETRY_DISABLED": "1", "NEXT_TELEMETRY_DISABLED": "1"}
    return {**os.environ, **quiet, "PATH": os.pathsep.join([str(shims), os.environ.get("PATH", os.defpath)])}


def prepare(corpus: Corpus, source: str, into: Path) -> Path:
    """Make the code base ready in `into/name` and return that folder.

    `source` is a git URL or path with {owner} and {name} in it. Raises CalledProcessError when git or an
    install fails, ValueError when an edit does not fit.
    """
    top = into / corpus.name
    part = into / f".{corpus.name}.part"
    for path in (top, part):
        shutil.rmtree(path, ignore_errors=True)
    part.mkdir(parents=True)
    checkout(corpus, source, part)
    (part / corpus.folder).rename(top)
    shutil.rmtree(part, ignore_errors=True)
    for edit in corpus.edits:
        apply(edit, top)
    git("init", "--quiet", "--initial-branch=main", cwd=top)
    (top / ".git/info/exclude").write_text(_IGNORED, encoding="utf-8")
    git("add", "--all", "--force", cwd=top)
    env = environment(into)
    for argv in (corpus.install, *corpus.prepare):
        run(argv, top, env)
    git("add", "--all", cwd=top)
    git(*_AUTHOR, "commit", "--quiet", "--no-verify", "--message=base", cwd=top)
    return top


def checkout(corpus: Corpus, source: str, folder: Path) -> None:
    """Write the files of the pinned commit into a folder, without its history."""
    owner, _, name = corpus.repository.partition("/")
    git("init", "--quiet", cwd=folder)
    url = source.format(owner=owner, name=name)
    git("fetch", "--quiet", "--depth=1", "--no-tags", url, corpus.commit, cwd=folder)
    git("checkout", "--quiet", "--detach", "FETCH_HEAD", cwd=folder)
    shutil.rmtree(folder / ".git")


def apply(edit: Edit, top: Path) -> None:
    """Apply one edit; raises ValueError when its old text is not there exactly once."""
    path = top / edit.file
    text = path.read_bytes().decode("utf-8")
    if text.count(edit.old) != 1:
        raise ValueError(f"{path}: {edit.old!r} is there {text.count(edit.old)} times, not once")
    path.write_bytes(text.replace(edit.old, edit.new).encode("utf-8"))


def check(corpus: Corpus, top: Path) -> Checked:
    """Run the code base's own checker once and count; raises RuntimeError when it did not run to its end."""
    start = time.monotonic()
    done = subprocess.run(
        corpus.check,
        cwd=top,
        env=environment(top.parent),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    seconds = time.monotonic() - start
    found = counted(done.stdout, seconds)
    if bool(done.returncode) != bool(found.errors):
        raise RuntimeError(
            f"{corpus.name}: exit {done.returncode} with {found.errors} errors\n{done.stdout[-2000:]}"
        )
    return found


def counted(text: str, seconds: float) -> Checked:
    """Count the errors in a checker's output."""
    plain = _COLOUR.sub("", text)
    codes = Counter(int(code) for code in _CODED.findall(plain))
    codes.update(int(code or 0) for code in _SVELTE.findall(plain))
    return Checked(codes.total(), codes, seconds)


def git(*argv: str, cwd: Path) -> None:
    """Run git; raises CalledProcessError."""
    run(("git", *argv), cwd, {**os.environ, "GIT_LFS_SKIP_SMUDGE": "1"})


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
    """Run a command; what it says is shown only when it fails. Raises CalledProcessError."""
    done = subprocess.run(argv, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        done.check_returncode()


def chosen(everything: Iterable[Corpus], names: Sequence[str], roles: Sequence[str]) -> list[Corpus]:
    """Return the named code bases, or all of the roles; raises SystemExit for a name that is not listed."""
    listed = {corpus.name: corpus for corpus in everything}
    if unknown := sorted(set(names) - set(listed)):
        raise SystemExit(f"not in repair_corpora.toml: {', '.join(unknown)}; there are {', '.join(listed)}")
    return [listed[name] for name in names] or [one for one in listed.values() if one.role in roles]


def main() -> int:
    """Prepare what is asked for, check it, and say where a count differs from the list (exit 1)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="code bases; all of the roles when none is named")
    parser.add_argument("--role", action="append", choices=ROLES, help="roles to prepare; all by default")
    parser.add_argument("--source", default=GITHUB, help="git URL or path, with {owner} and {name} in it")
    parser.add_argument("--into", type=Path, default=CACHE, help="folder of the code bases")
    parser.add_argument("--keep", action="store_true", help="do not make anew what is there")
    options = parser.parse_args()
    wrong = 0
    for corpus in chosen(corpora(), options.names, options.role or ROLES):
        top = options.into / corpus.name
        print(f"{corpus.name} ({corpus.kind}) ... ", end="", flush=True)
        if not (options.keep and (top / "node_modules").is_dir()):
            top = prepare(corpus, options.source, options.into)
        found = check(corpus, top)
        common = ", ".join(f"{count} TS{code}" for code, count in Counter(found.codes).most_common(6))
        wrong += found.errors != corpus.errors
        note = "" if found.errors == corpus.errors else f" (the list says {corpus.errors})"
        print(f"{found.errors} errors{note} in {found.seconds:.1f} s: {common or 'none'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
