"""Faults of `security` that stand in pages and in files beside them."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Sequence

from tests.end_to_end.variants.kind import Edit, Variant, body, chain, head, scripted, swap, unguarded

_MAP = json.dumps({"version": 3, "sources": ["tides.ts"], "sourcesContent": ["let tide = 1"], "mappings": ""})


def token() -> str:
    """Return what looks like a GitHub token, made here so that no file of ours holds one."""
    return "ghp_" + "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=36))


def _beside(name: str, rule: str, word: str, file: str, text: str, *, blocking: bool) -> Variant:
    return Variant(
        name,
        "security",
        rule,
        word,
        files={file: text},
        blocking=blocking,
        path=f"variants/{name}/{file}",
    )


def _policy(name: str, rule: str, word: str, old: str, new: str) -> Variant:
    return Variant(name, "security", rule, word, swap(old, new), blocking=False)


_FRAME: Edit = body('<p><a href="https://example.com/" target="_blank">A neighbour</a></p>')
EVERY: Sequence[Variant] = (
    _beside("environment", "exposed-secrets", "public/", ".env", "HARBOUR=1\n", blocking=True),
    _beside("private-key", "exposed-secrets", "public/", "id_ed25519", "key\n", blocking=True),
    _beside("repository", "exposed-repository", "folder", ".svn/entries", "12\n", blocking=True),
    _beside("token", "secret-published", "revoke", "config.js", f"const key = '{token()}';\n", blocking=True),
    _beside("source-map", "source-map", "sourcemap", "tides.js.map", _MAP, blocking=False),
    _beside("backup-file", "exposed-files", "copies", "index.html.bak", "<p>old</p>", blocking=False),
    Variant(
        "script-on-trust",
        "security",
        "no-integrity",
        "sha384",
        chain(unguarded, head('<script src="https://cdn.example.com/a.js" defer></script>')),
        also=frozenset({"privacy"}),
    ),
    Variant(
        "form-in-the-open",
        "security",
        "insecure-form",
        "https://",
        body(
            '<form action="http://forms.example.com/" method="post"><label>Your letter'
            ' <input name="letter"></label> <button type="submit">Send</button></form>'
        ),
    ),
    Variant(
        "data-in-the-open",
        "security",
        "mixed-content",
        "https://",
        *scripted("fetch('http://api.example.com/tides').catch(() => 0);", unguarded),
        also=frozenset({"privacy"}),
    ),
    Variant(
        "handler-in-the-page",
        "security",
        "csp-forbids",
        "onclick",
        body('<button type="button" onclick="print()">Print</button>'),
        also=frozenset({"runtime"}),
    ),
    Variant("new-tab", "security", "no-opener", "noopener", _FRAME, blocking=False),
    _policy("anything-goes", "csp-unsafe", "eval", "script-src 'self'", "script-src 'self' 'unsafe-eval'"),
    Variant(
        "no-effect",
        "security",
        "csp-ignored",
        "frame-ancestors",
        swap("base-uri", "frame-ancestors 'none';base-uri"),
        blocking=False,
        # The browser complains on the console.
        also=frozenset({"runtime"}),
    ),
)
