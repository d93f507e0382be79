"""The local Pages server: a branch of a bare repository, served as GitHub Pages would."""

from __future__ import annotations

from pipeline.site.server.protocol import Limits
from pipeline.site.server.service import Server
from pipeline.site.server.snapshot import Page, Snapshot
from pipeline.site.server.source import load

__all__ = ["Limits", "Page", "Server", "Snapshot", "load"]
