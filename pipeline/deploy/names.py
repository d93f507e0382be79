"""Release names: `YYYYMMDD-HHMMSS-<environment>-<description>`, in UTC, each also a branch that is never deleted."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LONGEST_SLUG = 50
_FORMAT = "%Y%m%d-%H%M%S"
_PATTERN = re.compile(r"^(\d{8}-\d{6})-([a-z0-9]+)-([a-z0-9]+(?:-[a-z0-9]+)*)$")


@dataclass(frozen=True)
class Name:
    """A release name in its parts; `moment` is aware, in UTC, whole seconds."""

    moment: datetime
    environment: str
    slug: str

    def __str__(self) -> str:
        return f"{self.moment.strftime(_FORMAT)}-{self.environment}-{self.slug}"


def slugify(text: str) -> str:
    """Return `text` as lower-case ASCII words joined by `-`, at most 50 characters, `release` when nothing is left."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_text)
    slug = ""
    for word in words:
        longer = f"{slug}-{word}" if slug else word[:_LONGEST_SLUG]
        if len(longer) > _LONGEST_SLUG:
            break
        slug = longer
    return slug or "release"


def parse(text: str) -> Name | None:
    """Return the parts of a release name, or None when it is not one."""
    match = _PATTERN.match(text)
    if not match:
        return None
    try:
        moment = datetime.strptime(match[1], _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Name(moment, match[2], match[3])


def free_name(moment: datetime, environment: str, description: str, taken: frozenset[str]) -> Name:
    """Return the name for a release made at `moment`, moved on by whole seconds while it is taken."""
    name = Name(moment.astimezone(UTC).replace(microsecond=0), token(environment), slugify(description))
    while str(name) in taken:
        name = Name(name.moment + timedelta(seconds=1), name.environment, name.slug)
    return name


def token(environment: str) -> str:
    """Return an environment's name as it stands in release names: letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", environment.lower()) or "env"


def moment_of(name: str) -> str:
    """Return the date and time part of a release name, or the whole text when it is none."""
    return name[: len("YYYYMMDD-HHMMSS")] if parse(name) else name
