"""A language worker for one project: starts it, asks it, starts it once more when it dies or hangs."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from pipeline.core.errors import Code, Stop
from pipeline.core.secrets import redact
from pipeline.typescript.edits import Edit
from pipeline.typescript.scripts import Script
from pipeline.typescript.texts import characters, units
from pipeline.typescript.tree import Pool, Tree, read_tree

_WORKER = Path(__file__).with_name("worker.mjs")
_MEGABYTES = 6144
_SECONDS = 300.0
_SAID_LINES = 40
_EMITTED = 500  # texts whose JavaScript is remembered


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One error, positions in the file; `name`, `script_start` and `script_end` are those of the script around it."""

    file: str
    start: int
    end: int
    code: int
    message: str
    name: str
    script_start: int
    script_end: int
    level: str = "error"
    related: tuple[tuple[str, int, str], ...] = ()

    @property
    def head(self) -> str:
        """The first line of its message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True)
class Description:
    """What the worker found: versions, languages, files, options, and what is wrong with the configuration."""

    typescript: str
    config: str
    languages: Mapping[str, str]
    files: tuple[str, ...]
    declarations: tuple[str, ...]
    options: Mapping[str, Any]
    references: tuple[str, ...]
    problems: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class QuickFix:
    """A repair that the language service offers: TypeScript's name for it, its title and the edits."""

    name: str
    title: str
    edits: tuple[Edit, ...]


class Refused(Stop):
    """The worker cannot serve this project; `kind` says why: no-typescript, typescript-7, old-vue-tsc ..."""

    def __init__(self, kind: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint, Code.USAGE)
        self.kind = kind


class WorkerDied(Stop):
    """The worker ended or hung twice over the same question."""

    def __init__(self, method: str, why: str, said: Sequence[str]) -> None:
        super().__init__(
            f"the language worker {why} while it answered `{method}`, twice",
            "run the site's own type check to see whether TypeScript itself breaks down on this code",
            Code.SERVICE,
            tuple(said),
        )


class _Gone(Exception):
    """The process ended or did not answer in time."""


_HINTS = {
    "no-typescript": "install the site's packages (invoke build), or add typescript to its devDependencies",
    "typescript-7": "install TypeScript 6 under the same name: "
    "npm install -D typescript@npm:@typescript/typescript6@6.0.2",
    "old-vue-tsc": "install a newer one: npm install -D vue-tsc@latest",
    "no-config": "make one: npx tsc --init (Astro: extend astro/tsconfigs/strict)",
    "broken-config": "see what is wrong with it: npx tsc --showConfig",
}


