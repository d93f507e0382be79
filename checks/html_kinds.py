"""What the gate `html` can say, in the order in which it says it."""

from __future__ import annotations

from collections.abc import Mapping

from checks.rows import Kind, advice, refusal

_HTML = "https://html.spec.whatwg.org/multipage/"
_GOOGLE = "https://developers.google.com/search/docs/"
_RULES = "https://html-validate.org/rules/"
KINDS: Mapping[str, Kind] = {
    "parse-error": refusal(
        "the HTML cannot be read as written: {about}",
        "The text is not HTML at this place; browsers guess what was meant.",
        "look at the line: a quote, a bracket or a comment is not closed",
        _HTML + "parsing.html#parse-errors",
    ),
    "nesting": refusal(
        "elements are not nested as written: {about}",
        "An element is not closed, closed twice, or inside of one that cannot hold it: browsers build another page.",
        "close what is open in the reverse order; no div in a p, no link in a link",
        _RULES + "close-order.html",
    ),
    "duplicate-id": refusal(
        "an id is there twice: {about}",
        "Links, labels and scripts find only the first element with an id.",
        "give each element an id of its own",
        _HTML + "dom.html#the-id-attribute",
    ),
    "duplicate-attribute": refusal(
        "an attribute is there twice: {about}",
        "Browsers drop the second one.",
        "keep one of them",
        _RULES + "no-dup-attr.html",
    ),
    "not-utf8": refusal(
        "the text is not UTF-8 at {about}: visitors see \ufffd in its place",
        "GitHub Pages says that pages are UTF-8, and this one is not.",
        "save the source as UTF-8",
        _HTML + "semantics.html#charset",
    ),
    "charset-other": refusal(
        "it declares the encoding {about}",
        "Pages must be UTF-8; GitHub Pages sends them as such, whatever they declare.",
        "write <meta charset=utf-8>, and save the source as UTF-8",
        _HTML + "semantics.html#charset",
    ),
    "charset-late": refusal(
        "its encoding is declared after the first 1,024 bytes",
        "Browsers look no further, and guess when the page is read from a file.",
        "make <meta charset=utf-8> the first element of the head",
        _HTML + "semantics.html#charset",
    ),
    "lang-missing": refusal(
        "the html element has no lang",
        "Screen readers do not know how to pronounce the page, browsers not how to hyphenate and translate it.",
        "write <html lang=en> with the page's language",
        "https://www.w3.org/WAI/WCAG21/Understanding/language-of-page.html",
    ),
    "lang-invalid": refusal(
        "the language of the page is not valid: {about}",
        "`lang` must be a language tag of BCP 47.",
        "write a tag such as en, en-GB or pt-BR",
        _HTML + "dom.html#the-lang-and-xml:lang-attributes",
    ),
    "viewport": refusal(
        "there is no viewport, so phones show the page as if it were 980 pixels wide",
        "Without it text is too small to read on a phone.",
        'write <meta name="viewport" content="width=device-width, initial-scale=1"> in the head',
        "https://developer.mozilla.org/en-US/docs/Web/HTML/Reference/Elements/meta/name/viewport",
    ),
    "json-ld": refusal(
        "its structured data cannot be read: {about}",
        "A script of type application/ld+json is not JSON, so search engines ignore it.",
        "write it with JSON.stringify",
        "https://www.w3.org/TR/json-ld11/#embedding-json-ld-in-html-documents",
    ),
    "preview-missing": refusal(
        "the preview picture {about} is not in the output",
        "og:image or twitter:image leads to nothing: messengers show no picture.",
        "correct the address, or add the picture",
        "https://ogp.me/#metadata",
    ),
    "too-big": refusal(
        "{about} is too big to be validated",
        "The validator would need too much memory for a page of this size.",
        "split the page; visitors with a phone cannot load it either",
        _RULES,
    ),
    "content-model": advice(
        "an element is where it may not be: {about}",
        "The standard allows it elsewhere; browsers show it all the same.",
        "move it, or use another element",
        _HTML + "dom.html#content-models",
    ),
    "attribute": advice(
        "an attribute or a character reference is wrong: {about}",
        "A required attribute is missing, a name is there twice, or a character reference does not exist.",
        "look at the line",
        _RULES,
    ),
    "title-twice": advice(
        'other pages have the title "{about}" too',
        "Tabs, bookmarks and search results look alike.",
        "say in the title what is on this page",
        _GOOGLE + "appearance/title-link",
    ),
    "description-missing": advice(
        "it has no description",
        "Search engines show some text of the page instead.",
        'write <meta name="description"> with one or two sentences',
        _GOOGLE + "appearance/snippet",
    ),
    "description-twice": advice(
        "other pages have the same description: {about}",
        "Search results look alike.",
        "say what is on this page",
        _GOOGLE + "appearance/snippet",
    ),
    "description-length": advice(
        "its description has {about}, {note}",
        "Search engines cut long descriptions and replace very short ones.",
        "write one or two sentences",
        _GOOGLE + "appearance/snippet",
    ),
    "h1": advice(
        "a page has one main heading; here: {about}",
        "Readers and screen readers look for one heading that says what the page is.",
        "make the page's own title its h1, and the others h2",
        "https://www.w3.org/WAI/tutorials/page-structure/headings/",
    ),
    "charset-missing": advice(
        "it does not declare its encoding",
        "GitHub Pages says UTF-8; read from a file, browsers guess.",
        "make <meta charset=utf-8> the first element of the head",
        _HTML + "semantics.html#charset",
    ),
    "json-ld-property": advice(
        "its structured data lacks {about} {note}",
        "Search engines need it to show more than a link.",
        "add it",
        _GOOGLE + "appearance/structured-data/search-gallery",
    ),
    "preview-relative": advice(
        "the address of the preview picture {about} is not absolute",
        "Messengers do not resolve it.",
        "write it in full, from https:",
        "https://ogp.me/#metadata",
    ),
}
