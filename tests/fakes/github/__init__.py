"""A GitHub on loopback: REST, git over HTTPS and Pages, for the real gh, the real git and real browsers."""

from __future__ import annotations

from tests.fakes.github.faults import Faults
from tests.fakes.github.hub import GitHub
from tests.fakes.github.remote import Remote
from tests.fakes.github.serving import Seen

__all__ = ["Faults", "GitHub", "Remote", "Seen"]
