"""What invoke.yaml and constitution.toml may say: every key, its unit, its default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pipeline.core.part import Field, Part, Reads, Then

PREFIX = "INVOKE_"

Framework = Literal[
    "astro", "vite", "next", "sveltekit", "nuxt", "eleventy", "vitepress", "docusaurus", "plain", "other"
]
Manager = Literal["npm", "pnpm", "yarn", "bun", "none"]
FRAMEWORKS: tuple[str, ...] = get_args(Framework)
MANAGERS: tuple[str, ...] = get_args(Manager)

# Keys of invoke itself: they may stand in the same file and are none of our business.
INVOKE_KEYS = frozenset({"run", "runners", "sudo", "tasks", "timeouts.command"})
# A deploy without these proves nothing, so no waiver can set them aside.
NON_NEGOTIABLE = frozenset({"build", "typescript", "zero_actions", "branches"})

_UNITS = {
    "B": 1,
    "KB": 1_000,
    "MB": 1_000_000,
    "GB": 1_000_000_000,
    "KIB": 1 << 10,
    "MIB": 1 << 20,
    "GIB": 1 << 30,
}
_SIZE_TEXT = 'a size in bytes, or text such as "100 KB" or "none"'
_SIZE = r"(\d[\d_]*(?:\.\d+)?)\s*([A-Za-z]*)"
# `&&`, `|`, `>`, `;` and `$(...)` need a shell, which is never used.
_SHELL = r"^(?:&&?|\|\|?|;|[<>]{1,2}.*)$|`|\$\(|.;$"


def parse_size(value: object) -> int | None:
    """Return the bytes of 100000, "100 KB" (1 KB = 1,000 B), "97 KiB" (1 KiB = 1,024 B); None for "none".

    Raises ValueError on anything else.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(_SIZE_TEXT)  # noqa: TRY004 - pydantic collects ValueErrors only
    if isinstance(value, int):
        if value < 0:
            raise ValueError("a size of 0 bytes or more")
        return value
    if value.strip().lower() == "none":
        return None
    match = re.fullmatch(_SIZE, value.strip())
    unit = (match[2] or "B").upper() if match else ""
    if not match or unit not in _UNITS:
        raise ValueError(_SIZE_TEXT)
    return round(float(match[1].replace("_", "")) * _UNITS[unit])


def parse_command(value: object) -> tuple[str, ...] | None:
    """Return the words of a command given as a list or as one line; None stays None, [] is no command.

    Raises ValueError where a shell would be needed.
    """
    if value is None:
        return None
    if isinstance(value, str):
        import shlex

        try:
            words: tuple[object, ...] = tuple(shlex.split(value))
        except ValueError as error:
            raise ValueError(f"one command: {error}") from None
        if any(re.search(_SHELL, str(word)) for word in words):
            raise ValueError(
                "one command without a shell's && | ; > $(): put more into a script of package.json"
            )
    elif isinstance(value, list | tuple):
        words = tuple(value)
    else:
        raise ValueError("a line of text or a list of words")  # noqa: TRY004 - as above
    if not all(isinstance(word, str) for word in words):
        raise ValueError("a command whose words are all text")
    return tuple(str(word) for word in words)


def parse_base(value: object) -> object:
    """Return a base path with a slash at both ends; raises ValueError when it has none at its start."""
    if not isinstance(value, str):
        return value
    if not value.startswith("/") or "//" in value or any(sign in value for sign in "?# "):
        raise ValueError('a path that starts with a slash, such as "/" or "/repository/"')
    return value if value.endswith("/") else value + "/"


def parse_url(value: object) -> object:
    """Return the address of a site with a slash at its end; raises ValueError unless it is http or https."""
    if not isinstance(value, str):
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('the address of the site, such as "https://user.github.io/repository/"')
    return value if value.endswith("/") else value + "/"


