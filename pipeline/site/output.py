"""The output folder: moved aside while a build fills a new one, and back when that build comes to nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
import uuid
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core import proc
from pipeline.core.files import read_json, write_json
from pipeline.site.worktree import paths
from pipeline.tools.git import Git

# Every program of a build carries its run's token in this variable: it finds what a killed run left behind.
RUN_VARIABLE = "PAGES_RUN"
_END_SECONDS = 5.0
_JOURNAL = "building.json"
_ASIDE = "aside"
# What a build left that failed: to look at, until the next one fails.
FAILED = "failed-output"
# A folder with one of these is more than a build's output, whatever the settings say.
_NEVER_CLEARED = ("package.json", ".git", "node_modules", "src", "invoke.yaml", "constitution.toml", ".pages")


@dataclass(frozen=True)
class Run:
    """One build in progress; `output` is relative to the site, `clear` says whether it is ours to clear."""

    token: str
    environment: str
    output: str
    clear: bool
    had_output: bool


def keep_reason(site: Path, output: Path) -> str | None:
    """Return why the output folder must not be cleared before a build, or None when it may be."""
    if output.is_symlink():
        return "it is a symbolic link"
    real, top = output.resolve(), site.resolve()
    if top not in real.parents:
        return "it is the site itself" if real == top else "it is outside of the site"
    if found := [name for name in _NEVER_CLEARED if (output / name).exists()]:
        return f"it holds {found[0]}"
    listed = Git(site, bare=False).try_run("ls-files", "-z", "--", str(real))
    if listed.ok and listed.out:
        return f"git tracks {os.fsdecode(listed.out.split(bytes(1))[0])} in it"
    return None


@contextlib.contextmanager
def running(site: Path, state: Path, output: Path, environment: str, *, clear: bool) -> Iterator[Run]:
    """Journal a build for the block; when the block fails, the previous output is put back.

    `clear` false leaves the output where it is, and then a failed build may have changed it.
    """
    relative = os.path.relpath(output, site)
    run = Run(uuid.uuid4().hex, environment, relative, clear, had_output=output.is_dir())
    write_json(state / _JOURNAL, asdict(run))
    try:
        yield run
    except BaseException:
        end_leftovers(run.token)
        _undo(site, state, run)
        raise
    _forget(state, run)


def set_aside(site: Path, state: Path, run: Run) -> None:
    """Move the previous output out of the way of the build that now starts."""
    if run.clear and run.had_output:
        (state / _ASIDE).mkdir(parents=True, exist_ok=True)
        (site / run.output).rename(state / _ASIDE / run.token)


def recover(site: Path, state: Path, finished: Collection[str]) -> str | None:
    """Undo a build that was killed; return what was done, or None when there was nothing to do.

    `finished` are the tokens of builds that ended well: one that was killed after its record counts as done.
    """
    found = read_json(state / _JOURNAL)
    if not isinstance(found, dict):
        return None
    run = Run(**found)
    ended = end_leftovers(run.token)
    if run.token in finished:
        _forget(state, run)
        return None
    restored = _undo(site, state, run)
    processes = f"; ended {ended} of its processes that were still running" if ended else ""
    return f"the last build ({run.environment}) was killed: {restored}{processes}"


def _undo(site: Path, state: Path, run: Run) -> str:
    output, aside = site / run.output, state / _ASIDE / run.token
    if aside.is_dir():
        _put_away(output, state)
        aside.rename(output)
        done = f"{run.output}/ is the previous output again"
    elif run.clear and not run.had_output:
        _put_away(output, state)
        done = f"its unfinished {run.output}/ is put away"
    elif run.clear:
        done = f"{run.output}/ was not touched yet"
    else:
        done = f"{run.output}/ may hold files of it"
    _forget(state, run)
    return done


def _put_away(output: Path, state: Path) -> None:
    if output.is_dir():
        shutil.rmtree(state / FAILED, ignore_errors=True)
        output.rename(state / FAILED)


def _forget(state: Path, run: Run) -> None:
    (state / _JOURNAL).unlink(missing_ok=True)
    shutil.rmtree(state / _ASIDE / run.token, ignore_errors=True)


def end_leftovers(token: str) -> int:
    """End what a run left behind, which would go on writing into the output; return how many processes."""
    ended: set[int] = set()
    limit = time.monotonic() + _END_SECONDS
    while (found := leftovers(token)) and time.monotonic() < limit:
        for number in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        ended.update(found)
        time.sleep(0.02)
    return len(ended)


def leftovers(token: str) -> list[int]:
    """Return the ids of running processes that carry the run's token in their environment."""
    sign = f"{RUN_VARIABLE}={token}"
    if not Path("/proc/self/environ").exists():
        # macOS: `E` appends the environment of one's own processes to the command line.
        listed = proc.run(["ps", "-A", "-E", "-ww", "-o", "pid=,command="]).text.splitlines()
        return [int(line.split()[0]) for line in listed if sign in line]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if sign.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def lookalikes(site: Path, since: float) -> list[str]:
    """Return the folders of the site that look like an output written after `since` (Unix time)."""
    found = []
    for pattern in ("*/index.html", "*/*/index.html"):
        for page in site.glob(pattern):
            parts = page.relative_to(site).parts[:-1]
            if {"node_modules", ".git", ".pages"}.isdisjoint(parts) and page.stat().st_mtime >= since - 1:
                found.append("/".join(parts))
    # `dist/blog` says nothing new beside `dist`.
    return sorted(path for path in found if not any(path.startswith(f"{other}/") for other in found))


def stage(site: Path, state: Path) -> Path:
    """Return a folder with what a plain site that is its own output publishes, brought up to date.

    That is what git does not ignore, without dot files (except `.well-known`) and without our settings.
    """
    target = state / "plain"
    wanted = {path for path in paths(site, site) if _public(path)}
    for path in sorted(wanted):
        source, copy = site / path, target / path
        if not source.is_file():
            continue
        about = source.stat()
        if copy.is_file() and (copy.stat().st_size, copy.stat().st_mtime_ns) == (
            about.st_size,
            about.st_mtime_ns,
        ):
            continue
        if copy.is_dir():
            shutil.rmtree(copy)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
    for folder, _, names in os.walk(target, topdown=False):
        for copy in (Path(folder, name) for name in names):
            if copy.relative_to(target).as_posix() not in wanted:
                copy.unlink()
        with contextlib.suppress(OSError):
            Path(folder).rmdir()  # only where nothing is left
    return target


def _public(path: str) -> bool:
    return not any(part.startswith(".") and part != ".well-known" for part in path.split("/"))
