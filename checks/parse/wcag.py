"""Success criteria of WCAG, as axe's tags and HTML_CodeSniffer's codes name them, and how to mend what breaks them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# https://www.w3.org/TR/WCAG22/: number, level, and the last part of the address that explains it.
_CRITERIA = """\
1.1.1 A non-text-content; 1.2.1 A audio-only-and-video-only-prerecorded; 1.2.2 A captions-prerecorded
1.2.3 A audio-description-or-media-alternative-prerecorded; 1.2.4 AA captions-live
1.2.5 AA audio-description-prerecorded; 1.2.6 AAA sign-language-prerecorded
1.2.7 AAA extended-audio-description-prerecorded; 1.2.8 AAA media-alternative-prerecorded; 1.2.9 AAA audio-only-live
1.3.1 A info-and-relationships; 1.3.2 A meaningful-sequence; 1.3.3 A sensory-characteristics; 1.3.4 AA orientation
1.3.5 AA identify-input-purpose; 1.3.6 AAA identify-purpose; 1.4.1 A use-of-color; 1.4.2 A audio-control
1.4.3 AA contrast-minimum; 1.4.4 AA resize-text; 1.4.5 AA images-of-text; 1.4.6 AAA contrast-enhanced
1.4.7 AAA low-or-no-background-audio; 1.4.8 AAA visual-presentation; 1.4.9 AAA images-of-text-no-exception
1.4.10 AA reflow; 1.4.11 AA non-text-contrast; 1.4.12 AA text-spacing; 1.4.13 AA content-on-hover-or-focus
2.1.1 A keyboard; 2.1.2 A no-keyboard-trap; 2.1.3 AAA keyboard-no-exception; 2.1.4 A character-key-shortcuts
2.2.1 A timing-adjustable; 2.2.2 A pause-stop-hide; 2.2.3 AAA no-timing; 2.2.4 AAA interruptions
2.2.5 AAA re-authenticating; 2.2.6 AAA timeouts; 2.3.1 A three-flashes-or-below-threshold; 2.3.2 AAA three-flashes
2.3.3 AAA animation-from-interactions; 2.4.1 A bypass-blocks; 2.4.2 A page-titled; 2.4.3 A focus-order
2.4.4 A link-purpose-in-context; 2.4.5 AA multiple-ways; 2.4.6 AA headings-and-labels; 2.4.7 AA focus-visible
2.4.8 AAA location; 2.4.9 AAA link-purpose-link-only; 2.4.10 AAA section-headings
2.4.11 AA focus-not-obscured-minimum; 2.5.1 A pointer-gestures; 2.5.2 A pointer-cancellation; 2.5.3 A label-in-name
2.5.4 A motion-actuation; 2.5.5 AAA target-size-enhanced; 2.5.6 AAA concurrent-input-mechanisms
2.5.7 AA dragging-movements; 2.5.8 AA target-size-minimum; 3.1.1 A language-of-page; 3.1.2 AA language-of-parts
3.1.3 AAA unusual-words; 3.1.4 AAA abbreviations; 3.1.5 AAA reading-level; 3.1.6 AAA pronunciation; 3.2.1 A on-focus
3.2.2 A on-input; 3.2.3 AA consistent-navigation; 3.2.4 AA consistent-identification; 3.2.5 AAA change-on-request
3.2.6 A consistent-help; 3.3.1 A error-identification; 3.3.2 A labels-or-instructions; 3.3.3 AA error-suggestion
3.3.4 AA error-prevention-legal-financial-data; 3.3.5 AAA help; 3.3.6 AAA error-prevention-all
3.3.7 A redundant-entry; 3.3.8 AA accessible-authentication-minimum; 4.1.1 A parsing; 4.1.2 A name-role-value
4.1.3 AA status-messages"""
CRITERIA: dict[str, tuple[str, str]] = {
    number: (level, slug)
    for number, level, slug in (
        entry.split() for line in _CRITERIA.splitlines() for entry in line.split(";") if entry.strip()
    )
}
_UNDERSTANDING = "https://www.w3.org/WAI/WCAG22/Understanding/"

_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
# The tags of axe that a standard makes blocking: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md#axe-core-tags
_LEVELS = {
    "wcag21aa": frozenset(_AA),
    "wcag22aa": frozenset({*_AA, "wcag22a", "wcag22aa"}),
    "wcag21aaa": frozenset({*_AA, "wcag2aaa", "wcag21aaa"}),
}

_TAG = re.compile(r"wcag(\d)(\d)(\d{1,2})")
_CODE = re.compile(r"\.(\d)_(\d)_(\d{1,2})\.(.+)$")
# What HTML_CodeSniffer tells under another criterion than axe does, for the same element.
_SAME = {
    "F68": ("label", "select-name", "aria-input-field-name", "aria-toggle-field-name"),
    "H91": ("label", "select-name", "button-name", "link-name", "input-button-name", "aria-command-name"),
    "H64": ("frame-title",),
    "H25": ("document-title",),
    "H30": ("link-name", "image-alt"),
    "F77": ("duplicate-id-aria",),
}


class Code(NamedTuple):
    """A code of HTML_CodeSniffer: criterion `1.4.3`, what is left of the code, axe's tags and rules for the same."""

    criterion: str
    short: str
    tags: tuple[str, ...]
    axe: tuple[str, ...]


