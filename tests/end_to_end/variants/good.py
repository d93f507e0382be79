"""Pages that look odd and are right."""

from __future__ import annotations

from collections.abc import Sequence

from tests.end_to_end.variants.kind import ORIGIN, Good, body, first, head, scripted, styled
from tests.end_to_end.variants.pictures import SVG, png

_KEYS = (
    "<pre><code>aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
    '&lt;script src="http://cdn.example.com/a.js"&gt;</code></pre>'
)
_MOVED = (
    '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>Moved: the light</title>'
    '<meta name="description" content="This page has moved to another address of the museum.">'
    f'<link rel="canonical" href="{ORIGIN}light/"><meta http-equiv="refresh" content="0; url=/light/"></head>'
    '<body><main><h1>Moved</h1><p><a href="/light/">The light</a></p></main></body></html>'
)

EVERY: Sequence[Good] = (
    Good("as-it-was"),
    Good("loose-tags", body("<ul><li>One<li>Two</ul><p>Three<p>Four")),
    Good("shouted-tags", body("<P>One <BR> two</P>")),
    Good("decoration", body('<img src="line.svg" alt="" width="80" height="80">'), {"line.svg": SVG}),
    Good(
        "drawn-inside",
        body(
            '<img alt="A dot" width="8" height="8" src="data:image/svg+xml,%3Csvg'
            ' xmlns=%22http://www.w3.org/2000/svg%22/%3E">'
        ),
    ),
    Good("top-and-text", body('<p><a href="#top">Up</a> <a href="/visit/#:~:text=tide">Tides</a></p>')),
    Good("asked-search", body('<p><a href="/search/?q=horn&amp;page=2">Find the horn</a></p>')),
    Good(
        "letters-and-calls",
        body('<p><a href="mailto:desk@example.org">Write</a> <a href="tel:+441234567">Call</a></p>'),
    ),
    Good(
        "elsewhere",
        body('<p><a href="http://example.com/" target="_blank" rel="noopener">A neighbour</a></p>'),
    ),
    Good("numbered-id", body('<h2 id="1850">1850</h2><p><a href="#1850">The year</a></p>')),
    Good(
        "encoded", body('<p><a href="/variants/encoded/caf%C3%A9.txt">The menu</a></p>'), {"café.txt": "Soup"}
    ),
    Good("unlisted", head('<meta name="robots" content="noindex">')),
    Good(
        "moved",
        lambda _: _MOVED,
    ),
    Good("far-tongue", body('<p lang="zh-Hant-TW">燈塔</p><p lang="ar" dir="rtl">منارة</p>')),
    Good(
        "own-focus",
        *styled(
            ".own:focus-visible{outline:none;box-shadow:0 0 0 3px #c00}",
            body('<p><a class="own" href="/visit/">Visit the island</a></p>'),
        ),
    ),
    Good("revealed", body("<details><summary>Tides</summary><p>High water at noon</p></details>")),
    Good(
        "dialog",
        *scripted(
            "const box = document.querySelector('dialog');"
            " document.querySelector('#ask').addEventListener('click', () => box.showModal());",
            body(
                '<button type="button" id="ask">Ask</button><dialog aria-label="A question"><form'
                ' method="dialog"><button type="submit">Close</button></form></dialog>'
            ),
        ),
    ),
    Good("remembered", *scripted("try { localStorage.setItem('theme', 'dark'); } catch { }")),
    Good(
        "caught",
        *scripted("try { missing(); } catch (error) { console.warn('no tides today', error.message); }"),
    ),
    Good(
        "taken-back",
        *scripted(
            "const stop = new AbortController(); fetch('/search-index.json', { signal: stop.signal"
            " }).catch(() => 0); stop.abort();"
        ),
    ),
    Good(
        "asked-first",
        *scripted(
            "document.querySelector('#agree').addEventListener('click', () => { document.cookie ="
            " 'agreed=1'; });",
            body('<button type="button" id="agree">Remember me</button>'),
        ),
    ),
    Good("named-in-prose", body("<p>We do not use Google Analytics (google-analytics.com), nor Hotjar.</p>")),
    Good("examples-of-code", body(_KEYS)),
    Good(
        "calm-motion",
        *styled(
            "@keyframes turn{to{transform:rotate(1turn)}}.turn{width:40px;height:40px;background:teal}"
            "@media(prefers-reduced-motion:no-preference){.turn{animation:turn 2s linear infinite}}",
            first('<div class="turn"></div>'),
        ),
    ),
    Good(
        "seen-when-focused",
        *styled(
            ".late{position:absolute;left:-9999px}.late:focus{position:static}",
            body('<p><a class="late" href="/visit/">Visit the island</a></p>'),
        ),
    ),
    Good(
        "graph",
        head(
            '<script type="application/ld+json">{"@context": "https://schema.org", "@graph":'
            ' [{"@type": "Museum", "name": "Skarvness Light", "address": "Port Hallin"}]}</script>'
        ),
    ),
    Good(
        "own-frame",
        body(
            '<iframe src="/about/" title="About the museum" width="300" height="200" loading="lazy"></iframe>'
        ),
    ),
    Good(
        "made-later",
        *scripted(
            "document.querySelector('main').append(Object.assign(document.createElement('h2'), { id:"
            " 'later', textContent: 'Later' }));",
            body('<p><a href="#later">Later</a></p>'),
        ),
    ),
    Good(
        "two-crops",
        body(
            '<picture><source media="(max-width: 40em)" srcset="tall.png" width="40"'
            ' height="80"><img src="wide.png" alt="The light" width="80" height="40"'
            ' loading="lazy"></picture>'
        ),
        {"tall.png": png(40, 80), "wide.png": png(80, 40)},
    ),
)
