"""The building of sites: queued, building, then built or errored, each at its time."""

from __future__ import annotations

import threading
import time

from pipeline.core.errors import Stop
from tests.fakes.github.faults import Faults
from tests.fakes.github.front import Broken, Front
from tests.fakes.github.objects import GitError
from tests.fakes.github.store import Json, Store

_UNFINISHED = ("queued", "building")
_STEP = 0.5


class Builder:
    """One thread that builds one site at a time per repository, in the order of requests."""

    def __init__(self, store: Store, faults: Faults, front: Front) -> None:
        self._store = store
        self._faults = faults
        self._front = front
        self._due: dict[int, float] = {}
        self._stopping = False
        self.changed = threading.Condition(store.lock)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Go on with whatever was unfinished."""
        self._stopping = False
        self._due.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self.changed:
            self._stopping = True
            self.changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def request(self, repository: Json, commit: str, login: str) -> Json:
        """Queue a build of a commit; a stuck one gives way only to `kick`."""
        with self.changed:
            with self._store.change():
                build: Json = {
                    "id": self._store.next_id(),
                    "status": "queued",
                    "commit": commit,
                    "pusher": login,
                    "error": None,
                    "duration": 0,
                    "created_at": self._store.now(),
                    "updated_at": self._store.now(),
                    "sticks": False,
                    "fails": "",
                    "run": None,
                }
                repository["tip"] = commit
                repository["builds"].append(build)
                repository["pages"]["status"] = "building"
            self.changed.notify_all()
        return build

    def kick(self, repository: Json, commit: str, login: str) -> Json:
        """What POST /pages/builds does: end what is stuck, and queue a build of the tip."""
        with self.changed:
            for build in repository["builds"]:
                if build["status"] == "building" and build["sticks"]:
                    self._end(repository, build, "errored", "Page build timed out.")
            return self.request(repository, commit, login)

    def finish(self, repository: Json) -> None:
        """End the builds that are held, now."""
        with self.changed:
            for build in repository["builds"]:
                if build["status"] in _UNFINISHED and not build["sticks"]:
                    self._due[build["id"]] = 0.0
            self.changed.notify_all()

    def idle(self, repository: Json) -> bool:
        return not any(build["status"] in _UNFINISHED for build in repository["builds"])

    def _run(self) -> None:
        while True:
            with self.changed:
                if self._stopping:
                    return
                now = time.monotonic()
                due = [
                    self._advance(repository, now)
                    for repository in list(self._store.data["repositories"].values())
                    if repository["pages"] is not None
                ]
                ready = [one for _, one in due if one]
                if not ready:
                    self.changed.wait(min([_STEP, *(wait for wait, _ in due)]))
            # Reading a large site takes its time; the lock is for the state only.
            for repository, build in ready:
                self._finish(repository, build)

    def _advance(self, repository: Json, now: float) -> tuple[float, tuple[Json, Json] | None]:
        """Take a repository's first unfinished build one step on.

        Return for how long there is nothing to do, or the build that is to be finished.
        """
        build = next((one for one in repository["builds"] if one["status"] in _UNFINISHED), None)
        if build is None:
            return _STEP, None
        if build["status"] == "queued":
            self._begin(repository, build)
        if build["sticks"]:
            return _STEP, None
        due = self._due.setdefault(build["id"], self._when(build, now))
        return (due - now, None) if due > now else (0.0, (repository, build))

    def _begin(self, repository: Json, build: Json) -> None:
        fault = self._faults.take_build(repository["full_name"])
        with self._store.change():
            build["status"] = "building"
            build["updated_at"] = self._store.now()
            if fault:
                build["fails"], build["sticks"] = fault.fails, fault.sticks
                build["seconds"] = fault.seconds
            if repository["actions"]["enabled"]:
                build["run"] = self._add_run(repository, build)
        self.changed.notify_all()

    def _when(self, build: Json, now: float) -> float:
        seconds = build.get("seconds")
        delay = self._faults.publish_delay if seconds is None else seconds
        return float("inf") if delay is None else now + delay

    def _finish(self, repository: Json, build: Json) -> None:
        if build["fails"]:
            self._end(repository, build, "errored", build["fails"])
            return
        if not build.get("served"):
            try:
                snapshot = self._front.load(repository, build["commit"])
            except (Broken, GitError, Stop) as problem:
                self._end(repository, build, "errored", str(problem))
                return
            with self.changed, self._store.change():
                if self._stopping or repository["pages"] is None:
                    return
                self._front.publish(repository, snapshot)
                build["served"] = True
                # The file in the branch is the truth: a push that loses it takes the domain away.
                repository["pages"]["cname"] = self._front.cname(repository)
                self.changed.notify_all()
        lag = self._faults.status_lag
        if lag and not build.get("lagged"):
            build["lagged"] = True
            with self.changed:
                self._due[build["id"]] = time.monotonic() + lag
            return
        self._end(repository, build, "built", None)

    def _end(self, repository: Json, build: Json, status: str, message: str | None) -> None:
        with self.changed, self._store.change():
            build["status"], build["error"] = status, message
            build["updated_at"] = self._store.now()
            build["duration"] = 1_000 + 7 * (build["id"] % 1_000)
            if repository["pages"]:
                repository["pages"]["status"] = status
            self._due.pop(build["id"], None)
            for run in repository["runs"]:
                if run["id"] == build["run"]:
                    run["status"], run["updated_at"] = "completed", self._store.now()
                    run["conclusion"] = "success" if status == "built" else "failure"
            self.changed.notify_all()

    def _add_run(self, repository: Json, build: Json) -> int:
        identity = self._store.next_id()
        repository["runs"].append(
            {
                "id": identity,
                "name": "pages build and deployment",
                "path": "dynamic/pages/pages-build-deployment",
                "event": "dynamic",
                "head_branch": repository["pages"]["source"]["branch"],
                "head_sha": build["commit"],
                "actor": build["pusher"],
                "status": "in_progress",
                "conclusion": None,
                "created_at": self._store.now(),
                "updated_at": self._store.now(),
            }
        )
        return identity
