"""A built folder becomes an artifact: raw bytes in the object store, named by their git tree id."""

from __future__ import annotations

import hashlib
import os
import time
import unicodedata
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import Code, Stop
from pipeline.core.files import human_size, plural, write_atomic
from pipeline.core.model import Artifact, Entry
from pipeline.tools.git import Git, store

# https://docs.github.com/en/pages/getting-started-with-github-pages/github-pages-limits
SITE_LIMIT = 1_000_000_000
# https://docs.github.com/en/repositories/working-with-files/managing-large-files/about-large-files-on-github
FILE_LIMIT = 100 * 1024 * 1024
# GitHub's recommended limit on entries in one folder ("folder width"), same page.
FOLDER_LIMIT = 3_000
GZIP_LEVEL = 6
BROTLI_QUALITY = 5
# What compression does not make smaller; Pages sends these as they are.
PACKED = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".gif",
        ".webp",
        ".avif",
        ".woff",
        ".woff2",
        ".mp4",
        ".webm",
        ".mp3",
        ".ogg",
        ".zip",
        ".gz",
        ".br",
        ".zst",
        ".7z",
        ".pdf",
    ]
)
# Stands for a compressed size that nobody has asked for yet.
UNMEASURED = -1
# Of 28 MB of scripts, pages and styles, level 6 makes 7.00 MB, level 4 makes 7.27 MB with 38% less CPU.
_PACKING = ("pack.compression=4",)
_INDEX_VERSION = "pages-index 3"
# File systems stamp with a coarse clock; a file changed this shortly before it was read could change unseen.
_RACY_NS = 2_000_000_000


class Found(NamedTuple):
    """A file of the output as the file system describes it; `source` is where its bytes are."""

    path: str
    source: str
    size: int
    key: str  # mtime in ns, ctime in ns, inode


@dataclass(frozen=True)
class _Index:
    """What the last scan knew: its tree, and each file's stat key and entry; `data` is how it was kept."""

    tree: str | None
    known: dict[str, tuple[str, Entry]]
    data: bytes = b""


def snapshot(
    output: Path, objects: Path, *, sizes: bool = True, warn: Callable[[str], None] = lambda _: None
) -> Artifact:
    """Read `output` and return it as an artifact whose bytes are kept in the bare repository `objects`.

    A file whose stat data did not change since the last scan is not read again. Without `sizes`, files that are
    read now have UNMEASURED compressed sizes: compressing takes most of the CPU of a first publish, and only
    builds and gates ask for it. Raises Stop (2) with all that makes the folder unfit for publishing.
    """
    began = time.time_ns()
    found = scan(output, warn=warn)
    git = store(objects)
    index_path = objects / f"pages-index-{hashlib.sha256(os.fsencode(output.resolve())).hexdigest()[:16]}"
    index = _read_index(index_path, git)
    tree, entries = _import(git, found, index, sizes=sizes)
    data = _index_data(tree, found, entries, began)
    if data != index.data:
        write_atomic(index_path, data)
    return Artifact(tree, tuple(entries), output)


def scan(output: Path, *, warn: Callable[[str], None] = lambda _: None) -> list[Found]:
    """Return the output's files in path order; raises Stop (2) naming everything that cannot be published."""
    if not output.is_dir():
        raise Stop(f"there is no output folder {output}", "invoke build")
    found, problems = _walk(output, warn)
    if not found and not problems:
        raise Stop(f"the output folder {output} is empty", "invoke build")
    problems += _size_problems(found)
    if not any(file.path == "index.html" for file in found):
        problems.append("index.html is missing at the top: GitHub Pages would answer 404 for the home page")
    if problems:
        shown = tuple(problems[:20]) + ((f"and {len(problems) - 20} more",) if len(problems) > 20 else ())
        text = f"{output} cannot be published: {plural(len(problems), 'problem')}"
        raise Stop(text, "mend them in the site, then: invoke build", Code.USAGE, shown)
    return sorted(found, key=lambda file: file.path.encode())


