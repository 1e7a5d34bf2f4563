"""The list of calls while calls come, change and end."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.running import Server, ringlog

from .calls import BIDI, ESCAPED, Caller, call, line
from .conftest import Visit, Visits

pytestmark = pytest.mark.needs_chromium

HOSTILE = """<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>'"--></a>"""


@pytest.fixture
def caller(server: Server) -> Caller:
    return Caller(server)


def live(visit: Visit, caller: Caller, target: str = "/calls") -> Page:
    page = visit.log_in(target, caller.email, caller.key)
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    return page


def ids(page: Page) -> list[str]:
    return page.locator("tr.call").evaluate_all("rows => rows.map(row => row.dataset.id)")


def test_a_call_comes_changes_and_ends(visit: Visit, caller: Caller) -> None:
    caller.send(call("old"))
    page = live(visit, caller)
    page.mouse.move(0, 0)
    caller.send(call("new", 3, None, src="2025550155", application="menu", version="2"))
    row = page.locator("tr.call[data-id=new]")
    expect(row.locator(".from")).to_have_text("2025550155")
    expect(row.locator(".app")).to_have_text("menu 2")
    assert ids(page) == ["new", "old"]
    expect(page.get_by_role("status")).to_have_text("1 new call.")
    caller.send(line("new", "welcome", "prompt", 2))
    expect(row.locator(".err")).to_have_text("now: playing welcome")
    caller.send(line("new", "Missing prompt: welcome", "error", 1))
    expect(row.locator(".err")).to_have_text("1 error: Missing prompt: welcome")
    caller.send(line("new", "Ended", "event", 1, by="caller"), call("new", 3, 125))
    expect(row.locator(".dur")).to_have_text("2:05")
    assert visit.axe() == []
    shown = row.inner_html()
    page.reload()
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    assert page.locator("tr.call[data-id=new]").inner_html().split() == shown.split()


def test_a_long_line_is_cut_as_the_server_cuts_it(visit: Visit, caller: Caller) -> None:
    caller.send(call("old"))
    page = live(visit, caller)
    page.mouse.move(0, 0)
    caller.send(call("bad", 3), line("bad", "\U0001f4de" * 5_000, "error"))
    row = page.locator("tr.call[data-id=bad]")
    expect(row.locator(".err bdi")).to_have_text("\U0001f4de" * 300 + "…")
    shown = row.inner_html()
    page.reload()
    expect(page.get_by_role("button", name="Live")).to_be_visible()
    assert row.inner_html().split() == shown.split()


def test_nothing_moves_while_somebody_reads(visit: Visit, caller: Caller) -> None:
    caller.send(call("b", 100), call("a", 200))
    page = live(visit, caller)
    page.keyboard.press("j")
    caller.send(call("c", 50), call("d", 40))
    button = page.get_by_role("button", name="2 new calls ↑")
    expect(button).to_be_visible()
    assert ids(page) == ["b", "a"]
    visit.shoot("calls-new")
    button.click()
    assert ids(page) == ["d", "c", "b", "a"]
    expect(page.locator("tr.call[data-id=d] a")).to_be_focused()
    expect(button).to_be_hidden()


def test_only_what_the_filters_keep_comes_and_leaves(visit: Visit, caller: Caller) -> None:
    caller.send(call("runs", 20, None), call("also", 30, None))
    page = live(visit, caller, "/calls?state=running")
    page.mouse.move(0, 0)
    caller.send(call("done", 10), call("more", 5, None))
    expect(page.locator("tr.call[data-id=more]")).to_be_visible()
    assert ids(page) == ["more", "runs", "also"]
    caller.send(call("runs", 20))
    expect(page.locator("tr.call[data-id=runs]")).to_have_count(0)
    page.keyboard.press("j")
    caller.send(call("also", 30))
    expect(page.locator("tr.call.left[data-id=also]")).to_be_visible()


def test_a_list_without_calls_is_followed_and_emptied_again(visit: Visit, caller: Caller) -> None:
    caller.send(call("done"))
    page = live(visit, caller, "/calls?state=running")
    page.mouse.move(0, 0)
    expect(page.get_by_text("No calls match.")).to_be_visible()
    caller.send(call("runs", 5, None))
    expect(page.locator("tr.call[data-id=runs]")).to_be_visible()
    expect(page.locator("tr.day")).to_have_count(1)
    expect(page.get_by_text("No calls match.")).to_be_hidden()
    caller.send(call("runs", 5, 5))
    expect(page.get_by_text("No calls match.")).to_be_visible()
    expect(page.locator("#calls")).to_be_hidden()


