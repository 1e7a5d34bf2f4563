"""The list of calls, as a person with a browser sees it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect

from tests.journeys.sealed import day_file, seal
from tests.running import Server

from .calls import BIDI, ESCAPED, NOW, Caller, call, line
from .conftest import Visit, Visits

pytestmark = pytest.mark.needs_chromium

HOSTILE = (
    """<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>'"--></a>{{7*7}}"""
)
FIRST_PAGE_BYTES = 100_000


@pytest.fixture
def caller(server: Server) -> Caller:
    return Caller(server)


def listed(page: Page) -> list[str]:
    return page.locator("tr.call").evaluate_all("rows => rows.map(row => row.dataset.id)")


def opened(visit: Visit, caller: Caller, target: str = "/calls") -> Page:
    return visit.log_in(target, caller.email, caller.key)


def test_calls_are_listed_newest_first_with_what_matters(visit: Visit) -> None:
    page = visit.log_in()
    starts = page.locator("tr.call").evaluate_all("rows => rows.map(row => Number(row.dataset.start))")
    assert starts == sorted(starts, reverse=True)
    row = page.locator("tr.call", has_text="2025550129")
    expect(row.locator(".err")).to_have_text("7 errors: Missing prompt: prompts/does-not-exist")
    expect(row.locator(".app")).to_have_text("email test 0.2")
    expect(row.locator(".dur")).to_have_text("0:10")
    expect(page.locator("tr.day").first).to_contain_text(", ")


def test_a_running_call_counts_up_and_says_what_it_does(visit: Visit, caller: Caller) -> None:
    caller.send(call("runs", 65, None), line("runs", "demo-congrats", "prompt", 2))
    page = opened(visit, caller)
    expect(page.locator("tr.call .err")).to_have_text("now: playing demo-congrats")
    count = page.locator(".count")
    before = count.inner_text()
    assert re.fullmatch(r"\d+:\d\d", before)
    expect(count).not_to_have_text(before)


def test_filters_are_in_the_address_and_apply_at_once(visit: Visit, caller: Caller) -> None:
    caller.send(
        call("good"), call("bad", application="menu"), line("bad", "it broke", "error"), call("runs", 5, None)
    )
    page = opened(visit, caller)
    page.get_by_label("State").select_option("failed")
    page.wait_for_url("**/calls?state=failed")
    assert listed(page) == ["bad"]
    page.get_by_role("link", name="Clear filters").click()
    page.wait_for_url("**/calls")
    assert listed(page) == ["runs", "bad", "good"]
    page.get_by_text("With errors").click()
    page.wait_for_url("**/calls?class=error")
    assert listed(page) == ["bad"]
    page.get_by_label("Period").select_option("hour")
    page.wait_for_url("**/calls?period=hour&class=error")
    page.get_by_label("Application").fill("menus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls?period=hour&application=menus&class=error")
    expect(page.get_by_text("No calls match. Clear filters.")).to_be_visible()
    page.get_by_role("link", name="Clear filters.").click()
    assert len(listed(page)) == 3


def test_a_number_is_searched_on_both_sides(visit: Visit, caller: Caller) -> None:
    caller.send(call("to", dest="2025550177"), call("from", src="+1 (202) 555-0177"), call("other"))
    page = opened(visit, caller)
    page.keyboard.press("/")
    page.keyboard.type("202-555-0177")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls?q=202-555-0177")
    assert set(listed(page)) == {"to", "from"}