Size = Annotated[int | None, Reads(parse_size)]
Command = Annotated[tuple[str, ...] | None, Reads(parse_command)]
Base = Annotated[str, Reads(parse_base)]
Url = Annotated[str, Reads(parse_url)]
Seconds = Annotated[int, Field(gt=0, le=86_400)]
Score = Annotated[float, Field(ge=0, le=100)]
Milliseconds = Annotated[float, Field(ge=0, le=120_000)]
Shift = Annotated[float, Field(ge=0, le=10)]


class Site(Part):
    name: str = Field(
        default="",
        description="Name of the site; typed to confirm a production deploy. Empty: the name of its folder.",
    )
    path: str = Field(default=".", min_length=1, description="Folder of the site, relative to this file.")
    framework: Framework | None = Field(
        default=None, description="What builds the site. Null: found by looking."
    )
    package_manager: Manager | None = Field(
        default=None, description="What installs its dependencies. Null: found by the lockfile."
    )
    install: Command = Field(
        default=None,
        description="Command that installs exactly what is locked. Null: by package manager; []: nothing.",
    )
    check: Command = Field(
        default=None, description="Command that checks types. Null: found by looking; []: no check."
    )
    build: Command = Field(
        default=None,
        description="Command that builds the site. Null: found by looking; []: nothing to build.",
    )
    output: str = Field(
        default="dist", min_length=1, description="Folder that the build fills, relative to the site."
    )
    base: Base = Field(default="/", description="Base path that the site's own configuration builds for.")


class Keep(Part):
    releases: int = Field(
        default=3,
        ge=0,
        le=50,
        description="Of how many earlier releases the immutable assets stay published.",
    )
    hours: int = Field(
        default=24,
        ge=0,
        le=8_760,
        description="How long after its replacement a release's assets stay, in hours.",
    )


class Rate(Part):
    builds: int = Field(
        default=10,
        ge=0,
        description="Releases an hour on GitHub, two of them kept for rollbacks. 0: no limit.",
    )
    pushes: int = Field(default=6, ge=0, description="Pushes a minute to GitHub. 0: no limit.")


class Health(Part):
    probes: int = Field(
        default=3, ge=0, le=100, description="How often the site is asked after it was proven."
    )
    failures: int = Field(default=2, ge=1, le=100, description="So many failed probes roll the release back.")
    interval: float = Field(
        default=1.0, ge=0, le=600, description="Pause between two rounds of reading the site, in seconds."
    )
    paths: tuple[str, ...] = Field(default=("",), description="What is asked, relative to the address.")


class Environment(Part):
    repository: str | None = Field(
        default=None,
        description="git remote to publish to: a URL, `owner/name` on GitHub, or a path that starts "
        "with `/`, `./`, `../` or `~`. Null only for `local`, whose repository is embedded.",
    )
    branch: str = Field(
        default="gh-pages",
        min_length=1,
        pattern=r"^[^\s~^:?*\[\\-][^\s~^:?*\[\\]*$",
        description="Pages branch.",
    )
    url: Url | None = Field(
        default=None,
        description="Public address. Null: derived from a GitHub repository; for `local`, from `serve`.",
    )
    base: Base | None = Field(default=None, description="Base path. Null: the path of `url`.")
    production: bool | None = Field(
        default=None,
        description="Whether a deploy wants the typed site name or --yes. Null: true for `prod`, else false.",
    )
    cname: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9.-]+$",
        description="Custom domain, published as CNAME. Null: the site's own, else the one that is live.",
    )
    robots: Literal["index", "noindex"] | None = Field(
        default=None,
        description="Whether search engines may list it. Null: noindex unless it is production or `local`.",
    )
    rounds: int | None = Field(
        default=None,
        ge=1,
        le=10,
        description="Good rounds in a row that prove a release. Null: 1 for `local`, else 2.",
    )
    keep: Keep = Field(default_factory=Keep, description="Assets of earlier releases that stay published.")
    health: Health = Field(default_factory=Health, description="Probes after a release.")
    rate: Rate = Field(default_factory=Rate, description="GitHub's limits, which releases keep to.")
    share_evidence: bool = Field(
        default=False,
        description="Whether the audit log carries each release's evidence, so that every machine can prove it. It "
        "names source files and what gates found in them, for everybody who may read the repository.",
    )
    policy: dict[str, Any] = Field(
        default_factory=dict,
        description="Overrides of constitution.toml, by its keys: `budgets: {page: {total: 600 KB}}`.",
    )