class Session:
    """One project in one worker. Use it as a context manager; not safe for several threads.

    `options` are compiler options in place of the configuration's; `overlay` are texts of files, in units, in place of
    those on disk when the project is opened: configurations too.
    """

    def __init__(
        self,
        node: Path,
        root: Path,
        *,
        config: str | None = None,
        options: Mapping[str, object] | None = None,
        overlay: Mapping[str, str] | None = None,
        seconds: float = _SECONDS,
        megabytes: int = _MEGABYTES,
    ) -> None:
        self.root = root.resolve()
        self.restarts = 0
        self._argv = [str(node), f"--max-old-space-size={megabytes}", str(_WORKER)]
        self._opening = {
            "root": str(self.root),
            "config": config,
            "options": dict(options or {}),
            "overlay": {file: characters(text) for file, text in (overlay or {}).items()},
        }
        self._seconds = seconds
        self._number = 0
        self._said: list[str] = []
        self._texts: dict[str, str] = {}
        self._emitted: dict[tuple[str, str], tuple[Script, ...]] = {}
        self._pool = Pool(self._spell)
        self._epoch = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[Any] = queue.Queue()
        try:
            self.description = _described(self._ask("open", **self._opening))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        process, self._process = self._process, None
        if process:
            # First: a stream cannot be closed while a thread waits for a line of it.
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    if stream:
                        stream.close()

    def override(self, options: Mapping[str, object]) -> None:
        """Use these compiler options in place of the configuration's; {} are its own again."""
        self._opening["options"] = dict(options)
        self._ask("options", options=options)

    def configure(self, overlay: Mapping[str, str]) -> None:
        """Go on as if the project had been opened with this overlay, and with the texts that are held since."""
        self._opening["overlay"] = {file: characters(text) for file, text in overlay.items()}
        self._emitted.clear()
        self.description = _described(self._ask("configure", overlay=self._opening["overlay"]))

    def set(self, texts: Mapping[str, str]) -> None:
        """Hold these texts (in UTF-16 units, by path from the root) in place of the files."""
        self._texts.update(texts)
        self._ask("set", texts={file: characters(text) for file, text in texts.items()})

    def check(self, files: Iterable[str] | None = None) -> list[Diagnostic]:
        """Return the errors of these files, or of all; sorted, each once."""
        found = self._ask("check", files=None if files is None else sorted(files))
        return sorted({diagnostic_of(one) for one in found if one["level"] == "error"})

    def dependents(self, files: Iterable[str]) -> list[str] | None:
        """Return these files and all that import them, however far away; None when that may be every file."""
        found: list[str] | None = self._ask("dependents", files=sorted(files))
        return found

    def trees(self, files: Iterable[str], sources: Mapping[str, str]) -> list[Tree]:
        """Return the typed trees of these files; `sources` are their texts in units."""
        data = self._ask("tree", files=sorted(files))
        if data["epoch"] != self._epoch:
            self._epoch, self._pool = data["epoch"], Pool(self._spell)
        self._pool.add(data["types"], data["symbols"])
        return [
            read_tree(
                {**one, "text": None if one["text"] is None else units(one["text"])},
                sources[one["file"]],
                self._pool,
            )
            for one in data["trees"]
        ]

    def _spell(self, number: int) -> str:
        return units(self._ask("spell", type=number) or "")

    def emit(self, texts: Mapping[str, str]) -> dict[str, tuple[Script, ...]]:
        """Return the JavaScript of texts by file, each script of it, types and comments stripped."""
        missing = {
            file: characters(text) for file, text in texts.items() if (file, text) not in self._emitted
        }
        if missing:
            if len(self._emitted) > _EMITTED:
                self._emitted.clear()
                missing = {file: characters(text) for file, text in texts.items()}
            for file, parts in self._ask("emit", texts=missing).items():
                scripts = tuple(Script(one["name"], one["extension"], one["code"]) for one in parts)
                self._emitted[file, texts[file]] = scripts
        return {file: self._emitted[file, text] for file, text in texts.items()}

    def compare(self, pairs: Sequence[tuple[str, str, str]]) -> list[list[dict[str, str]]]:
        """Return for each (before, after, extension) of JavaScript what differs: form, before, after."""
        found: list[list[dict[str, str]]] = self._ask("compare", pairs=list(pairs))
        return found

    def fixes(self, one: Diagnostic) -> list[QuickFix]:
        """Return the quick fixes that the language service offers for an error."""
        found = self._ask("fixes", file=one.file, start=one.start, end=one.end, code=one.code)
        return [quick_fix_of(fix) for fix in found]

    def implementers(self, base: str, members: Iterable[str]) -> list[str]:
        """Return the library's interfaces that extend `base` and have all the members, the most general first."""
        found: list[str] = self._ask("implementers", base=base, members=sorted(members))
        return found

    def ambient(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return the type of global names as text, None for those that do not exist; `Map["key"]` asks for a member."""
        found: dict[str, str | None] = self._ask("ambient", names=sorted(names))
        return found

    def subjects(self, errors: Iterable[Diagnostic]) -> list[dict[str, Any] | None]:
        """Return for each error the declarations that it has to do with; see worker/subjects.mjs."""
        places = [[one.name, one.script_start, one.script_end] for one in errors]
        found: list[dict[str, Any] | None] = self._ask("subjects", places=places)
        return found

    def imports(self) -> dict[str, list[dict[str, Any]]]:
        """Return by file what it imports: specifier, target (path from the root, or None), types (only types)."""
        found: dict[str, list[dict[str, Any]]] = self._ask("imports")
        return found

    def memory(self) -> int:
        """Return the worker's resident memory in bytes."""
        return int(self._ask("memory")["rss"])

    def _ask(self, method: str, **parameters: object) -> Any:  # noqa: ANN401 - JSON
        try:
            return self._once(method, parameters)
        except _Gone as first:
            self.close()
            self.restarts += 1
            try:
                if method != "open":
                    self._once("open", self._opening)
                    texts = {file: characters(text) for file, text in self._texts.items()}
                    self._once("set", {"texts": texts})
                return self._once(method, parameters)
            except _Gone:
                self.close()
                raise WorkerDied(method, str(first), self._said[-_SAID_LINES:]) from None

    def _once(self, method: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 - JSON
        process = self._process or self._start()
        self._number += 1
        body = json.dumps(
            {"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters}
        ).encode()
        try:
            if process.stdin is None:
                raise _Gone("ended")
            process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            process.stdin.flush()
            answer = self._answers.get(timeout=self._seconds)
        except OSError:
            raise _Gone("ended") from None
        except queue.Empty:
            raise _Gone(f"did not answer within {self._seconds:g} s") from None
        if answer is None:
            raise _Gone("ended")
        if error := answer.get("error"):
            kind = error["data"]["kind"]
            if kind in _HINTS:
                raise Refused(kind, error["message"], _HINTS[kind])
            raise Stop(
                f"the language worker failed in `{method}`: {error['message']}",
                "",
                Code.BUG,
                tuple(error["data"]["detail"].splitlines()),
            )
        return answer["result"]

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603 - our own worker under the node that was found
            self._argv,
            cwd=self.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._process = process
        self._answers = queue.Queue()
        for target, arguments in (
            (_read, (process.stdout, self._answers)),
            (_listen, (process.stderr, self._said)),
        ):
            threading.Thread(target=target, args=arguments, daemon=True).start()
        return process


def _described(data: Mapping[str, Any]) -> Description:
    return Description(
        data["typescript"],
        data["config"],
        {one["name"]: one["version"] for one in data["languages"]},
        tuple(sorted(one["file"] for one in data["files"] if not one["declaration"])),
        tuple(sorted(one["file"] for one in data["files"] if one["declaration"])),
        data["options"],
        tuple(data["references"]),
        tuple(diagnostic_of(one) for one in data["problems"]),
    )


def _read(stream: IO[bytes], answers: queue.Queue[Any]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while True:
            length = 0
            while line := stream.readline().strip():
                length = int(line.partition(b":")[2])
            if not length:
                break
            answers.put(json.loads(stream.read(length)))
    answers.put(None)


def _listen(stream: IO[bytes], said: list[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            said.append(redact(line.decode("utf-8", "replace").rstrip()))
            del said[:-_SAID_LINES]


def quick_fix_of(fix: Mapping[str, Any]) -> QuickFix:
    """Return a quick fix from the worker's data."""
    edits = tuple(Edit(one["file"], one["start"], one["end"], units(one["text"])) for one in fix["edits"])
    return QuickFix(fix["name"], fix["title"], edits)


def diagnostic_of(one: Mapping[str, Any]) -> Diagnostic:
    """Return an error from the worker's data."""
    return Diagnostic(
        one["file"],
        one["start"],
        one["end"],
        one["code"],
        units(one["message"]),
        one["name"],
        one["gstart"],
        one["gend"],
        one["level"],
        tuple((other["file"], other["start"], other["message"]) for other in one["related"]),
    )
