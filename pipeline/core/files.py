"""Files that are either whole or not there."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replace `path` by `data` in one step; `durable` also survives a power cut.

    Raises OSError, in which case the old content is still there.
    """
    # It brings random, shutil and three compressors along, and most runs write nothing.
    import tempfile

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut (POSIX leaves that to the caller)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: object, *, durable: bool = False) -> None:
    """Write `value` as indented JSON with sorted keys, so that equal values give equal bytes."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    write_atomic(path, text.encode() + b"\n", durable=durable)


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON is what the caller says it is
    """Return the JSON in `path`, or None where there is no file or it is not JSON (a record half made)."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def human_size(size: int) -> str:
    """Return a size in bytes as people read it; 1 kB is 1,000 bytes (SI), like the browsers' tools."""
    if size < 1_000:
        return f"{size} B"
    for limit, unit in ((1e6, "kB"), (1e9, "MB"), (float("inf"), "GB")):
        if size < limit:
            value = size / (limit / 1e3 if unit != "GB" else 1e9)
            return f"{value:.1f} {unit}"
    raise AssertionError


def plural(count: int, word: str) -> str:
    """Return `1 file`, `2 files`, `1,000 files`."""
    if count == 1:
        return f"1 {word}"
    ending = word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"
    return f"{count:,} {ending}"
