"""A policy for sites that are there to be published: what needs a browser, npm or minutes is not measured on them.

Those gates have tests of their own; a release engine's test would only wait for them, a thousand times.
"""

from __future__ import annotations

from pathlib import Path

from checks import TITLES

HEAVY = (
    *("links", "html", "images", "fonts", "pwa", "accessibility", "keyboard", "runtime", "privacy"),
    *("security", "quality", "lighthouse", "backup"),
)
QUIET = "".join(
    f'[[waivers]]\ngate = "{name}"\nreason = "a site for tests of releases"\nuntil = 2099-12-31\nmeasure = false\n\n'
    for name in HEAVY
    if name in TITLES
)


def quiet(site: Path, more: str = "") -> None:
    """Write the policy into a site, below keys of its own."""
    site.mkdir(parents=True, exist_ok=True)
    (site / "constitution.toml").write_text(f"{more}\n{QUIET}", encoding="utf-8")
