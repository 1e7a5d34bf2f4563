"""The page of one call, in a real browser: why it failed, its timeline, what leads in and out."""

import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.running import Server, ringlog

from .conftest import TIMEOUT_MS, Visit, Visits
from .person import Person

pytestmark = pytest.mark.needs_chromium
expect.set_options(timeout=TIMEOUT_MS)

TOUR = "1795424645.40"
"""The menu, then the failure tour."""
AGENT = "1795424571.8"
"""An agent answers."""
NOW_S = int(time.time())


def at(session_id: str) -> str:
    return f"/calls/{quote(session_id, safe='')}"


def entry(session_id: str, n: int, line: str, kind: str = "event", **data: Any) -> dict[str, Any]:
    event = {"line": line, "data": {"module_type": "m", "result_variable": f"r{n % 3}", **data}}
    time_us = (NOW_S - 100) * 1_000_000 + n * 1000
    head = {"session_id": session_id, "source": "s", "seq": n, "time_us": time_us}
    return {**head, "event": event, "class": kind, "timestamp": time_us // 1_000_000}


def row(session_id: str, **more: Any) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "src": "1",
        "dest": "2",
        "start": NOW_S - 100,
        "end": NOW_S - 50,
        **more,
    }


def ingest(server: Server, records: list[Any]) -> None:
    for n in range(0, len(records), 5000):
        answer = server.ingest(records[n : n + 5000])
        assert answer.status == 200, answer.body


def texts(page: Page) -> list[str]:
    return page.locator("#rows .text").all_inner_texts()


def test_why_a_call_failed_is_seen_at_once(look: tuple[Visit, str]) -> None:
    visit, name = look
    page = visit.log_in(at(TOUR))
    first = page.locator(".verdict .first a")
    assert first.inner_text() == "Missing prompt: prompts/does-not-exist"
    box, size = first.bounding_box(), page.viewport_size
    assert box
    assert size
    assert box["y"] + box["height"] < size["height"] * 0.6
    assert page.locator(".verdict .where").inner_text() == "playback at ivr,200,4"
    assert "7 errors" in page.locator("#why").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visit.shoot(f"call-{name}")
    assert visit.axe() == []


def test_an_error_is_a_link_to_its_entry_and_has_a_link_of_its_own(visit: Visit) -> None:
    page = visit.log_in(at(TOUR))
    page.get_by_role("link", name="PJSIP/busy is busy").click()
    target = page.locator("#rows > :target")
    assert target.locator(".text").inner_text() == "PJSIP/busy is busy"
    assert target.locator("details").get_attribute("open") is not None
    permalink = target.locator(".perm").get_attribute("href")
    assert permalink
    page.goto(at(TOUR) + permalink)
    assert page.locator("#rows > :target .data").is_visible()
    assert "after" in page.locator("#rows > :target .data").inner_text()


def test_an_error_that_is_jumped_to_is_not_under_the_bar(visits: Visits) -> None:
    visit: Visit = visits(viewport={"width": 1280, "height": 600})
    page = visit.log_in(at(TOUR))
    page.locator(".verdict .first a").click()
    bar, line = page.locator(".tools").bounding_box(), page.locator("#rows > :target").bounding_box()
    assert bar
    assert line
    assert line["y"] >= bar["y"] + bar["height"]


def test_filters_work_at_once_and_are_in_the_address(visit: Visit) -> None:
    page = visit.log_in(at(TOUR))
    for name in ("Debug", "Events", "Info", "Prompts"):
        page.get_by_role("checkbox", name=name).uncheck()
    expect(page.locator("#rows .text")).to_have_count(7)
    assert "class=error" in page.url
    page.get_by_label("Leg").select_option("ghost")
    expect(page.locator("#rows .text")).to_have_count(1)
    page.reload()
    assert texts(page) == ["PJSIP/ghost is unreachable"]
    page.get_by_label("Leg").select_option("Caller")
    expect(page.locator("#rows .text")).to_have_count(3)


