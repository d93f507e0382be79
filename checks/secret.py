"""Secrets in sources, in git's history and in the output, as Kingfisher finds them; none of them is kept."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from checks.base import Result, Subject, Tools, Unavailable

Row = dict[str, Any]

_SECONDS = 300.0
# Offline, every place, and no way to allow a secret but the policy.
_FLAGS = (
    "--no-validate", "--format", "json", "--quiet", "--no-update-check", "--no-dedup", "--no-ignore",
)  # fmt: skip
# https://github.com/mongodb/kingfisher#exit-codes: nothing, found, found and proven.
_CODES = frozenset({0, 200, 205})
# Bytes of one command line; Linux takes 2 MiB.
_LINE = 400_000
_SKIPPED = frozenset({"node_modules", ".git", ".pages"})


def program(tools: Tools) -> str | None:
    """Return Kingfisher: the one that came with the pipeline, else PATH's."""
    own = Path(sys.executable).parent / "kingfisher"
    return str(own) if own.is_file() else tools.which("kingfisher")


def version(tools: Tools) -> str:
    """Return Kingfisher's version; raises Unavailable when it does not say."""
    name = program(tools)
    if name is None:
        raise Unavailable("secrets: Kingfisher is not here", "pip install kingfisher-bin")
    said = tools.version(name)
    if not said:
        raise Unavailable("secrets: Kingfisher does not run", f"{name} --version")
    return said.removeprefix("kingfisher").strip()


def in_output(subject: Subject, tools: Tools) -> list[Row]:
    """Return the secrets in the built files."""
    return _scan([file.path for file in subject.files], subject.output, "output", tools)


def in_source(subject: Subject, tools: Tools) -> list[Row]:
    """Return the secrets in the site's own files: tracked, or untracked and not ignored; without git, all of them."""
    words = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
        "--",
        ".",
    ]
    listed = tools.run(words, cwd=subject.source, timeout=60)
    names = listed.out.split("\0") if listed.code == 0 else _walk(subject)
    wanted = [name for name in names if name and _plain(subject.source / name)]
    return _scan(wanted, subject.source, "source", tools)


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _walk(subject: Subject) -> Iterator[str]:
    for folder, folders, files in os.walk(subject.source):
        folders[:] = sorted(
            one for one in folders if one not in _SKIPPED and Path(folder, one) != subject.output
        )
        for name in sorted(files):
            yield Path(folder, name).relative_to(subject.source).as_posix()


def in_history(subject: Subject, tools: Tools) -> dict[str, Any]:
    """Return `{found, head, since, commits}`: the secrets in all commits behind HEAD, as far as they touch the site.

    What was scanned before is kept, so that only new commits are read. Raises Unavailable.
    """
    source = subject.source
    told = tools.run(["git", "rev-parse", "--show-toplevel", "HEAD"], cwd=source, timeout=60)
    if told.code != 0:
        return {"found": [], "head": "", "since": "", "nothing": "not in a git repository with commits"}
    top, head = told.out.splitlines()[:2]
    inside = tools.run(["git", "rev-parse", "--show-prefix"], cwd=source, timeout=60).out.strip()
    keep = tools.keep("security")
    kept = _kept(keep, version(tools), inside) if keep else None
    since = str(kept["head"]) if kept and _behind(str(kept["head"]), head, source, tools) else ""
    found = list(kept["found"]) if kept and since else []
    if since != head:
        found += _commits(Path(top), inside, since, tools)
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        value = {"version": version(tools), "inside": inside, "head": head, "found": found}
        draft = keep / f"history.{os.getpid()}"
        draft.write_text(json.dumps(value), encoding="utf-8")
        draft.replace(keep / "history.json")
    return {"found": found, "head": head, "since": since}


def _kept(folder: Path, version: str, inside: str) -> dict[str, Any] | None:
    try:
        value = json.loads((folder / "history.json").read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict) or not {"version", "inside", "head", "found"} <= value.keys():
        return None
    return value if (value["version"], value["inside"]) == (version, inside) else None


