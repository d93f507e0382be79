"""Faults that a browser sees: `accessibility`, `keyboard`, `runtime`, `privacy`."""

from __future__ import annotations

from collections.abc import Sequence

from tests.end_to_end.variants.kind import (
    Variant,
    body,
    chain,
    first,
    head,
    scripted,
    styled,
    swap,
    unguarded,
)
from tests.end_to_end.variants.pictures import SVG

ACCESSIBILITY: Sequence[Variant] = (
    Variant(
        "image-without-words",
        "accessibility",
        "axe:image-alt",
        "alt",
        body('<img src="chart.svg" width="80" height="80">'),
        {"chart.svg": SVG},
        also=frozenset({"html"}),
    ),
    Variant(
        "field-without-label",
        "accessibility",
        "axe:label",
        "label",
        body(
            '<form action="/search/"><input name="q" type="text"><button type="submit">Find</button></form>'
        ),
    ),
    Variant(
        "choice-without-label",
        "accessibility",
        "axe:select-name",
        "label",
        body('<select name="day"><option>Monday</option><option>Tuesday</option></select>'),
    ),
    Variant(
        "button-without-name",
        "accessibility",
        "axe:button-name",
        "name",
        body('<button type="button"><svg viewBox="0 0 8 8" width="24" height="24"></svg></button>'),
    ),
    Variant(
        "link-without-name",
        "accessibility",
        "axe:link-name",
        "text",
        body('<p><a href="/visit/"><svg viewBox="0 0 8 8" width="24" height="24"></svg></a></p>'),
    ),
    Variant(
        "pale-text",
        "accessibility",
        "axe:color-contrast",
        "darker",
        *styled(".pale{color:#bbb;background:#fff}", first('<p class="pale">The light is lit at dusk.</p>')),
    ),
    Variant(
        "frame-without-title",
        "accessibility",
        "axe:frame-title",
        "title",
        body('<iframe src="/about/" width="300" height="200"></iframe>'),
    ),
    Variant(
        "broken-list",
        "accessibility",
        "axe:list",
        "li",
        body("<ul><span>One</span><li>Two</li></ul>"),
        also=frozenset({"html"}),
    ),
    Variant(
        "unknown-role-state",
        "accessibility",
        "axe:aria-valid-attr",
        "aria",
        body('<p aria-lable="A tide table">High water at noon</p>'),
    ),
    Variant(
        "no-zoom",
        "accessibility",
        "axe:meta-viewport",
        "zoom",
        swap("initial-scale=1", "initial-scale=1, maximum-scale=1, user-scalable=no"),
    ),
    Variant(
        "hidden-and-focusable",
        "accessibility",
        "axe:aria-hidden-focus",
        "aria-hidden",
        body('<div aria-hidden="true"><a href="/visit/">Visit us</a></div>'),
    ),
    Variant(
        "too-wide",
        "accessibility",
        "overflow",
        "overflow",
        *styled(".wide{width:1600px}", body('<div class="wide">A long table</div>')),
        blocking=False,
    ),
)

KEYBOARD: Sequence[Variant] = (
    Variant(
        "focus-unseen",
        "keyboard",
        "focus-invisible",
        "outline",
        *styled(
            ".plain:focus,.plain:focus-visible{outline:none;box-shadow:none}",
            body('<p><a class="plain" href="/visit/">Visit the island</a></p>'),
        ),
    ),
    Variant(
        "focus-off-screen",
        "keyboard",
        "focus-hidden",
        "inert",
        *styled(
            ".off{position:absolute;left:-9999px}",
            body('<p><a class="off" href="/visit/">Visit the island</a></p>'),
        ),
    ),
    Variant(
        "tab-trap",
        "keyboard",
        "trap",
        "preventDefault",
        *scripted(
            "document.querySelector('#code').addEventListener('keydown', (event) => {"
            " if (event.key === 'Tab') event.preventDefault(); });",
            body('<p><label for="code">Code</label> <textarea id="code"></textarea></p>'),
        ),
    ),
    Variant(
        "click-only",
        "keyboard",
        "unfocusable",
        "<button>",
        *scripted(
            "document.querySelector('#more').addEventListener('click', () => { document.title = 'x'; });",
            body('<div id="more">Show the tides</div>'),
        ),
    ),
    Variant(
        "jumping-focus",
        "keyboard",
        "tab-order",
        "tabindex",
        body('<p><a href="/visit/">One</a> <a href="/light/" tabindex="3">Two</a></p>'),
        also=frozenset({"accessibility"}),
    ),
    Variant(
        "skip-to-nowhere",
        "keyboard",
        "skip-link-broken",
        "id",
        swap('class="skip" href="#content"', 'class="skip" href="#contents"'),
        also=frozenset({"links", "accessibility"}),
    ),
    Variant(
        "fat-fingers",
        "keyboard",
        "small-target",
        "padding",
        *styled(
            ".dots button{width:12px;height:12px;padding:0;min-width:0;min-height:0;border:1px solid;margin:0}",
            body(
                '<div class="dots"><button type="button" aria-label="One"></button>'
                '<button type="button" aria-label="Two"></button></div>'
            ),
        ),
        blocking=False,
    ),
    Variant(
        "restless",
        "keyboard",
        "motion",
        "prefers-reduced-motion",
        *styled(
            "@keyframes turn{to{transform:rotate(1turn)}}"
            ".turn{animation:turn 2s linear infinite !important;width:40px;height:40px;background:teal}",
            first('<div class="turn"></div>'),
        ),
        blocking=False,
    ),
    Variant(
        "upside-down",
        "keyboard",
        "visual-order",
        "order",
        *styled(
            ".down{display:flex;flex-direction:column-reverse}.down a{display:block;margin:2rem 0}",
            body(
                '<div class="down"><a href="/visit/">One</a><a href="/light/">Two</a><a'
                ' href="/keepers/">Three</a></div>'
            ),
        ),
        blocking=False,
    ),
    Variant(
        "looks-clickable",
        "keyboard",
        "clickable-look",
        "cursor: pointer",
        *scripted(
            "document.addEventListener('click', () => { document.title = 'Tides'; });",
            head('<link rel="stylesheet" href="page.css">'),
            body('<div class="card">Show the tides</div>'),
            more={"page.css": ".card{cursor:pointer}"},
        ),
        blocking=False,
    ),
)

