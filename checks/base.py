"""What a gate is made of: what it looks at, what it measures, what it finds, and what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

Scope = Literal["site", "page", "source", "remote"]
Principle = Literal["I", "II", "III", "IV", "V"]
Digest = str
# A gate's own limits by its own keys, such as {"page": {"css": 50_000}}; they come from the policy.
Limits = Mapping[str, Any]


class Verdict(StrEnum):
    """What a gate says in the end; there is no fifth way, and nothing is skipped in silence."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    UNAVAILABLE = "unavailable"


class Unavailable(Exception):
    """Raised by `collect` when it could not measure: the reason, what to do about it, and lines of detail.

    `flaky` says that a second try may well succeed, such as after a browser crashed; it gets exactly one.
    """

    def __init__(
        self, reason: str, fix: str = "", details: Sequence[str] = (), *, flaky: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix
        self.details = tuple(details)
        self.flaky = flaky


class Changed(Unavailable):
    """What is there is not what is to be judged: no environment takes a release on that."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be, in words that a newcomer can act on.

    `path` is a page's address (`/blog/`) or a file, `measured` and `limit` are in `unit` ("B" is bytes),
    `details` are lines of evidence, and what is not `blocking` is advice. `unmeasured` says that a part could not be
    measured: then the gate is unavailable, which is in the way of a release only where the finding blocks.
    `source` is the address that tells why, `picture` names a picture of it by the digest of its bytes.
    """

    rule: str
    message: str
    blocking: bool = True
    path: str = ""
    line: int | None = None
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    details: tuple[str, ...] = ()
    fix: str = ""
    unmeasured: bool = False
    source: str = ""
    picture: str = ""


@dataclass(frozen=True)
class Measure:
    """One measured value for the summary: what, how much, and where it was worst.

    A `limit` of None is no limit, `details` are lines of evidence, such as the biggest files.
    """

    name: str
    value: float
    limit: float | None = None
    unit: str = ""
    where: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What a gate measured, as JSON-able data.

    `nothing` says why there was nothing to measure (no TypeScript in the site), `tools` are versions that
    the result depends on, `measured_at` is ISO 8601 in UTC and set by the runner.
    """

    data: Mapping[str, Any]
    nothing: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    measured_at: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of the output: path with `/`, SHA-256, size and gzip size (level 6) in bytes."""

    path: str
    sha256: str
    size: int
    gzip: int


@dataclass(frozen=True, slots=True)
class Change:
    """A file that the live release has too, with other bytes."""

    path: str
    old: bytes
    new: bytes


class Live(Protocol):
    """The release that is live now, as far as a gate compares with it."""

    @property
    def tree(self) -> Digest:
        """Return what names its files: equal trees mean equal contents."""
        ...

    def changes(self, files: Sequence[File], /) -> Iterator[Change]:
        """Return those of the judged files that it has with other bytes; raises Unavailable."""
        ...


@dataclass(frozen=True)
class Subject:
    """What is judged: the sources, the built files, and where they will be served.

    `tree` names the built files and `source_digest` the sources; equal digests mean equal contents.
    `type_check` is the site's own checker as argv, empty when it has none; its time limit is in seconds.
    `live` is None before the first release, and by hand. `hub` is `host/owner/name` where it is published to GitHub,
    empty elsewhere, `branch` the pages branch there, `moment` (ISO 8601 in UTC) when it is judged. `versions` are those
    of the programs that measure in a browser, by name: "chromium", "axe-core". `plans` name the settings that change
    what a gate measures, by its name; limits are not among them.
    """

    source: Path
    output: Path
    files: tuple[File, ...]
    tree: str
    source_digest: Digest
    base: str = "/"
    url: str = ""
    environment: str = ""
    type_check: tuple[str, ...] = ()
    type_check_seconds: float = 300
    live: Live | None = None
    hub: str = ""
    branch: str = ""
    moment: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    plans: Mapping[str, str] = field(default_factory=dict)

    def read(self, file: File) -> bytes:
        """Return a file's bytes; raises Unavailable when they are not the ones that are judged."""
        try:
            data = (self.output / file.path).read_bytes()
        except OSError as error:
            raise Unavailable(
                f"{file.path} of the output cannot be read: {error.strerror}", "invoke build"
            ) from error
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise Changed(f"{file.path} was changed after the build that is judged", "invoke build")
        return data


@dataclass(frozen=True)
class Result:
    """A finished command: exit code (None: ended at its time limit), both outputs, wall time in seconds."""

    code: int | None
    out: str
    err: str
    seconds: float = 0.0


class Visits(Protocol):
    """What a browser saw on every page of a subject."""

    @property
    def tools(self) -> Mapping[str, str]:
        """Return the versions of what looked: "chromium", "axe-core", "html_codesniffer"."""
        ...

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Return one record for each page, in the order of the addresses; `docs/visits.md` has its keys.

        One that could not be visited has the key `failed` with the reason, and none of the measured ones.
        """
        ...


class Lighthouse(Protocol):
    """Lighthouse on the pages of a subject; a run is what `pipeline/tools/lighthouse/report.py` reads of a report."""

    @property
    def tools(self) -> Mapping[str, str]:
        """Return the versions of what measures: "chromium", "lighthouse"."""
        ...

    @property
    def limits(self) -> Limits:
        """Return the policy's `lighthouse`: how to measure, and how much when a value is near its limit."""
        ...

    def kept(self, page: str, preset: str) -> Sequence[Mapping[str, Any]]:
        """Return the runs that were made of this very page and all that it loads, by what measures now."""
        ...

    def measure(
        self, page: str, preset: str, categories: Sequence[str], count: int
    ) -> Sequence[Mapping[str, Any]]:
        """Measure a page `count` times and keep what may be used again; raises Unavailable."""
        ...


class Tools(Protocol):
    """Other programs, as far as a gate needs them."""

    def run(
        self, argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str | None] | None = None
    ) -> Result:
        """Run a command to its end; raises Unavailable when the program is not there."""
        ...

    def which(self, name: str) -> str | None:
        """Return the path of a program, or None."""
        ...

    def version(self, name: str) -> str:
        """Return a program's version, or an empty text."""
        ...

    def remote(self, what: str) -> Mapping[str, Any]:
        """Return facts about where the site is published, such as "actions"; raises Unavailable."""
        ...

    def toolbox(self, group: str) -> Path:
        """Return the folder whose `node_modules` has a group of locked packages; raises Unavailable."""
        ...

    def browser(self) -> Path:
        """Return the program of the browser; raises Unavailable."""
        ...

    def served(self, subject: Subject) -> AbstractContextManager[str]:
        """Serve the files as GitHub Pages will, and return the address; leaving the block ends it."""
        ...

    def keep(self, name: str) -> Path | None:
        """Return a folder, maybe not there yet, where a gate keeps what it learned of single files; None: nowhere."""
        ...

    def visits(self, subject: Subject) -> Visits:
        """Return what a browser sees on the pages; each is visited once for all gates. Raises Unavailable."""
        ...

    def lighthouse(self, subject: Subject) -> Lighthouse:
        """Return Lighthouse, ready to measure the pages; raises Unavailable."""
        ...


