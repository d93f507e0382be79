"""git's smart HTTP, by git's own CGI program."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import threading

from tests.fakes.github.objects import environment
from tests.fakes.github.serving import Call, Reply
from tests.fakes.github.store import Json
from tests.fakes.github.world import World

_PATH = re.compile(
    r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack|HEAD|objects/.+)"
)
_TOLD = b"hook declined to update"
_DECLINED = b"hook declined"
_RULES = b"push declined due to repository rule violations"


def is_git(path: str) -> bool:
    return not path.startswith(("/repos/", "/users/")) and _PATH.fullmatch(path) is not None


def is_push(call: Call) -> bool:
    return call.method == "POST" and call.path.endswith("/git-receive-pack")


class GitServer:
    def __init__(self, world: World) -> None:
        self._world = world
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """Kill what runs, as a crash of the machine would."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def answer(self, call: Call) -> Reply:
        match = _PATH.fullmatch(call.path)
        assert match
        owner, name, rest = match.groups()
        repository = self._world.store.find(f"{owner}/{name}")
        writes = rest == "git-receive-pack" or call.query.get("service") == "git-receive-pack"
        refused = self._refusal(call, repository, writes=writes)
        if refused or repository is None:
            return refused or _text(404, "Repository not found.")
        if is_push(call):
            for race in self._world.faults.take_races(repository["full_name"]):
                self._world.foreign_commit(repository, race.branch, race.files, race.message)
        reply = self._run(call, repository, rest)
        if is_push(call):
            self._world.moved(repository, call.login)
        return reply

    def _refusal(self, call: Call, repository: Json | None, *, writes: bool) -> Reply | None:
        """Say who may do this: 401 without a good token, 403 without its scope, 404 for what is not there."""
        known = self._world.store.data["tokens"].get(_token(call))
        if known:
            call.login, call.scopes = known["login"], tuple(known["scopes"])
        if not known and (
            writes or repository is None or repository["private"] or call.header("authorization")
        ):
            text = (
                "Invalid username or token. Password authentication is not supported for Git operations."
                if call.header("authorization")
                else "No anonymous write access."
            )
            return _text(401, text, {"WWW-Authenticate": 'Basic realm="GitHub"'})
        if repository is None:
            return _text(404, "Repository not found.")
        if writes and not {"repo", "public_repo"} & set(call.scopes):
            return _text(403, f"Permission to {repository['full_name']}.git denied to {call.login}.")
        return None

    def _run(self, call: Call, repository: Json, rest: str) -> Reply:
        store = self._world.store
        variables = environment(store.folder) | {
            "GIT_PROJECT_ROOT": str(store.roots),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{repository['full_name']}.git/{rest}",
            "REQUEST_METHOD": call.method,
            "QUERY_STRING": call.target.partition("?")[2],
            "CONTENT_TYPE": call.header("content-type"),
            "HTTP_CONTENT_ENCODING": call.header("content-encoding"),
            "GIT_PROTOCOL": call.header("git-protocol"),
            "REMOTE_USER": call.login,
            "REMOTE_ADDR": "127.0.0.1",
        }
        call.file.seek(0)
        with self._lock:
            if self._stopped:
                return _text(503, "down")
            process = subprocess.Popen(
                ["git", "http-backend"],
                stdin=call.file.fileno(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=variables,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            out, _ = process.communicate()
        finally:
            with self._lock:
                self._running.discard(process)
        head, _, body = out.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if line)
        status = int(headers.pop("Status", "200").split()[0])
        if not head:
            return _text(500, "Internal Server Error")
        return Reply(status, _as_github_says(body) if is_push(call) else body, headers)


def _token(call: Call) -> str:
    kind, _, value = call.header("authorization").partition(" ")
    if kind.lower() != "basic":
        return value
    try:
        return base64.b64decode(value).decode("utf-8").partition(":")[2]
    except ValueError:
        return ""


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, text.encode(), {"Content-Type": "text/plain", **(headers or {})})


def _as_github_says(body: bytes) -> bytes:
    """Give the report of a push GitHub's reason where git names the hook; lengths are part of the format."""
    if _DECLINED not in body:
        return body
    report, other, at = b"", b"", 0
    while at + 4 <= len(body):
        size = int(body[at : at + 4], 16)
        packet = body[at : at + max(size, 4)]
        at += max(size, 4)
        if packet[4:5] == b"\x01":
            report += packet[5:]
        elif size and _TOLD not in packet:
            other += packet
    lines, at = b"", 0
    while at + 4 <= len(report):
        size = int(report[at : at + 4], 16)
        line = report[at + 4 : at + size].replace(_DECLINED, _RULES)
        lines += b"%04x" % (len(line) + 4) + line if size else b"0000"
        at += max(size, 4)
    return other + b"%04x\x01" % (len(lines) + 5) + lines + b"0000"
