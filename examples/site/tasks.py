"""The tasks of this site: `invoke --list`."""

from pages_pipeline import ns  # noqa: F401
