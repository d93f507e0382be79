"""What a browser sees on every page of a site: each page is visited once for all gates, and kept while nothing changes.

`docs/visits.md` has the keys of a record.
"""

from __future__ import annotations

from pipeline.gates.visits.run import visit

__all__ = ["visit"]
