"""Where a repository is on GitHub: what a remote's address says, and where its REST API answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

PUBLIC = "github.com"
# Other names of the same machine: https://docs.github.com/authentication/troubleshooting-ssh/using-ssh-over-the-https-port
_SAME = {"www.github.com": PUBLIC, "ssh.github.com": PUBLIC}
_PATH = re.compile(r"/*([A-Za-z0-9][A-Za-z0-9_-]*)/([A-Za-z0-9._-]+?)(?:\.git)?/*")
# `git@host:owner/name`; one letter before the colon is a drive of Windows.
_SCP = re.compile(r"(?:[^@/:\s]+@)?([A-Za-z0-9][A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):(?!//)(.+)")
_SHORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")


class Coordinates(NamedTuple):
    """A repository's host (with its port, if it has one), owner and name."""

    host: str
    owner: str
    name: str

    @property
    def slug(self) -> str:
        """Return `owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def api(self) -> str:
        """Return the address of the REST API, without a slash at its end."""
        if self.host == PUBLIC:
            return "https://api.github.com"
        # Data residency has its API on a host of its own: https://docs.github.com/enterprise-cloud@latest/admin/data-residency
        if self.host.endswith(".ghe.com"):
            return f"https://api.{self.host}"
        return f"https://{self.host}/api/v3"


def coordinates(remote: str) -> Coordinates | None:
    """Return what a remote's address means, on whatever host; None for a folder and for what is no address.

    Read are `https://`, `ssh://`, `git://`, `git@host:owner/name`, and `owner/name`, which means github.com.
    """
    text = remote.strip()
    if _SHORT.fullmatch(text):
        return _made(PUBLIC, text)
    if "://" not in text:
        match = _SCP.fullmatch(text)
        return _made(match[1], match[2]) if match else None
    parts = urlsplit(text)
    if parts.scheme not in {"https", "http", "ssh", "git", "git+ssh", "ssh+git"} or not parts.hostname:
        return None
    try:
        port = parts.port
    except ValueError:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # The port of ssh says nothing about the port of the API.
    own = parts.scheme in {"https", "http"} and port not in {None, 443, 80}
    return _made(f"{host}:{port}" if own else host, parts.path)


def _made(host: str, path: str) -> Coordinates | None:
    match = _PATH.fullmatch(path)
    lower = host.lower()
    return Coordinates(_SAME.get(lower, lower), match[1], match[2]) if match else None


def on_github(remote: str, environ: Mapping[str, str]) -> Coordinates | None:
    """Return the repository if its host is GitHub's; GH_HOST names a GitHub Enterprise Server.

    With GH_HOST, addresses of github.com mean that host, as they do for gh. No other host is asked: its login
    would be sent to a stranger.
    """
    found = coordinates(remote)
    if found is None:
        return None
    chosen = environ.get("GH_HOST", "").strip().lower()
    if found.host == PUBLIC:
        return found._replace(host=chosen or PUBLIC)
    known = found.host == chosen or found.host.endswith(".ghe.com")
    return found if known else None
