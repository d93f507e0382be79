"""The same server over files that are no release yet: what is judged is answered as it will be once it is live."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from pipeline.site.server.service import Server
from pipeline.site.server.snapshot import build, public


class FilesServer(Server):
    """Serves files under `base` on a free port of loopback.

    `files` gives each path the digest of its content, `read` returns its bytes and may raise; it is called for
    every file when the server starts. Leaving the block stops it.
    """

    def __init__(
        self, name: str, files: Mapping[str, str], read: Callable[[str], bytes], base: str = "/"
    ) -> None:
        super().__init__(Path(), base=base)
        tree = {path: oid for path, oid in files.items() if public(path)}
        bodies = {oid: read(path) for path, oid in tree.items()}
        self._fixed = build(name, base, 0, tree, bodies, None)

    def _refresh(self) -> None:
        self._shared.snapshot = self._fixed
