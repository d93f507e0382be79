"""What the gate `links` can say, in the order in which it says it."""

from __future__ import annotations

from collections.abc import Mapping

from checks.rows import Kind, advice, refusal

_HTML = "https://html.spec.whatwg.org/multipage/"
_GOOGLE = "https://developers.google.com/search/docs/"
_PROTOCOL = "https://www.sitemaps.org/protocol.html"
_URLS = "https://docs.github.com/en/pages/getting-started-with-github-pages/what-is-github-pages"
_MIXED = "https://www.w3.org/TR/mixed-content/"
KINDS: Mapping[str, Kind] = {
    "missing-page": refusal(
        "the link {about} leads to nothing and would answer 404; {note}",
        "A link inside the site leads to a page or file that is not in the output.",
        "correct the address, or add the page",
        _URLS,
    ),
    "base-path": refusal(
        "the link {about} lacks the base path, so it leaves the site; {note}",
        "The address would be right if the site were served at the top of its host.",
        "put the base path before it, or make it relative",
        _URLS,
    ),
    "missing-fragment": refusal(
        "the link {about} leads to a place that its page does not have; {note}",
        "No element of the target page has the fragment as its id, nor an anchor as its name.",
        "give the heading that id, or correct the link",
        _HTML + "browsing-the-web.html#scrolling-to-a-fragment",
    ),
    "missing-frame": refusal(
        "the frame or track {about} is not in the output and would answer 404",
        "An iframe, embed, object or track shows a file that is not there.",
        "correct the address, or add the file",
        _HTML + "iframe-embed-object.html",
    ),
    "bad-address": refusal(
        "{about} is no address: browsers do not follow it",
        "The text of a link cannot be read as an address.",
        "correct the address",
        "https://url.spec.whatwg.org/#concept-url-parser",
    ),
    "mixed-content": refusal(
        "{about} is asked over http:, which browsers refuse on an https page",
        "A script, style sheet, font or frame is loaded without encryption; browsers block it.",
        "write https: in its address, or serve the file with the site",
        _MIXED + "#category-blockable",
    ),
    "mixed-media": advice(
        "{about} is asked over http:; browsers try https: instead, and show nothing else",
        "An image, sound or film is loaded without encryption; browsers ask for https: by themselves.",
        "write https: in its address",
        _MIXED + "#category-upgradeable",
    ),
    "canonical-missing": refusal(
        "the canonical address {about} is not a page of the site",
        "The page names another one as the original, which does not exist: search engines may drop both.",
        "write the page's own address",
        _GOOGLE + "crawling-indexing/consolidate-duplicate-urls",
    ),
    "sitemap-broken": refusal(
        "{about} cannot be read: {note}",
        "A sitemap is not well-formed XML, is something else, or declares entities.",
        "let the build write it, and look at the line",
        _PROTOCOL + "#xmlTagDefinitions",
    ),
    "sitemap-missing": refusal(
        "the sitemap {about} is named in {note} and is not in the output",
        "robots.txt, a page or an index names a sitemap that does not exist.",
        "correct the address, or write the sitemap",
        _PROTOCOL + "#submit_robots",
    ),
    "sitemap-page": refusal(
        "the sitemap lists {about}, which is not in the output and would answer 404",
        "A sitemap sends search engines to a page that does not exist.",
        "write the sitemap after the pages, from what was built",
        _PROTOCOL,
    ),
    "sitemap-size": refusal(
        "{about} is too big: {note}",
        "A sitemap may have 50,000 addresses and 50 MB; search engines drop the rest.",
        "split it and list the parts in an index",
        _PROTOCOL + "#index",
    ),
    "feed-missing": refusal(
        "the feed {about} is announced and is not in the output",
        "A page announces a feed that would answer 404.",
        "correct the address, or write the feed",
        "https://blog.whatwg.org/feed-autodiscovery",
    ),
    "feed-broken": refusal(
        "{about} cannot be read: {note}",
        "A feed is not well-formed XML, neither RSS nor Atom, or declares entities: readers refuse it.",
        "let a library write it, and look at the line",
        "https://validator.w3.org/feed/docs/",
    ),
    "feed-element": refusal(
        "{about} lacks {note}",
        "RSS or Atom ask for an element that is not there.",
        "add it to the feed",
        "https://www.rssboard.org/rss-specification#requiredChannelElements",
    ),
    "feed-link": refusal(
        "the feed links to {about}, which is not in the output and would answer 404",
        "An entry of a feed leads to a page that does not exist.",
        "write the feed from the pages that were built",
        "https://validator.w3.org/feed/docs/",
    ),
    "hreflang-code": refusal(
        "hreflang: {about}",
        "The language is no valid tag, so search engines ignore the link.",
        "write a language of ISO 639-1, and a region of ISO 3166-1 where needed: en, en-GB, pt-BR",
        _GOOGLE + "specialty/international/localized-versions",
    ),
    "hreflang-missing": refusal(
        "the translation {about} is not in the output and would answer 404",
        "A page names a translation that does not exist.",
        "correct the address, or leave the language out",
        _GOOGLE + "specialty/international/localized-versions",
    ),
    "hreflang-return": advice(
        "{about} does not name this page as its translation in turn",
        "Translations must name each other; else search engines ignore the link.",
        "write the same set of links on all translations, each page itself included",
        _GOOGLE + "specialty/international/localized-versions",
    ),
    "hreflang-default": advice(
        "the translations have no x-default",
        "Visitors of other languages are sent to any of them.",
        "add a link with hreflang=x-default",
        _GOOGLE + "specialty/international/localized-versions",
    ),
    "canonical-relative": advice(
        "the canonical address {about} is not absolute",
        "Relative ones are resolved against whatever address a copy was found under.",
        "write it in full, from https:",
        _GOOGLE + "crawling-indexing/consolidate-duplicate-urls",
    ),
    "canonical-redirect": advice(
        "the canonical address {about} is not the page itself: {note}",
        "It names a redirect, or a page that search engines shall not show.",
        "write the final address",
        _GOOGLE + "crawling-indexing/consolidate-duplicate-urls",
    ),
    "canonical-several": advice(
        "there are {about} different canonical addresses",
        "Search engines ignore all of them.",
        "keep one",
        _GOOGLE + "crawling-indexing/consolidate-duplicate-urls",
    ),
    "redirect": advice(
        "the link {about} is answered with a redirect; {note}",
        "GitHub Pages sends visitors of a folder without its slash to the address with it: one more round trip.",
        "add the slash",
        _URLS,
    ),
    "outside": advice(
        "the link {about} leaves the site, which is served under its base path",
        "The address is on the same host and not under the base path; it cannot be proven here.",
        "write it in full when another site is meant, else put the base path before it",
        _URLS,
    ),
    "scripted-fragment": advice(
        "the link {about} leads to a place that only a script can make; {note}",
        "No element has that id; a script of the page mentions it.",
        "none, when the script makes it",
        _HTML + "browsing-the-web.html#scrolling-to-a-fragment",
    ),
    "empty-link": advice(
        "a link has an empty address, which loads the same page again",
        "`href` is there and empty.",
        "write where it leads, or use a button",
        _HTML + "links.html#links-created-by-a-and-area-elements",
    ),
    "script-link": advice(
        "the link {about} runs a script",
        "Such a link cannot be opened in a new tab, is dead without scripts, and a content security policy blocks it.",
        "use a button with a script that listens to it",
        "https://developer.mozilla.org/en-US/docs/Web/URI/Reference/Schemes/javascript",
    ),
    "local-link": advice(
        "the link {about} leads to the visitor's own machine",
        "An address such as localhost works only for who runs a server there.",
        "write the public address, unless instructions mean it so",
        "https://www.rfc-editor.org/rfc/rfc6761#section-6.3",
    ),
    "shadowed": advice(
        "{about} and {note} answer for the same address",
        "With and without a slash at the end visitors see different files.",
        "keep one of them",
        _URLS,
    ),
    "sitemap-noindex": advice(
        "the sitemap lists {about}, which asks not to be indexed",
        "A sitemap is for pages that search engines shall show.",
        "leave it out, or let it be indexed",
        _GOOGLE + "crawling-indexing/sitemaps/build-sitemap",
    ),
    "sitemap-redirect": advice(
        "the sitemap lists {about}, which is a redirect",
        "A sitemap is for final addresses.",
        "list the address with its slash, or the page that it leads to",
        _GOOGLE + "crawling-indexing/sitemaps/build-sitemap",
    ),
    "sitemap-twice": advice(
        "the sitemap lists {about} more than once",
        "The same page is listed again, maybe under another spelling.",
        "list it once",
        _PROTOCOL,
    ),
    "sitemap-foreign": advice(
        "the sitemap lists {about}, which is not on this site",
        "A sitemap may only list addresses of its own host; search engines drop the others.",
        "build with the address of the site",
        _PROTOCOL + "#location",
    ),
    "sitemap-lacks": advice(
        "{about} is not in the sitemap",
        "Search engines may not find the page.",
        "list it, or mark it with <meta name=robots content=noindex>",
        _GOOGLE + "crawling-indexing/sitemaps/build-sitemap",
    ),
    "orphan": advice(
        "no page links to {about}",
        "Only the sitemap leads there; visitors cannot find it.",
        "link to it, or take it away",
        _GOOGLE + "crawling-indexing/links-crawlable",
    ),
}
