"""The published sites: what GitHub Pages serves, from the last build that went well."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

from pipeline.site.server.answers import answer
from pipeline.site.server.request import Refused, parse
from pipeline.site.server.snapshot import Snapshot, build, empty
from pipeline.site.server.source import load_commit
from tests.fakes.github.faults import Faults
from tests.fakes.github.objects import GitError
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json, Store

_LINK = (
    "The symbolic link `/{path}` targets a file which does not exist within your site's repository. For more "
    "information, see https://docs.github.com/github/working-with-github-pages/"
    "troubleshooting-jekyll-build-errors-for-github-pages-sites#file-is-a-symlink"
)
_ACTIONS = "The build needs GitHub Actions, which this repository does not allow."


class Broken(Exception):
    """A tree that cannot be published; the message is the build's."""


@dataclass
class _Site:
    """What is served and what was before, and since when (monotonic)."""

    now: Snapshot
    before: Snapshot | None
    since: float
    asked: int = 0


class Front:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._sites: dict[str, _Site] = {}

    def reload(self) -> None:
        """Serve after a restart what was served before it."""
        self._sites.clear()
        for name, repository in self._store.data["repositories"].items():
            if repository["pages"] is None or repository["live"] is None:
                continue
            before = repository["before"]
            old = self._read(repository, before) if before else None
            self._sites[name] = _Site(self._read(repository, repository["live"]), old, float("-inf"))

    def load(self, repository: Json, commit: str) -> Snapshot:
        """Read a commit as Pages would publish it; raises Broken."""
        files = self._store.bare(repository).files(commit)
        for mode, path, _, _ in files:
            if mode == "120000":
                raise Broken(_LINK.format(path=path))
        actions = repository["actions"]
        jekyll = not any(path == f"{_folder(repository)}.nojekyll" for _, path, _, _ in files)
        if actions["enabled"] and actions["allowed_actions"] == "local_only":
            raise Broken(_ACTIONS)
        if jekyll and not actions["enabled"]:
            raise Broken(_ACTIONS)
        return self._read(repository, commit)

    def cname(self, repository: Json) -> str | None:
        """The domain in the CNAME file at the tip: an older build must not undo a newer setting."""
        branch = repository["pages"]["source"]["branch"]
        try:
            name = f"refs/heads/{branch}:{_folder(repository)}CNAME"
            text = self._store.bare(repository).text("cat-file", "blob", name)
        except GitError:
            return None
        return text.split("\n")[0].strip() or None

    def publish(self, repository: Json, snapshot: Snapshot) -> None:
        """Serve a release from now on; the caller saves the state."""
        site = self._sites.get(repository["full_name"])
        before = site.now if site else None
        self._sites[repository["full_name"]] = _Site(snapshot, before, time.monotonic())
        repository["before"], repository["live"] = repository["live"], snapshot.commit

    def withdraw(self, repository: Json) -> None:
        self._sites.pop(repository["full_name"], None)
        repository["live"] = repository["before"] = None

    def serve(self, call: Call) -> Reply:
        """Answer a request for any of the sites."""
        found = self._find(call)
        moved = self._moved(call, found)
        if moved:
            return moved
        snapshot = self._pick(found[0]) if found else empty("/")
        base = found[1] if found else "/"
        if snapshot.base != base:
            snapshot = _rebase(snapshot, base)
        keys = ("accept-encoding", "if-none-match", "if-modified-since", "range", "if-range", "if-match")
        fields = "".join(f"{key}: {call.headers[key]}\r\n" for key in keys if key in call.headers)
        head = f"{call.method} {call.target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"
        try:
            answered = answer(snapshot, parse(head.encode("latin-1")))
        except Refused as refused:
            return Reply(refused.status, b"")
        lines = answered.head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        age = {"X-GitHub-Request-Id": f"{time.monotonic_ns():X}", "Age": "0", "Via": "1.1 varnish"}
        return Reply(answered.status, bytes(answered.body), headers | age | {"Date": formatdate(usegmt=True)})

    def _moved(self, call: Call, found: tuple[str, str] | None) -> Reply | None:
        """The way from a *.github.io address to the custom domain."""
        if found is None or ".github.io" not in call.header("host"):
            return None
        domain = self._store.repository(found[0])["pages"]["cname"]
        if not domain:
            return None
        rest = call.target.removeprefix(found[1].rstrip("/")).lstrip("/")
        return Reply(301, b"", {"Location": f"https://{domain}/{rest}"})

    def _find(self, call: Call) -> tuple[str, str] | None:
        """The repository that a request means, and under which path it is served."""
        host = call.header("host").rpartition(":")[0] or call.header("host")
        host = host.lower()
        first = call.path.split("/")[1].lower()
        with self._store.lock:
            known = self._store.data["repositories"].values()
            repositories = [repository for repository in known if repository["pages"]]
        for repository in repositories:
            if (repository["pages"]["cname"] or "").lower() == host:
                return repository["full_name"], "/"
        for repository in repositories:
            own = f"{repository['owner']}.github.io".lower()
            if host.endswith(".github.io") and host != own:
                continue
            if repository["name"].lower() == first:
                return repository["full_name"], f"/{repository['name']}/"
        for repository in repositories:
            if repository["name"].lower() in {host, f"{repository['owner']}.github.io".lower()}:
                return repository["full_name"], "/"
        return None

    def _pick(self, name: str) -> Snapshot:
        site = self._sites.get(name)
        if site is None:
            return empty("/")
        for stale in self._faults.stales:
            if stale.repository.lower() not in {"", name.lower()}:
                continue
            if time.monotonic() - site.since < stale.seconds:
                site.asked += 1
                if site.asked % stale.every == 0:
                    return site.before or empty("/")
        return site.now

    def _read(self, repository: Json, commit: str) -> Snapshot:
        """A commit's site under `/<name>/`: from its folder, and without what Jekyll leaves out."""
        site = self._sites.get(repository["full_name"])
        previous = site.now if site else None
        folder = _folder(repository)
        bare = self._store.bare(repository)
        whole = load_commit(bare.path, commit, f"/{repository['name']}/", None if folder else previous)
        jekyll = bare.resolve(f"{commit}:{folder}.nojekyll") is None
        if not (folder or jekyll):
            return whole
        kept = {
            path.removeprefix(folder): page
            for path, page in whole.pages.items()
            if path.startswith(folder) and not (jekyll and _hidden(path.removeprefix(folder)))
        }
        tree = {path: page.oid for path, page in kept.items()}
        blobs = {page.oid: page.body for page in kept.values()}
        return build(commit, whole.base, whole.latest, tree, blobs, None)


@lru_cache(maxsize=16)
def _rebase(snapshot: Snapshot, base: str) -> Snapshot:
    if snapshot.commit is None:
        return empty(base)
    tree = {path: page.oid for path, page in snapshot.pages.items()}
    blobs = {page.oid: page.body for page in snapshot.pages.values()}
    return build(snapshot.commit, base, snapshot.latest, tree, blobs, None)


def _folder(repository: Json) -> str:
    """The published folder with a slash at its end, empty for the root."""
    path = str(repository["pages"]["source"]["path"]).strip("/")
    return f"{path}/" if path else ""


def _hidden(path: str) -> bool:
    """Whether Jekyll leaves a file out."""
    return any(part.startswith(("_", ".", "#")) or part.endswith("~") for part in path.split("/"))
