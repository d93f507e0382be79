"""The strategies, in the order in which they are tried for one error: the safest first."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import (
    defaults,
    definite,
    deleting,
    elements,
    exact,
    forwarding,
    guards,
    handlers,
    literals,
    members,
    narrowing,
    parameters,
    proofs,
    props,
    quick,
    returns,
    skipping,
    targets,
    widening,
    windows,
)
from pipeline.typescript.strategies.base import Strategy

STRATEGIES: tuple[Strategy, ...] = tuple(
    cast("Strategy", one)
    for one in (
        # Declarations: what starts empty, members, the one object of a component, parameters, results.
        literals,
        members,
        definite,
        props,
        forwarding,
        handlers,
        parameters,
        returns,
        # The DOM: what a lookup finds, what an event comes from, what is kept on window.
        elements,
        targets,
        windows,
        # A declared type that is narrower than what it is given.
        widening,
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
