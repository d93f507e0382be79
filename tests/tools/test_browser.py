from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pipeline.tools.browser import Browser, Gone, Hung, Refused, Tab
from pipeline.tools.chrome import find_chrome

T = TypeVar("T")
Work = Callable[[Tab], Coroutine[Any, Any, T]]
FIELDS = "<title>Fields</title><input id=a><button id=b>b</button><a id=c href='#'>c</a>"


class Bench:
    """One browser for the tests of this module, and the loop that it lives in."""

    def __init__(self, runner: asyncio.Runner, browser: Browser) -> None:
        self.browser = browser
        self.run = runner.run

    def tab(self, work: Work[T]) -> T:
        return self.run(self._tab(work))

    async def _tab(self, work: Work[T]) -> T:
        tab = await self.browser.tab()
        try:
            await asyncio.gather(
                tab.send("Page.enable"), tab.send("Runtime.enable"), tab.send("Network.enable")
            )
            return await work(tab)
        finally:
            await tab.close()


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    browser = Browser(find_chrome("auto").path)
    with asyncio.Runner() as runner:
        runner.run(browser.start())
        try:
            yield Bench(runner, browser)
        finally:
            runner.run(browser.stop())


async def show(tab: Tab, html: str) -> None:
    await tab.send("Page.setDocumentContent", frameId=tab.target, html=html)


def test_an_expression_gives_its_value_and_a_promise_what_it_promised(bench: Bench) -> None:
    async def work(tab: Tab) -> list[Any]:
        return [await tab.evaluate("[1, 'ü', null]"), await tab.evaluate("Promise.resolve({a: 2})")]

    assert bench.tab(work) == [[1, "ü", None], {"a": 2}]


def test_an_expression_that_throws_is_refused_with_its_message(bench: Bench) -> None:
    with pytest.raises(Refused, match="Error: no such thing"):
        bench.tab(lambda tab: tab.evaluate("(() => { throw new Error('no such thing') })()"))


def test_an_unknown_command_is_refused(bench: Bench) -> None:
    with pytest.raises(Refused, match="wasn't found"):
        bench.tab(lambda tab: tab.send("Page.dance"))


def test_keys_move_the_focus_forth_and_back_and_write(bench: Bench) -> None:
    async def work(tab: Tab) -> list[Any]:
        await show(tab, FIELDS)
        seen = []
        for key, shift in (("Tab", False), ("x", False), ("Tab", False), ("Tab", False), ("Tab", True)):
            await tab.press(key, shift=shift)
            seen.append(await tab.evaluate("document.activeElement.id"))
        return [seen, await tab.evaluate("a.value")]

    assert bench.tab(work) == [["a", "a", "b", "c", "b"], "x"]


def test_a_background_tab_has_the_focus_and_draws(bench: Bench) -> None:
    async def work(tab: Tab) -> Any:  # noqa: ANN401
        other = await bench.browser.tab()
        seen = await tab.evaluate(
            "new Promise(r => requestAnimationFrame(() => r([document.visibilityState, document.hasFocus()])))"
        )
        await other.close()
        return seen

    assert bench.tab(work) == ["visible", True]


def test_a_picture_is_webp_and_as_large_as_asked(bench: Bench) -> None:
    async def work(tab: Tab) -> tuple[bytes, bytes]:
        await show(tab, "<body style='margin:0;height:3000px;background:linear-gradient(red,blue)'>")
        tall = {"x": 0, "y": 0, "width": 200, "height": 2000}
        return await tab.screenshot(), await tab.screenshot(clip=tall, beyond=True)

    for picture, size in zip(bench.tab(work), ((1280, 800), (200, 2000)), strict=True):
        assert (picture[:4], picture[8:15]) == (b"RIFF", b"WEBPVP8")
        # Width and height of a lossy frame: RFC 6386, section 9.1.
        at = picture.index(b"\x9d\x01\x2a") + 3
        width, height = (int.from_bytes(picture[at + i : at + i + 2], "little") & 0x3FFF for i in (0, 2))
        assert abs(width - size[0]) <= 2
        assert abs(height - size[1]) <= 200


def test_a_world_sees_elements_and_not_what_a_page_did_to_its_own_globals(bench: Bench) -> None:
    async def work(tab: Tab) -> list[Any]:
        await show(tab, "<p>text</p><script>window.mine = 1; document.querySelector = () => null</script>")
        world = await tab.world("ours")
        text = "document.querySelector('p')?.textContent"
        return [
            await tab.evaluate(one, world=where) for where in (None, world) for one in ("typeof mine", text)
        ]

    assert bench.tab(work) == ["number", None, "undefined", "text"]


def test_tabs_share_no_cookie(bench: Bench) -> None:
    async def work(tab: Tab) -> list[int]:
        other = await bench.browser.tab()
        await tab.send("Network.setCookie", name="a", value="b", url="http://localhost/")
        counts = [len(await tab.cookies()), len(await other.cookies())]
        await other.close()
        return counts

    assert bench.tab(work) == [1, 0]


@pytest.mark.parametrize("url", ["http://example.org/", "https://10.0.0.1/", "http://[2001:db8::1]/"])
def test_nothing_but_loopback_is_reached(bench: Bench, url: str) -> None:
    going = bench.tab(lambda tab: tab.send("Page.navigate", url=url))
    assert going["errorText"] == "net::ERR_NAME_NOT_RESOLVED"


def test_a_page_that_hangs_is_given_up_and_its_tab_closed(bench: Bench) -> None:
    async def work(tab: Tab) -> None:
        with pytest.raises(Hung, match=r"no answer to Runtime.evaluate for 0.5 s"):
            await tab.evaluate("for (;;);", seconds=0.5)

    bench.tab(work)
    assert bench.tab(lambda tab: tab.evaluate("1 + 1")) == 2


def test_a_page_that_crashes_is_gone_at_once_and_the_browser_stays(bench: Bench) -> None:
    with pytest.raises(Gone):
        bench.tab(lambda tab: tab.send("Page.crash"))
    assert bench.tab(lambda tab: tab.evaluate("1 + 1")) == 2


def test_a_browser_that_is_killed_is_gone_and_starts_again() -> None:
    async def work() -> tuple[bool, Any, int]:
        async with Browser(find_chrome("auto").path) as browser:
            tab = await browser.tab()
            waiting = asyncio.create_task(tab.evaluate("new Promise(() => 0)"))
            await asyncio.sleep(0.1)
            running = browser._running
            assert running
            assert running._process
            os.killpg(running._process.pid, signal.SIGKILL)
            with pytest.raises(Gone, match="the browser ended"):
                await waiting
            was = browser.alive
            await browser.restart()
            again = await browser.tab()
            found = await again.evaluate("6 * 7"), browser.starts
            return was, *found

    assert asyncio.run(work()) == (False, 42, 2)


def test_its_profile_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def profiles() -> list[str]:
        return [path.name[:14] for path in tmp_path.iterdir()]

    async def work() -> list[str]:
        async with Browser(find_chrome("auto").path):
            return profiles()

    assert asyncio.run(work()) == ["pages-browser-"]
    assert profiles() == []


def test_a_program_that_is_no_browser_says_what_it_said(tmp_path: Path) -> None:
    program = tmp_path / "chrome"
    program.write_text("#!/bin/sh\necho 'libnss3.so is missing' >&2\nexit 1\n")
    program.chmod(0o755)

    async def work() -> None:
        async with Browser(program):
            pass

    with pytest.raises(Gone, match=r"the browser does not start: libnss3.so is missing"):
        asyncio.run(work())
