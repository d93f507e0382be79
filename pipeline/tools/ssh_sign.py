"""Signatures of files by ssh-keygen, with the key that git signs with.

https://man.openbsd.org/ssh-keygen#Y~3 and https://git-scm.com/docs/git-config#Documentation/git-config.txt-usersigningKey
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipeline.core import proc
from pipeline.core.errors import Code, Stop

_SECONDS = 60.0
_LITERAL = ("key::", "ssh-", "ecdsa-", "sk-")


def sign(data: bytes, settings: Mapping[str, str], namespace: str) -> bytes:
    """Return an armoured SSH signature of `data`, made for `namespace`.

    `settings` are git's: user.signingkey (a path, or a public key whose private half an agent holds),
    gpg.ssh.defaultKeyCommand, gpg.ssh.program. Raises Stop (7) when the key does not sign.
    """
    with tempfile.TemporaryDirectory(prefix="pages-sign-") as folder:
        key, by_agent = _key(settings, Path(folder))
        program = settings.get("gpg.ssh.program", "ssh-keygen")
        words = [program, "-Y", "sign", "-n", namespace, "-f", str(key), *(["-U"] if by_agent else [])]
        done = proc.run(words, stdin=data, timeout=_SECONDS)
    if not done.ok or not done.out.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        raise Stop("the SSH key of git's settings does not sign", "ssh-add -l", Code.SERVICE, done.tail(6))
    return done.out


def _key(settings: Mapping[str, str], folder: Path) -> tuple[Path, bool]:
    """Return the file of the key, and whether it is a public one that was written out for an agent."""
    given = settings.get("user.signingkey", "") or _first(settings.get("gpg.ssh.defaultKeyCommand", ""))
    if not given.startswith(_LITERAL):
        return Path(given).expanduser(), False
    path = folder / "key.pub"
    path.write_text(f"{given.removeprefix('key::')}\n", encoding="utf-8")
    return path, True


def _first(command: str) -> str:
    """Return the key that a command names: the first line that begins with `key::` or `ssh-`."""
    import shlex

    done = proc.run(shlex.split(command), timeout=_SECONDS)
    return next((line for line in done.text.splitlines() if line.startswith(("key::", "ssh-"))), "")
