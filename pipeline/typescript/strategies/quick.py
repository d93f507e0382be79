"""Quick fixes of the language service that neither guess nor insert a banned construct."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic
from pipeline.typescript.strategies.base import Level, Repair
from pipeline.typescript.world import World

NAME = "quick-fix"

# TypeScript's names of its fixes, and what each does to the JavaScript.
# "spelling" and "addMissingMember" are wrong more often than right on real code, "inferFromUsage" mostly says any.
_TRUSTED: dict[str, Level] = {
    "fixAwaitInSyncFunction": "guard",
    "constructorForDerivedNeedSuperCall": "guard",
    "fixReturnTypeInAsyncFunction": "type-only",
    "requireInTs": "guard",
}
CODES = frozenset((1064, 1308, 2377))


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the trusted fixes for an error."""
    for fix in world.source.fixes(one):
        level = _TRUSTED.get(fix.name)
        if level and all(edit.file in world.editable for edit in fix.edits):
            yield Repair(NAME, level, fix.edits, fix.title)
