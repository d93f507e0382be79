"""What the API, git and Pages share, and what happens after a ref has moved."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.github import rules
from tests.fakes.github.builds import Builder
from tests.fakes.github.faults import Faults
from tests.fakes.github.front import Front
from tests.fakes.github.serving import Seen
from tests.fakes.github.store import Json, Store

HOST = "localhost"


class World:
    def __init__(self, store: Store, faults: Faults, *, cname_commits: bool) -> None:
        self.store = store
        self.faults = faults
        # Whether PUT /pages with a cname commits the file to the branch, as GitHub's page of settings does.
        self.cname_commits = cname_commits
        self.front = Front(store, faults)
        self.builder = Builder(store, faults, self.front)
        self.seen: list[Seen] = []
        self._log = threading.Lock()

    @property
    def url(self) -> str:
        """The address that stands for https://github.com."""
        return f"https://{HOST}:{self.store.data['ports']['api']}"

    @property
    def api(self) -> str:
        return f"{self.url}/api/v3"

    def log(self, seen: Seen) -> None:
        with self._log:
            self.seen.append(seen)

    def create(self, name: str, *, private: bool, default_branch: str) -> Json:
        owner, _, short = name.partition("/")
        with self.store.change() as data:
            if self.store.find(name):
                raise ValueError(f"the repository {name} exists")
            repository: Json = {
                "id": self.store.next_id(),
                "name": short,
                "owner": owner,
                "full_name": name,
                "private": private,
                "default_branch": default_branch,
                "created_at": self.store.now(),
                "pages": None,
                "builds": [],
                # The tip that was last looked at, and the commits that are and were served.
                "tip": None,
                "live": None,
                "before": None,
                "actions": {"enabled": True, "allowed_actions": "all"},
                "runs": [],
                "rulesets": [],
                "deployments": [],
                "health_asked": False,
            }
            data["repositories"][name] = repository
            script = Path(rules.__file__).resolve()
            words = {"file": rules.FILE, "python": sys.executable, "script": str(script)}
            hook = rules.HOOK.format(**{name: shlex.quote(word) for name, word in words.items()})
            self.store.bare(repository).create(default_branch, hook)
        return repository

    def is_free(self, repository: Json) -> bool:
        """Whether a private repository lacks what GitHub sells."""
        plan = self.store.data["plans"].get(repository["owner"], "free")
        return bool(repository["private"] and plan == "free")

    def write_rules(self, repository: Json) -> None:
        """Give the update hook the rulesets that are in force."""
        about = {
            "rulesets": repository["rulesets"],
            "default_branch": repository["default_branch"],
            "html_url": f"https://github.com/{repository['full_name']}",
        }
        path = self.store.bare(repository).path / rules.FILE
        path.write_text(json.dumps(about) if repository["rulesets"] else "", encoding="utf-8")

    def moved(self, repository: Json, login: str) -> None:
        """Look at the pages branch after a push, and build what is new there."""
        with self.store.lock:
            pages = repository["pages"]
            if pages is None or pages["build_type"] != "legacy":
                return
            tip = self.store.bare(repository).tip(pages["source"]["branch"])
            if tip is None or tip == repository["tip"]:
                return
            self.builder.request(repository, tip, login)

    def foreign_commit(
        self, repository: Json, branch: str, files: Mapping[str, str | bytes | None], message: str
    ) -> str:
        """Let somebody else push a commit; rulesets do not hold GitHub itself back."""
        with self.store.lock:
            moment = int(self.store.clock().timestamp())
            commit = self.store.bare(repository).commit_files(branch, files, message, moment=moment)
            self.moved(repository, "somebody")
        return commit
