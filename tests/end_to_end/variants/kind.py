"""What a variant is: a copy of a good page of the example with one fault, and who must say what about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

ORIGIN = "https://example.github.io/"
# The page of the example that every variant is a copy of.
MODEL = "about/index.html"

Edit = Callable[[str], str]
Files = Mapping[str, str | bytes]


def same(page: str) -> str:
    """Leave the page as it is."""
    return page


@dataclass(frozen=True)
class Variant:
    """A page with one fault.

    `rule` is what `gate` must report at `path` (empty: the page's address), with `word` in its message or its fix.
    `files` are laid beside the page, a name that begins with `/` from the top. `also` are gates that may rightly block
    the same page for the same fault.
    """

    name: str
    gate: str
    rule: str
    word: str
    edit: Edit = same
    files: Files = field(default_factory=dict)
    blocking: bool = True
    path: str = ""
    also: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        """Return the page's address below the base path."""
        return f"/variants/{self.name}/"

    @property
    def where(self) -> str:
        """Return the path that the finding must have."""
        return self.path or self.address


@dataclass(frozen=True)
class Good:
    """A page that looks odd and is right; no gate may block it."""

    name: str
    edit: Edit = same
    files: Files = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Return the page's address below the base path."""
        return f"/variants/{self.name}/"


def swap(old: str, new: str) -> Edit:
    """Replace a text that must be there."""

    def edit(page: str) -> str:
        assert old in page, f"the example has no {old!r} any more"
        return page.replace(old, new)

    return edit


def head(text: str) -> Edit:
    """Put markup at the end of the head."""
    return swap("</head>", f"{text}</head>")


def body(text: str) -> Edit:
    """Put markup at the end of the page's content."""
    return swap("</main>", f"{text}</main>")


def first(text: str) -> Edit:
    """Put markup at the start of the page's content, where it is seen without scrolling."""
    return swap('<div class="wrap opening"', f'{text}<div class="wrap opening"')


def chain(*edits: Edit) -> Edit:
    """Apply several edits."""

    def edit(page: str) -> str:
        for one in edits:
            page = one(page)
        return page

    return edit


def page_of(model: str, name: str) -> str:
    """Return the model's page under a variant's address, with a title and a description of its own."""
    start, end = model.index("<img"), model.index(">", model.index("<img"))
    page = model[:start] + model[end + 1 :]
    words = name.replace("-", " ")
    about = page.partition('name="description" content="')[2].partition('"')[0]
    page = page.replace(about, f"What the museum keeps of {words}, told in one sentence for visitors.")
    page = page.replace("About and access", f"About {words}")
    return page.replace(f"{ORIGIN}about/", f"{ORIGIN}variants/{name}/")


# An author's script or style sheet in a file of its own, which the pages' policy allows.
SCRIPT = head('<script src="page.js" defer></script>')
STYLE = head('<link rel="stylesheet" href="page.css">')


def scripted(text: str, *edits: Edit, more: Files | None = None) -> tuple[Edit, Files]:
    """Return an edit and files for a page with a script."""
    return chain(SCRIPT, *edits), {"page.js": text, **(more or {})}


def styled(text: str, *edits: Edit, more: Files | None = None) -> tuple[Edit, Files]:
    """Return an edit and files for a page with a style sheet."""
    return chain(STYLE, *edits), {"page.css": text, **(more or {})}


def unguarded(page: str) -> str:
    """Take the page's content security policy away, so that what is foreign is really asked for."""
    start = page.index('<meta http-equiv="content-security-policy"')
    return page[:start] + page[page.index(">", start) + 1 :]
