"""Quick fixes of a stock server: those that neither guess nor invent; the only strategy where no worker is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.typescript.session import Diagnostic, QuickFix
from pipeline.typescript.strategies.base import Level, Repair
from pipeline.typescript.stripping import strippable
from pipeline.typescript.world import World

NAME = "server-fix"

# Names and members that an import brings; async functions, super calls; override; imports of types; unused names.
CODES = frozenset(
    (
        *(2304, 2503, 2552, 2613, 2614, 2686, 2693, 18004),
        *(1055, 1064, 1308, 2377, 2801, 17009),
        *(4112, 4113, 4114, 4115, 4116, 4117, 4119, 4121, 4122),
        *(1205, 1371, 1484, 1485),
        *(6133, 6192, 6196, 6198),
    )
)
# A server tells a fix by its English title. These guess a name or a type, invent code, claim what nobody proved, or
# repair several places as one.
_NEVER = re.compile(
    r"\ball\b|spelling|^Infer\b|^Ignore\b|^Disable\b|definite assignment|^Add missing (?!'?super|'?override|'?await)"
    r"|^Declare\b|^Implement\b|^Add initializer|^Add 'unknown' conversion|^Remove unused declaration|^Delete\b"
)
_IMPORT = re.compile(r"^(?:Add|Update) import\b|^Import ")
_TYPES = re.compile(r"\bimport type\b|(?:^|[{,\s])type \w")
# What changes the JavaScript, as `quick` allows it too: the level, and the risk where it cannot be compared.
_CHANGES: tuple[tuple[re.Pattern[str], Level, str], ...] = (
    (_IMPORT, "guard", "the imported module runs"),
    (
        re.compile(r"\basync\b|\bawait\b|super\(\)|^Convert 'require'"),
        "guard",
        "it runs another way than before",
    ),
    (re.compile(r"^Remove import from\b"), "unused", "the module may have been imported for what it does"),
    (re.compile(r"^Prefix\b"), "unused", "the name may be used by its text"),
)


def propose(one: Diagnostic, world: World) -> Iterator[Repair]:
    """Yield the fixes for an error; an import only where there is just one that gives the name."""
    offered = [fix for fix in world.source.fixes(one) if not _NEVER.search(fix.title)]
    imports = [fix for fix in offered if _IMPORT.search(fix.title)]
    for fix in offered:
        if fix in imports and len(imports) > 1:
            continue
        level, risk = _level(fix, provable=strippable(one.file))
        yield Repair(NAME, level, fix.edits, fix.title, risk)


def _level(fix: QuickFix, *, provable: bool) -> tuple[Level, str]:
    if _IMPORT.search(fix.title) and all(_TYPES.search(edit.text) for edit in fix.edits):
        # Where no JavaScript can be made to compare, it is not called proven either.
        return ("type-only", "") if provable else ("guard", "none is known: types are imported")
    found = ((level, risk) for pattern, level, risk in _CHANGES if pattern.search(fix.title))
    return next(found, ("type-only", ""))