def test_a_pasted_session_id_leads_to_its_call(visit: Visit) -> None:
    page = visit.log_in()
    page.get_by_label("Search").fill("1795424645.40 ")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/1795424645.40")
    expect(page.get_by_text("Missing prompt: prompts/does-not-exist").first).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_a_search_shows_the_line_it_found(visits: Visits, server: Server, script: bool) -> None:
    caller = Caller(server)
    hostile = f"needle {HOSTILE}{BIDI}"
    caller.send(
        call("plain", 40), line("plain", "welcome"), line("plain", "the Needle in a haystack"),
        call("bad", 50), line("bad", "it broke", "error"), line("bad", hostile),
        call("same", 60), line("same", "no needle there", "error"),
        call("far", 70), line("far", "straw " * 10_000 + "needle " + "straw " * 100),
        call("runs", 5, None), line("runs", "a needle was dialled"), line("runs", "welcome", "prompt", 1),
        call("other", 80), line("other", "welcome"),
    )  # fmt: skip
    page = opened(visits(java_script_enabled=script), caller, "/calls?q=needle")
    expect(page.get_by_role("columnheader", name="Line found")).to_be_visible()
    shown = {row: page.locator(f"tr[data-id={row}] .err") for row in listed_without_script(page)}
    assert set(shown) == {"plain", "bad", "same", "far", "runs"}
    expect(shown["plain"].locator("bdi")).to_have_text("the Needle in a haystack")
    expect(shown["same"]).to_have_text("1 error: no needle there")
    expect(shown["runs"].locator("bdi")).to_have_text("a needle was dialled")
    expect(shown["far"].locator("bdi")).to_contain_text("…raw straw straw needle straw")
    expect(shown["bad"].locator(".flag")).to_have_text("1")
    expect(shown["bad"].locator("bdi")).to_have_text(f"needle {HOSTILE}{ESCAPED}")
    assert page.locator("main img, tbody script").count() == 0
    assert page.title() == "Calls · Ringlog"
    expect(page.get_by_text("Not all calls could be searched")).to_have_count(0)


@pytest.mark.parametrize("script", [True, False])
def test_a_call_that_a_search_found_opens_at_the_line(visits: Visits, server: Server, script: bool) -> None:
    caller = Caller(server)
    rounds = [
        {**line("x", f"round {n}" if n != 200 else "round of needles"), "source": "s", "seq": n}
        for n in range(400)
    ]
    caller.send(call("x"), *rounds, line("x", "it broke", "error", ago_s=500))
    visit: Visit = visits(java_script_enabled=script)
    page = opened(visit, caller, "/calls?q=needles")
    page.locator("tr.call a").click()
    target = page.locator("#rows > :target")
    expect(target.locator(".text")).to_have_text("round of needles")
    expect(target).to_be_in_viewport()
    expect(target.locator(".data")).to_be_visible()
    page.go_back()
    page.goto("/calls")
    page.locator("tr.call a").click()
    expect(page).to_have_url(f"{caller.server.url}/calls/x")


@pytest.mark.parametrize("script", [True, False])
def test_a_search_that_was_cut_short_says_so(visits: Visits, tmp_path: Path, script: bool) -> None:
    with Server(tmp_path / "store") as server:
        caller = Caller(server)
        caller.send(call("old"), line("old", "a needle"))
        server.terminate()
        with ThreadPoolExecutor() as beside:  # in this thread Playwright's event loop runs
            assert beside.submit(seal, server).result() == 1
        day_file(server, NOW - 600).unlink()
        server.start()
        visit: Visit = visits(
            server=server, java_script_enabled=script, viewport={"width": 360, "height": 640}
        )
        page = opened(visit, caller, "/calls?q=needle")
        visit.shoot("found-cut-short")
        expect(page.get_by_text("Not all calls could be searched")).to_be_visible()
        expect(page.get_by_text("None was found. Clear filters.")).to_be_visible()


def listed_without_script(page: Page) -> list[str]:
    return [row.get_attribute("data-id") or "" for row in page.locator("tr.call").all()]


def test_the_keyboard_does_it_all(visit: Visit, caller: Caller) -> None:
    caller.send(call("a", 10), call("b", 20), call("c", 30), line("b", "it broke", "error"))
    page = opened(visit, caller)
    for key, at in (("j", "a"), ("j", "b"), ("j", "c"), ("j", "c"), ("k", "b")):
        page.keyboard.press(key)
        focused = page.evaluate("document.activeElement.closest('tr.call').dataset.id")
        assert focused == at
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/b")
    page.go_back()
    expect(page.locator("tr.call[data-id=b] a")).to_be_focused()
    page.keyboard.press("e")
    page.wait_for_url("**/calls?class=error")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("jek/")
    assert page.locator("#q").input_value() == "jek/"
    page.keyboard.press("Escape")
    expect(page.locator("#q")).not_to_be_focused()


