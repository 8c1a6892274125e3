"""An open page while others work: nothing moves under the reader's hand, and the chip says how fresh it is."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from playwright.async_api import Page, WebSocket, expect

from tests.browser.house import House, look
from tests.browser.plans import Entry, entry, size
from tests.servers import free_port

BLOCKED = ("WebSocket connection to", "htmx:ws:error")


class Gate:
    """A proxy that refuses sockets, as some in companies do, unless it `is_open`; and then says nothing any more of
    what the server says on them, while it `is_stalled`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.is_open = self.is_stalled = False

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            is_socket = b"upgrade: websocket" in head.lower()
            if is_socket and not self.is_open:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            else:
                far_reader, far = await asyncio.open_connection("127.0.0.1", self._port)
                far.write(head)
                await asyncio.gather(self._carry(reader, far), self._carry(far_reader, writer, is_socket))
        writer.close()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, can_stall: bool = False) -> None:
        while chunk := await source.read(65536):
            if not (can_stall and self.is_stalled):
                sink.write(chunk)
                await sink.drain()
        sink.close()


@contextlib.asynccontextmanager
async def gate(house: House) -> AsyncIterator[Gate]:
    """In front of the house: its address is the gate's from now on."""
    gate, port = Gate(house.port), free_port()
    server = await asyncio.start_server(gate.pass_on, "127.0.0.1", port)
    house.url = f"http://127.0.0.1:{port}"
    try:
        yield gate
    finally:
        server.close()


async def test_nothing_moves_under_the_hand_while_a_list_changes(house: House) -> None:
    """Fifty change, and take another line; twenty are new; ten leave."""
    await house.report(*(size(f"m{number:02}") for number in range(63)))
    page = await house.visit("/drifts", "Emil", viewport={"width": 1280, "height": 800})
    listed = await page.locator(".row-link").all_text_contents()
    resting, leaving = {listed[index] for index in (21, 23, 25)}, listed[5:15]
    hovered = page.locator(".row").nth(20)
    boxes = [page.locator(".row").nth(index).get_by_role("checkbox") for index in (21, 23, 25)]
    await hovered.scroll_into_view_if_needed()
    await boxes[0].check()
    await boxes[1].check()
    await boxes[2].focus()
    await hovered.hover()
    before = await hovered.bounding_box()

    for address in leaving:
        house.fixed(address)
    names = {f"aws_instance.m{number:02}" for number in range(63)}
    changed = names - resting - set(leaving)
    await house.report(*map(grown, changed), *(size(f"new{number:02}") for number in range(20)))
    assert len(changed) == 50
    news = 20 + len(changed - set(listed))
    await expect(page.locator("#drifts-news")).to_have_text(f"{news} new - Show")
    await expect(page.locator(".row-left:visible")).to_have_count(10)
    await expect(page.locator(".row").nth(5)).to_contain_text(re.compile(r"Resolved\s*left this list"))
    await expect(page.locator(".row")).to_have_count(50)
    await expect(hovered).to_contain_text("setting_with_a_long_name")
    after = await hovered.bounding_box()
    assert before
    assert after
    assert abs(after["y"] - before["y"]) < 0.5, "what is left of a pixel that a page cannot be scrolled by"
    assert await page.locator(".row:hover").get_attribute("id") == await hovered.get_attribute("id")
    assert await page.locator(".row :checked").count() == 2
    await expect(boxes[0]).to_be_checked()
    await expect(boxes[1]).to_be_checked()
    await expect(boxes[2]).to_be_focused()


def grown(address: str) -> Entry:
    settings = [f"setting_with_a_long_name_to_break_the_line_{number}" for number in range(4)]
    return entry(address, dict.fromkeys(settings, "a"), dict.fromkeys(settings, "b"))


async def test_a_hidden_page_pauses_and_has_all_within_two_seconds_when_it_is_seen_again(house: House) -> None:
    names = [f"m{number}" for number in range(10)]
    await house.report(*map(size, names), size("open"))
    page = await house.visit("/drifts", "Vera", "viewer")
    await look(page, away=True)
    await expect(page.locator("#live-state")).to_have_text("Paused")
    for name in names:
        await house.decide(f"aws_instance.{name}")
    await expect(page.locator("#nav-waiting")).to_contain_text("11")
    await look(page, away=False)
    await expect(page.locator(".state.approved")).to_have_count(10, timeout=2000)
    await expect(page.locator("#nav-waiting")).to_contain_text("1", timeout=500)
    await expect(page.locator("#live-state")).to_have_text("Live")


def sockets_of(page: Page) -> list[WebSocket]:
    """Those that it opens from now on, or tries to."""
    sockets: list[WebSocket] = []
    page.on("websocket", lambda socket: sockets.append(socket))  # noqa: PLW0108 - playwright takes no built-in method
    return sockets


async def two_minutes(page: Page) -> None:
    """By the page's clock: in steps, so that what it begins in one may fail before the next."""
    for _ in range(12):
        await page.clock.run_for(10_000)
        await asyncio.sleep(0.02)


async def test_who_is_signed_out_keeps_what_he_typed_and_the_page_stops_asking(house: House) -> None:
    await house.report(size("web"))
    path = await house.path_of("aws_instance.web")
    window = await house.window("Emil")
    page, other = await window.new_page(), await window.new_page()
    sockets = sockets_of(page)
    await page.clock.install()
    await house.go(page, path)
    await house.go(other, "/stacks")
    await page.get_by_label("Reason").fill("We grew on pur")
    await other.get_by_role("button", name="Account: Emil").click()
    await other.get_by_role("button", name="Sign out").click()
    await expect(page.locator("#live-state")).to_have_text("Signed out", timeout=1000)
    house.requests.clear()
    await two_minutes(page)
    assert len(sockets) == 1
    assert [request for request in house.requests if "/live" in request[1]] == []
    await expect(page.get_by_label("Reason")).to_have_value("We grew on pur")
    await expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    await page.get_by_role("link", name="Sign in").click()
    await expect(page).to_have_url(f"{house.url}/login?next={path}")