class Tools(Part):
    node: str = Field(
        default="auto", min_length=1, description="Node >= 22: `auto` or the path of the program."
    )
    gh: str = Field(
        default="auto",
        min_length=1,
        description="GitHub's command line >= 2.40: `auto` or the path of the program.",
    )
    chrome: str = Field(
        default="auto", min_length=1, description="Chromium or Chrome: `auto` or the path of the program."
    )


class Timeouts(Part):
    install: Seconds = Field(default=600, description="Limit of installing dependencies, in seconds.")
    check: Seconds = Field(default=300, description="Limit of the type check, in seconds.")
    build: Seconds = Field(default=900, description="Limit of the build, in seconds.")
    publish: Seconds = Field(default=600, description="Limit of the push, in seconds.")
    kick: Seconds = Field(
        default=120,
        description="When nothing shows after this, GitHub is asked for one more build, in seconds.",
    )
    verify: Seconds = Field(
        default=900, description="Limit of waiting until the live site serves the release, in seconds."
    )
    lease: Seconds = Field(
        default=120,
        description="How long others wait for a machine that published, proves, and is not heard of any more, "
        "in seconds. While it is alive, it renews that.",
    )


class Serve(Part):
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address that the local Pages server listens on."
    )
    port: int = Field(default=4173, ge=0, le=65_535, description="Its port; 0 takes a free one.")


class Preview(Part):
    environment: str | None = Field(
        default=None,
        description="Environment that carries previews below `_preview/`. Null: the first one with a repository that "
        "is not production, else `local`.",
    )
    days: int = Field(default=14, ge=1, le=365, description="How long a preview stays, in days.")


class Logs(Part):
    keep: int = Field(
        default=50, ge=1, description="How many runs keep their logs and reports in the state folder."
    )


def _named(value: dict[str, Environment]) -> dict[str, Environment]:
    # The name is a part of release names (date-time-environment-description), so it has no hyphen.
    bad = [name for name in value if not re.fullmatch(r"[a-z][a-z0-9]{0,31}", name)]
    if bad:
        raise ValueError(
            f"names of lower-case letters and digits that start with a letter, not {', '.join(bad)}"
        )
    return {"local": Environment(), **value}


class Upkeep(Part):
    automatic: bool = Field(
        default=True,
        description="Whether a release that leaves many packs or builds behind starts `releases.tidy` in the "
        "background.",
    )
    evidence_days: int = Field(
        default=90,
        ge=1,
        le=3_650,
        description="How long the evidence of a build that was never released is kept, in days. "
        "That of releases is always kept.",
    )


class Settings(Part):
    """How to run: invoke.yaml."""

    site: Site = Field(default_factory=Site, description="The site and how it is built.")
    environments: Annotated[dict[str, Environment], Then(_named)] = Field(
        default_factory=lambda: {"local": Environment()},
        description="Places to publish to, by name (lower-case letters and digits). `local` always exists.",
    )
    tools: Tools = Field(default_factory=Tools, description="Outside programs.")
    timeouts: Timeouts = Field(default_factory=Timeouts, description="Time limits.")
    serve: Serve = Field(default_factory=Serve, description="The local Pages server.")
    preview: Preview = Field(
        default_factory=Preview, description="Previews of branches: `invoke deploy --env=preview/<branch>`."
    )
    logs: Logs = Field(default_factory=Logs, description="Records of runs.")
    upkeep: Upkeep = Field(default_factory=Upkeep, description="How the state folder is kept small.")