def test_without_scripts_it_shows_filters_and_opens_as_well(visits: Visits) -> None:
    visit: Visit = visits(java_script_enabled=False)
    page = visit.log_in(at(TOUR))
    assert page.locator(".verdict .first a").inner_text().startswith("Missing prompt")
    page.get_by_role("checkbox", name="Debug").uncheck()
    page.get_by_role("button", name="Apply").click()
    assert "TRIES = 0" not in texts(page)
    summary = page.locator("#rows .c-input summary")
    summary.click()
    assert page.locator("#rows .c-input .data").is_visible()
    page.get_by_text("Copy as curl").first.click()
    command = page.locator(".curl pre").first.inner_text()
    assert command == f"curl -u {visit.server.email} {visit.server.url}/api/call/{TOUR}"
    assert not page.locator("#follow").is_visible()


def test_a_loop_is_folded_and_opens_where_it_stands(visits: Visits, server: Server) -> None:
    said = ["set", "play", "nothing"]
    records = [entry("loop", n, f"{said[n % 3]} {n // 3}") for n in range(90)]
    ingest(server, [row("loop"), *records])
    for script in (True, False):
        visit: Visit = visits(java_script_enabled=script)
        page = visit.log_in(at("loop"))
        fold = page.locator("#rows .fold")
        assert "Same 3 steps × 28" in fold.inner_text()
        assert len(texts(page)) == 6
        fold.click()
        page.locator("#rows .text").nth(89).wait_for()
        assert texts(page)[3:6] == ["set 1", "play 1", "nothing 1"]
        page.goto(at("loop") + "?at=44#e44")
        assert page.locator("#rows > :target").count() == 1
    page.goto(at("loop"))


def test_an_address_of_a_folded_entry_finds_it(visit: Visit, server: Server) -> None:
    ingest(
        server, [row("folded"), *(entry("folded", n, f"round {n}", result_variable="x") for n in range(50))]
    )
    page = visit.log_in(at("folded"))
    wanted = page.locator("#rows > li").first.get_attribute("id")
    assert wanted
    number = int(wanted[1:]) + 20
    page.goto(f"{at('folded')}#e{number}")
    page.wait_for_url(f"**?at={number}#e{number}")
    assert page.locator("#rows > :target .text").inner_text() == "round 20"


def test_20_000_entries_come_in_pages(visits: Visits, server: Server) -> None:
    words = ["anton", "berta", "caesar", "dora", "emil"]
    lines = [f"{words[n * n % 5]} {words[n % 3]}" for n in range(20_000)]
    records = [entry("long", n, line, "error" if n == 15_000 else "event") for n, line in enumerate(lines)]
    for record in records:
        record["event"]["data"]["result_variable"] = f"r{record['seq'] * 7919 % 10_007}"
    ingest(server, [row("long"), *records])
    visit: Visit = visits(java_script_enabled=False)
    page = visit.log_in(at("long"))
    assert "Page 1 of 80" in page.locator(".pages").inner_text()
    page.get_by_role("link", name="Next").click()
    assert texts(page)[0] == lines[250]
    page.get_by_role("link", name="Last").click()
    assert texts(page)[-1] == lines[-1]
    page.locator(".verdict .first a").click()
    assert page.locator("#rows > :target.c-error .text").inner_text() == lines[15_000]
    assert len(page.content()) < 400_000


@pytest.mark.parametrize(
    "session_id", ["a/b/../c", "50% off", "üben & 1", "q?x=1#y", "+1 2", "%2F", "-", "\u202ex"]
)
def test_any_id_has_a_page(visit: Visit, server: Server, session_id: str) -> None:
    ingest(server, [row(session_id), entry(session_id, 0, "here"), entry(session_id, 1, "there", "error")])
    page = visit.log_in(at(session_id))
    assert texts(page) == ["here", "there"]
    page.get_by_role("checkbox", name="Events").uncheck()
    expect(page.locator("#rows .text")).to_have_count(1)
    page.reload()
    assert texts(page) == ["there"]
    with page.expect_download() as download:
        page.get_by_role("link", name="NDJSON").first.click()
    assert json.loads(download.value.path().read_text().splitlines()[0])["session_id"] == session_id