def read(code: str) -> Code:
    """Return what a code such as `WCAG2AA.Principle1.Guideline1_4.1_4_3.G18.Fail` says."""
    match = _CODE.search(code)
    if not match:
        return Code("", code.rpartition(".")[2], ("wcag2a",), ())
    parts = match.group(1, 2, 3)
    number = ".".join(parts)
    level = CRITERIA.get(number, ("A", ""))[0].lower()
    short = match[4].removesuffix(".Fail")
    same = _SAME.get(re.split(r"[.,]", short)[0], ())
    tags = (f"wcag2{level}", "wcag" + "".join(parts))
    return Code(number, f"{'_'.join(parts)}.{short}", tags, same)


def criteria(tags: Sequence[str]) -> list[str]:
    """Return the success criteria that axe's tags name, such as `1.4.3` for `wcag143`."""
    return [f"{match[1]}.{match[2]}.{match[3]}" for tag in tags if (match := _TAG.fullmatch(tag))]


def levels(standard: str) -> frozenset[str]:
    """Return the tags of rules that block under a standard: `wcag21aa`, `wcag22aa`, `wcag21aaa`."""
    return _LEVELS[standard]


def understanding(numbers: Sequence[str]) -> str:
    """Return the address that explains the first of some criteria."""
    slug = CRITERIA[numbers[0]][1] if numbers and numbers[0] in CRITERIA else ""
    return f"{_UNDERSTANDING}{slug}.html" if slug else "https://www.w3.org/WAI/standards-guidelines/wcag/"


def only_advice(rule: str) -> bool:
    """Whether a finding breaks no criterion by itself, although a checker calls it an error.

    4.1.1 is always satisfied by HTML since the errata of 2023 (https://www.w3.org/TR/WCAG21/#parsing); a form without a
    button lacks a sufficient technique, which is no failure (https://www.w3.org/WAI/WCAG21/Techniques/html/H32).
    """
    return rule.startswith(("4_1_1.", "3_2_2.H32"))


class Advice(NamedTuple):
    """What a rule found, and how to mend it, in a newcomer's words."""

    what: str
    fix: str


