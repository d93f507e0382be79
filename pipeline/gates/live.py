"""The release that is live now, read from the object store for the gates that compare with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from checks.base import Change, File, Unavailable
from pipeline.core.errors import Stop
from pipeline.site.artifact import blobs
from pipeline.tools.git import Git

# Both versions of this many bytes are in memory at once.
_BATCH = 16_000_000


@dataclass(frozen=True)
class LiveRelease:
    """The tree of the live release beside the one that is judged; both are in the object store `git`."""

    git: Git
    tree: str
    judged: str

    def changes(self, files: Sequence[File], /) -> Iterator[Change]:
        """Return those of `files` that it has with other bytes, in path order; raises Unavailable."""
        wanted = {file.path: file.size for file in files}
        try:
            pairs = [pair for pair in self._pairs() if pair[0] in wanted]
            for batch in _batches(pairs, wanted):
                yield from self._read(batch)
        except Stop as stop:
            reason = f"the live release cannot be compared: {stop.message}"
            raise Unavailable(reason, stop.hint, stop.details) from stop

    def _pairs(self) -> Iterator[tuple[str, str, str]]:
        """Return path, old and new blob id of every file that both have and that differs."""
        arguments = ("-r", "-z", "--no-renames", "--diff-filter=M", self.tree, self.judged)
        done = self.git.run("diff-tree", *arguments, what="git cannot compare the trees")
        fields = done.out.decode("utf-8", "surrogateescape").split("\0")[:-1]
        for about, path in zip(fields[::2], fields[1::2], strict=True):
            _, _, old, new, _ = about.split(" ")
            yield path, old, new

    def _read(self, batch: list[tuple[str, str, str]]) -> Iterator[Change]:
        contents = blobs(self.git, [oid for _, old, new in batch for oid in (old, new)])
        for path, _, _ in batch:
            yield Change(path, next(contents), next(contents))


def _batches(
    pairs: Sequence[tuple[str, str, str]], sizes: dict[str, int]
) -> Iterator[list[tuple[str, str, str]]]:
    batch: list[tuple[str, str, str]] = []
    size = 0
    for pair in pairs:
        batch.append(pair)
        size += sizes[pair[0]]
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def live_release(objects: Path, environment: str, judged: str) -> LiveRelease | None:
    """Return what is live in an environment as the last look at its remote told it, or None."""
    if not (objects / "HEAD").is_file():
        return None
    git = Git(objects)
    tree = git.maybe("rev-parse", "--verify", "--quiet", f"refs/pages/{environment}/live^{{tree}}")
    return LiveRelease(git, tree, judged) if tree else None