def test_a_call_whose_details_are_gone_keeps_its_header(look: tuple[Visit, str], server: Server) -> None:
    visit, name = look
    start = NOW_S - 10 * 86_400
    ingest(
        server, [{**row("gone", application="email test", version="0.2"), "start": start, "end": start + 9}]
    )
    page = visit.log_in(at("gone"))
    assert page.get_by_role("heading", name="The details of this call are gone").is_visible()
    assert page.get_by_role("heading", level=1).inner_text().replace("\n", "") == "1→to2"
    assert "email test 0.2" in page.locator(".facts").inner_text()
    visit.shoot(f"gone-{name}")
    assert visit.axe() == []


def test_an_unknown_call_says_so(visit: Visit) -> None:
    visit.expected.append("404")
    page = visit.log_in(at("never was"))
    assert page.get_by_role("heading", level=1).inner_text() == "No such call."
    assert visit.axe() == []


def test_by_keyboard_alone(visit: Visit) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visit.log_in(at(TOUR))
    focused = "document.activeElement.closest('li')?.querySelector('.text')?.textContent"
    page.keyboard.press("j")
    assert str(page.evaluate(focused)).startswith("Executing application")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("e")
    assert page.evaluate(focused) == "Missing prompt: prompts/does-not-exist"
    page.keyboard.press("e")
    assert page.evaluate(focused) == "Command failed: /bin/false"
    page.keyboard.press("Enter")
    assert not page.locator("#rows li:has(:focus) .data").is_visible()
    page.keyboard.press("y")
    page.get_by_text("Copied.").wait_for(state="attached")
    copied = str(page.evaluate("navigator.clipboard.readText()"))
    page.goto(copied)
    assert page.locator("#rows > :target .text").inner_text() == "Command failed: /bin/false"
    page.keyboard.press("Escape")
    page.wait_for_url("**/calls")


HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "javascript:alert(3)",
    '"><svg onload=alert(4)>',
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u2066",
    "\u200b\u2060\ufeff",
    "\x1b[31mred\x1b]8;;http://x\x07",
    "a" * 60_000,
    "&lt;b&gt;",
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_logged_never_runs_nor_hides(visit: Visit, server: Server, hostile: str) -> None:
    short = hostile[:100]
    printable = short.translate(dict.fromkeys(range(32), "c"))
    session_id = printable + "hostile"
    named = {"src": short, "dest": short, "application": short, "version": short}
    first = entry(session_id, 0, hostile, "error", module_type=short, result_variable=short, **{short: short})
    leg = entry(session_id, 1, short, leg=short, state="ringing", member=short, by=short)
    other = {**entry(session_id, 2, "last", waits=1), "source": printable}
    ingest(server, [row(session_id, **named), first, leg, other])
    visit.context.on("page", lambda page: pytest.fail("opened"))
    page = visit.log_in(at(session_id))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for summary in page.locator("#rows summary").all():
        summary.click()
    page.get_by_label("Source").select_option(index=1)
    page.wait_for_load_state("networkidle")
    assert page.locator("main script, main img, main iframe, main [onerror], main [onload]").count() == 0
    links = page.eval_on_selector_all("a", "all => all.map(a => a.protocol)")
    assert set(links) == {"http:"}
    shown = str(page.evaluate("document.body.innerText + document.title"))
    assert not any(c in shown for c in "\u202e\u200b\u2060\ufeff\x1b\x07")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(page.content()) < 300_000
    visit.shoot(f"call-hostile-{HOSTILE.index(hostile)}")
    assert visit.axe() == []


def test_what_is_taken_away_is_what_programs_read(server: Server) -> None:
    person = Person(server)
    person.log_in()
    native = server.get(f"/api/call/{TOUR}", Accept="application/json")
    answer = person.get(f"/calls/{TOUR}?as=json")
    assert answer.body == native.body
    assert answer.headers["content-disposition"] == f'attachment; filename="{TOUR}.json"'
    assert person.get(f"/calls/{TOUR}?as=xml").body == server.get(f"/api/call/{TOUR}", Accept="text/xml").body
    exported = ringlog("export", "--session", TOUR, "--store", server.store, "--account", server.email)
    assert person.get(f"/calls/{TOUR}?as=ndjson").body.decode() == exported.stdout
    assert person.get(f"/calls/{TOUR}?as=csv").status == 400
    assert person.get("/calls/never-was?as=json").status == 404