def _walk(output: Path, warn: Callable[[str], None]) -> tuple[list[Found], list[str]]:
    found: list[Found] = []
    problems: list[str] = []
    top = os.path.realpath(output)
    # (folder to read, path prefix in the artifact, real folders above it: a link back into one is a loop)
    waiting: list[tuple[str, str, tuple[str, ...]]] = [(top, "", (top,))]
    while waiting:
        folder, prefix, above = waiting.pop()
        with os.scandir(folder) as listing:
            items = list(listing)
        problems += _name_problems(prefix, [item.name for item in items])
        files = 0
        for item in items:
            name, real = item.name, item.path
            path = prefix + name
            if name == ".git":
                problems.append(f"{path}: a git repository inside the output would be published")
                continue
            if item.is_symlink():
                real = os.path.realpath(item.path)
                if problem := _link_problem(path, real, top, above):
                    problems.append(problem)
                    continue
            if item.is_dir():
                waiting.append((real, f"{path}/", (*above, real)))
            elif item.is_file():
                files += 1
                about = item.stat()
                key = f"{about.st_mtime_ns} {about.st_ctime_ns} {about.st_ino}"
                found.append(Found(path, real, about.st_size, key))
            else:
                problems.append(f"{path}: neither a file nor a folder")
        if files > FOLDER_LIMIT:
            where = prefix.rstrip("/") or "the top folder"
            warn(f"{where} holds {files:,} files; GitHub recommends at most {FOLDER_LIMIT:,} in one folder")
    return found, problems


def _link_problem(path: str, real: str, top: str, above: tuple[str, ...]) -> str | None:
    if real != top and not real.startswith(top + os.sep):
        return f"{path}: a symbolic link that leaves the output folder (GitHub Pages does not publish links)"
    if not os.path.exists(real):
        return f"{path}: a symbolic link to nothing"
    if real in above:
        return f"{path}: a symbolic link to a folder that contains it"
    return None


def _name_problems(prefix: str, names: list[str]) -> list[str]:
    """Return what is wrong with the names in one folder; two paths collide first where they are siblings."""
    problems: list[str] = []
    for name in names:
        if name.isascii() and name.isprintable():
            continue
        try:
            name.encode()
        except UnicodeEncodeError:
            problems.append(f"{prefix}{name.encode('utf-8', 'replace').decode()}: a name that is not UTF-8")
            continue
        if any(unicodedata.category(char) == "Cc" for char in name):
            problems.append(f"{prefix}{name!r}: a control character in the name")
    if len(names) == 1:
        return problems
    seen: dict[str, str] = {}
    for name in sorted(names):
        other = seen.setdefault(_folded(name), name)
        if other is not name:
            problems.append(f"{prefix}{name}: differs from {other} only in case or Unicode form")
    return problems


def _folded(name: str) -> str:
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _size_problems(found: list[Found]) -> list[str]:
    problems = [
        f"{file.path}: {human_size(file.size)}, GitHub refuses files over {human_size(FILE_LIMIT)}"
        for file in found
        if file.size > FILE_LIMIT
    ]
    total = sum(file.size for file in found)
    if total > SITE_LIMIT:
        problems.append(
            f"{human_size(total)} in all, GitHub Pages publishes at most {human_size(SITE_LIMIT)}"
        )
    return problems


def _import(git: Git, found: list[Found], index: _Index, *, sizes: bool) -> tuple[str, list[Entry]]:
    entries: dict[str, Entry] = {}
    unread: list[Found] = []
    for file in found:
        known = index.known.get(file.path)
        same = known and known[0] == file.key and known[1].size == file.size
        if known and same and not (sizes and known[1].gzip == UNMEASURED):
            entries[file.path] = known[1]
        else:
            unread.append(file)
    gone = index.known.keys() - {file.path for file in found}
    if index.tree and not unread and not gone:
        return index.tree, [entries[file.path] for file in found]
    have = {entry.oid for _, entry in index.known.values()}
    ref = f"refs/pages/artifacts/{uuid.uuid4().hex}"

    def stream() -> Iterator[bytes]:
        for file in unread:
            data = _read(file)
            entry = describe(file.path, data) if sizes else identify(file.path, data)
            entries[file.path] = entry
            if entry.oid not in have:
                have.add(entry.oid)
                # No copy of the bytes, nor a line end of their own: git does without.
                yield b"blob\ndata %d\n" % len(data)
                yield data
        yield b"commit %s\ncommitter pages-pipeline <> 0 +0000\ndata 8\nartifact\n" % ref.encode()
        yield from _changes(found, entries, index, gone)
        yield b'ls ""\ndone\n'

    words = ("fast-import", "--quiet", "--depth=0", "--done")
    done = git.run(*words, stdin=stream(), config=_PACKING, what="cannot store the artifact")
    return done.text.split()[2], [entries[file.path] for file in found]


