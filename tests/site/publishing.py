"""Releases made from bytes, and a client that shows exactly what came back."""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TIME = 1_700_000_000


def bare(folder: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
    return folder


def publish(
    repository: Path,
    files: Mapping[str, bytes],
    *,
    branch: str = "gh-pages",
    time: int = TIME,
    mode: str = "100644",
) -> str:
    """Commit `files` as the whole tree of the branch and return the commit."""
    ref = f"refs/heads/{branch}"
    known = subprocess.run(
        ["git", "rev-parse", "-q", "--verify", ref], cwd=repository, capture_output=True, check=False
    )
    parts = [f"commit {ref}\ncommitter T <t@example.invalid> {time} +0000\ndata 1\nx\n".encode()]
    if known.returncode == 0:
        parts.append(f"from {ref}^0\ndeleteall\n".encode())
    for path, body in files.items():
        parts.append(f"M {mode} inline {path}\ndata {len(body)}\n".encode() + body + b"\n")
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repository, input=b"".join(parts), check=True)
    done = subprocess.run(
        ["git", "rev-parse", ref], cwd=repository, capture_output=True, check=True, text=True
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def __getitem__(self, name: str) -> str | None:
        return self.headers.get(name)


def ask(url: str, path: str = "", *, method: str = "GET", body: bytes | None = None, **fields: str) -> Reply:
    """Send one request for `path` of the server at `url`; `if_none_match="..."` is a field."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, path or parts.path, body, headers)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5)


def raw(url: str, data: bytes) -> bytes:
    """Send bytes, say that no more will come, and return all that comes back."""
    with connect(url) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65_536), b""))
