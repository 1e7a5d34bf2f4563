"""The reference of the API, as somebody without an account opens it, and somebody with a key tries it."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.running import Server
from tests.web.records import entry, row

from .conftest import Visit
from .person import Person

pytestmark = pytest.mark.needs_chromium

CALL = "for;the reference"
LOG = "get_api_call__session_id_"


def operation(page: Page, name: str) -> Locator:
    return page.locator(f".opblock[id$='-{name}']")


def opened(page: Page, name: str) -> Locator:
    found = operation(page, name)
    found.locator(".opblock-summary-control").click()
    return found


def authorize(page: Page, email: str, key: str) -> None:
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("Username").fill(email)
    page.get_by_label("Password").fill(key)
    page.get_by_label("Apply credentials").click()
    page.get_by_role("button", name="Close", exact=True).click()


def asked(found: Locator) -> Locator:
    """Sends the request; what came of it."""
    found.get_by_role("button", name="Execute").click()
    return found.locator(".live-responses-table .response").first


def test_a_request_is_sent_with_the_key_and_its_answer_is_shown(visit: Visit) -> None:
    visit.server.ingest([row(CALL), entry(CALL, line="Said for the reference")])
    page = visit.page
    page.goto("/docs")
    assert "/login" not in page.url
    authorize(page, visit.server.email, visit.server.key)
    found = opened(page, LOG)
    found.get_by_label("session_id", exact=True).fill(CALL)
    answer = asked(found)
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text("Said for the reference")
    assert visit.axe() == []
    expect(found.locator(".curl")).to_contain_text("curl")
    assert visit.server.authorization["Authorization"].removeprefix("Basic ") not in page.content()
    assert visit.server.key not in page.content()
    assert page.evaluate("JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"


def test_a_wrong_key_is_a_401_and_the_browser_asks_for_no_other(visit: Visit) -> None:
    visit.expected.append("401")
    visit.page.goto("/docs")
    authorize(visit.page, visit.server.email, "no such key")
    found = opened(visit.page, LOG)
    found.get_by_label("session_id", exact=True).fill(CALL)
    expect(asked(found).locator(".response-col_status")).to_contain_text("401")


def test_a_log_in_is_not_what_a_request_is_sent_with(visit: Visit) -> None:
    visit.expected.append("401")
    page = visit.log_in()
    page.goto("/docs")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    expect(asked(opened(page, "get_v1_calls")).locator(".response-col_status")).to_contain_text("401")


def test_a_copied_link_opens_the_same_request_without_the_key(visits: type[Visit]) -> None:
    first = visits(permissions=["clipboard-read", "clipboard-write"])
    first.page.goto("/docs?unknown=key")
    authorize(first.page, first.server.email, first.server.key)
    found = opened(first.page, "post_v1_ingest")
    found.get_by_label("session_id", exact=True).fill(CALL)
    found.get_by_label("Body").last.fill('{"any": "text & signs #?"}')
    found.get_by_role("button", name="Copy link").click()
    expect(found.get_by_role("button", name="Copied")).to_be_visible()
    link = first.page.evaluate("navigator.clipboard.readText()")
    assert first.page.url == link
    assert parse_qs(urlsplit(link).query) == {
        "session_id": [CALL],
        "body": ['{"any": "text & signs #?"}'],
        "content_type": ["application/x-ndjson"],
        "accept": ["application/json"],
    }

    second = visits()
    second.expected.append("401")
    second.page.goto(link)
    again = operation(second.page, "post_v1_ingest")
    expect(again.get_by_label("session_id", exact=True)).to_have_value(CALL)
    expect(again.get_by_label("Body").last).to_have_value('{"any": "text & signs #?"}')
    expect(asked(again).locator(".response-col_status")).to_contain_text("401")


@pytest.mark.parametrize("name", ["get_v1_follow", "get_v1_calls__session_id__follow"])
def test_a_stream_is_not_tried_and_says_how_it_is_watched(visit: Visit, name: str) -> None:
    visit.page.goto("/docs")
    found = opened(visit.page, name)
    expect(found.locator(".opblock-description")).to_contain_text("curl -N -u EMAIL SERVER/v1/")
    expect(found.get_by_text("Server-sent events.")).to_be_visible()
    assert found.get_by_role("button", name="Execute").count() == 0
    visit.shoot(f"docs-{name}")
    assert visit.axe() == []


def test_it_looks_right(look: tuple[Visit, str]) -> None:
    visit, name = look
    visit.page.goto(f"/docs?session_id=x#{LOG}")
    expect(operation(visit.page, LOG).get_by_label("session_id", exact=True)).to_have_value("x")
    visit.shoot(f"docs-{name}")
    assert visit.axe() == []
    visit.page.get_by_role("button", name="Authorize").click()
    visit.shoot(f"docs-key-{name}")
    assert visit.axe() == []


def test_the_guides_are_linked(visit: Visit) -> None:
    visit.expected.append("favicon")  # plain text names no icon of its own
    visit.page.goto("/docs")
    visit.page.get_by_role("link", name="Operating", exact=True).click()
    expect(visit.page.locator("body")).to_contain_text("# Operating Ringlog")


def test_it_answers_under_the_same_policy_as_every_page(server: Server) -> None:
    person = Person(server)
    policies = {
        person.get(path).headers["content-security-policy"] for path in ("/docs", "/login", "/docs/api.md")
    }
    assert len(policies) == 1
    assert "data:" not in policies.pop()