def test_the_first_tab_skips_to_the_content(visit: Visit) -> None:
    page = visit.log_in()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_pages_by_cursor_and_back_to_where_one_was(visit: Visit, caller: Caller) -> None:
    caller.send(*(call(f"c{n:03}", 1000 + n) for n in range(120)))
    page = opened(visit, caller)
    seen = listed(page)
    for _ in range(2):
        page.get_by_role("link", name="Older").click()
        page.wait_for_url("**cursor=**")
        expect(page.locator(f"tr[data-id={seen[-1]}]")).to_have_count(0)
        seen += listed(page)
    assert seen == [f"c{n:03}" for n in range(120)]
    assert page.get_by_role("link", name="Older").count() == 0
    page.go_back()
    page.locator("tr[data-id=c090] a").click()
    page.wait_for_url("**/calls/c090")
    page.go_back()
    expect(page.locator("tr[data-id=c090] a")).to_be_focused()
    expect(page.locator("tr[data-id=c090] a")).to_be_in_viewport()
    page.get_by_role("link", name="Newest").click()
    page.wait_for_url("**/calls")


def test_without_script_it_logs_in_lists_filters_and_pages(visits: Visits, server: Server) -> None:
    caller = Caller(server)
    caller.send(*(call(f"c{n:03}", 1000 + n) for n in range(60)), line("c055", "it broke", "error"))
    visit: Visit = visits(java_script_enabled=False)
    page = opened(visit, caller)
    assert page.locator("tr.call").count() == 50
    expect(page.get_by_text("All times UTC")).to_be_visible()
    expect(page.locator("kbd").first).to_be_hidden()
    page.get_by_role("link", name="Older").click()
    assert page.locator("tr.call").count() == 10
    page.get_by_label("State").select_option("failed")
    page.get_by_role("button", name="Apply").click()
    assert page.locator("tr.call").count() == 1
    expect(page.locator("tr.call .err")).to_contain_text("it broke")
    page.get_by_role("button", name="Log out").click()
    assert page.url.endswith("/login")


def test_times_are_the_viewers_and_utc_on_demand(visits: Visits, server: Server) -> None:
    caller = Caller(server)
    caller.send(call("x"))
    visit: Visit = visits(timezone_id="Asia/Kathmandu")
    page = opened(visit, caller)
    start = page.locator("tr.call time")
    local, utc = (
        page.evaluate(
            "([s, zone]) => new Date(s).toLocaleTimeString('en-GB', {timeZone: zone})",
            [start.get_attribute("datetime"), zone],
        )
        for zone in ("Asia/Kathmandu", "UTC")
    )
    expect(start).to_have_text(local)
    page.get_by_role("button", name="Show UTC").click()
    expect(start).to_have_text(utc)
    page.reload()
    expect(start).to_have_text(utc)
    expect(page.locator("#zone")).to_contain_text("All times UTC")
    page.get_by_role("button", name="Show mine").click()
    expect(start).to_have_text(local)


def test_days_change_where_the_viewers_day_does(visits: Visits, server: Server) -> None:
    """Twenty-four calls an hour apart lie on two days everywhere, but the border is the zone's."""
    caller = Caller(server)
    caller.send(*(call(f"h{n:02}", 3600 * n) for n in range(24)))
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
        page = opened(visits(timezone_id=zone), caller)
        borders = page.locator("tbody tr").evaluate_all(
            """(rows, zone) => rows.map((row, n) => [row, rows[n + 1]]).filter(([row]) => row.matches('.day'))
                .map(([day, call]) => new Date(call.dataset.start * 1000)
                    .toLocaleDateString('en-GB', {timeZone: zone, day: 'numeric', month: 'long'}))""",
            zone,
        )
        headings = page.locator("tr.day").all_inner_texts()
        assert len(set(borders)) == len(headings)
        assert all(border in heading for border, heading in zip(borders, headings, strict=True))