class Principles(Part):
    I: str = Field(  # noqa: E741 - the principles have Roman numbers
        default="Zero Actions: no workflow runs and no billed minute; everything runs on the owner's machine",
        description="First principle.",
    )
    II: str = Field(
        default="Performance: every page stays within its budgets", description="Second principle."
    )
    III: str = Field(
        default="Users: accessible, private and free of errors for everyone", description="Third principle."
    )
    IV: str = Field(
        default="Branches: every release is a named branch that is never rewritten",
        description="Fourth principle.",
    )
    V: str = Field(
        default="Local validation: nothing is published that has not been proven here",
        description="Fifth principle.",
    )


class PageBudget(Part):
    javascript: Size = Field(default=100_000, description="JavaScript that one page loads, gzip bytes.")
    css: Size = Field(default=50_000, description="Style sheets that one page loads, gzip bytes.")
    images: Size = Field(default=None, description="Images that one page loads, bytes as sent.")
    fonts: Size = Field(default=None, description="Fonts that one page loads, bytes as sent.")
    total: Size = Field(
        default=500_000, description="Everything that one page loads, its HTML too, gzip bytes."
    )


class SiteBudget(Part):
    javascript: Size = Field(default=None, description="All JavaScript of the site, gzip bytes.")
    css: Size = Field(default=None, description="All style sheets of the site, gzip bytes.")
    images: Size = Field(default=None, description="All images of the site, bytes as sent.")
    fonts: Size = Field(default=None, description="All fonts of the site, bytes as sent.")
    total: Size = Field(default=None, description="All files of the site, gzip bytes.")


class Budgets(Part):
    page: PageBudget = Field(
        default_factory=PageBudget,
        description="Limits of every single page, in bytes or with a unit.",
    )
    site: SiteBudget = Field(
        default_factory=SiteBudget, description="Limits of the whole site, in the same units."
    )


class Churn(Part):
    pages: int = Field(
        default=2,
        ge=0,
        description="So many pages may differ from the live release by nothing but the same tokens.",
    )
    blocking: bool = Field(
        default=False, description="Whether more of them stand in the way of a release, instead of advice."
    )


class LighthousePages(Part):
    path: str = Field(min_length=1, description="Pattern of page paths, such as `/blog/*`.")
    performance: Score | None = Field(default=None, description="Least score for speed, of 100.")
    accessibility: Score | None = Field(default=None, description="Least score for accessibility.")
    best_practices: Score | None = Field(default=None, description="Least score for good practice.")
    seo: Score | None = Field(default=None, description="Least score for search engines.")
    lcp: Milliseconds | None = Field(default=None, description="Most Largest Contentful Paint, in ms.")
    fcp: Milliseconds | None = Field(default=None, description="Most First Contentful Paint, in ms.")
    cls: Shift | None = Field(default=None, description="Most Cumulative Layout Shift.")
    tbt: Milliseconds | None = Field(default=None, description="Most Total Blocking Time, in ms.")


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("an odd number: the median of an even one is no measured value")
    return value


class Lighthouse(Part):
    engine: Literal["fast", "lhci"] = Field(
        default="fast",
        description="What measures: our worker with a warm browser, or Lighthouse CI, which takes three times as long.",
    )
    runs: Annotated[int, Then(_odd)] = Field(
        default=3, ge=1, le=15, description="How many undisturbed runs a median is taken of; odd."
    )
    presets: tuple[Literal["mobile", "desktop"], ...] = Field(
        default=("mobile", "desktop"),
        strict=False,
        min_length=1,
        description="Screens that pages are measured on.",
    )
    every: bool = Field(
        default=False,
        description="Whether every page is measured, and not only home, one of each template, the heaviest and the "
        "changed ones.",
    )
    changed: int = Field(
        default=10, ge=0, description="How many pages are measured because they differ from the live release."
    )
    performance: Score = Field(default=95.0, description="Least score for speed, of 100.")
    accessibility: Score = Field(default=95.0, description="Least score for accessibility.")
    best_practices: Score = Field(default=95.0, description="Least score for good practice.")
    seo: Score = Field(default=95.0, description="Least score for search engines.")
    lcp: Milliseconds = Field(default=2500.0, description="Most Largest Contentful Paint, in ms.")
    fcp: Milliseconds = Field(default=1800.0, description="Most First Contentful Paint, in ms.")
    cls: Shift = Field(default=0.1, description="Most Cumulative Layout Shift.")
    tbt: Milliseconds = Field(default=200.0, description="Most Total Blocking Time, in ms.")
    pages: tuple[LighthousePages, ...] = Field(
        default=(),
        strict=False,
        description="Other limits for some pages; of several that match, the last counts.",
    )


