"""Rulesets: which rules a change of a ref breaks. Also the update hook, so it imports the standard library only."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

Json = Mapping[str, Any]

FILE = "rules.json"
_ZERO = re.compile("0+")
# What GitHub prints; {kind} is branch or tag.
_SAYS = {
    "creation": "Cannot create ref due to creations being restricted.",
    "update": "Cannot update this protected ref.",
    "deletion": "Cannot delete this {kind}",
    "non_fast_forward": "Cannot force-push to this {kind}",
}

HOOK = """\
#!/bin/sh
# No ruleset, no interpreter.
test -s {file} || exit 0
exec {python} -I -S -B {script} "$@"
"""


@cache
def pattern(glob: str) -> re.Pattern[str]:
    """The names that a pattern of a ruleset means: fnmatch where `*` stops at a slash and `**/` does not."""
    out, at = "", 0
    while at < len(glob):
        char = glob[at]
        if glob.startswith("**/", at):
            out, at = out + r"(?:[^/]+/)*", at + 3
        elif char == "*":
            out, at = out + "[^/]*", at + 1
        elif char == "?":
            out, at = out + "[^/]", at + 1
        elif char == "[" and (end := glob.find("]", at + 2)) > 0:
            inner = glob[at + 1 : end].replace("\\", r"\\")
            inner = f"^{inner[1:]}" if inner[0] in "!^" else inner
            out, at = f"{out}(?!/)[{inner}]", end + 1
        elif char == "\\" and at + 1 < len(glob):
            out, at = out + re.escape(glob[at + 1]), at + 2
        else:
            out, at = out + re.escape(char), at + 1
    return re.compile(out)


def applies(ruleset: Json, ref: str, default_branch: str) -> bool:
    """Whether an active ruleset is about a ref."""
    if ruleset["enforcement"] != "active":
        return False
    if not ref.startswith({"tag": "refs/tags/"}.get(ruleset["target"], "refs/heads/")):
        return False
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}

    def meant(glob: str) -> bool:
        if glob == "~ALL":
            return True
        if glob == "~DEFAULT_BRANCH":
            return ref == f"refs/heads/{default_branch}"
        return pattern(glob).fullmatch(ref) is not None

    return any(map(meant, names.get("include", []))) and not any(map(meant, names.get("exclude", [])))


def broken(
    rulesets: Sequence[Json], default_branch: str, ref: str, old: str, new: str, *, forward: bool
) -> tuple[list[str], bool]:
    """What GitHub says about a change of a ref, and whether whoever owns the repository may do it all the same."""
    if _ZERO.fullmatch(old):
        kinds = {"creation"}
    elif _ZERO.fullmatch(new):
        kinds = {"deletion"}
    else:
        kinds = {"update"} if forward else {"update", "non_fast_forward"}
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    said: list[str] = []
    bypass = True
    for ruleset in rulesets:
        if not applies(ruleset, ref, default_branch):
            continue
        found = [_SAYS[rule["type"]].format(kind=kind) for rule in ruleset["rules"] if rule["type"] in kinds]
        if found and not any(a.get("bypass_mode") == "always" for a in ruleset.get("bypass_actors") or []):
            bypass = False
        said += [text for text in found if text not in said]
    return said, bypass


def main(ref: str, old: str, new: str) -> int:
    """Judge one ref as git's update hook, in the repository's folder."""
    about = json.loads(Path(FILE).read_text("utf-8"))
    forward = True
    if not (_ZERO.fullmatch(old) or _ZERO.fullmatch(new)):
        known = subprocess.run(["git", "merge-base", "--is-ancestor", old, new], check=False)
        forward = known.returncode == 0
    said, bypass = broken(about["rulesets"], about["default_branch"], ref, old, new, forward=forward)
    if not said:
        return 0
    review = f"{about['html_url']}/rules?ref={quote(ref, safe='')}"
    points = "".join(f"\n- {text}\n" for text in said)
    if bypass:
        sys.stderr.write(f"Bypassed rule violations for {ref}:\n{points}\n")
        return 0
    head = f"error: GH013: Repository rule violations found for {ref}."
    sys.stderr.write(f"{head}\nReview all repository rules at {review}\n{points}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