@pytest.mark.parametrize("script", [True, False])
def test_what_is_logged_never_runs(visits: Visits, server: Server, script: bool) -> None:
    caller = Caller(server)
    hostile = f"x{HOSTILE}"
    caller.send(
        call(hostile, src=HOSTILE, dest="javascript:alert(1)", application=HOSTILE, version=HOSTILE),
        line(hostile, HOSTILE + BIDI, "error"),
        call("runs", 5, None), line("runs", HOSTILE + BIDI, "prompt", 4),
    )  # fmt: skip
    visit: Visit = visits(java_script_enabled=script)
    page = opened(visit, caller)
    assert page.title() == "Calls · Ringlog"
    assert page.locator("main img, tbody script").count() == 0
    row = page.locator("tr.call").nth(1)
    for cell in ("from", "app", "err"):
        expect(row.locator(f".{cell}")).to_contain_text(HOSTILE)
        assert row.locator(f".{cell} bdi").count() > 0
    expect(row.locator(".err")).to_contain_text(ESCAPED)
    expect(page.locator("tr.call .now")).to_contain_text(ESCAPED)
    assert row.locator("a").get_attribute("href").startswith("/calls/x%3Cimg%20")
    assert page.locator("a[href^='javascript']").count() == 0
    page.goto("/calls?application=" + HOSTILE.replace("#", "%23"))
    assert page.get_by_label("Application").input_value() == HOSTILE
    page.goto("/calls?q=" + HOSTILE)
    assert page.get_by_label("Search").input_value() == HOSTILE
    assert page.title() == "Calls · Ringlog"


def test_it_looks_right(look: tuple[Visit, str]) -> None:
    visit, name = look
    page = visit.log_in()
    visit.shoot(f"calls-{name}")
    assert visit.axe() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_was_found_looks_right(look: tuple[Visit, str]) -> None:
    visit, name = look
    page = visit.log_in("/calls?q=prompts+missing")
    expect(page.locator("tr.call").first).to_be_visible()
    visit.shoot(f"found-{name}")
    page.goto("/calls?q=dialling")
    visit.shoot(f"found-lines-{name}")
    assert visit.axe() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_is_wider_than_a_small_phone(visits: Visits) -> None:
    visit: Visit = visits(viewport={"width": 360, "height": 640})
    page = visit.log_in()
    visit.shoot("calls-360")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_what_is_long_is_cut(visits: Visits, server: Server, width: int) -> None:
    caller, long = Caller(server), "longer than any " * 15
    caller.send(call("x", src=long, dest=long, application=long, version=long), line("x", long * 9, "error"))
    caller.send(call("y", src="x" * 240, dest="y" * 240, application="z" * 240))
    caller.send(call("z", 9, None, src=long), line("z", long * 9, "prompt"))
    visit: Visit = visits(viewport={"width": width, "height": 800})
    page = opened(visit, caller)
    visit.shoot(f"calls-long-{width}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_page_is_small(visit: Visit, caller: Caller) -> None:
    application, error = (
        "a rather long name of an application",
        "an error that is explained at some length" * 2,
    )
    ids = [f"server-1;{n:03};1529552581" for n in range(60)]
    caller.send(*(call(one, n, application=application, version="1.2.3") for n, one in enumerate(ids)))
    caller.send(*(line(one, error, "error") for one in ids))
    page = opened(visit, caller)
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))  # noqa: PLW0108 - Playwright takes no built-in
    page.goto("/calls")
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    sizes = {one.url: len(one.body()) for one in responses if "/v1/follow" not in one.url}
    assert len(sizes) >= 6
    assert sum(sizes.values()) < FIRST_PAGE_BYTES, sizes


def test_a_violation_of_the_policy_fails_a_test(visit: Visit) -> None:
    visit.expected += ["script-src", "style-src"]
    page = visit.log_in()
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'owned = 1'}))"
    )
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert page.evaluate("typeof owned") == "undefined"
    page.wait_for_timeout(0)
    assert any("Content Security Policy" in complaint for complaint in visit.complaints)


def test_a_log_in_that_ended_leads_back(visit: Visit, caller: Caller) -> None:
    visit.expected.append("401")
    caller.send(call("a"))
    page = opened(visit, caller)
    visit.context.clear_cookies()
    page.get_by_label("State").select_option("completed")
    page.wait_for_url("**/login?next=**")
    page.get_by_label("Email").fill(caller.email)
    page.get_by_label("Developer key").fill(caller.key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls?state=completed")


def test_a_csv_is_what_is_filtered(visit: Visit, caller: Caller, tmp_path: Path) -> None:
    caller.send(call("a"), call("b"), line("b", "it broke", "error"))
    page = opened(visit, caller, "/calls?class=error")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    download.value.save_as(tmp_path / "calls.csv")
    text = (tmp_path / "calls.csv").read_text()
    assert len(text.splitlines()) == 2
    assert "it broke" in text
