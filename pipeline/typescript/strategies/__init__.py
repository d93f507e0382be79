"""The strategies, in the order in which they are tried for one error: the safest first."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import (
    defaults,
    deleting,
    elements,
    exact,
    guards,
    handlers,
    narrowing,
    parameters,
    proofs,
    quick,
    skipping,
    targets,
    windows,
)
from pipeline.typescript.strategies.base import Strategy

STRATEGIES: tuple[Strategy, ...] = tuple(
    cast("Strategy", one)
    for one in (
        handlers,
        parameters,
        # The DOM: what a lookup finds, what an event comes from, what is kept on window.
        elements,
        targets,
        windows,
        # What may be missing: proven present, the same without a check, then checks, the mildest first.
        exact,
        proofs,
        deleting,
        defaults,
        skipping,
        guards,
        narrowing,
        quick,
    )
)
