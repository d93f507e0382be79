"""What the address of a git remote says: whose GitHub repository it is, and where Pages serves it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# https://github.com/o/r(.git), ssh://git@github.com(:22)/o/r, git@github.com:o/r, git://github.com/o/r
_GITHUB = re.compile(
    r"(?:(?:https?|git)://(?:[^@/]+@)?(?:www\.)?github\.com(?::\d+)?/"
    r"|ssh://(?:[^@/]+@)?(?:ssh\.)?github\.com(?::\d+)?/"
    r"|(?:[^@/:]+@)?github\.com:/?)"
    r"([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+?)(?:\.git)?/?",
    re.IGNORECASE,
)
_SHORT = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)/([A-Za-z0-9._-]+)")


@dataclass(frozen=True)
class Repository:
    """A repository on GitHub."""

    owner: str
    name: str

    @property
    def clone_url(self) -> str:
        """Return the HTTPS address, for which `gh` is the credential helper."""
        return f"https://github.com/{self.owner}/{self.name}.git"

    @property
    def pages_url(self) -> str:
        """Return where Pages serves it: `<owner>.github.io` at the root, others below their name."""
        host = f"{self.owner.lower()}.github.io"
        return f"https://{host}/" if self.name.lower() == host else f"https://{host}/{self.name}/"


def github(remote: str) -> Repository | None:
    """Return the GitHub repository that a remote address (or `owner/name`) means, or None."""
    match = _GITHUB.fullmatch(remote.strip()) or _SHORT.fullmatch(remote.strip())
    return Repository(match[1], match[2]) if match else None