class Links(Part):
    fragments: bool = Field(
        default=True, description="Whether a link to a place that its page does not have stands in the way."
    )


class Html(Part):
    description_shortest: int | None = Field(
        default=25, ge=0, description="Fewer characters in a page's description are told, as advice."
    )
    description_longest: int | None = Field(
        default=200, ge=1, description="More characters in a page's description are told, as advice."
    )


class Images(Part):
    old_format: Size = Field(
        default=100_000,
        description="A PNG or JPEG above this, without AVIF or WebP beside it, is told as advice.",
    )
    eager: int | None = Field(
        default=4,
        ge=0,
        description="So many images at the start of a page may load at once; more is told as advice.",
    )
    places: bool = Field(
        default=True, description="Whether a photo that tells where it was taken (GPS) stands in the way."
    )


class Fonts(Part):
    families: int | None = Field(default=3, ge=0, description="More font families are told, as advice.")
    file: Size = Field(default=100_000, description="A bigger font file is told, as advice.")


class ZeroActions(Part):
    bill_unreadable: str = Field(
        default="",
        description="Why nobody here can read the bill of the repository's owner: Z1 is then `unavailable "
        "(declared)`, and Z2 must still be proven. Empty: production refuses a bill that cannot be read.",
    )


class Accessibility(Part):
    standard: Literal["wcag21aa", "wcag22aa", "wcag21aaa"] = Field(
        default="wcag21aa",
        description="What blocks in `accessibility` and `keyboard`: WCAG 2.1 A and AA, 2.2 A and AA, or 2.1 up to AAA.",
    )
    engine: Literal["visits", "pa11y-ci"] = Field(
        default="visits",
        description="What looks: axe-core and HTML_CodeSniffer in one visit of each page, or pa11y-ci with both as a "
        "program, which takes several times as long.",
    )


class Runtime(Part):
    cls: Shift = Field(default=0.1, description="Most Cumulative Layout Shift while a page loads.")


def _allowed(value: str) -> str:
    kind, _, name = value.partition(":")
    if kind in {"cookie", "storage"} and name:
        return value
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/"):
        raise ValueError('an origin such as "https://fonts.example.org", or "cookie:NAME", or "storage:NAME"')
    return value


class Allowed(Part):
    what: Annotated[str, Then(_allowed)] = Field(
        description="An origin such as `https://fonts.example.org`, `cookie:NAME` or `storage:NAME`."
    )
    reason: str = Field(min_length=1, pattern=r"\S", description="Why; shown wherever it is used.")


class Privacy(Part):
    allow: tuple[Allowed, ...] = Field(
        default=(),
        strict=False,
        description="What may be asked or kept before a visitor agreed, each with a reason.",
    )


class KnownSecret(Part):
    fingerprint: str = Field(
        pattern=r"^[0-9a-f]{16}$", description="As the finding of the gate `security` names it."
    )
    reason: str = Field(
        min_length=1, pattern=r"\S", description="Why it may stay; shown wherever it is used."
    )


class Licences(Part):
    deny: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="SPDX licences that no package of production may have, such as `GPL-*`. Empty: all are allowed.",
    )


