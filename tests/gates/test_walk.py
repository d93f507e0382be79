"""The walk with the Tab key, in a real browser, over a page for each thing that goes wrong with a keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from pipeline.gates.walk import walk
from pipeline.tools.browser import Browser, Tab
from pipeline.tools.chrome import find_chrome

HEAD = "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>A page</title>"
Walked = dict[str, Any]


class Walker:
    """One browser for all pages of this module."""

    def __init__(self, runner: asyncio.Runner, browser: Browser) -> None:
        self._runner = runner
        self._browser = browser

    def __call__(self, body: str) -> Walked:
        return self._runner.run(self._walk(HEAD + body))

    async def _walk(self, page: str) -> Walked:
        tab = await self._browser.tab()
        try:
            await tab.send("Page.enable")
            await self._open(tab, page)
            return await walk(tab)
        finally:
            await tab.close()

    async def _open(self, tab: Tab, page: str) -> None:
        loaded = asyncio.Event()
        tab.on("Page.loadEventFired", lambda _: loaded.set())
        await tab.send("Page.setDocumentContent", frameId=tab.target, html=page)
        await asyncio.wait_for(loaded.wait(), 20)


@pytest.fixture(scope="module")
def walked() -> Iterator[Callable[[str], Walked]]:
    program = find_chrome("auto").path
    with asyncio.Runner() as runner:

        def run(coroutine: Coroutine[Any, Any, Any]) -> None:
            runner.run(coroutine)

        browser = Browser(program)
        run(browser.start())
        try:
            yield Walker(runner, browser)
        finally:
            run(browser.stop())


def selectors(found: list[dict[str, Any]]) -> list[str]:
    return [one["selector"] for one in found]


GOOD = """\
<style>#skip, nav a { display: inline-block; padding: 8px }</style>
<a id=skip href=#main>Skip to the content</a>
<nav><a id=a href=/a/>A page</a> <a id=b href=/b/>Another page</a> <a id=c href=/c/>A third page</a></nav>
<main id=main tabindex=-1><h1>Hello</h1><p>Text with <a id=d href=/d/>a link</a> in it.</p>
<label id=l>Name <input id=name></label><button id=send type=button>Send it</button></main>"""


def test_a_good_page_has_nothing_to_tell(walked: Callable[[str], Walked]) -> None:
    found = walked(GOOD)
    assert [one["selector"] for one in found["stops"]] == ["#skip", "#a", "#b", "#c", "#d", "#name", "#send"]
    assert all(one["indicator"] and one["visible"] and not one["obscured"] for one in found["stops"])
    assert found["skip"] == {
        "needed": True,
        "found": True,
        "at": 0,
        "works": True,
        "before": 4,
        "bypass": True,
    }
    assert [found[name] for name in ("unfocusable", "traps", "order", "small", "motion", "cut")] == [
        *([[]] * 5),
        "",
    ]
    assert found["count"] == 7


@pytest.mark.parametrize(
    ("style", "signs"),
    [
        ("", ["outline", "outline"]),
        ("a:focus{outline:none}", ["", "outline"]),
        ("a:focus{outline:2px solid transparent}", ["", "outline"]),
        ("*:focus{outline:0;box-shadow:0 0 0 3px rgba(0,0,0,0)}", ["", "caret"]),
        ("*:focus{outline:0;caret-color:transparent}", ["", ""]),
        ("a:focus{outline:none;box-shadow:0 0 0 3px blue;transition:box-shadow 1s}", ["shadow", "outline"]),
        ("a:focus{outline:none} a:focus-visible{background:yellow}", ["background", "outline"]),
        ("a:focus{outline:none} p:focus-within{border:1px solid}", ["border", "outline"]),
        ("a:focus{outline:none} a:focus::after{content:'<'}", ["content", "outline"]),
        (
            "a:focus{outline:none} a:focus~u{color:red} u{position:absolute;left:50px;top:16px}",
            ["picture", "outline"],
        ),
    ],
)
def test_the_sign_of_focus(walked: Callable[[str], Walked], style: str, signs: list[str]) -> None:
    page = f"<style>{style}</style><p><a id=a href=/a/>A link</a> <input id=i> <u>more</u></p>"
    assert [one["indicator"] for one in walked(page)["stops"]] == signs


@pytest.mark.parametrize(
    ("style", "visible"),
    [
        ("position:absolute;left:-9999px", False),
        ("position:absolute;clip-path:inset(50%)", False),
        ("opacity:0", False),
        ("display:block;width:1px;height:1px;overflow:hidden", False),
        ("display:block", True),
    ],
)
def test_focus_on_something_that_nobody_sees(
    walked: Callable[[str], Walked], style: str, *, visible: bool
) -> None:
    found = walked(f"<a href=/a/ style='{style}'>A link</a>")
    assert [one["visible"] for one in found["stops"]] == [visible]


def test_focus_behind_something_else(walked: Callable[[str], Walked]) -> None:
    page = "<div style='position:fixed;inset:0;background:white'>Wait</div><a href=/a/>A link</a>"
    assert [one["obscured"] for one in walked(page)["stops"]] == [True]


def test_an_invisible_box_with_a_label_that_shows_it_is_seen(walked: Callable[[str], Walked]) -> None:
    page = """<style>input{position:absolute;opacity:0} input:focus+label{background:yellow}</style>
    <input type=checkbox id=box><label for=box>I agree to it</label>"""
    (stop,) = walked(page)["stops"]
    assert (stop["visible"], stop["indicator"]) == (True, "background")


@pytest.mark.parametrize(
    ("script", "back"),
    [
        ("t.onkeydown = (e) => { if (e.key === 'Tab') e.preventDefault(); }", False),
        ("t.onkeydown = (e) => { if (e.key === 'Tab' && !e.shiftKey) e.preventDefault(); }", True),
        ("t.onblur = () => setTimeout(() => t.focus(), 0)", False),
    ],
)
def test_a_trap_is_found_and_left_behind(walked: Callable[[str], Walked], script: str, *, back: bool) -> None:
    page = f"<a id=a href=/a/>A link</a><textarea id=t></textarea><a id=b href=/b/>B</a><script>{script}</script>"
    found = walked(page)
    assert found["traps"] == [{"selector": "#t", "loop": 0, "back": back}]


def test_the_walk_goes_on_behind_a_trap(walked: Callable[[str], Walked]) -> None:
    page = """<textarea id=t></textarea><a id=b href=/b/>Another</a><a id=c href=/c/>More</a>
    <script>t.onkeydown = (e) => { if (e.key === 'Tab') e.preventDefault(); }</script>"""
    found = walked(page)
    assert selectors(found["traps"]) == ["#t"]
    assert selectors(found["stops"]) == ["#t", "#b", "#c"]


def test_a_circle_without_a_way_out_is_a_trap(walked: Callable[[str], Walked]) -> None:
    page = """<a id=a href=/a/>A</a><div id=box><button id=x>X</button><button id=y>Y</button></div><a href=/b/>B</a>
    <script>y.onkeydown = (e) => { if (e.key === 'Tab' && !e.shiftKey) { e.preventDefault(); x.focus(); } };
    x.onkeydown = (e) => { if (e.key === 'Tab' && e.shiftKey) { e.preventDefault(); y.focus(); } };</script>"""
    (trap,) = walked(page)["traps"]
    assert trap["loop"] == 1


@pytest.mark.parametrize(
    "page",
    [
        # Escape leads out of it.
        """<textarea id=t></textarea><a id=b href=/b/>B</a><script>let stay = true; t.onkeydown = (e) => {
        if (e.key === 'Escape') stay = false; if (e.key === 'Tab' && stay) e.preventDefault(); }</script>""",
        # A dialog that says that it is one.
        """<div role=dialog aria-modal=true aria-label=Hello><button id=x>X</button><button id=y>Y</button></div>
        <a href=/b/>B</a><script>y.onkeydown = (e) => { e.preventDefault(); x.focus(); }</script>""",
        "<dialog id=d aria-label=Hello><button>Close</button></dialog><a href=/b/>B</a><script>d.showModal()</script>",
        # Several stops in one element.
        "<input type=date aria-label=Day><video controls></video><a href=/b/>B</a>",
        "<iframe title=Inner srcdoc='<a href=/x/>X</a><a href=/y/>Y</a>'></iframe><a href=/b/>B</a>",
        f"<iframe title=Inner srcdoc='{'<a href=/x/>X</a> ' * 40}'></iframe><a href=/b/>B</a>",
    ],
)
def test_what_is_no_trap(walked: Callable[[str], Walked], page: str) -> None:
    assert walked(page)["traps"] == []


def test_a_dialog_that_escape_closes_does_not_hide_the_page(walked: Callable[[str], Walked]) -> None:
    page = """<dialog id=d aria-label=Hello><button id=x>Close</button></dialog><a id=b href=/b/>B</a>
    <script>d.showModal()</script>"""
    assert selectors(walked(page)["stops"]) == ["#x", "#b"]


def test_the_order(walked: Callable[[str], Walked]) -> None:
    positive = "<a id=a href=/a/>A</a> <a id=b href=/b/ tabindex=2>B</a> <a id=c href=/c/>C</a>"
    assert walked(positive)["order"] == [{"from": "#b", "to": "#a", "why": "tabindex"}]
    turned = """<div style='display:flex;flex-direction:column-reverse'><p><a id=a href=/a/>A</a></p>
    <p><a id=b href=/b/>B</a></p></div>"""
    assert walked(turned)["order"] == [{"from": "#a", "to": "#b", "why": "layout"}]
    columns = """<div style='display:flex'><div><p><a href=/a/>A</a></p><p><a href=/b/>B</a></p></div>
    <div><p><a href=/c/>C</a></p></div></div>"""
    assert walked(columns)["order"] == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("<div id=x>Open</div><script>x.onclick = () => 1</script>", "listener"),
        ("<div id=x>Open</div><script>x.addEventListener('mousedown', () => 1)</script>", "listener"),
        ("<a id=x onclick='1'>Open</a>", "listener"),
        ("<div id=x role=button>Open</div>", "role"),
        ("<div id=x style='cursor:pointer'>Open</div><script>document.onclick = () => 1</script>", "pointer"),
        (
            "<style>#x{display:none} @media (max-width:500px){#x{display:block}}</style><p id=x onclick='1'>Menu</p>",
            "listener",
        ),
    ],
)
def test_what_only_a_pointer_reaches(walked: Callable[[str], Walked], body: str, why: str) -> None:
    found = walked(body)["unfocusable"]
    assert [(one["selector"], one["why"]) for one in found] == [("#x", why)]


@pytest.mark.parametrize(
    "body",
    [
        "<div role=button tabindex=0 onclick='1'>Open</div>",
        "<ul onclick='1'><li><a href=/a/>A</a></li></ul>",
        "<button><span onclick='1' style='cursor:pointer'>Open</span></button>",
        "<label onclick='1' style='cursor:pointer'>Yes <input type=checkbox></label>",
        "<div style='cursor:pointer'>No one listens</div>",
        "<div role=tablist><button role=tab>One</button><div role=tab tabindex=-1>Two</div></div>",
        "<div hidden onclick='1'>Open</div>",
        "<script>document.addEventListener('click', () => 1)</script><p>Text</p>",
        "<details><summary onclick='1'>More</summary>Text</details>",
        "<iframe title=Inner srcdoc='<p onclick=1>What is in a frame is not of this page</p>'></iframe>",
    ],
)
def test_what_a_key_reaches_too(walked: Callable[[str], Walked], body: str) -> None:
    assert walked(body)["unfocusable"] == []


def test_a_skip_link_that_leads_nowhere(walked: Callable[[str], Walked]) -> None:
    found = walked(GOOD.replace("href=#main", "href=#content"))["skip"]
    assert (found["needed"], found["found"], found["works"]) == (True, True, False)
    without = walked(GOOD.replace("<a id=skip href=#main>Skip to the content</a>", "<a href=/z/>Z</a>"))[
        "skip"
    ]
    assert (without["needed"], without["found"], without["works"]) == (True, False, False)


def test_small_targets_and_those_that_may_be(walked: Callable[[str], Walked]) -> None:
    style = "<style>button{width:16px;height:16px;padding:0;margin:0;border:0;display:inline-block}</style>"
    crowd = f"{style}<div style='font-size:0'><button id=a>A</button><button id=b>B</button></div>"
    assert selectors(walked(crowd)["small"]) == ["#a", "#b"]
    alone = f"{style}<p style='padding:40px'><button id=a>A</button></p>"
    assert walked(alone)["small"] == []
    sentence = "<p style='line-height:1'>Some text <a href=/a/>a</a>, <a href=/b/>b</a></p>"
    assert walked(sentence)["small"] == []


def test_what_moves_although_less_motion_is_wanted(walked: Callable[[str], Walked]) -> None:
    frames = "@keyframes spin{to{transform:rotate(1turn)}} @keyframes fade{to{opacity:.5}}"
    style = f"{frames} #x{{animation:spin 1s infinite}} #y{{animation:fade 1s infinite}}"
    page = f"<style>{style}</style><p id=x>X</p><p id=y>Y</p>"
    assert walked(page)["motion"] == [{"selector": "#x", "name": "spin"}]
    calm = page.replace("</style>", " @media (prefers-reduced-motion:reduce){#x{animation:none}}</style>")
    assert walked(calm)["motion"] == []


def test_a_walk_ends_after_many_stops_and_says_so(walked: Callable[[str], Walked]) -> None:
    found = walked("".join(f"<a href=/{number}/>Link {number}</a> " for number in range(250)))
    assert (found["count"], found["cut"]) == (200, "200 stops")


def test_frames_show_the_focus_by_themselves(walked: Callable[[str], Walked]) -> None:
    (stop,) = walked("<iframe title=Inner srcdoc='<a href=/x/>X</a>'></iframe>")["stops"]
    assert stop["indicator"] == "inner"


def test_shadow_trees_are_walked_through(walked: Callable[[str], Walked]) -> None:
    page = """<x-box id=host></x-box><a id=b href=/b/>B</a><script>
    host.attachShadow({mode: 'open'}).innerHTML = '<button id=in>In</button><button>Two</button>'</script>"""
    assert selectors(walked(page)["stops"]) == ["#host >> #in", "#host >> button:nth-of-type(2)", "#b"]
