"""A running call's page: what comes is seen, what stops is said."""

import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.playing import collector, replay
from tests.running import Server

from .conftest import TIMEOUT_MS, Visit, Visits
from .test_call import at, ingest, texts

pytestmark = pytest.mark.needs_chromium
expect.set_options(timeout=TIMEOUT_MS)


def running(session_id: str, **more: Any) -> dict[str, Any]:
    return {"session_id": session_id, "src": "1", "dest": "2", "start": int(time.time()), **more}


def now(
    session_id: str, seq: int, line: str, kind: str = "event", source: str = "s", **data: Any
) -> dict[str, Any]:
    time_us = time.time_ns() // 1000
    event = {"line": line, "data": {"module_type": "m", "result_variable": "r", **data}}
    head = {"session_id": session_id, "source": source, "seq": seq, "time_us": time_us}
    return {**head, "event": event, "class": kind, "timestamp": time_us // 1_000_000}


def test_a_running_call_is_followed_to_its_end(visit: Visit, server: Server) -> None:
    ingest(server, [running("live"), now("live", 0, "first")])
    page = visit.log_in(at("live"))
    follow = page.get_by_role("button", name="Following")
    follow.wait_for()
    page.locator("#rows summary").first.click()
    ingest(server, [now("live", 1, "answered", leg="PJSIP/agent", state="answered")])
    expect(page.locator("#rows .text")).to_have_text(["first", "answered"])
    assert page.locator("#rows .data").first.is_visible()
    expect(page.locator("#said")).to_contain_text("answered")
    expect(page.locator("#facts")).to_contain_text("talking")
    ingest(server, [now("live", 3, "broke", "error")])
    expect(page.locator(".verdict .first a")).to_have_text("broke")
    expect(page.locator("#said")).to_contain_text("Error at")
    late = now("live", 0, "came late", source="other")
    late["time_us"] -= 60_000_000
    late["timestamp"] -= 60
    ingest(server, [late])
    expect(page.locator("#rows .text")).to_have_text(["came late", "first", "answered", "broke"])
    visit.shoot("call-running")
    assert visit.axe() == []
    ingest(server, [{"session_id": "live", "end": int(time.time()) + 1}])
    expect(page.locator("#said")).to_contain_text("Call ended after")
    expect(page.locator("#follow")).to_have_count(0)
    expect(page.locator("#now-row")).to_have_count(0)


def test_a_running_calls_length_counts_from_the_second_it_began_in(visit: Visit, server: Server) -> None:
    start = int(time.time()) - 5
    first = {**now("counts", 0, "first"), "time_us": start * 1_000_000 + 900_000, "timestamp": start}
    ingest(server, [running("counts", start=start), first])
    page = visit.log_in(at("counts"))
    length = page.locator("[data-counts=minutes]")
    expect(length).not_to_have_text(length.inner_text())
    both = page.evaluate("[...document.querySelectorAll('[data-counts]')].map(one => one.textContent)")
    seconds, tenths = (float(said.removeprefix("0:")) for said in both)
    assert seconds == (round(tenths * 10) + 9) // 10


def test_following_stops_and_goes_on(visit: Visit, server: Server) -> None:
    ingest(server, [running("paused"), now("paused", 0, "first")])
    page = visit.log_in(at("paused"))
    page.get_by_role("button", name="Following").click()
    page.get_by_role("button", name="Follow", exact=True).wait_for()
    ingest(server, [now("paused", 1, "second")])
    with page.expect_response(lambda answer: "/follow" in answer.url):
        page.keyboard.press("f")
    expect(page.locator("#rows .text")).to_have_text(["first", "second"])


def test_many_entries_a_second_are_taken_together(visit: Visit, server: Server) -> None:
    ingest(server, [running("busy"), now("busy", 0, "first")])
    page = visit.log_in(at("busy"))
    page.get_by_role("button", name="Following").wait_for()
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(request.url) if request.url.endswith(at("busy")) else None
    )
    for n in range(1, 200):
        ingest(
            server,
            [
                now(
                    "busy",
                    n,
                    f"step {'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}",
                    result_variable=f"{n * n % 97}",
                )
            ],
        )
    expect(page.locator("#end")).to_contain_text("200 entries")
    assert len(asked) < 60


