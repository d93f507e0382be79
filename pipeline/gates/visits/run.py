"""A run of visits: which pages are looked at now, by how many tabs, and what is kept of it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from checks.base import File, Subject, Unavailable, count_text, digest
from checks.parse.address import page_address
from pipeline.core import ui
from pipeline.core.clock import Clock, stamp, utc_now
from pipeline.core.errors import Stop
from pipeline.core.project import Project
from pipeline.gates.visits.ground import Ground
from pipeline.gates.visits.names import Names, moved
from pipeline.gates.visits.page import VIEWS, WCAG21, Instruments, Seen, Visitor
from pipeline.gates.visits.store import FOR_EVER, Row, Store
from pipeline.gates.visits.traffic import host_rules
from pipeline.site.server.folder import FilesServer
from pipeline.tools.browser import Browser, BrowserError

_TABS = 2
# Of the pages that are carried over so many are visited again, to see that they still are what was kept.
_AGAIN = 0.02
_TOOLS = ("chromium", "axe-core", "html_codesniffer")
# axe's tags for each standard: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md#axe-core-tags
_TAGS = {
    "wcag21aa": WCAG21,
    "wcag22aa": (*WCAG21, "wcag22aa"),
    "wcag21aaa": (*WCAG21, "wcag2aaa"),
    "wcag22aaa": (*WCAG21, "wcag22aa", "wcag2aaa"),
}


@dataclass(frozen=True)
class Kept:
    """The records of a run; they are read from the database one after the other."""

    path: Path
    numbers: tuple[int, ...]
    tools: Mapping[str, str]
    fresh: int = 0
    carried: int = 0

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Return one record for each page, in the order of the addresses; raises Unavailable."""
        try:
            with Store(self.path) as store:
                for number in self.numbers:
                    yield store.record(number)
        except sqlite3.Error as error:
            raise Unavailable(f"{self.path} cannot be read: {error}", "invoke check --fresh") from error


@dataclass
class _Run:
    """What a run knows and fills; `numbers` are the rows of the pages by address."""

    ground: Ground
    store: Store
    context: str
    clock: Clock
    numbers: dict[str, int] = field(default_factory=dict)
    carried: dict[str, int] = field(default_factory=dict)

    @cached_property
    def names(self) -> Names:
        """What tells whether files changed."""
        return Names(self.ground, self.ground.subject.read)

    def find(self, file: File) -> int | None:
        """Return the number of a kept visit of a page that nothing has changed since, or None."""
        now, page = stamp(self.clock()), page_address(file.path)
        rows = [row for row in self.store.kept(self.context, page) if row.until > now]
        for row in rows:
            if self.names.same(row.asked):
                return row.id
        for row in rows:
            renamed = self.names.renamed(row.asked)
            if renamed is not None:
                return self._rename(page, row, renamed)
        return None

    def _rename(self, page: str, row: Row, names: Mapping[str, str]) -> int:
        """Write a visit down again as it would be now that hashed files are called otherwise."""
        text = json.dumps(self.store.record(row.id))
        if names:
            every = re.compile("|".join(re.escape(name) for name in names))
            text = every.sub(lambda match: names[match[0]], text)
        record = json.loads(text)
        paths = {moved(path, names) for path in row.asked}
        record["needs"] = self.ground.needs(paths)
        for one in record["requests"]:
            if one["bytes"] and one["url"].startswith("/"):
                one["bytes"] = self.ground.sent(unquote(one["url"].partition("?")[0]))
        return self.store.add(self.context, page, self._answers(paths), row.until, record)

    def _answers(self, paths: Iterable[str]) -> dict[str, object]:
        return {path: self.names.answer(path) for path in sorted(paths)}

    def keep(self, page: str, seen: Seen) -> None:
        """Write a visit down at once, so that a killed run loses nothing that is done."""
        until = FOR_EVER if seen.age is None else stamp(self.clock() + timedelta(seconds=seen.age))
        answers = self._answers(seen.asked)
        self.numbers[page] = self.store.add(self.context, page, answers, until, seen.record)


