"""The certificate authority of a double, kept in its folder so that a restart changes nothing."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

_NAMES = ("localhost", "127.0.0.1", "::1", "*.github.io")


class Certificates:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "ca.pem"
        key = folder / "ca.key"
        if not key.exists():
            made = trustme.CA()
            made.cert_pem.write_to_path(str(self.path))
            made.private_key_pem.write_to_path(str(key))
        self._ca = trustme.CA.from_pem(self.path.read_bytes(), key.read_bytes())
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self) -> ssl.SSLContext:
        """What a server needs: our own names, and any other that a client asks for (custom domains)."""
        context = self._issue(*_NAMES)
        context.sni_callback = self._choose
        return context

    def _issue(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context

    def _choose(self, sock: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name and name not in _NAMES and not name.endswith(".github.io"):
            if name not in self._contexts:
                self._contexts[name] = self._issue(name)
            sock.context = self._contexts[name]
