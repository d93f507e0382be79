"""The reference of all settings, written from the schema's own descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pipeline.core.part import Entry, Part, types_of

_HEAD = """\
# Settings

Written by `invoke settings --reference` from the schema; a test compares them.

Each value comes from the last of these that gives it: the default, the tool's `invoke.yaml`, the site's
`invoke.yaml`, a variable `INVOKE_<KEY>` (`site.output` is `INVOKE_SITE_OUTPUT`; empty is not set), a flag.
`invoke settings` shows every value with its origin. Booleans in variables are true/false, yes/no, on/off
or 1/0. Commands are a line of text or a list of words; they run without a shell. Secrets stand in no file:
use the environment, or `gh auth login`.
"""
_POLICY = """\

## constitution.toml

The policy is read from this file, with an environment's `policy` over it: no variable, no flag changes it.
Sizes are whole bytes or text with a unit: 1 KB = 1,000 B, 1 KiB = 1,024 B; `"none"` is no limit.
"""


def reference() -> str:
    """Return docs/settings.md."""
    from pipeline.core.schema import NON_NEGOTIABLE, Policy, Settings

    lines = [_HEAD, "## invoke.yaml\n", *_table(Settings, "")]
    lines += [_POLICY, *_table(Policy, "")]
    lines += ["", f"Never waived: {', '.join(sorted(NON_NEGOTIABLE))}."]
    return "\n".join(lines) + "\n"


def _table(model: type[Part], prefix: str) -> Iterator[str]:
    yield "| key | default | meaning |"
    yield "|---|---|---|"
    yield from _rows(model, prefix)


def _rows(model: type[Part], prefix: str) -> Iterator[str]:
    for name, kind in types_of(model).items():
        entry = model.entries[name]
        inner = _inner(kind)
        if inner is None:
            choices = _choices(kind)
            one_of = f" One of {choices}." if choices else ""
            yield f"| `{prefix}{name}` | {_default(entry)} | {_cell(entry.description)}{one_of} |"
            continue
        part, mark = inner
        yield f"| **`{prefix}{name}{mark}`** | | {_cell(entry.description)} |"
        yield from _rows(part, f"{prefix}{name}{mark}.")


def _inner(annotation: object) -> tuple[type[Part], str] | None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation, ""
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, Part):
            return part, ".<name>" if "dict" in str(annotation) else "[]"
    return None


def _choices(annotation: object) -> str:
    for part in (annotation, *get_args(annotation)):
        words = get_args(part)
        if words and all(isinstance(word, str) for word in words):
            return ", ".join(f"`{word}`" for word in words)
    return ""


def _default(entry: Entry) -> str:
    if entry.required:
        return "required"
    if entry.factory:
        return "`{}`"
    value = entry.default
    return (
        "null"
        if value is None
        else f"`{value:,}`"
        if type(value) is int and value >= 10_000
        else f"`{value!s}`"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
