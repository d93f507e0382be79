"""Every gate, by name."""

from __future__ import annotations

from checks import (
    accessibility,
    backup,
    branches,
    budgets,
    build,
    churn,
    fonts,
    html,
    images,
    keyboard,
    lighthouse,
    links,
    privacy,
    pwa,
    quality,
    runtime,
    security,
    typescript,
    zero_actions,
)
from checks.base import Gate

# By hand and in this order: what is quick and explains the others' failures comes first.
GATES: dict[str, Gate] = {
    "build": build,
    "typescript": typescript,
    "quality": quality,
    "links": links,
    "html": html,
    "security": security,
    "budgets": budgets,
    "images": images,
    "fonts": fonts,
    "pwa": pwa,
    "accessibility": accessibility,
    "keyboard": keyboard,
    "runtime": runtime,
    "privacy": privacy,
    "lighthouse": lighthouse,
    "churn": churn,
    "zero_actions": zero_actions,
    "branches": branches,
    "backup": backup,
}
