"""The environment in which the real gh and the real git take the double for GitHub."""

from __future__ import annotations

import shlex
import shutil
import sysconfig
from pathlib import Path

_LOOPBACK = "localhost,127.0.0.1,::1"


def gh() -> str:
    """The path of gh: on PATH, or from the wheel beside this interpreter."""
    return shutil.which("gh") or shutil.which("gh", path=sysconfig.get_path("scripts")) or "gh"


def environment(folder: Path, host: str, token: str, ca: Path) -> dict[str, str]:
    """Variables to be laid over a clean environment; `host` has its port."""
    config = folder / "gh"
    config.mkdir(exist_ok=True)
    url = f"https://{host}/"
    settings = {
        # An empty one forgets whoever was asked before.
        "credential.helper": "",
        f"credential.https://{host}.helper": f"!{shlex.quote(gh())} auth git-credential",
        f"url.{url}.insteadOf": "https://github.com/",
    }
    pairs = [*settings.items(), (f"url.{url}.insteadOf", "git@github.com:")]
    git = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        git |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return git | {
        "GH_HOST": host,
        "GH_ENTERPRISE_TOKEN": token,
        "GH_CONFIG_DIR": str(config),
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "GIT_SSL_CAINFO": str(ca),
        "GIT_TERMINAL_PROMPT": "0",
        "SSL_CERT_FILE": str(ca),
        "REQUESTS_CA_BUNDLE": str(ca),
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
    }
