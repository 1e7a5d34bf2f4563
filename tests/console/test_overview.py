"""The overview, looked at with two recorded PBXs' calls in it, and with names that are hostile."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.running import Server

from .conftest import Visit, Visits

pytestmark = pytest.mark.needs_chromium

PATIENCE_S = 60


def sealed(visit: Visit, application: str) -> Visit:
    """Logged in, on the page of an application whose calls are all counted."""
    visit.log_in("/overview")
    deadline = time.monotonic() + PATIENCE_S
    while True:
        visit.page.goto(f"/overview?period=day&application={quote(application)}")
        flow = visit.page.get_by_role("region", name="Where callers leave")
        if flow.locator("tbody tr").count() and "not counted yet" not in flow.inner_text():
            return visit
        assert time.monotonic() < deadline


def cells(visit: Visit, caption: str) -> list[list[str]]:
    rows = visit.page.get_by_role("table", name=caption).locator("tbody tr")
    return [row.locator("th, td").all_inner_texts()[:4] for row in rows.all()]


def test_it_says_where_callers_leave(visit: Visit) -> None:
    sealed(visit, "email test")
    steps = {row[0]: row[1:] for row in cells(visit, "Steps of email test")}
    assert steps["start start"][0] == "14"
    assert steps["CHOICE read"][0] == "13"
    finding = visit.page.locator(".finding").inner_text()
    assert finding.startswith("Most callers leave in ")
    worst = visit.page.locator("tr.worst").inner_text()
    assert worst.split()[0] in finding
    assert visit.page.locator(".flow svg .node").count() >= 5
    assert visit.page.get_by_role("img", name="Where callers of email test go and leave").is_visible()


def test_an_error_leads_to_its_calls(visit: Visit) -> None:
    page = visit.log_in("/overview")
    link = page.get_by_role("link", name="Missing prompt: prompts/does-not-exist")
    asked = parse_qs(urlsplit(link.get_attribute("href") or "").query)
    assert asked["class"] == ["error"]
    assert asked["q"] == ["Missing prompt: prompts/does-not-exist"]
    link.click()
    page.wait_for_url("**/calls?*")
    assert page.locator("tr.call").count() == 2


def test_period_and_application_are_in_the_address_also_without_script(visits: Visits) -> None:
    visit = visits(java_script_enabled=False)
    page = visit.log_in("/overview")
    page.get_by_label("Period").select_option("days")
    page.get_by_label("Application").select_option("agent transfer")
    page.get_by_role("button", name="Show").first.click()
    page.wait_for_url("**/overview?*")
    assert parse_qs(urlsplit(page.url).query) == {"period": ["days"], "application": ["agent transfer"]}
    assert page.get_by_label("Application").input_value() == "agent transfer"


def test_a_period_that_is_none_is_a_sentence(visit: Visit) -> None:
    visit.expected.append("400")
    page = visit.log_in("/overview?period=century")
    assert page.get_by_text("period must be one of day, days, month.").is_visible()


def test_nothing_yet(visits: Visits, empty_server: Server) -> None:
    page = visits(server=empty_server).log_in("/overview")
    assert page.get_by_text("No calls in this period.").is_visible()
    assert page.get_by_text("Where callers leave").count() == 0


def test_it_looks_right(look: tuple[Visit, str]) -> None:
    visit, name = look
    sealed(visit, "email test")
    assert visit.axe() == []
    visit.shoot(f"overview-{name}")
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "\u202egnp.tra\u202c",
    "{{ 7*7 }}",
    "</title></svg><script>alert(1)</script>",
    "שלום עולם",
    "x" * 5000,
]


def hostile_call(n: int, now_s: int) -> dict[str, Any]:
    def entry(module: str, name: str, line: str, kind: str = "event", **data: str) -> dict[str, Any]:
        event = {"line": line, "data": {**data, "module_type": module, "result_variable": name}}
        return {"event": event, "class": kind, "timestamp": now_s}

    steps = [entry(bad, HOSTILE[-1 - n], bad) for n, bad in enumerate(HOSTILE)]
    failed = entry("say", "x", HOSTILE[n], "error")
    over = entry("exit", "hangup", "Disconnecting call", by="caller")
    row = {"session_id": f"hostile {n}", "start": now_s, "end": now_s, "application": HOSTILE[0]}
    return {**row, "detail": [*steps[: n + 1], failed, over]}


@pytest.fixture(scope="module")
def hostile_server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("hostile")
    with Server(folder / "store") as started:
        now_s = int(time.time()) - 60
        calls = [hostile_call(n, now_s) for n in range(len(HOSTILE))]
        calls.append({**hostile_call(0, now_s), "session_id": "long", "application": "y" * 1000})
        body = json.dumps({"calls": calls}).encode()
        assert started.request("POST", "/v1/ingest", body, {"Content-Type": "application/json"}).status == 200
        yield started


@pytest.mark.parametrize("size", [1280, 390])
def test_names_that_are_hostile(visits: Visits, hostile_server: Server, size: int) -> None:
    visit = visits(server=hostile_server, viewport={"width": size, "height": 900})
    visit.page.on("dialog", lambda dialog: visit.complaints.append(f"dialog: {dialog.message}"))
    sealed(visit, HOSTILE[0])
    page = visit.page
    page.goto("/overview")
    assert page.get_by_label("Application").input_value() == HOSTILE[0]
    assert page.locator("img[src=x]").count() == 0
    shown = page.locator("main").inner_text()
    for text in HOSTILE[:3]:
        assert text in shown
    assert "\u202e" not in page.content()
    assert r"\u202egnp.tra\u202c" in shown
    assert visit.axe() == []
    visit.shoot(f"overview-hostile-{size}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
