"""The strategies, in the order in which they are tried for one error: the safest first."""

from __future__ import annotations

from typing import cast

from pipeline.typescript.strategies import parameters, quick
from pipeline.typescript.strategies.base import Strategy

STRATEGIES: tuple[Strategy, ...] = tuple(cast("Strategy", one) for one in (parameters, quick))