async def test_one_announcement_in_ten_seconds(house: House) -> None:
    await house.report(size("web"))
    window = await house.window("Vera", "viewer")
    page = await window.new_page()
    await page.clock.install()
    await house.go(page, "/drifts")
    await page.evaluate("""() => {
        window.__said = []
        const note = () => window.__said.push(document.querySelector("#announcer").textContent)
        new MutationObserver(note).observe(document.querySelector("#announcer"), {childList: true})
    }""")
    for number in range(1, 4):
        await house.report(size(f"new{number}"))
        await expect(page.locator("#drifts-news")).to_have_text(f"{number} new - Show")
        await page.clock.run_for(300)
    assert len(await page.evaluate("window.__said")) == 1
    await page.clock.run_for(10_000)
    assert len(await page.evaluate("window.__said")) == 2


async def until(page: Page, said: str, seconds: int = 120, where: str = "#live-state") -> None:
    """Let the page's own clock run until its chip says what `said` matches; the server's goes on as ever."""
    for _ in range(seconds):
        if re.fullmatch(said, await page.locator(where).inner_text()):
            return
        await page.clock.run_for(1000)
        await asyncio.sleep(0.01)
    raise AssertionError(await page.locator(where).inner_text())


async def until_live(page: Page) -> None:
    """Let the page's clock run until it opens a socket, which has all the time that it needs: its own goes on slowly.

    A socket that was refused before may be told of only now; then there is a next one.
    """
    sockets, chip = sockets_of(page), page.locator("#live-state")
    for _ in range(120):
        await page.clock.run_for(500)
        await asyncio.sleep(0.01)
        patience = 2000 if sockets else 1
        sockets.clear()
        with contextlib.suppress(AssertionError):
            await expect(chip).to_have_text("Live", timeout=patience)
            return
    raise AssertionError(await chip.inner_text())


async def test_where_sockets_are_blocked_the_page_asks_and_comes_back_to_one(house: House) -> None:
    house.expect(*BLOCKED)
    await house.report(size("web"), size("db"))
    async with gate(house) as door:
        page = await (await house.window("Vera", "viewer")).new_page()
        await page.clock.install()
        await page.goto("/drifts")
        await until(page, "Polling", 15)
        await house.decide("aws_instance.web")
        await house.decide("aws_instance.db", by="Eva")
        await until(page, r"Needs decision\s+0", 70, ".tabs [aria-current]")
        await expect(page.locator(".state.approved")).to_have_count(2)
        await expect(page.locator("#nav-waiting")).to_be_hidden()
        await expect(page.locator("#live-state")).to_have_text("Polling")
        await expect(page.locator("#live-state")).to_have_attribute("title", re.compile("blocks the connection"))
        asked = len(asked_in(house))
        await page.clock.run_for(90_000)
        assert 2 <= len(asked_in(house)) - asked <= 3
        door.is_open = True
        await until_live(page)


def asked_in(house: House) -> list[str]:
    return [path for _, path in house.requests if path.startswith("/live/changes")]


async def test_a_page_that_only_asks_notices_that_it_is_signed_out(house: House) -> None:
    house.expect(*BLOCKED, "status 401")
    await house.report(size("web"))
    async with gate(house):
        page = await (await house.window("Vera", "viewer")).new_page()
        sockets = sockets_of(page)
        await page.clock.install()
        await page.goto("/drifts")
        await until(page, "Polling", 15)
        await page.context.clear_cookies()
        await until(page, "Signed out", 40)
        tries = len(sockets), len(house.requests)
        await two_minutes(page)
        assert (len(sockets), len(house.requests)) == tries
        await expect(page).to_have_url(f"{house.url}/drifts")


async def test_a_line_on_which_nothing_is_heard_is_given_up(house: House) -> None:
    house.expect(*BLOCKED)
    await house.report(size("web"))
    async with gate(house) as door:
        door.is_open = True
        page = await (await house.window("Vera", "viewer")).new_page()
        await page.clock.install()
        await house.go(page, "/drifts")
        door.is_stalled = True
        await house.decide("aws_instance.web")
        await until(page, r"Reconnecting( in \d+ s)?", 65)
        door.is_stalled = False
        await until_live(page)
        await expect(page.locator(".row")).to_contain_text("Approved")


async def test_the_longer_a_server_is_away_the_rarer_it_is_asked(house: House) -> None:
    house.expect(*BLOCKED, "ERR_FAILED")
    await house.report(size("web"))
    async with gate(house) as door:
        page = await (await house.window("Vera", "viewer")).new_page()
        await page.route("**/live/changes?*", lambda route: route.abort())
        sockets = sockets_of(page)
        await page.clock.install()
        await page.goto("/drifts")
        tries = []
        for seconds, step in ((10, 1), (90, 5), (60, 5)):
            for _ in range(seconds // step):
                await page.clock.run_for(step * 1000)
                await asyncio.sleep(0.02)
            tries.append(len(sockets))
        assert tries[0] >= 3, "a restart is over in seconds"
        assert 1 <= tries[2] - tries[1] <= 5
        chip = page.locator("#live-state")
        await until(page, r"Reconnecting in \d+ s")
        await expect(chip).to_have_attribute("title", re.compile("does not answer"))
        door.is_open = True
        await until_live(page)
        await expect(chip).to_have_attribute("title", re.compile("by themselves"))
