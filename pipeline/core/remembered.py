"""What unchanged settings came to, kept between runs so that they are not parsed and judged again.

One file an answer below `.pages/cache/settings/`, named by a digest of everything that the answer depends on: the
content of the files, our code, its libraries, Python, the variables and flags. Nothing is read back that was not
written here, and a site without a state folder, or one that cannot be written to, just has no memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from pipeline.core.files import write_atomic
from pipeline.core.part import Part
from pipeline.core.paths import STATE_FOLDER, state_folder
from pipeline.core.schema import Loaded
from pipeline.core.secrets import redact

Answer = TypeVar("Answer")
_CODE = ("mistakes", "part", "remembered", "schema", "secrets", "settings", "sources")
_LIBRARIES = ("pydantic", "tomli", "yaml")
# Each change of a file, a variable or a flag makes a new answer; people go back and forth between a few.
_MOST = 16


@dataclass(frozen=True)
class Memory:
    """Answers that are kept in the state folder of `home`, without the secrets of `environ`."""

    home: Path | None
    environ: Mapping[str, str]
    machinery: Sequence[object]
    _new: dict[str, bytes] = field(default_factory=dict)

    def answer(
        self, question: Sequence[object], files: Iterable[Path], ask: Callable[[], Answer], kind: type[Answer]
    ) -> Answer:
        """Return what `ask` returned when it was last asked so about the same contents of `files`, else ask it.

        A new answer is kept by `save`.
        """
        files = tuple(files)
        name = self._name(question, files)
        known = self._recall(name) if name else None
        if isinstance(known, kind):
            return known
        answer = ask()
        # Whoever edits a file while it is read gets an answer to one of both contents, and it is not kept.
        if name and name == self._name(question, files) and (data := self._written(answer)):
            self._new[name] = data
        return answer

    def save(self) -> None:
        """Keep what is new; a folder that cannot be written to stays as it is."""
        if self.home is None or not self._new:
            return
        with contextlib.suppress(OSError):
            folder = state_folder(self.home) / "cache/settings"
            seal = _seal(self.home)
            for name, data in self._new.items():
                write_atomic(folder / name, _sealed(seal, name, data))
            ages = sorted((path.stat().st_mtime_ns, path) for path in folder.iterdir())
            for _, path in ages[:-_MOST]:
                path.unlink(missing_ok=True)

    def _name(self, question: Sequence[object], files: tuple[Path, ...]) -> str | None:
        if self.home is None:
            return None
        try:
            contents = [_digest(path) for path in files]
            everything = [question, contents, self.machinery]
        except OSError:
            return None
        return hashlib.sha256(json.dumps(everything, default=repr).encode()).hexdigest()

    def _recall(self, name: str) -> object:
        if self.home is None:
            return None
        try:
            seal = _seal(self.home)
            written = (self.home / STATE_FOLDER / "cache/settings" / name).read_bytes()
            data = written[written.index(b"\n") + 1 :]
            return decoded(json.loads(data)) if written == _sealed(seal, name, data) else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def _written(self, answer: object) -> bytes | None:
        if isinstance(answer, Loaded) and any(_from_variable(*origin) for origin in answer.origins.items()):
            return None
        try:
            value = encoded(answer)
        except TypeError:
            return None
        words = "\n".join(_words(value))
        return None if redact(words, self.environ) != words else json.dumps(value).encode()


def _from_variable(key: str, origin: str) -> bool:
    # A variable is where a secret may stand; the folder that --site gives us by one is none.
    return origin.startswith("environment ") and key != "site.path"


def _seal(home: Path) -> str:
    # What no clone can bring along: a file that was committed into `.pages/` must not pass for ours.
    about = (home / STATE_FOLDER / ".gitignore").stat()
    return f"{about.st_dev} {about.st_ino} {about.st_ctime_ns}"


def _sealed(seal: str, name: str, data: bytes) -> bytes:
    return hashlib.sha256(f"{seal} {name} ".encode() + data).hexdigest().encode() + b"\n" + data


def _digest(path: Path) -> str | None:
    """Return the digest of a file's content, None where there is none; raises OSError when it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def machinery() -> list[object]:
    """Return what tells our code, the libraries that judge settings, and Python from others of their kind."""
    here = Path(__file__).parent
    code = [_digest(here / f"{name}.py") for name in _CODE]
    specs = [find_spec(name) for name in _LIBRARIES]
    # Reading a library's version takes longer than all the rest; an upgrade writes the file anew.
    about = [Path(spec.origin).stat() if spec and spec.origin else None for spec in specs]
    return [code, [one and (one.st_ino, one.st_mtime_ns, one.st_size) for one in about], sys.version]


def encoded(value: object) -> object:
    """Return a value as JSON can say it, `[kind, content]` for what JSON has no word for; raises TypeError."""
    if isinstance(value, Part | Loaded):
        return [type(value).__name__, {name: encoded(inner) for name, inner in vars(value).items()}]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: encoded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [type(value).__name__, [encoded(inner) for inner in value]]
    if isinstance(value, Path):
        return ["Path", str(value)]
    if type(value) is date:
        return ["date", value.isoformat()]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(type(value).__name__)


def decoded(value: object) -> object:
    """Return what `encoded` was given; raises KeyError, TypeError or ValueError for anything else."""
    if isinstance(value, dict):
        return {key: decoded(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind in {"list", "tuple"}:
        return [decoded(inner) for inner in content] if kind == "list" else tuple(map(decoded, content))
    if kind in {"Path", "date"}:
        return Path(content) if kind == "Path" else date.fromisoformat(content)
    return _kinds()[kind](**{key: decoded(inner) for key, inner in content.items()})


@cache
def _kinds() -> dict[str, Callable[..., object]]:
    return {"Loaded": Loaded, **{part.__name__: part for part in Part.__subclasses__()}}


def _words(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    elif not isinstance(value, list):
        yield str(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _words(inner)
