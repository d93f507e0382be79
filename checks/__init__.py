"""The gates: each is a module that measures one thing and judges it; docs/gates.md tells how to add one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.registry import GATES

__all__ = ["GATES", "TITLES"]

# The first line of each gate's module, in the registry's order: a list of tasks needs no more, and importing the
# gates for it would cost every command 15 ms. A test holds the two together.
TITLES = {
    "build": "The built output is sane: pages are pages, and what they refer to is there under the base path.",
    "typescript": "The site's own type checker reports no error.",
    "quality": "The site's own linter and tests pass, plain mistakes in the code are seen, and TypeScript is strict.",
    "links": "Links lead to pages and places that exist; sitemaps, feeds, canonical addresses and languages agree.",
    "html": "Pages are valid HTML, and say what they are: language, title, description, data, preview picture.",
    "security": "No known weakness, no secret and no stray file is published, and pages load only what they can trust.",
    "budgets": "JavaScript, CSS, image, font and total weight of every page and of the site stay within budget.",
    "images": "Images are whole, are what their names say, tell nobody's place, and weigh no more than needed.",
    "fonts": "Fonts are whole, small, loaded once, and never keep text from being read.",
    "pwa": "An installable site installs: its manifest, its icons and its service worker are right.",
    "accessibility": "Everyone can use every page: axe-core and HTML_CodeSniffer find nothing against WCAG 2.1 AA.",
    "keyboard": "Everything can be reached and left with the Tab key, in a sensible order, and the focus is seen.",
    "runtime": "Pages run without errors, load all of their own files, and do not jump while they load.",
    "privacy": "Nobody is followed: no tracker, no request to others, no cookie before the visitor agreed to it.",
    "lighthouse": "Lighthouse's scores and the times until a page is seen, stable and usable are good.",
    "churn": "No build stamp and no hashed file name changes page after page, which is what makes repositories grow.",
    "zero_actions": "No workflow runs and no minute is billed: Actions are off where the site is published.",
    "branches": "Every release still is a branch on the remote, at its commit: none is deleted or moved.",
    "backup": "A whole copy of the live release is on this machine, so that going back needs no network and no build.",
}


def __getattr__(name: str) -> object:
    """Return GATES, which imports them all, when someone asks for it."""
    if name == "GATES":
        from checks.registry import GATES

        return GATES
    raise AttributeError(name)