_NAME = "write text into it, or give it aria-label"
_CONTRAST = Advice(
    "text is hard to read on its background",
    "make the text darker or the background lighter (in the dark scheme the other way round) until the contrast is "
    "4.5:1, or 3:1 for text of 24 px or bold text of 18.7 px and more",
)
_ALT = Advice(
    "pictures have no text for people who do not see them",
    'add alt="what the picture shows", or alt="" when it only decorates',
)
_LABEL = Advice(
    "form fields have no label: nobody hears what to enter",
    'connect a label: <label for="mail">E-mail</label> <input id="mail">; a placeholder is none',
)
_LANGUAGE = Advice(
    "the page does not say its language, so screen readers may read it with the wrong voice",
    'write <html lang="en">, with the language of the text',
)
_TITLE = Advice("the page has no title", "add <title> to its head")
_FRAME = Advice("frames have no title", 'give each <iframe> a title="what is in it"')
_LINK = Advice(
    "links have no text: people hear only “link”",
    "write text into it; for a picture in it, write its alt text",
)
_BUTTON = Advice("buttons have no name: people hear only “button”", _NAME)
ADVICE: dict[str, Advice] = {
    "color-contrast": _CONTRAST,
    "color-contrast-enhanced": Advice(
        "text has less contrast than 7:1", "make the text darker or the background lighter"
    ),
    "image-alt": _ALT,
    "input-image-alt": _ALT,
    "role-img-alt": _ALT,
    "svg-img-alt": Advice(
        "drawings have no text for people who do not see them",
        'put <title> first into the <svg>, or give it aria-label; one that only decorates gets aria-hidden="true"',
    ),
    "object-alt": _ALT,
    "area-alt": _ALT,
    "label": _LABEL,
    "select-name": _LABEL,
    "aria-input-field-name": _LABEL,
    "aria-toggle-field-name": _LABEL,
    "html-has-lang": _LANGUAGE,
    "html-lang-valid": Advice(
        "the page names a language that does not exist", 'write a code such as lang="en" or lang="pt-BR"'
    ),
    "valid-lang": Advice("a part names a language that does not exist", 'write a code such as lang="fr"'),
    "document-title": _TITLE,
    "frame-title": _FRAME,
    "frame-title-unique": Advice("frames have the same title", "give each another one"),
    "link-name": _LINK,
    "button-name": _BUTTON,
    "input-button-name": _BUTTON,
    "aria-command-name": _BUTTON,
    "summary-name": _BUTTON,
    "aria-dialog-name": Advice("dialogs have no name", "point aria-labelledby at its heading"),
    "link-in-text-block": Advice(
        "links in text differ from it by colour only", "underline them: a { text-decoration: underline }"
    ),
    "list": Advice("lists hold something else than items", "put only <li> into <ul> and <ol>"),
    "listitem": Advice("list items stand outside of a list", "put <li> into <ul> or <ol>"),
    "definition-list": Advice(
        "a <dl> holds something else than <dt> and <dd>",
        "put only those, or <div>s of them, into it",
    ),
    "dlitem": Advice("<dt> or <dd> stand outside of a list", "put them into <dl>"),
    "meta-viewport": Advice(
        "the page cannot be zoomed", 'remove user-scalable=no and maximum-scale from <meta name="viewport">'
    ),
    "meta-refresh": Advice(
        "the page reloads or leads on by itself after a while", 'remove <meta http-equiv="refresh">, or use 0 seconds'
    ),
    "aria-hidden-focus": Advice(
        "something that is hidden from screen readers takes the focus",
        "remove aria-hidden, or keep the focus out with `inert`",
    ),
    "aria-required-attr": Advice(
        "a role lacks what it needs",
        "add the attributes that are named, or use a native element",
    ),
    "aria-required-children": Advice("a role lacks the parts it needs", "put elements of the named roles into it"),
    "aria-required-parent": Advice(
        "a role stands outside of what it belongs into",
        "put it into an element of the named role",
    ),
    "aria-roles": Advice("a role does not exist", "correct its spelling, or remove it"),
    "aria-valid-attr": Advice("an aria- attribute does not exist", "correct its spelling"),
    "aria-valid-attr-value": Advice(
        "an aria- attribute has a wrong value",
        "correct it; an id must be there in the page",
    ),
    "aria-allowed-attr": Advice("an aria- attribute does not fit the element", "remove it, or use another role"),
    "aria-prohibited-attr": Advice(
        "an aria- attribute is not allowed on the element",
        "remove it, or give the element a role",
    ),
    "aria-hidden-body": Advice("the whole page is hidden from screen readers", "remove aria-hidden from <body>"),
    "duplicate-id-aria": Advice("an id that something points at is there twice", "give each element its own id"),
    "nested-interactive": Advice(
        "something that can be clicked stands in something that can be clicked",
        "put them side by side",
    ),
    "scrollable-region-focusable": Advice(
        "a part that scrolls cannot be scrolled with the keyboard", 'give it tabindex="0", a role and a name'
    ),
    "video-caption": Advice("a video has no captions", '<track kind="captions" src="…" srclang="en">'),
    "no-autoplay-audio": Advice("sound plays by itself", "remove autoplay, or add muted"),
    "bypass": Advice("nothing leads over the menu", "put the content into <main>, with a skip link before the menu"),
    "autocomplete-valid": Advice(
        "an autocomplete value does not exist", "use one of https://html.spec.whatwg.org/#autofill, such as email"
    ),
    "target-size": Advice(
        "targets are smaller than 24 by 24 pixels and close to others", "add padding, or room between them"
    ),
    "tabindex": Advice("tabindex is above 0", "remove it, and put the elements into the right order"),
    "th-has-data-cells": Advice("a table's heading belongs to no cell", "make it a <td>, or correct its scope"),
    "td-headers-attr": Advice("a cell's headers point at nothing", "correct the ids in headers"),
    "marquee": Advice("text moves by itself", "remove <marquee>"),
    "blink": Advice("text blinks", "remove <blink>"),
    "1_4_3.G18": _CONTRAST,
    "1_4_3.G145": _CONTRAST,
    "1_1_1.H37": _ALT,
    "1_1_1.H36": _ALT,
    "1_1_1.H30.2": _LINK,
    "1_3_1.F68": _LABEL,
    "3_1_1.H57.2": _LANGUAGE,
    "2_4_2.H25.1.NoTitleEl": _TITLE,
    "2_4_2.H25.1.EmptyTitle": _TITLE,
    "2_4_1.H64.1": _FRAME,
    "4_1_1.F77": Advice(
        "an id is there twice (advice: HTML 4.1.1 counts as satisfied)", "give each element its own id"
    ),
    "3_2_2.H32.2": Advice(
        "a form has no button to send it: some people cannot press Enter in a field",
        '<button type="submit">Send</button>; a group of settings that is never sent needs no <form>',
    ),
    "1_3_1.H49.B": Advice("<b> is used for what is important", "use <strong>"),
    "1_3_1.H71.NoLegend": Advice("a group of fields has no title", "put <legend> first into <fieldset>"),
    "1_3_1.H44.NonExistent": Advice(
        "a label names a field that is not there", "write the field's id into the label's for"
    ),
    "2_2_1.F40.2": Advice("the page leads on after a while", "use 0 seconds, or a link"),
    "2_4_1.G1,G123,G124.NoSuchID": Advice(
        "a link within the page leads to nothing", "give the target the id that the link names"
    ),
    "4_1_2.H91.A.EmptyNoId": _LINK,
    "4_1_2.H91.A.NoContent": _LINK,
    "4_1_2.H91.A.Placeholder": Advice(
        "an <a> has no href, so that no key reaches it",
        "give it href, or make it a <button>",
    ),
    "4_1_2.H91.Button.Name": _BUTTON,
    "4_1_2.H91.InputText.Name": _LABEL,
    "4_1_2.H91.InputEmail.Name": _LABEL,
    "4_1_2.H91.InputSearch.Name": _LABEL,
    "4_1_2.H91.InputCheckbox.Name": _LABEL,
    "4_1_2.H91.InputRadio.Name": _LABEL,
    "4_1_2.H91.Select.Name": _LABEL,
    "4_1_2.H91.Select.Value": _LABEL,
    "4_1_2.H91.Textarea.Name": _LABEL,
}  # fmt: skip
