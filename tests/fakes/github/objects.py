"""A bare repository, through git's plumbing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ZERO = "0" * 40
# GitHub refuses broken objects, lets any commit be fetched, and collects garbage at times of its own.
_SETTINGS = {
    "http.receivepack": "true",
    "receive.fsckObjects": "true",
    "receive.autogc": "false",
    "gc.auto": "0",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "core.logAllRefUpdates": "true",
}


class GitError(Exception):
    """git said no; the message is what it printed."""


def environment(folder: Path) -> dict[str, str]:
    """The environment of the server's own git: nobody's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return kept | {
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "GitHub",
        "GIT_AUTHOR_EMAIL": "noreply@github.com",
        "GIT_COMMITTER_NAME": "GitHub",
        "GIT_COMMITTER_EMAIL": "noreply@github.com",
    }


@dataclass(frozen=True)
class Bare:
    path: Path

    def create(self, default_branch: str, hook: str) -> None:
        """Make the repository, with `hook` as its update hook."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        command = ["git", "init", "--quiet", "--bare", f"--initial-branch={default_branch}", "--template="]
        subprocess.run([*command, self.path], env=environment(self.path), check=True)
        with (self.path / "config").open("a", encoding="utf-8") as config:
            for key, value in _SETTINGS.items():
                section, _, name = key.partition(".")
                config.write(f"[{section}]\n\t{name} = {value}\n")
        update = self.path / "hooks" / "update"
        update.parent.mkdir(exist_ok=True)
        update.write_text(hook, encoding="utf-8")
        update.chmod(0o755)

    def run(self, *words: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        """What git prints; raises GitError."""
        done = subprocess.run(
            ["git", *words],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            env=environment(self.path) | dict(extra or {}),
            check=False,
        )
        if done.returncode != 0:
            raise GitError(done.stderr.decode("utf-8", "replace").strip())
        return done.stdout

    def text(self, *words: str, stdin: bytes = b"", extra: Mapping[str, str] | None = None) -> str:
        return self.run(*words, stdin=stdin, extra=extra).decode("utf-8", "replace").strip()

    def resolve(self, revision: str) -> str | None:
        """The object id of a revision, None where there is none."""
        try:
            return self.text("rev-parse", "--verify", "--quiet", "--end-of-options", revision)
        except GitError:
            return None

    def tip(self, branch: str) -> str | None:
        return self.resolve(f"refs/heads/{branch}^{{commit}}")

    def refs(self, *patterns: str) -> dict[str, tuple[str, str]]:
        """Object id and type of each ref by its full name."""
        out = self.text("for-each-ref", "--format=%(refname)%09%(objectname)%09%(objecttype)", *patterns)
        rows = [line.split("\t") for line in out.splitlines()]
        return {name: (oid, kind) for name, oid, kind in rows}

    def kind(self, oid: str) -> str | None:
        try:
            return self.text("cat-file", "-t", oid)
        except GitError:
            return None

    def is_ancestor(self, old: str, new: str) -> bool:
        try:
            self.run("merge-base", "--is-ancestor", old, new)
        except GitError:
            return False
        return True

    def files(self, commit: str, path: str = "") -> list[tuple[str, str, str, int]]:
        """Mode, path, object id and size of every file below `path`."""
        rows = []
        treeish = f"{commit}:{path}" if path else commit
        for line in self.run("ls-tree", "-r", "-z", "-l", "--full-tree", treeish).split(b"\0")[:-1]:
            about, _, name = line.partition(b"\t")
            mode, _, oid, size = about.decode("ascii").split()
            rows.append((mode, name.decode("utf-8", "replace"), oid, 0 if size == "-" else int(size)))
        return rows

    def commit_files(
        self,
        branch: str,
        files: Mapping[str, bytes | str | None],
        message: str,
        who: str = "Somebody Else <somebody@example.invalid>",
        moment: int = 0,
    ) -> str:
        """Commit changed files (None deletes one) on top of a branch and return the commit."""
        ref = f"refs/heads/{branch}"
        old = self.tip(branch)
        text = message.encode()
        stream = [b"commit %b\ncommitter %b %d +0000\n" % (ref.encode(), who.encode(), moment)]
        stream.append(b"data %d\n%b\n" % (len(text), text))
        if old:
            stream.append(f"from {old}\n".encode())
        for path, content in files.items():
            if content is None:
                stream.append(f"D {path}\n".encode())
                continue
            body = content.encode() if isinstance(content, str) else content
            stream.append(f"M 100644 inline {path}\ndata {len(body)}\n".encode() + body + b"\n")
        self.run("fast-import", "--quiet", stdin=b"".join(stream))
        tip = self.tip(branch)
        assert tip
        return tip

    def write_tree(self, base: str | None, entries: Sequence[Mapping[str, str | None]]) -> str:
        """A tree made of a base tree and entries with mode, path and sha (None deletes)."""
        index = self.path / f"index-{os.urandom(6).hex()}"
        try:
            extra = {"GIT_INDEX_FILE": str(index)}
            self.run("read-tree", base or "--empty", extra=extra)
            for entry in entries:
                path, sha, mode = str(entry["path"]), entry["sha"], entry["mode"]
                # The commands that name files want a work tree; this one does not.
                known = self.run("ls-files", "-z", "--", path, extra=extra).split(b"\0")[:-1]
                lines = [b"0 " + ZERO.encode() + b"\t" + name for name in known]
                if sha is not None and mode != "040000":
                    lines.append(f"{mode} {sha}\t{path}".encode())
                self.run("update-index", "-z", "--index-info", stdin=b"\0".join([*lines, b""]), extra=extra)
                if sha is not None and mode == "040000":
                    # Of the index alone: there is no work tree.
                    self.run("read-tree", "-i", f"--prefix={path}/", sha, extra=extra)
            return self.text("write-tree", extra=extra)
        finally:
            index.unlink(missing_ok=True)
            index.with_name(f"{index.name}.lock").unlink(missing_ok=True)
