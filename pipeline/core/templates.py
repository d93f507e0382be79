"""Our pages' templates: what they share is in `templates/page`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.paths import resource

if TYPE_CHECKING:
    import jinja2


def html_templates() -> jinja2.Environment:
    """Return the templates by their path below `templates`; every value is escaped, and one that is missing raises."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
