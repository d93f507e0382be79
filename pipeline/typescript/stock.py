"""A project in its own stock language servers: errors and quick fixes where the worker cannot serve it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Self

from pipeline.typescript.running import Running
from pipeline.typescript.scripts import Script
from pipeline.typescript.servers import Server, describe, find, version_of
from pipeline.typescript.session import Diagnostic, QuickFix
from pipeline.typescript.stripping import Stripper
from pipeline.typescript.texts import read
from pipeline.typescript.tree import Tree

_MEGABYTES = 6144
_SECONDS = 300.0
_EMBEDDED = (".astro", ".vue", ".svelte")


class Stock:
    """A project in stock servers, as far as rounds and reports need it. Use it as a context manager.

    What only the worker knows is empty here: trees, declarations, imports. Raises Missing, Stop.
    """

    def __init__(
        self,
        node: Path,
        root: Path,
        *,
        config: str = "tsconfig.json",
        own: Iterable[str] = (),
        servers: Sequence[Server] = (),
        seconds: float = _SECONDS,
        megabytes: int = _MEGABYTES,
    ) -> None:
        self.root = root.resolve()
        # Why the worker does not serve the project, for people.
        self.reason = ""
        own = tuple(own)
        # `tsc` itself says which files there are; which embedded languages, the files of the site.
        embedded = {one for file in own if (one := PurePosixPath(file).suffix) in _EMBEDDED}
        self.servers = tuple(servers) or find(self.root, {".ts", *embedded})
        self.description = describe(node, self.root, config, own, self.servers)
        self._stripper = Stripper(node, self.description.options)
        self._texts: dict[str, str] = {}
        self._running = [Running(node, self.root, one, seconds, megabytes) for one in self.servers]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the servers."""
        self._stripper.close()
        for one in self._running:
            one.close()

    @property
    def restarts(self) -> int:
        """How often a server had to be started again."""
        return sum(one.restarts for one in self._running)

    @property
    def processes(self) -> list[int]:
        """The numbers of the servers' processes."""
        return [process for one in self._running if (process := one.process)]

    @property
    def told(self) -> str:
        """The servers with their versions, for people."""
        names = [f"{one.package} {version_of(self.root, one.package)}" for one in self.servers]
        return " and ".join(names)

    def configure(self, overlay: Mapping[str, str]) -> None:
        """Go on: a server reads configurations from disk, and none is repaired where one is used."""

    def set(self, texts: Mapping[str, str]) -> None:
        """Hold these texts (in UTF-16 units, by path from the root) in place of the files."""
        self._texts.update(texts)

    def check(self, files: Iterable[str] | None = None) -> list[Diagnostic]:
        """Return the errors of these files, or of all; sorted, each once."""
        self._open()
        wanted = sorted(self._texts if files is None else set(files) & self._texts.keys())
        found: set[Diagnostic] = set()
        for one in self._running:
            found.update(one.check([file for file in wanted if self._server(file) is one]))
        return sorted(found)

    def fixes(self, one: Diagnostic) -> list[QuickFix]:
        """Return the quick fixes that the server offers for an error of a text that is held."""
        self._open()
        server = self._server(one.file)
        return server.fixes(one) if server and one.file in self._texts else []

    def _open(self) -> None:
        """Let the servers hold all texts: what is not open they would read from disk."""
        for file in (*self.description.files, *self.description.declarations):
            if file not in self._texts and (text := read(self.root / file)) is not None:
                self._texts[file] = text
        for file, text in sorted(self._texts.items()):
            suffix = PurePosixPath(file).suffix
            for one in self._running:
                if suffix in one.server.suffixes | one.server.reads:
                    one.hold(file, text)

    def _server(self, file: str) -> Running | None:
        suffix = PurePosixPath(file).suffix
        return next((one for one in self._running if suffix in one.server.suffixes), None)

    def emit(self, texts: Mapping[str, str]) -> dict[str, tuple[Script, ...]]:
        """Return the JavaScript of texts as Node makes it; see stripping."""
        return self._stripper.emit(texts)

    def compare(self, pairs: Sequence[tuple[str, str, str]]) -> list[list[dict[str, str]]]:
        """Return for each (before, after, extension) what differs, in the one form that is not provable."""
        return self._stripper.compare(pairs)

    # What only the worker knows.

    def dependents(self, _files: Iterable[str]) -> list[str] | None:
        """Return None: a server does not tell what imports what, so everything may depend on a file."""
        return None

    def trees(self, _files: Iterable[str], _sources: Mapping[str, str]) -> list[Tree]:
        """Return no trees."""
        return []

    def implementers(self, _base: str, _members: Iterable[str]) -> list[str]:
        """Return no types."""
        return []

    def ambient(self, names: Iterable[str]) -> dict[str, str | None]:
        """Return None for each name."""
        return dict.fromkeys(names)

    def subjects(self, errors: Iterable[Diagnostic]) -> list[dict[str, Any] | None]:
        """Return None for each error: causes are told by messages."""
        return [None for _ in errors]

    def imports(self) -> dict[str, list[dict[str, Any]]]:
        """Return none: they are read from the texts."""
        return {}
