"""Who is asked when a page asks others: known trackers and embeds, and what to do instead.

Each entry's `source` is the maker's own page about what is collected or which cookies are set.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Tracker(NamedTuple):
    """A service that follows visitors: domains, the beginnings of its cookies' and keys' names, and a way without."""

    name: str
    domains: tuple[str, ...]
    keys: tuple[str, ...]
    instead: str
    source: str


_COUNT = "count visits without it: a counter of your own origin, or one that asks for consent first"
_LESS = "it hears of every visit, even without a cookie: run it under your domain, and say so in the privacy notice"
_ADS = "leave it out, or load it only after the visitor agreed"

TRACKERS: tuple[Tracker, ...] = (
    Tracker(
        "Google Analytics", ("google-analytics.com", "analytics.google.com", "stats.g.doubleclick.net"),
        ("_ga", "_gid", "_gat"), _COUNT, "https://support.google.com/analytics/answer/11397207",
    ),
    Tracker(
        "Google Tag Manager", ("googletagmanager.com",), (), _COUNT,
        "https://developers.google.com/tag-platform/tag-manager/web",
    ),
    Tracker(
        "Google Ads",
        ("doubleclick.net", "googlesyndication.com", "googleadservices.com", "adservice.google.com"),
        ("_gcl_", "__gads", "__gpi"), _ADS, "https://policies.google.com/technologies/ads",
    ),
    Tracker(
        "Meta Pixel", ("connect.facebook.net", "facebook.com", "facebook.net"), ("_fbp", "_fbc"), _ADS,
        "https://developers.facebook.com/docs/meta-pixel/",
    ),
    Tracker(
        "Hotjar", ("hotjar.com", "hotjar.io"), ("_hj*",), _ADS,
        "https://help.hotjar.com/hc/en-us/articles/6952777582999",
    ),
    Tracker(
        "Microsoft Clarity", ("clarity.ms",), ("_clck", "_clsk"), _ADS,
        "https://learn.microsoft.com/en-us/clarity/setup-and-installation/cookie-list",
    ),
    Tracker(
        "Microsoft Advertising", ("bat.bing.com",), ("_uetsid", "_uetvid"), _ADS,
        "https://help.ads.microsoft.com/#apex/ads/en/56681/2",
    ),
    Tracker(
        "LinkedIn Insight Tag", ("snap.licdn.com", "px.ads.linkedin.com"), ("li_fat_id", "li_giant"), _ADS,
        "https://www.linkedin.com/legal/l/cookie-table",
    ),
    Tracker(
        "TikTok Pixel", ("analytics.tiktok.com",), ("_ttp", "_tt_"), _ADS,
        "https://ads.tiktok.com/help/article/using-cookies-with-tiktok-pixel",
    ),
    Tracker(
        "X Ads", ("static.ads-twitter.com", "analytics.twitter.com", "ads-api.x.com"), (), _ADS,
        "https://help.x.com/en/rules-and-policies/x-cookies",
    ),
    Tracker(
        "Pinterest Tag", ("ct.pinterest.com",), ("_pin_unauth", "_pinterest_"), _ADS,
        "https://policy.pinterest.com/en/cookies",
    ),
    Tracker(
        "Snap Pixel", ("sc-static.net", "tr.snapchat.com"), ("_scid",), _ADS,
        "https://www.snap.com/privacy/cookie-information",
    ),
    Tracker("Criteo", ("criteo.com", "criteo.net"), ("cto_",), _ADS, "https://www.criteo.com/privacy/"),
    Tracker("Taboola", ("taboola.com",), ("taboola",), _ADS, "https://www.taboola.com/policies/cookie-policy"),
    Tracker("Outbrain", ("outbrain.com",), ("outbrain",), _ADS, "https://www.outbrain.com/privacy/"),
    Tracker(
        "Quantcast", ("quantserve.com", "quantcount.com"), ("__qca",), _ADS,
        "https://www.quantcast.com/privacy/",
    ),
    Tracker(
        "Comscore", ("scorecardresearch.com",), (), _ADS, "https://www.scorecardresearch.com/privacy.aspx"
    ),
    Tracker(
        "Adobe Analytics", ("omtrdc.net", "demdex.net", "2o7.net"), ("AMCV_", "s_vi", "s_ecid"), _ADS,
        "https://experienceleague.adobe.com/en/docs/core-services/interface/data-collection/cookies/analytics",
    ),
    Tracker(
        "Yandex Metrica", ("mc.yandex.ru", "mc.yandex.com"), ("_ym_",), _ADS,
        "https://yandex.com/support/metrica/general/cookie-usage.html",
    ),
    Tracker(
        "HubSpot", ("hs-scripts.com", "hs-analytics.net", "track.hubspot.com", "hs-banner.com"),
        ("hubspotutk", "__hstc", "__hssc"), _ADS,
        "https://knowledge.hubspot.com/privacy-and-consent/what-cookies-does-hubspot-set-in-a-visitor-s-browser",
    ),
    Tracker(
        "Mixpanel", ("mixpanel.com", "mxpnl.com"), ("mp_", "__mpq_"), _ADS,
        "https://docs.mixpanel.com/docs/privacy/overview",
    ),
    Tracker(
        "Amplitude", ("amplitude.com",), ("AMP_", "amplitude_"), _ADS,
        "https://amplitude.com/docs/data/sources/amplitude-cookies",
    ),
    Tracker(
        "Segment", ("cdn.segment.com", "api.segment.io"), ("ajs_",), _ADS,
        "https://segment.com/docs/connections/sources/catalog/libraries/website/javascript/",
    ),
    Tracker("PostHog", ("posthog.com",), ("ph_",), _ADS, "https://posthog.com/docs/privacy"),
    Tracker(
        "Heap", ("heapanalytics.com", "heap-api.com"), ("_hp2_",), _ADS,
        "https://help.heap.io/hc/en-us/articles/37271986612497",
    ),
    Tracker(
        "FullStory", ("fullstory.com",), ("fs_uid", "fs_lua"), _ADS,
        "https://help.fullstory.com/hc/en-us/articles/360020829513",
    ),
    Tracker(
        "New Relic Browser", ("js-agent.newrelic.com", "nr-data.net"), ("NREUM", "NRBA"), _ADS,
        "https://docs.newrelic.com/docs/browser/browser-monitoring/page-load-timing-resources/cookies-used-browser/",
    ),
    Tracker(
        "StatCounter", ("statcounter.com",), ("sc_is_visitor",), _COUNT, "https://statcounter.com/about/cookies/"
    ),
    Tracker(
        "ShareThis", ("sharethis.com",), ("__stid", "__sharethis"), "link to the services: <a href> needs no script",
        "https://sharethis.com/privacy/",
    ),
    Tracker(
        "Disqus", ("disqus.com", "disquscdn.com"), ("disqus_",), "load it after a click on “Show comments”",
        "https://help.disqus.com/en/articles/1717155-use-of-cookies",
    ),
    Tracker(
        "Matomo Cloud", ("matomo.cloud",), ("_pk_id", "_pk_ses", "_pk_ref"), _COUNT,
        "https://matomo.org/faq/general/faq_146/",
    ),
    Tracker(
        "Cloudflare Web Analytics", ("cloudflareinsights.com",), (), _LESS,
        "https://developers.cloudflare.com/web-analytics/",
    ),
    Tracker("Plausible", ("plausible.io",), ("plausible_",), _LESS, "https://plausible.io/data-policy"),
    Tracker("Fathom", ("usefathom.com",), (), _LESS, "https://usefathom.com/compliance"),
    Tracker(
        "Simple Analytics", ("simpleanalyticscdn.com",), (), _LESS, "https://docs.simpleanalytics.com/what-we-collect"
    ),
    Tracker("GoatCounter", ("gc.zgo.at", "goatcounter.com"), (), _LESS, "https://www.goatcounter.com/help/gdpr"),
    Tracker("Umami Cloud", ("cloud.umami.is",), (), _LESS, "https://umami.is/docs"),
    Tracker(
        "Vercel Web Analytics", ("va.vercel-scripts.com",), (), _LESS,
        "https://vercel.com/docs/analytics/privacy-policy",
    ),
)  # fmt: skip

# What to do instead of asking others for things that are no trackers by themselves.
_BUNDLE = "install the package and let the build put it into the site"
_FACADE = "show a picture with a button, and put the frame into the page when it is clicked"
EMBEDS: dict[str, str] = {
    "fonts.googleapis.com": "serve the fonts yourself: npm install @fontsource/…, or download them",
    "fonts.gstatic.com": "serve the fonts yourself: npm install @fontsource/…, or download them",
    "fonts.bunny.net": "serve the fonts yourself: npm install @fontsource/…, or download them",
    "use.typekit.net": "serve a font yourself whose licence allows it",
    "kit.fontawesome.com": "npm install @fortawesome/fontawesome-free, or use SVG files",
    "cdn.jsdelivr.net": _BUNDLE,
    "unpkg.com": _BUNDLE,
    "esm.sh": _BUNDLE,
    "cdnjs.cloudflare.com": _BUNDLE,
    "ajax.googleapis.com": _BUNDLE,
    "code.jquery.com": _BUNDLE,
    "youtube.com": f"{_FACADE}; use www.youtube-nocookie.com in it, which sets no cookie before the video plays",
    "youtube-nocookie.com": _FACADE,
    "ytimg.com": "keep the preview picture in the site",
    "player.vimeo.com": f"{_FACADE}; add ?dnt=1 to its address",
    "google.com": f"{_FACADE}; a map can be a picture with a link",
    "maps.googleapis.com": "a map can be a picture with a link; else load it after a click",
    "gravatar.com": "keep the pictures in the site",
    "platform.twitter.com": "quote the text and link to it",
    "instagram.com": "show a picture of your own and link to it",
}
SOURCE = "https://developer.mozilla.org/en-US/docs/Web/Privacy/Guides/Third-party_cookies"

# Names of keys that tell one visitor from another.
_IDENTIFIER = re.compile(
    r"(?:^|[^a-z])(?:uuid|guid|fingerprint)(?:$|[^a-z])"
    r"|(?:visitor|client|device|anonymous|anon|user|session|tracking|browser|distinct)[-_.]?(?:id|uid|key|token)(?:$|[^a-z])",
    re.IGNORECASE,
)
_DOMAINS = {domain: one for one in TRACKERS for domain in one.domains}


def _parents(host: str) -> list[str]:
    parts = host.lower().rstrip(".").split(".")
    return [".".join(parts[start:]) for start in range(len(parts) - 1)]


def tracker_of(host: str) -> Tracker | None:
    """Return the known tracker that a host belongs to."""
    return next((_DOMAINS[name] for name in _parents(host) if name in _DOMAINS), None)


def instead_of(host: str) -> str:
    """Return what to do instead of loading from a host; empty when nothing special is known."""
    return next((EMBEDS[name] for name in _parents(host) if name in EMBEDS), "")


def tracker_of_key(name: str) -> Tracker | None:
    """Return the known tracker that keeps a cookie or a stored key of this name."""
    return next((one for one in TRACKERS if any(_is_key(name, key) for key in one.keys)), None)


def _is_key(name: str, key: str) -> bool:
    """Whether a name is `key`, or goes on after it with something else than a letter (`_ga_1`, not `_gallery`)."""
    rest = name[len(key.rstrip("*")) :]
    return name.startswith(key.rstrip("*")) and (key[-1] in "_*" or not rest[:1].isalnum())


def named_in(text: str) -> set[str]:
    """Return the trackers' domains that a script or a page names."""
    found = {host.lower() for host in _HOST.findall(text) if tracker_of(host) is not None}
    # What a link to a profile names is no tracker.
    return found - {"facebook.com", "www.facebook.com"}


_HOST = re.compile(
    r"(?:^|[/\"'`@.])((?:[a-z0-9-]+\.)*(?:"
    + "|".join(re.escape(name) for name in _DOMAINS)
    + r"))(?=[/\"'`:?\s]|$)",
    re.IGNORECASE,
)


def identifies(name: str) -> bool:
    """Whether a stored key's name says that it tells one visitor from another."""
    return _IDENTIFIER.search(name) is not None
