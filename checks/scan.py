"""A folder as a subject, for running a gate by hand: no pipeline, no settings, no git."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from checks.base import File, Subject, digest
from checks.parse.address import compressible


def subject(
    output: Path, *, source: Path, base: str = "/", url: str = "", type_check: tuple[str, ...] = ()
) -> Subject:
    """Return the folder `output` as something to judge; `source` is the site that it was built from."""
    files = tuple(sorted(_files(output), key=lambda file: file.path))
    return Subject(
        source=source.resolve(),
        output=output.resolve(),
        files=files,
        tree=digest([(file.path, file.sha256) for file in files]),
        source_digest="",
        base=base,
        url=url,
        environment="by hand",
        type_check=type_check,
    )


def _files(output: Path) -> Iterator[File]:
    # Links are followed only to files inside: others are not published, as the gate `build` says.
    top = output.resolve()
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in names:
            path = Path(folder, name)
            if path.is_file() and path.resolve().is_relative_to(top):
                yield _file(path.relative_to(top).as_posix(), path.read_bytes())


def _file(path: str, data: bytes) -> File:
    return File(
        path, hashlib.sha256(data).hexdigest(), len(data), _gzip(data) if compressible(path) else len(data)
    )


def _gzip(data: bytes) -> int:
    squeezer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return len(squeezer.compress(data)) + len(squeezer.flush())
