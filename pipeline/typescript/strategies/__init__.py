"""The strategies, in the order in which they are tried for one error: the safest first."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import (
    arity,
    callbacks,
    checked,
    classes,
    comparing,
    conversions,
    customary,
    defaults,
    definite,
    deleting,
    elements,
    exact,
    forms,
    forwarding,
    generics,
    guards,
    handed,
    handlers,
    indexing,
    literals,
    members,
    modules,
    narrowing,
    parameters,
    proofs,
    props,
    quick,
    refs,
    relied,
    returned,
    returns,
    shapes,
    sifted,
    skipping,
    starts,
    styles,
    targets,
    unassigned,
    unions,
    unknown,
    unused,
    widening,
    windows,
    wrapped,
)
from pipeline.typescript.strategies.base import Strategy

STRATEGIES: tuple[Strategy, ...] = tuple(
    cast("Strategy", one)
    for one in (
        # Names that are imported, exported and overridden.
        modules,
        classes,
        # Declarations: what starts empty, members, the one object of a component, parameters, results.
        literals,
        members,
        definite,
        unassigned,
        props,
        forwarding,
        handlers,
        parameters,
        returns,
        # The DOM: what a lookup finds, what an event comes from, what is kept on window.
        elements,
        targets,
        forms,
        windows,
        # Objects and lists: what their keys are, what starts empty in them, which members they lack.
        indexing,
        generics,
        unions,
        starts,
        shapes,
        unknown,
        arity,
        # What lists and defaults give back; a declared type that is narrower than what it is given.
        sifted,
        returned,
        callbacks,
        widening,
        wrapped,
        checked,
        # What may be missing: proven present, the same without a check, then checks, the mildest first.
        exact,
        proofs,
        relied,
        deleting,
        styles,
        comparing,
        customary,
        defaults,
        handed,
        refs,
        skipping,
        guards,
        narrowing,
        conversions,
        unused,
        quick,
    )
)