def test_what_comes_never_runs(visit: Visit, caller: Caller) -> None:
    caller.send(call("old"))
    page = live(visit, caller)
    page.mouse.move(0, 0)
    caller.send(
        call(f"x/{HOSTILE}", 5, None, src=HOSTILE, dest="javascript:alert(1)", application=HOSTILE),
        {"session_id": f"x/{HOSTILE}", "version": HOSTILE},
        line(f"x/{HOSTILE}", HOSTILE + BIDI, "error", 4),
    )
    row = page.locator("tr.call").first
    for cell in ("from", "app", "err"):
        expect(row.locator(f".{cell} bdi").first).to_contain_text(HOSTILE)
    expect(row.locator(".err")).to_contain_text(ESCAPED)
    assert (row.locator("a").get_attribute("href") or "").startswith("/calls/x%2F%3Cimg%20")
    assert page.locator("main img, tbody script").count() == 0
    assert page.title() == "Calls · Ringlog"


def test_the_first_call_shows_by_itself(visit: Visit, caller: Caller) -> None:
    page = visit.log_in("/calls", caller.email, caller.key)
    expect(page.get_by_role("heading", name="Send your first call")).to_be_visible()
    expect(page.get_by_text("Waiting for the first call")).to_be_visible()
    assert visit.axe() == []
    visit.shoot("first")
    caller.send(call("one"))
    expect(page.locator("tr.call[data-id=one]")).to_be_visible()


def test_following_can_be_stopped_and_begun_again(visit: Visit, caller: Caller) -> None:
    caller.send(call("old"))
    page = live(visit, caller)
    page.get_by_role("button", name="Live").click()
    button = page.get_by_role("button", name="Paused")
    expect(button).to_have_attribute("aria-pressed", "false")
    caller.send(call("new", 5))
    button.click()
    page.keyboard.press("Escape")
    expect(page.get_by_text("1 new call ↑").or_(page.locator("tr.call[data-id=new]"))).to_be_visible()


def test_a_log_in_that_ends_says_so_and_leads_back(visit: Visit, caller: Caller) -> None:
    visit.expected.append("401")
    caller.send(call("old"))
    page = live(visit, caller, "/calls?state=completed")
    visit.context.clear_cookies()
    done = ringlog("account", "disable", caller.email, "--store", caller.server.store)
    assert done.returncode == 0, done.stderr
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("Your log-in has ended")
    assert visit.axe() == []
    done = ringlog("account", "enable", caller.email, "--store", caller.server.store)
    assert done.returncode == 0, done.stderr
    notice.get_by_role("link", name="Log in again").click()
    page.get_by_label("Email").fill(caller.email)
    page.get_by_label("Developer key").fill(caller.key)
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls?state=completed")


def test_a_server_that_comes_back_is_followed_again(visits: Visits, tmp_path: Path) -> None:
    with Server(tmp_path / "store") as server:
        caller = Caller(server)
        caller.send(call("old"))
        visit: Visit = visits(server=server)
        visit.expected.append("ERR_")
        page = live(visit, caller)
        page.mouse.move(0, 0)
        server.kill()
        expect(page.get_by_role("button", name="Reconnecting…")).to_be_visible()
        server.start()
        caller.send(call("new", 5))
        expect(page.locator("tr.call[data-id=new]")).to_be_visible()


TURN = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden === "hidden"});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_hidden_tabs_close_their_stream_so_that_many_stay_usable(visit: Visit, caller: Caller) -> None:
    """A browser allows six connections a host."""
    caller.send(call("old"))
    page = live(visit, caller)
    tabs = [page]
    for _ in range(8):
        tabs[-1].evaluate(TURN, "hidden")
        tabs.append(visit.context.new_page())
        tabs[-1].goto("/calls")
        expect(tabs[-1].get_by_role("button", name="Live")).to_be_visible()
    caller.send(call("new", 5))
    for tab in tabs[:2]:
        tab.evaluate(TURN, "visible")
        expect(tab.locator("tr.call[data-id=new]")).to_be_visible()
