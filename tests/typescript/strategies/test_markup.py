"""What a selector finds in markup."""

from __future__ import annotations

import pytest

from pipeline.typescript.strategies.markup import compounds, stands_before, tags

_PAGE = """---
const open = 1 > 0;
---
<main id="plan" class="wide open">
  {open && <p class="hint">Sow</p>}
  <template><b id="ghost"></b></template>
</main>
"""


def test_last_compound_of_each_selector_counts() -> None:
    assert [(one.tag, one.attributes) for one in compounds("main > form.a, [name='x']:not(.b) input#c")] == [
        ("form", (("class", "a"),)),
        ("input", (("id", "c"),)),
    ]


def test_comma_and_blank_within_brackets_do_not_split() -> None:
    assert [one.attributes for one in compounds("[title='a, b']")] == [(("title", "a, b"),)]


def test_tags_keep_computed_values_in_braces() -> None:
    assert tags('<a href={url({ x: 1 })} class="b c" hidden>') == (
        ("a", {"href": "{url({ x: 1 })}", "class": "b c", "hidden": None}),
    )


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("#plan", True),
        (".wide", True),
        ("main.open", True),
        (".hint", False),
        ("#ghost", False),
        ("#no", False),
    ],
)
def test_only_what_the_page_always_shows_stands(selector: str, found: bool) -> None:
    assert bool(stands_before(selector, _PAGE, len(_PAGE))) is found


def test_markup_after_the_script_does_not_stand() -> None:
    assert stands_before("#plan", _PAGE, _PAGE.index("<main")) is None