def visit(
    project: Project,
    subject: Subject,
    *,
    fresh: bool = False,
    clock: Clock = utc_now,
    chance: Callable[[], float] | None = None,
) -> Kept:
    """Return what a browser sees on the pages of a subject; pages that nothing changed on are not visited again.

    `fresh` visits all. Raises Unavailable without a browser, without its tools, or when what is kept cannot be written.
    """
    from pipeline.tools import toolbox
    from pipeline.tools.chrome import find_chrome
    from pipeline.tools.node import find_node

    try:
        program = find_chrome(project.settings.tools.chrome).path
        box = toolbox.installed("page") or toolbox.need("page", find_node(project.settings.tools.node))
    except Stop as stop:
        raise Unavailable(stop.message, stop.hint or "invoke doctor --fix", stop.details) from stop
    cache_folder = project.state / "cache"
    instruments = _instruments(project, subject, box, cache_folder / "pictures")
    path = cache_folder / "visits.db"
    roll = chance or random.Random().random  # noqa: S311 - a sample, no secret
    try:
        with Store(path) as store, ui.step("visit pages") as line:
            run = _Run(Ground(subject), store, _context(subject, instruments), clock)
            again = _plan(run, fresh=fresh, chance=roll)
            todo = [file for file in run.ground.pages if page_address(file.path) not in run.carried]
            todo += [file for file in run.ground.pages if page_address(file.path) in again]
            if todo:
                asyncio.run(_go(run, todo, program, instruments))
            if _compare(run, again):
                store.drop_but(set(run.numbers.values()))
                rest = [file for file in run.ground.pages if page_address(file.path) not in run.numbers]
                run.carried.clear()
                asyncio.run(_go(run, rest, program, instruments))
            pages = [page_address(file.path) for file in run.ground.pages]
            rows = tuple(run.numbers[page] if page in run.numbers else run.carried[page] for page in pages)
            store.tidy(stamp(clock() - timedelta(days=1)), set(rows))
            _prune(store, instruments.pictures)
            now = len(run.numbers)
            line.note = f"{now} of {count_text(len(pages), 'page')} now, {len(pages) - now} carried over"
    except BrowserError as error:
        raise Unavailable(f"pages cannot be visited: {error}", "invoke doctor --fix") from error
    except sqlite3.Error as error:
        raise Unavailable(f"what the browser saw cannot be kept in {path}: {error}", "df -h .") from error
    except OSError as error:
        raise Unavailable(f"the pages cannot be visited: {error}", "invoke doctor") from error
    return Kept(path, rows, {name: subject.versions.get(name, "") for name in _TOOLS}, now, len(pages) - now)


def _instruments(project: Project, subject: Subject, box: Path, pictures: Path) -> Instruments:
    policy = project.policy_for(subject.environment) if subject.environment else project.policy
    standard = str(getattr(getattr(policy, "accessibility", None), "standard", "") or "wcag21aa").lower()
    pictures.mkdir(parents=True, exist_ok=True)
    return Instruments(
        box / "node_modules/axe-core/axe.min.js",
        box / "node_modules/html_codesniffer/build/HTMLCS.js",
        pictures,
        _TAGS.get(standard, WCAG21),
        "WCAG2AAA" if standard.endswith("aaa") else "WCAG2AA",
    )


def _context(subject: Subject, instruments: Instruments) -> str:
    """Return the digest of everything but the files that a record depends on."""
    versions = {name: subject.versions.get(name, "") for name in _TOOLS}
    return digest(_code(), versions, subject.base, subject.url, VIEWS, instruments.tags, instruments.standard)


@cache
def _code() -> str:
    """Return the digest of what measures: this package, the browser's client, and the walk."""
    here = Path(__file__).parent
    files = [*here.glob("*.py"), *here.glob("*.js"), here.parent.parent / "tools" / "browser.py"]
    files += [*here.parent.glob("walk*.py"), *here.parent.glob("walk*.js"), *here.parent.glob("walk/*")]
    whole = hashlib.sha256()
    for file in sorted(file for file in files if file.is_file()):
        whole.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return whole.hexdigest()


