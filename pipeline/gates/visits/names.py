"""Whether all that a visit depended on is still the same, but for the hashes in files' names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from checks.base import File
from checks.parse.address import compressible
from pipeline.gates.visits.ground import MISSING, Ground

# `index.CMrLKrW7.css`, `dusk.DLgBKYEv_15WIlH.webp`. Taken for one by mistake does no harm.
_HASHED = re.compile(r"^(.+?[.\-_])([A-Za-z0-9_-]{6,})(\.[A-Za-z0-9.]+)$")
_LIKE_A_HASH = re.compile(r"\d|[a-z][A-Z]|[A-Z][a-z]")
_NAME = re.compile(rb"[A-Za-z0-9_.@~+-]{8,}")
_LARGEST = 8_000_000

# What answered for an address: the file's path (None: nothing), its digest, that without hashed names, these names.
Answer = list[Any]
Asked = Mapping[str, Sequence[Any]]


class Names:
    """The files of a ground, as far as one tells another by a name with a hash."""

    def __init__(self, ground: Ground, read: Callable[[File], bytes]) -> None:
        self._ground = ground
        self._read = read
        self._plain: dict[str, tuple[str, list[str]]] = {}

    @cached_property
    def _hashed(self) -> Mapping[str, tuple[str, str]]:
        """Return path and name without the hash of files by their hashed names, each of which only one has."""
        found: dict[str, tuple[str, str]] = {}
        twice = set()
        for path in self._ground.files:
            name = PurePosixPath(path).name
            match = _HASHED.match(name)
            if match and _LIKE_A_HASH.search(match[2]) and not path.endswith(".html"):
                twice |= {name} & found.keys()
                found[name] = (path, f"{match[1]}*{match[3]}")
        return {name: value for name, value in found.items() if name not in twice}

    def answer(self, address: str) -> Answer:
        """Return what answers for an address; for what is not there, what is sent in its place."""
        file = self._ground.answer(address)
        if file:
            return [file.path, file.sha256, *self._without(file)]
        missing = self._ground.files.get(MISSING)
        return [None, missing.sha256 if missing else None, "", []]

    def _without(self, file: File) -> tuple[str, list[str]]:
        """Return the digest of a text with hashed names made equal, and the names in their order."""
        if not compressible(file.path) or file.size > _LARGEST or not self._hashed:
            return file.sha256, []
        if file.sha256 not in self._plain:
            names: list[str] = []

            def replace(match: re.Match[bytes]) -> bytes:
                name = match[0].decode()
                if name not in self._hashed:
                    return match[0]
                names.append(name)
                return self._hashed[name][1].encode()

            text = _NAME.sub(replace, self._read(file))
            plain = hashlib.sha256(text).hexdigest() if names else file.sha256
            if file.path.endswith((".html", ".htm")):
                # Each is asked for once or twice, and there may be very many.
                return plain, names
            self._plain[file.sha256] = (plain, names)
        return self._plain[file.sha256]

    def same(self, asked: Asked) -> bool:
        """Whether every address is answered with the same bytes by the same file."""
        for address, was in asked.items():
            file = self._ground.answer(address)
            missing = self._ground.files.get(MISSING)
            now = [file.path, file.sha256] if file else [None, missing.sha256 if missing else None]
            if now != list(was[:2]):
                return False
        return True

    def renamed(self, asked: Asked) -> dict[str, str] | None:
        """Return the new names of hashed files by the old ones, when all else is the same; else None."""
        return _Match(self, self._ground, asked).names()

    def path(self, name: str) -> str | None:
        """Return the path of the file with a hashed name."""
        return self._hashed[name][0] if name in self._hashed else None


class _Match:
    def __init__(self, names: Names, ground: Ground, asked: Asked) -> None:
        self._names = names
        self._ground = ground
        self._was = {str(one[0]): one for one in asked.values() if one[0]}
        self._asked = asked
        self._now: dict[str, str] = {}
        self._new: dict[str, str] = {}

    def names(self) -> dict[str, str] | None:
        """Begin with what is called as before; from there texts name the others."""
        for address, was in self._asked.items():
            if _may_move(was):
                continue
            now = self._names.answer(address)
            if was[0] is None:
                if now[:2] != list(was[:2]):
                    return None
            elif now[0] != was[0] or not self._equal(str(was[0]), now):
                return None
        for path, was in self._was.items():
            if path in self._now:
                continue
            file = self._ground.files.get(path)
            if file is None or file.sha256 != was[1]:
                return None
        return {old: new for old, new in self._new.items() if old != new}

    def _equal(self, path: str, now: Answer) -> bool:
        """Whether a file is another but for hashed names, and those that were asked for by them are too."""
        if path in self._now:
            return bool(self._now[path] == now[0])
        self._now[path] = str(now[0])
        was = self._was[path]
        if was[2] != now[2] or len(was[3]) != len(now[3]):
            return False
        return all(self._pair(old, new) for old, new in zip(was[3], now[3], strict=True))

    def _pair(self, old: str, new: str) -> bool:
        if self._new.setdefault(old, new) != new:
            return False
        before = next((path for path in self._was if PurePosixPath(path).name == old), None)
        after = self._names.path(new)
        if before is None:
            return True
        if after is None or PurePosixPath(before).parent != PurePosixPath(after).parent:
            return False
        return self._equal(before, self._names.answer("/" + after))


def _may_move(was: Sequence[Any]) -> bool:
    """Whether a file that was asked for has a name that may change with the next build."""
    match = _HASHED.match(PurePosixPath(was[0]).name) if was[0] else None
    return bool(match and _LIKE_A_HASH.search(match[2]) and not str(was[0]).endswith(".html"))


def moved(path: str, names: Mapping[str, str]) -> str:
    """Return an address with the new name of its file."""
    head, slash, name = path.rpartition("/")
    return f"{head}{slash}{names.get(name, name)}"