@pytest.mark.parametrize("query", ["class=fatal", "at=x", "page=two", "open=%00", "as=csv", "source=%ff"])
def test_what_cannot_be_asked_is_one_sentence(server: Server, query: str) -> None:
    person = Person(server)
    person.log_in()
    answer = person.get(f"/calls/{TOUR}?{query}")
    assert answer.status == 400
    assert any(part in answer.body for part in (b" takes ", b" must be a whole number", b" is not UTF-8"))


@pytest.mark.parametrize(
    "query", ["page=9999", "page=-3", "at=-1", "open=7", "source=nobody", "leg=x", "unknown=1"]
)
def test_what_is_asked_beyond_what_there_is_has_its_plain_meaning(server: Server, query: str) -> None:
    person = Person(server)
    person.log_in()
    assert person.get(f"/calls/{TOUR}?{query}").status == 200


def test_a_call_of_another_account_is_none(server: Server) -> None:
    key = server.account("other-call@example.com")
    person = Person(server)
    person.log_in("other-call@example.com", key)
    assert person.get(f"/calls/{TOUR}").status == 404


def test_an_agent_has_a_lane_and_a_rail(visit: Visit) -> None:
    page = visit.log_in(at(AGENT))
    assert page.locator(".lanes li").all_inner_texts() == ["Caller", "agent"]
    assert "talking 2.8 s" in page.locator(".key").inner_text().replace("\n", " ")
    assert page.locator("#rows .leg .tag").first.inner_text() == "agent"
    visit.shoot("call-agent")


def test_a_call_is_opened_from_the_list_and_left_again(visit: Visit) -> None:
    page = visit.log_in("/calls?class=error")
    page.locator(f"tr[data-id='{TOUR}'] a").click()
    page.get_by_role("link", name="Missing prompt: prompts/does-not-exist").click()
    page.keyboard.press("Escape")
    page.wait_for_url("**/calls?class=error")


def test_sources_are_told_apart(visit: Visit, server: Server) -> None:
    other = {**entry("two", 1, "mail sent"), "source": "app@ivr1"}
    ingest(server, [row("two"), entry("two", 0, "first"), other, entry("two", 2, "last")])
    page = visit.log_in(at("two"))
    assert page.locator("#rows .src").all_inner_texts() == ["app@ivr1"]
    page.get_by_label("Source").select_option("app@ivr1")
    expect(page.locator("#rows .text")).to_have_text(["mail sent"])
    page.get_by_role("checkbox", name="Events").uncheck()
    expect(page.locator("#rows .text")).to_have_text(["mail sent"])  # none chosen is all


def test_nothing_that_matches_offers_the_way_back(visit: Visit) -> None:
    page = visit.log_in(f"{at(TOUR)}?source=nobody")
    page.get_by_role("link", name="Clear filters").click()
    assert len(texts(page)) == 36


def test_a_private_entry_says_that_it_is_one(visit: Visit, server: Server) -> None:
    pin = {**entry("pin", 0, "User input: 4321 (dtmf)", digits="4321"), "private": True}
    ingest(server, [row("pin"), pin])
    page = visit.log_in(at("pin"))
    page.locator("#rows summary").click()
    said = page.locator("#rows .c-input").inner_text()
    assert "User input: ••••" in said
    assert "private, not recorded" in said
    assert "4321" not in page.content()


def test_many_errors_are_counted_and_the_first_are_named(visits: Visits, server: Server) -> None:
    lines = [f"no {chr(97 + n)}" for n in range(20)]
    ingest(server, [row("broken"), *(entry("broken", n, line, "error") for n, line in enumerate(lines))])
    visit: Visit = visits(viewport={"width": 360, "height": 740})
    page = visit.log_in(at("broken"))
    assert "20 errors, the first at" in page.locator("#why").inner_text()
    assert page.locator(".verdict li").count() == 11
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="and 9 more").click()
    assert texts(page) == lines