class Security(Part):
    advisories: Literal["low", "moderate", "high", "critical"] = Field(
        default="high",
        description="Least severity of an advisory that blocks, for packages of which something reaches visitors.",
    )
    advisories_unreadable: str = Field(
        default="",
        description="Why no registry answers questions about advisories here: they are then `unavailable` "
        "(declared), and all else must still be proven. Empty: a registry must have answered.",
    )
    source_maps: Literal["advice", "block"] = Field(
        default="advice", description="Whether source maps with the sources stand in the way of a release."
    )
    secrets: tuple[KnownSecret, ...] = Field(
        default=(), strict=False, description="Secrets that may stay, such as revoked ones in git's history."
    )
    licences: Licences = Field(default_factory=Licences, description="Licences of packages of production.")


class Quality(Part):
    seconds: Seconds = Field(
        default=300, description="Limit of the site's own linter, and of its tests, in seconds each."
    )
    strict: Literal["advice", "block"] = Field(
        default="advice", description="Whether TypeScript that is not strict stands in the way of a release."
    )


class Thresholds(Part):
    score: float = Field(
        default=98.0,
        ge=98,
        le=100,
        description="Compliance score of 100 that a release needs; 98 or more.",
    )


def _negotiable(value: str) -> str:
    if value in NON_NEGOTIABLE:
        raise ValueError(f"a gate that may be waived; {value} is not negotiable")
    return value


class Waiver(Part):
    gate: Annotated[str, Then(_negotiable)] = Field(min_length=1, description="Name of the gate.")
    scope: str = Field(
        default="*",
        min_length=1,
        description="What it covers: a pattern of page paths such as `/blog/*`, or `*`.",
    )
    reason: str = Field(min_length=1, pattern=r"\S", description="Why; shown wherever the waiver is used.")
    until: date = Field(description="Last day on which it counts, as a date without quotes (2026-12-31).")
    measure: bool = Field(
        default=True,
        description="Whether the gate measures all the same. False, with the scope `*`: it is not run until then.",
    )


class Policy(Part):
    """What a release must satisfy: constitution.toml."""

    principles: Principles = Field(
        default_factory=Principles, description="The five principles, as reports print them."
    )
    budgets: Budgets = Field(default_factory=Budgets, description="Weight limits.")
    churn: Churn = Field(default_factory=Churn, description="Limits of the gate `churn`.")
    links: Links = Field(default_factory=Links, description="Limits of the gate `links`.")
    html: Html = Field(default_factory=Html, description="Limits of the gate `html`.")
    images: Images = Field(default_factory=Images, description="Limits of the gate `images`.")
    fonts: Fonts = Field(default_factory=Fonts, description="Limits of the gate `fonts`.")
    lighthouse: Lighthouse = Field(
        default_factory=Lighthouse, description="How the gate `lighthouse` measures, and its limits."
    )
    accessibility: Accessibility = Field(
        default_factory=Accessibility, description="How the gate `accessibility` looks, and what blocks."
    )
    runtime: Runtime = Field(default_factory=Runtime, description="Limits of the gate `runtime`.")
    privacy: Privacy = Field(default_factory=Privacy, description="Exceptions of the gate `privacy`.")
    security: Security = Field(default_factory=Security, description="Limits of the gate `security`.")
    quality: Quality = Field(default_factory=Quality, description="Limits of the gate `quality`.")
    zero_actions: ZeroActions = Field(
        default_factory=ZeroActions, description="What the gate `zero_actions` may not be able to read."
    )
    thresholds: Thresholds = Field(default_factory=Thresholds, description="Scores.")
    waivers: tuple[Waiver, ...] = Field(
        default=(), strict=False, description="Exceptions, each with a reason and an end date."
    )


@dataclass(frozen=True)
class Loaded:
    """Valid settings and policy, the origin of each value by dotted key, the files read, and warnings."""

    settings: Settings
    policy: Policy
    origins: dict[str, str]
    files: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