RUNTIME: Sequence[Variant] = (
    Variant("script-fails", "runtime", "exception", "tides", *scripted("tides.show();")),
    Variant(
        "error-told",
        "runtime",
        "console-error",
        "no tide table",
        *scripted("console.error('no tide table for this year');"),
    ),
    Variant(
        "data-gone",
        "runtime",
        "failed-request",
        "tides.json",
        *scripted("fetch('tides.json').then((answer) => { document.body.dataset.tides = answer.status; });"),
    ),
    Variant(
        "sent-away",
        "runtime",
        "leaves",
        "refresh",
        *scripted("location.replace('https://example.com/new/');"),
        also=frozenset({"privacy"}),
    ),
    Variant(
        "forbidden-script",
        "runtime",
        "console-error",
        "Content Security Policy",
        body("<script>document.body.dataset.ready = 'yes';</script>"),
        also=frozenset({"security"}),
    ),
    Variant(
        "late-banner",
        "runtime",
        "cls",
        "width and height",
        *scripted(
            "setTimeout(() => { const sign = document.createElement('p'); sign.className = 'sign';"
            " sign.textContent = 'Closed today';"
            " document.querySelector('main').prepend(sign); }, 200);",
            head('<link rel="stylesheet" href="page.css">'),
            more={"page.css": ".sign{height:300px}"},
        ),
    ),
    Variant(
        "sent-on",
        "runtime",
        "redirect",
        "/visit/",
        *scripted("location.replace('/visit/');"),
        blocking=False,
    ),
)

_PIXEL = "fetch('https://www.google-analytics.com/g/collect?v=2', { method: 'POST' }).catch(() => 0);"
PRIVACY: Sequence[Variant] = (
    Variant(
        "tracked",
        "privacy",
        "tracker",
        "Google Tag Manager",
        chain(
            unguarded,
            head('<script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'),
        ),
        also=frozenset({"security"}),
    ),
    Variant(
        "beacon",
        "privacy",
        "tracker",
        "Google Analytics",
        *scripted(_PIXEL, unguarded),
    ),
    Variant(
        "foreign-frame",
        "privacy",
        "third-party",
        "player.example.com",
        chain(
            unguarded,
            body(
                '<iframe src="https://player.example.com/1" title="A film" width="300" height="200"></iframe>'
            ),
        ),
    ),
    Variant(
        "foreign-picture",
        "privacy",
        "third-party",
        "img.example.com",
        chain(
            unguarded,
            body('<img src="https://img.example.com/sea.png" alt="The sea" width="80" height="80">'),
        ),
    ),
    Variant(
        "early-cookie",
        "privacy",
        "cookie",
        "visitor",
        *scripted("document.cookie = 'visitor=1; path=/; max-age=86400';"),
    ),
    Variant(
        "tracker-in-waiting",
        "privacy",
        "tracker-named",
        "agreed",
        *scripted("addEventListener('agreed', () => import('https://static.hotjar.com/c/hotjar-1.js'));"),
        blocking=False,
        path="/variants/tracker-in-waiting/page.js",
    ),
    Variant(
        "early-connection",
        "privacy",
        "connection",
        "cdn.example.com",
        head('<link rel="preconnect" href="https://cdn.example.com">'),
        blocking=False,
    ),
    Variant(
        "known-again",
        "privacy",
        "identifier",
        "visitor_id",
        *scripted("localStorage.setItem('visitor_id', 'a1b2');"),
        blocking=False,
    ),
    Variant(
        "form-elsewhere",
        "privacy",
        "foreign-form",
        "forms.example.com",
        chain(
            unguarded,
            body(
                '<form action="https://forms.example.com/" method="post"><label>Your letter'
                ' <input name="letter"></label> <button type="submit">Send</button></form>'
            ),
        ),
        blocking=False,
    ),
    Variant(
        "talkative",
        "privacy",
        "referrer",
        "strict-origin",
        head('<meta name="referrer" content="unsafe-url">'),
        blocking=False,
    ),
)

EVERY = (*ACCESSIBILITY, *KEYBOARD, *RUNTIME, *PRIVACY)
