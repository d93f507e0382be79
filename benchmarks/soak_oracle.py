"""An independent judge: reads the bare repository with plain git and the site over HTTPS, never through our code."""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

PAGES, AUDIT = "gh-pages", "pages-audit-prod"
# Who commits in the double beside us.
_FOREIGN = "somebody@example.invalid"
_RELEASE_FILE = ".well-known/release.json"
# For so long a push whose client is dead may still be under way, in seconds.
_PATIENCE = 8.0


@dataclass(frozen=True)
class Look:
    """The pages branch's first-parent chain (newest first), its newest release, all heads, what is served and wrong."""

    chain: tuple[str, ...]
    newest: str | None
    heads: dict[str, str]
    served: str | None
    problems: tuple[str, ...]

    @property
    def tip(self) -> str | None:
        """Return the commit at the pages branch."""
        return self.chain[0] if self.chain else None

    @property
    def settled(self) -> bool:
        """Whether what is served is the tip, byte for byte."""
        return self.tip is None or self.served == self.tip


@dataclass
class Oracle:
    """The judge of one site; it remembers what it saw, so that nothing can vanish or be rewritten unseen."""

    bare: Path
    url: str
    ca: Path
    chain: tuple[str, ...] = ()
    heads: dict[str, str] = field(default_factory=dict)
    audit: tuple[str, ...] = ()
    contents: dict[str, dict[str, str]] = field(default_factory=dict)
    # Whether the log's newest line says that the newest release was proven.
    proven: bool = False

    def look(self) -> Look:
        """Return what there is once two looks at the refs agree, and remember it."""
        end = time.monotonic() + _PATIENCE
        while True:
            found = self._once()
            if not found.problems or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.chain, self.heads = found.chain, found.heads
        return found

    def _once(self) -> Look:
        heads = self._heads()
        tip = heads.get(PAGES)
        fresh = self._log(PAGES, "%H%x1f%ce%n%B%x1e") if tip else []
        rows = [(commit, _release(text)) for commit, text in fresh]
        chain = tuple(commit for commit, _ in rows)
        newest = next((name for _, name in rows if name != _FOREIGN), None)
        problems = [*self._refs(heads, rows), *self._audit(heads)]
        served, wrong = self._front(chain)
        return Look(chain, newest, heads, served, (*problems, *wrong))

    def _refs(self, heads: dict[str, str], rows: list[tuple[str, str | None]]) -> list[str]:
        chain = tuple(commit for commit, _ in rows)
        said = []
        if self.chain and chain[-len(self.chain) :] != self.chain:
            said.append("the pages branch was rewritten")
        releases = {}
        for commit, name in rows:
            if name is None:
                said.append(f"{commit[:10]} on the pages branch is no release and no foreign commit")
            elif name != _FOREIGN:
                releases[name] = commit
                if heads.get(name) != commit:
                    said.append(f"{name} has no branch at its commit {commit[:10]}")
        for name, commit in self.heads.items():
            if name not in heads:
                said.append(f"the branch {name} vanished")
            elif name not in {PAGES, AUDIT} and heads[name] != commit:
                said.append(f"the branch {name} moved")
        loose = heads.keys() - releases.keys() - {PAGES, AUDIT, "main"}
        return said + [f"the branch {name} is no release on the pages branch" for name in sorted(loose)]

    def _audit(self, heads: dict[str, str]) -> list[str]:
        if AUDIT not in heads:
            return ["there is no audit branch"] if heads.get(PAGES) and PAGES in self.heads else []
        rows = self._log(AUDIT, "%H%x1f%B%x1e")
        chain = tuple(commit for commit, _ in rows)
        said = []
        if self.audit and chain[-len(self.audit) :] != self.audit:
            said.append("the audit branch was rewritten")
        previous = ""
        for commit, text in reversed(rows):
            line = text.strip()
            if json.loads(line)["previous"] != previous:
                said.append(f"the audit chain is broken at {commit[:10]}")
            previous = hashlib.sha256(line.encode()).hexdigest()
        self.audit = chain
        newest = json.loads(rows[0][1])
        commits = self._log(PAGES, "%H%x1f%ce%n%B%x1e")
        tip = next((commit for commit, text in commits if _release(text) != _FOREIGN), None)
        self.proven = (newest["kind"], newest["commit"]) == ("healthy", tip)
        return said

    def _front(self, chain: tuple[str, ...]) -> tuple[str | None, list[str]]:
        """Return the commit that is served byte for byte, or what is mixed up."""
        if not chain:
            return None, []
        paths = set().union(*(self._content(commit) for commit in chain[:8]))
        try:
            got = self._fetch(sorted(paths))
        except (OSError, http.client.HTTPException) as error:
            # A server that is just being killed or started again: `look` asks once more.
            return None, [f"the front gave no answer: {error}"]
        for commit in chain:
            wanted = self._content(commit)
            if all(got[path] == wanted.get(path) for path in paths):
                return commit, []
        if not any(got.values()):
            return None, []
        return None, [f"what is served is no commit's tree ({got.get(_RELEASE_FILE)})"]

    def _fetch(self, paths: list[str]) -> dict[str, str | None]:
        """Return the SHA-256 of what is served at each path, None where the answer is 404."""
        parts = urlsplit(self.url)
        context = ssl.create_default_context(cafile=str(self.ca))
        connection = http.client.HTTPSConnection(str(parts.hostname), parts.port, timeout=20, context=context)
        got: dict[str, str | None] = {}
        try:
            for path in paths:
                connection.request("GET", parts.path + quote(path))
                answer = connection.getresponse()
                body = answer.read()
                found = (
                    hashlib.sha256(body).hexdigest() if answer.status == 200 else f"status {answer.status}"
                )
                got[path] = None if answer.status == 404 else found
        finally:
            connection.close()
        return got

    def _content(self, commit: str) -> dict[str, str]:
        """Return path to SHA-256 of what a commit publishes."""
        if commit not in self.contents:
            listing = self._git("ls-tree", "-r", "-z", commit).decode().split("\0")
            rows = [(line.split("\t", 1)[1], line.split()[2]) for line in listing if line]
            shown = [
                (path, oid)
                for path, oid in rows
                if not path.startswith(".") or path.startswith(".well-known/")
            ]
            self.contents[commit] = {
                path: hashlib.sha256(self._git("cat-file", "blob", oid)).hexdigest() for path, oid in shown
            }
        return self.contents[commit]

    def _heads(self) -> dict[str, str]:
        lines = self._git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads").decode()
        pairs = (line.split(" ") for line in lines.splitlines())
        return {ref.removeprefix("refs/heads/"): oid for ref, oid in pairs}

    def _log(self, branch: str, form: str) -> list[tuple[str, str]]:
        out = self._git("log", "--first-parent", f"--format={form}", f"refs/heads/{branch}").decode()
        records = [record.strip("\n") for record in out.split("\x1e") if record.strip()]
        return [(commit, text) for commit, _, text in (record.partition("\x1f") for record in records)]

    def _git(self, *words: str) -> bytes:
        command = ["git", f"--git-dir={self.bare}", *words]
        return subprocess.run(command, check=True, capture_output=True).stdout


def _release(message: str) -> str | None:
    """Return the release that a commit message (behind its committer's address) names, or that it is a foreign one."""
    if message.startswith(f"{_FOREIGN}\n"):
        return _FOREIGN
    found = [line.removeprefix("Release: ") for line in message.splitlines() if line.startswith("Release: ")]
    return found[0] if found else None
