"""Logging in and out, as a person with a browser does."""

import pytest

from .conftest import Visit

pytestmark = pytest.mark.needs_chromium


def test_a_log_in_leads_back_to_the_page_that_was_asked_for(visit: Visit) -> None:
    page = visit.log_in("/calls?state=failed")
    assert page.url == f"{visit.server.url}/calls?state=failed"
    assert page.get_by_role("heading", name="Calls", level=1).is_visible()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto("/calls")
    assert "/login" in page.url


def test_a_wrong_key_is_one_sentence(visit: Visit) -> None:
    visit.expected.append("401")
    visit.page.goto("/calls")
    visit.page.get_by_label("Email").fill(visit.server.email)
    visit.page.get_by_label("Developer key").fill("no such key")
    visit.page.get_by_role("button", name="Log in").click()
    alert = visit.page.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "This email and key do not fit together."
    assert visit.page.get_by_label("Email").input_value() == visit.server.email
    assert visit.axe() == []
    visit.page.get_by_label("Developer key").fill(visit.server.key)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/calls")


def test_it_looks_right(look: tuple[Visit, str]) -> None:
    visit, name = look
    visit.page.goto("/login")
    visit.shoot(f"login-{name}")
    assert visit.axe() == []