def _plan(run: _Run, *, fresh: bool, chance: Callable[[], float]) -> set[str]:
    """Find what can be carried over, and return the pages of it that are looked at again."""
    again = set()
    for file in run.ground.pages:
        number = None if fresh else run.find(file)
        if number is not None:
            page = page_address(file.path)
            run.carried[page] = number
            if chance() < _AGAIN:
                again.add(page)
    return again


async def _go(run: _Run, files: list[File], program: Path, instruments: Instruments) -> None:
    """Visit pages, a few side by side; those that bring the browser down or hang get a second visit, alone."""
    bodies = {file.sha256: file for file in run.ground.files.values()}
    read = run.ground.subject.read
    names = {path: file.sha256 for path, file in run.ground.files.items()}
    server = FilesServer("visits", names, lambda path: read(run.ground.files[path]), run.ground.base)
    with server:
        port = int(server.url.split(":")[2].split("/")[0])
        async with Browser(program, rules=host_rules(port)) as browser:
            visitor = Visitor(
                browser, run.ground, instruments, lambda file: read(bodies[file.sha256]), run.clock
            )
            waiting = list(reversed(files))
            troubled: list[File] = []
            restarting = asyncio.Lock()

            async def work() -> None:
                while waiting:
                    file = waiting.pop()
                    try:
                        run.keep(page_address(file.path), await visitor.visit(file))
                    except BrowserError:
                        troubled.append(file)
                        async with restarting:
                            await _revive(browser)

            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(_TABS, len(files))):
                        group.create_task(work())
            except ExceptionGroup as several:
                # Such as a file that was changed in the middle, or a full disk: one says it for all.
                raise several.exceptions[0] from None
            for file in sorted(troubled, key=lambda one: one.path):
                await browser.restart()
                page = page_address(file.path)
                try:
                    run.keep(page, await visitor.visit(file))
                except BrowserError as error:
                    run.keep(page, visitor.failed(page, f"{error}, twice"))


async def _revive(browser: Browser) -> None:
    """Start the browser again when it does not answer."""
    try:
        await browser.send("Browser.getVersion", seconds=5)
    except BrowserError:
        # If it does not start, the second visits say so.
        with contextlib.suppress(BrowserError):
            await browser.restart()


def _compare(run: _Run, again: set[str]) -> bool:
    """Whether a page looks otherwise than what was kept of it, although nothing changed; says so."""
    wrong = []
    for page in sorted(again):
        before, now = run.store.record(run.carried[page]), run.store.record(run.numbers[page])
        if "failed" not in now and essence(before) != essence(now):
            wrong.append(page)
    if wrong:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        ui.warn(
            f"{wrong[0]}{more} did not look as kept, although nothing changed: all pages are visited again"
        )
    return bool(wrong)


def essence(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must be the same in two visits of an unchanged page; times, pictures and shifts may differ."""
    return {
        "final": record["final"],
        "console": sorted(f"{one['level']} {one['text']}" for one in record["console"]),
        "requests": sorted({f"{one['url']} {one['status']}" for one in record["requests"]}),
        "cookies": [one["name"] for one in record["cookies"]],
        "storage": record["storage"],
        "needs": record["needs"],
        "views": [
            {
                "name": view["name"],
                "axe": sorted((rule["id"], rule["count"]) for rule in view["axe"]["violations"]),
                "htmlcs": sorted((one["code"], one["selector"]) for one in view["htmlcs"]),
                "overflow": view["overflow"],
            }
            for view in record["views"]
        ],
        "keyboard": json.dumps(record["keyboard"], sort_keys=True),
    }


def _prune(store: Store, pictures: Path) -> None:
    """Remove pictures that no record shows any more."""
    shown = set(store.pictures())
    with os.scandir(pictures) as entries:
        for entry in entries:
            if entry.name.removesuffix(".webp") not in shown:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()