def _behind(old: str, head: str, source: Path, tools: Tools) -> bool:
    done = tools.run(["git", "merge-base", "--is-ancestor", old, head], cwd=source, timeout=60)
    return done.code == 0


def _commits(top: Path, inside: str, since: str, tools: Tools) -> list[Row]:
    """Scan the history alone: in a bare repository that borrows the objects there are no files beside it."""
    with tempfile.TemporaryDirectory(prefix="pages-history-") as folder:
        words = [
            "git",
            "clone",
            "--quiet",
            "--bare",
            "--shared",
            "--single-branch",
            "--no-tags",
            str(top),
            "site.git",
        ]
        done = tools.run(words, cwd=Path(folder), timeout=_SECONDS)
        if done.code != 0:
            raise Unavailable("secrets: the history cannot be read", "git fsck", done.err.splitlines()[-3:])
        flags = ["--git-history", "full", "--branch", "HEAD"]
        flags += ["--since-commit", since] if since else []
        flags += ["--path-prefix", inside] if inside else []
        rows = _read(_kingfisher(["site.git", *flags], Path(folder), tools), "history")
    return [{**one, "path": one["path"].removeprefix(inside)} for one in rows]


def _scan(names: Sequence[str], folder: Path, place: str, tools: Tools) -> list[Row]:
    found: list[Row] = []
    for batch in _batches(names):
        found += _read(_kingfisher(["--git-history", "none", *batch], folder, tools), place)
    return found


def _batches(names: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for name in names:
        batch.append(f"./{name}")
        size += len(name.encode("utf-8", "surrogateescape")) + 12
        if size > _LINE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _kingfisher(words: Sequence[str], cwd: Path, tools: Tools) -> Result:
    name = program(tools)
    if name is None:
        raise Unavailable("secrets: Kingfisher is not here", "pip install kingfisher-bin")
    return tools.run([name, "scan", *_FLAGS, *words], cwd=cwd, timeout=_SECONDS)


def _read(result: Result, place: str) -> list[Row]:
    """Return what a report says, without the secrets; raises Unavailable for anything that is no whole report.

    Nothing that it printed is repeated in the reason: that could be a secret.
    """
    if result.code is None:
        raise Unavailable(f"secrets: Kingfisher was still reading the {place} after {_SECONDS:g} s")
    if result.code not in _CODES:
        raise Unavailable(
            f"secrets: Kingfisher ended with code {result.code} on the {place}", "kingfisher scan ."
        )
    try:
        report = json.loads(result.out)
        listed, summary = report["findings"], report["metadata"]["summary"]
        rows = [_row(one, place) for one in listed]
        whole = summary["findings"] == len(rows) and (result.code == 0) == (not rows)
        failed = report.get("audit", {}).get("summary", {}).get("scan_failed", 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        text = f"secrets: Kingfisher's report on the {place} is in a format that nobody here reads yet"
        raise Unavailable(text, "kingfisher --version") from None
    if not whole or failed:
        raise Unavailable(f"secrets: Kingfisher's report on the {place} is not whole", "kingfisher scan .")
    return rows


def _row(one: dict[str, Any], place: str) -> Row:
    rule, found = one["rule"], one["finding"]
    commit = found.get("git_metadata", {}).get("commit", {}).get("id", "")
    return {
        "fingerprint": fingerprint(rule["id"], found["snippet"]),
        "rule": rule["id"].rpartition(".")[2],
        "what": str(rule.get("description", rule["name"])).partition(",")[0],
        "place": place,
        "path": str(found["path"]).removeprefix("./"),
        "line": found.get("line"),
        "commit": commit[:10],
    }


@lru_cache(maxsize=1_000)
def fingerprint(rule: str, secret: str) -> str:
    """Return what names a secret without telling it: equal wherever it stands, and slow to guess.

    Evidence may be published, and some passwords are short, so the digest is stretched (NIST SP 800-132,
    https://csrc.nist.gov/pubs/sp/800/132/final).
    """
    stretched = hashlib.pbkdf2_hmac(
        "sha256", secret.encode("utf-8", "surrogateescape"), rule.encode(), 100_000
    )
    return stretched[:8].hex()
