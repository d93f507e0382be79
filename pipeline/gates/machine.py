"""What measured: the machine's size and load, for the record; a measured time means little without it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pipeline.core.errors import Stop
from pipeline.core.project import Project


def figures(project: Project) -> dict[str, Any]:
    """Return cores that this process may use, memory in bytes, platform, and the versions of Python and Node."""
    import platform

    return {
        "cores": cores(),
        "memory": memory(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "node": _node(project),
    }


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def memory() -> int | None:
    """Return the machine's memory in bytes, None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def load() -> list[float] | None:
    """Return the load averages of the last 1, 5 and 15 minutes, None where the system does not say."""
    try:
        return [round(one, 2) for one in os.getloadavg()]
    except OSError:
        return None


def _node(project: Project) -> str:
    from pipeline.tools.node import find_node

    try:
        return find_node(project.settings.tools.node).version
    except Stop:
        return ""


def line(machine: Mapping[str, Any]) -> str:
    """Return the figures as people read them."""
    if not machine:
        return ""
    memory_text = f", {machine['memory'] / 1e9:.1f} GB" if machine.get("memory") else ""
    loads = [machine.get(name) for name in ("load_start", "load_end")]
    load_text = f", load {loads[0][0]:g} to {loads[1][0]:g}" if loads[0] and loads[1] else ""
    return f"{machine['cores']} cores{memory_text}{load_text}, {machine['platform']}"