def _changes(found: list[Found], entries: dict[str, Entry], index: _Index, gone: set[str]) -> Iterator[bytes]:
    if index.tree:
        yield b'M 040000 %s ""\n' % index.tree.encode()
        # Deletions first: a folder may have become a file of the same name, or the other way round.
        for path in sorted(gone):
            yield b"D %s\n" % quote(path)
    for file in found:
        oid = entries[file.path].oid
        known = index.known.get(file.path)
        if not index.tree or known is None or known[1].oid != oid:
            yield b"M 100644 %s %s\n" % (oid.encode(), quote(file.path))


def quote(path: str) -> bytes:
    """Return `path` in the quoted form of git fast-import; control characters never come here."""
    return b'"%s"' % path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _read(file: Found) -> bytes:
    try:
        with open(file.source, "rb", buffering=0) as opened:
            data = opened.readall()
    except FileNotFoundError:
        raise Stop(
            f"{file.path} vanished while it was read: is another build running?", "invoke build"
        ) from None
    except PermissionError:
        raise Stop(f"{file.path} may not be read", f"chmod +r {file.source}") from None
    if len(data) != file.size:
        raise Stop(f"{file.path} changed while it was read: is another build running?", "invoke build")
    return data


def describe(path: str, data: bytes) -> Entry:
    """Return a file's entry: both digests and the compressed sizes."""
    packed = os.path.splitext(path)[1].lower() in PACKED
    gzip, brotli = (len(data), len(data)) if packed else compressed_sizes(data)
    return identify(path, data)._replace(gzip=gzip, brotli=brotli)


def identify(path: str, data: bytes) -> Entry:
    """Return a file's entry with both digests; the compressed sizes are UNMEASURED."""
    oid = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    oid.update(data)
    sha256 = hashlib.sha256(data).hexdigest()
    return Entry(path, oid.hexdigest(), sha256, len(data), UNMEASURED, UNMEASURED)


def compressed_sizes(data: bytes) -> tuple[int, int]:
    """Return the sizes in bytes after gzip (level 6) and brotli (quality 5)."""
    import brotli

    squeezer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    return len(squeezer.compress(data)) + len(squeezer.flush()), len(
        brotli.compress(data, quality=BROTLI_QUALITY)
    )


def _read_index(path: Path, git: Git) -> _Index:
    nothing = _Index(None, {})
    try:
        data = path.read_bytes()
        lines = data.decode().split("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        return nothing
    head = lines[0].split("\t")
    if len(head) != 2 or head[0] != _INDEX_VERSION or lines[-1] != "end" or not git.has(head[1]):
        return nothing
    known: dict[str, tuple[str, Entry]] = {}
    for line in lines[1:-1]:
        key, oid, sha256, size, gzip, brotli, name = line.split("\t")
        known[name] = (key, Entry(name, oid, sha256, int(size), int(gzip), int(brotli)))
    return _Index(head[1], known, data)


def _index_data(tree: str, found: list[Found], entries: list[Entry], began: int) -> bytes:
    settled = began - _RACY_NS
    lines = [f"{_INDEX_VERSION}\t{tree}"]
    for file, e in zip(found, entries, strict=True):
        modified, changed, _ = file.key.split(" ")
        # Without a key it is read again next time.
        key = file.key if max(int(modified), int(changed)) < settled else ""
        lines.append(f"{key}\t{e.oid}\t{e.sha256}\t{e.size}\t{e.gzip}\t{e.brotli}\t{e.path}")
    lines.append("end")
    return "\n".join(lines).encode()


def blobs(git: Git, oids: list[str]) -> Iterator[bytes]:
    """Return the contents of many objects, in order, through one git process."""
    for oid, found in zip(oids, git.objects(oids), strict=True):
        if found is None:
            raise Stop(f"the object store has lost {oid}", "invoke build", Code.SERVICE)
        yield found.data