class Rule(NamedTuple):
    """What a rule's findings mean, how to mend them, and the address that tells why."""

    what: str
    fix: str
    source: str


class Gate(Protocol):
    """A module in this package; `docs/gates.md` tells how to write one."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - constants of a module
    @property
    def PRINCIPLE(self) -> Principle: ...  # noqa: N802
    @property
    def SCOPE(self) -> Scope: ...  # noqa: N802
    @property
    def NON_NEGOTIABLE(self) -> bool: ...  # noqa: N802
    @property
    def VERSION(self) -> int: ...  # noqa: N802 - of the measurement: raise it when `collect` measures otherwise
    @property
    def WEIGHT(self) -> int: ...  # noqa: N802 - its share of its principle's score
    @property
    def TIMED(self) -> bool: ...  # noqa: N802 - whether it measures time, and so runs alone
    @property
    def AGE(self) -> int | None: ...  # noqa: N802 - seconds after which it is measured again; None: never
    @property
    def EXPLAIN(self) -> str: ...  # noqa: N802 - what it checks, why, and where its limits come from
    @property
    def RULES(self) -> Mapping[str, Rule]: ...  # noqa: N802 - each rule that it reports; `axe:*` for a family
    @property
    def LIMITS(self) -> Limits: ...  # noqa: N802 - defaults, for running by hand

    def unavailable(self, tools: Tools, /) -> str | None:
        """Return why the gate cannot run on this machine, or None."""
        ...

    def collect(self, subject: Subject, tools: Tools, /) -> Evidence:
        """Measure: all input and output is here; raises Unavailable."""
        ...

    def judge(self, evidence: Evidence, limits: Limits, /) -> list[Finding]:
        """Compare with the limits: pure, so that old evidence can be judged under a new policy."""
        ...

    def measures(self, evidence: Evidence, limits: Limits, /) -> list[Measure]:
        """Return the values worth printing, passed or not; pure."""
        ...

    def inputs(self, subject: Subject, /) -> Digest:
        """Return the digest of everything that the measurement depends on."""
        ...


def digest(*parts: object) -> Digest:
    """Return the SHA-256 of some JSON-able values."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def verdict(findings: Sequence[Finding]) -> Verdict:
    """Return failed if a finding blocks, unavailable if a part was not measured; waivers are the runner's business."""
    if any(finding.blocking and not finding.unmeasured for finding in findings):
        return Verdict.FAILED
    return Verdict.UNAVAILABLE if any(finding.unmeasured for finding in findings) else Verdict.PASSED


def amount_text(value: float, unit: str) -> str:
    """Return a measured value as people read it."""
    return (
        size_text(value) if unit == "B" else f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
    )


def size_text(size: float) -> str:
    """Return bytes as people read them; 1 kB is 1,000 bytes, as in the budgets."""
    if size < 1_000:
        return f"{size:.0f} B"
    if size < 1e6:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.2f} GB"


def count_text(count: int, word: str) -> str:
    """Return `1 page`, `2 pages`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