def test_a_page_that_lost_its_log_in_says_so(visits: Visits, server: Server) -> None:
    visit: Visit = visits()
    visit.expected.append("401")
    ingest(server, [running("out"), now("out", 0, "first")])
    page = visit.log_in(at("out"))
    page.get_by_role("button", name="Following").wait_for()
    other = visit.context.new_page()
    other.goto("/calls")
    other.get_by_role("button", name="Log out").click()
    page.get_by_role("alert").wait_for()
    assert "Log in again" in page.get_by_role("alert").inner_text()
    page.get_by_role("link", name="Log in again").click()
    page.get_by_label("Email").fill(server.email)
    page.get_by_label("Developer key").fill(server.key)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**" + at("out"))


def test_a_lost_server_is_said_and_nothing_is_missed(visits: Visits, tmp_path: Path) -> None:
    with Server(tmp_path / "store") as server:
        visit: Visit = visits(server=server)
        visit.expected.append("ERR_|Failed to load")
        ingest(server, [running("lost"), now("lost", 0, "first")])
        page = visit.log_in(at("lost"))
        page.get_by_role("button", name="Following").wait_for()
        server.kill()
        page.get_by_text("Reconnecting…").wait_for()
        server.start()
        ingest(server, [now("lost", 1, "second")])
        expect(page.locator("#rows .text")).to_have_text(["first", "second"])
        page.get_by_text("Following").wait_for()


def test_the_recorded_pbx_is_watched_while_it_plays(visits: Visits, tmp_path: Path) -> None:
    with (
        Server(tmp_path / "store") as server,
        replay("--speed", "4") as port,
        collector(server, port, tmp_path / "spool"),
    ):
        first = server.wait_for("/v1/calls", lambda body: body["calls"])["calls"][0]["session_id"]
        visit: Visit = visits(server=server)
        page = visit.log_in(at(first))
        expect(page.locator("#rows .text").last).to_have_text("Disconnecting call")
        assert "User input: 1 (dtmf)" in texts(page)
        expect(page.locator("#facts")).to_contain_text("by application")
        expect(page.locator("#follow")).to_have_count(0)
        page.goto("about:blank")  # before its server goes


def test_a_hidden_tab_holds_no_connection_and_catches_up(visit: Visit, server: Server) -> None:
    ingest(server, [running("hidden"), now("hidden", 0, "first")])
    page = visit.log_in(at("hidden"))
    page.get_by_role("button", name="Following").wait_for()
    with page.expect_event("requestfailed", lambda request: "/follow" in request.url):
        turned(page, hidden=True)
    ingest(server, [now("hidden", 1, "second")])
    turned(page, hidden=False)
    expect(page.locator("#rows .text")).to_have_text(["first", "second"])


def turned(page: Page, *, hidden: bool) -> None:
    """As if another tab lay over it, or no longer."""
    value = str(hidden).lower()
    page.evaluate(f"Object.defineProperty(document, 'hidden', {{ value: {value}, configurable: true }})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_nothing_moves_under_who_reads_and_new_entries_wait(visit: Visit, server: Server) -> None:
    first = [now("reading", n, f"step {chr(97 + n % 26)}", result_variable=f"r{n * n}") for n in range(60)]
    ingest(server, [running("reading"), *first])
    page = visit.log_in(at("reading"))
    page.get_by_role("button", name="Following").wait_for()
    ingest(server, [now("reading", n, f"new {n}", result_variable=f"n{n}") for n in range(60, 63)])
    button = page.get_by_role("button", name="3 new entries ↓")
    button.wait_for()
    assert page.evaluate("scrollY") == 0
    button.click()
    expect(page.locator("#rows .text").last).to_be_in_viewport()
    expect(button).to_be_hidden()
    ingest(server, [now("reading", 63, "the last one", result_variable="last")])
    expect(page.locator("#rows .text").last).to_have_text("the last one")
    expect(page.locator("#rows .text").last).to_be_in_viewport()
    expect(page.locator("#unseen")).to_be_hidden()
