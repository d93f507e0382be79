"""The double as tests use it: `with GitHub(tmp_path) as hub: ...`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.fakes.github import environment, shapes
from tests.fakes.github.api.routes import ROUTES
from tests.fakes.github.api.routing import Api
from tests.fakes.github.certificates import Certificates
from tests.fakes.github.control import Control
from tests.fakes.github.faults import Faults
from tests.fakes.github.gitserver import GitServer, is_git, is_push
from tests.fakes.github.objects import Bare
from tests.fakes.github.serving import Call, Reply, Seen, Server
from tests.fakes.github.store import Clock, Json, Store, utc_now
from tests.fakes.github.world import HOST, World

SCOPES = ("repo", "workflow", "read:org", "user")


class _ApiService:
    """REST, git and the control endpoint, on one port as on github.com and its API."""

    def __init__(self, hub: GitHub, git: GitServer) -> None:
        self.faults = hub.faults
        self._hub = hub
        self._git = git
        self._api = Api(hub.world, ROUTES)
        self._control = Control(hub)

    def places(self, call: Call) -> frozenset[str]:
        if call.path == "/_control":
            return frozenset({"control"})
        if not is_git(call.path):
            return frozenset({"api"})
        return frozenset({"git", "push"} if is_push(call) else {"git"})

    def answer(self, call: Call) -> Reply:
        if call.path == "/_control":
            return self._control.answer(call)
        return self._git.answer(call) if is_git(call.path) else self._api.answer(call)

    def log(self, seen: Seen) -> None:
        if seen.path != "/_control":
            self._hub.world.log(seen)

    def die(self) -> None:
        self._hub.die()


class _FrontService:
    """The published sites."""

    def __init__(self, hub: GitHub) -> None:
        self.faults = hub.faults
        self._hub = hub

    def places(self, _: Call) -> frozenset[str]:
        return frozenset({"front"})

    def answer(self, call: Call) -> Reply:
        return self._hub.world.front.serve(call)

    def log(self, seen: Seen) -> None:
        self._hub.world.log(seen)

    def die(self) -> None:
        self._hub.die()


class GitHub:
    """A GitHub in a folder, on two loopback ports: the site with its API and git, and Pages.

    All state is in the folder; the same folder gives the same GitHub, on the same ports while they are free.
    """

    def __init__(
        self,
        folder: Path,
        *,
        login: str = "octocat",
        clock: Clock = utc_now,
        publish_delay: float | None = 0.0,
        cname_commits: bool = True,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.login = login
        self.faults = Faults()
        self.faults.publish_delay = publish_delay
        self.store = Store(folder, clock)
        self.world = World(self.store, self.faults, cname_commits=cname_commits)
        self._certificates = Certificates(folder)
        self._servers: list[Server] = []
        self._git: GitServer | None = None
        self._turning = threading.RLock()
        self._down = threading.Event()
        # What a fault with `die=True` does; the program kills itself instead.
        self.die: Callable[[], None] = self.kill
        with self.store.change() as data:
            if not data["tokens"]:
                data["tokens"]["ghp_" + "0" * 35 + "1"] = {"login": login, "scopes": list(SCOPES)}

    # The server

    def start(self) -> Self:
        """Serve; on the ports of last time."""
        with self._turning:
            self.store.load()
            self.world.front.reload()
            self._git = GitServer(self.world)
            services: dict[str, _ApiService | _FrontService] = {
                "api": _ApiService(self, self._git),
                "front": _FrontService(self),
            }
            with self.store.change() as data:
                for name, service in services.items():
                    server = _listen(service, self._certificates, data["ports"][name])
                    data["ports"][name] = server.port
                    self._servers.append(server)
            for server in self._servers:
                server.start()
            self._down.clear()
            self.world.builder.start()
            for repository in list(self.store.data["repositories"].values()):
                # Refs can have moved just before a crash.
                self.world.moved(repository, self.login)
        return self

    def stop(self) -> None:
        """End in good order."""
        self._end(abort=False)

    def kill(self) -> None:
        """Break every connection and every running git, as a crash does; `start()` goes on from the disk."""
        self._end(abort=True)

    def restart(self) -> None:
        self.kill()
        self.start()

    def _end(self, *, abort: bool) -> None:
        with self._turning:
            if abort and self._git:
                self._git.stop()
            for server in self._servers:
                server.stop(abort=abort)
            self._servers.clear()
            self.world.builder.stop()
            self._down.set()

    def wait_down(self, timeout: float = 10.0) -> None:
        """Return once a fault with `die=True` has struck; `start()` brings the double back."""
        if not self._down.wait(timeout):
            raise TimeoutError("the double is still up")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Addresses and accounts

    @property
    def host(self) -> str:
        """`localhost:port`, what GH_HOST is."""
        return f"{HOST}:{self.store.data['ports']['api']}"

    @property
    def url(self) -> str:
        """What stands for https://github.com, without a slash at its end."""
        return self.world.url

    @property
    def api(self) -> str:
        """What stands for https://api.github.com."""
        return self.world.api

    @property
    def ca(self) -> Path:
        """The certificate that clients have to trust."""
        return self._certificates.path

    @property
    def token(self) -> str:
        """A token that may do everything."""
        return str(next(iter(self.store.data["tokens"])))

    @property
    def env(self) -> dict[str, str]:
        """What to lay over a clean environment so that gh, git and requests take this for GitHub."""
        return environment.environment(self.folder, self.host, self.token, self.ca)

    @property
    def headers(self) -> dict[str, str]:
        """For requests made by hand."""
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"}

    def add_token(self, token: str, *scopes: str, login: str = "") -> str:
        with self.store.change() as data:
            data["tokens"][token] = {"login": login or self.login, "scopes": list(scopes)}
        return token

    def revoke(self, token: str) -> None:
        with self.store.change() as data:
            del data["tokens"][token]

    def set_plan(self, owner: str, plan: str) -> None:
        """Give an owner a plan: free (the default), pro, team, enterprise."""
        with self.store.change() as data:
            data["plans"][owner] = plan

    def add_organization(self, name: str) -> None:
        with self.store.change() as data:
            data["organizations"].append(name)

    def bill(
        self, repository: str, quantity: float, *, product: str = "Actions", sku: str = "Actions Linux"
    ) -> None:
        """Put minutes, or whatever the product is measured in, on the owner's bill."""
        owner = repository.partition("/")[0]
        price = 0.008 if product == "Actions" else 0.0
        with self.store.change() as data:
            item: Json = {
                "date": self.store.now(),
                "product": product,
                "sku": sku,
                "quantity": quantity,
                "unitType": "Minutes" if product == "Actions" else "GigabyteHours",
                "pricePerUnit": price,
                "grossAmount": quantity * price,
                "discountAmount": quantity * price,
                "netAmount": 0,
                "repositoryName": repository
                if owner in data["organizations"]
                else repository.partition("/")[2],
            }
            if owner in data["organizations"]:
                item["organizationName"] = owner
            data["usage"].setdefault(owner, []).append(item)

    # Repositories

    def create_repo(self, name: str, *, private: bool = False, default_branch: str = "main") -> str:
        """Make an empty repository `owner/name` and return its https address on github.com."""
        self.world.create(name, private=private, default_branch=default_branch)
        return f"https://github.com/{name}.git"

    def repo(self, name: str) -> Json:
        """The live record of a repository: pages, builds, runs, rulesets, deployments, actions."""
        return self.store.repository(name)

    def bare(self, name: str) -> Bare:
        """The repository itself, for looking at it with git."""
        return self.store.bare(self.repo(name))

    def enable_pages(
        self, name: str, branch: str = "gh-pages", path: str = "/", *, actions: bool = True
    ) -> None:
        """Publish a branch, which need not exist yet here; on GitHub it must."""
        with self.store.change():
            repository = self.repo(name)
            repository["pages"] = {
                "status": None,
                "cname": None,
                "build_type": "legacy",
                "source": {"branch": branch, "path": path},
                "https_enforced": True,
                "certificate": "approved",
            }
            repository["actions"]["enabled"] = actions
        self.world.moved(repository, self.login)

    def pages_url(self, name: str) -> str:
        """Where a repository is published; a custom domain needs its name in the Host field, except 127.0.0.1."""
        return shapes.html_url(self.world, self.repo(name))

    def foreign_commit(
        self,
        repository: str,
        branch: str,
        files: Mapping[str, str | bytes | None],
        message: str = "Update by somebody else",
    ) -> str:
        """Let somebody else commit (None deletes a file); return the commit."""
        return self.world.foreign_commit(self.repo(repository), branch, files, message)

    def set_domain(self, name: str, domain: str | None) -> str:
        """Set the domain in GitHub's page of settings: the commit that this makes is returned."""
        repository = self.repo(name)
        what = "Create CNAME" if domain else "Delete CNAME"
        with self.store.change():
            repository["pages"]["cname"] = domain
            return self.foreign_commit(name, repository["pages"]["source"]["branch"], {"CNAME": domain}, what)

    def add_run(self, name: str, *, event: str = "push", path: str = ".github/workflows/ci.yml") -> Json:
        """Record a run of a workflow."""
        with self.store.change():
            run: Json = {
                "id": self.store.next_id(),
                "name": path,
                "path": path,
                "event": event,
                "head_branch": self.repo(name)["default_branch"],
                "head_sha": self.bare(name).tip(self.repo(name)["default_branch"]) or "0" * 40,
                "actor": self.login,
                "status": "completed",
                "conclusion": "success",
                "created_at": self.store.now(),
                "updated_at": self.store.now(),
            }
            self.repo(name)["runs"].append(run)
        return run

    # Waiting and looking

    def finish_builds(self, name: str) -> None:
        """With `publish_delay` None: end the builds that wait, now."""
        self.world.builder.finish(self.repo(name))
        self.wait_idle(name)

    def live(self, name: str) -> str | None:
        """The commit that is served."""
        live = self.repo(name)["live"]
        return None if live is None else str(live)

    def wait_live(self, name: str, commit: str, timeout: float = 10.0) -> None:
        """Return once a commit is served; raises TimeoutError."""
        self._wait(
            lambda: self.live(name) == commit, timeout, f"{commit[:10]} is not live, {self.live(name)} is"
        )

    def wait_idle(self, name: str, timeout: float = 10.0) -> None:
        """Return once no build is queued or under way; raises TimeoutError."""
        self._wait(lambda: self.world.builder.idle(self.repo(name)), timeout, f"{name} is still being built")

    def _wait(self, done: Callable[[], bool], timeout: float, otherwise: str) -> None:
        changed = self.world.builder.changed
        end = time.monotonic() + timeout
        with changed:
            while not done():
                if not changed.wait(max(0.0, end - time.monotonic())) and time.monotonic() > end:
                    raise TimeoutError(otherwise)

    @property
    def requests(self) -> list[Seen]:
        """Every request so far, in the order in which they were answered."""
        return list(self.world.seen)

    def asked(self, method: str = "", path: str = "", where: str = "") -> list[Seen]:
        """The requests of a method whose path begins so, to one of api, git, push, front."""
        return [
            one
            for one in self.requests
            if method in {"", one.method} and one.path.startswith(path) and where in {"", one.where}
        ]

    def forget_requests(self) -> None:
        self.world.seen.clear()


def _listen(service: _ApiService | _FrontService, certificates: Certificates, port: int) -> Server:
    try:
        return Server(service, certificates.context(), port)
    except OSError:
        return Server(service, certificates.context(), 0)
