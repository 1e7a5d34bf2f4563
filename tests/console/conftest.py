"""A real server with recorded calls in it, and Debian's Chromium looking at it.

What the page says to the console, a violation of its Content-Security-Policy or an error of its script fails
the test that meets it, unless it was announced: `visit.expected`.
"""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.playing import LAST, collector, replay
from tests.running import Server

ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "console"
"""Screenshots, to be looked at."""
SIZES = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 390, "height": 844}}
SCHEMES = ("light", "dark")
TIMEOUT_MS = 30_000
"""For a slow, busy machine; nothing waits so long where all is well."""

expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The first recording's calls are in it; others may be added, under ids of their own."""
    folder = tmp_path_factory.mktemp("console")
    with Server(folder / "store") as started:
        with replay("--speed", "0", "--end-ago", "60") as port, collector(started, port, folder / "spool"):
            started.wait_for("/v1/calls?limit=1000", lambda body: has_ended(body, LAST), 60)
        yield started


def has_ended(body: Any, session_id: str) -> bool:
    return any(call["session_id"] == session_id and call["end"] for call in body["calls"])


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[Server]:
    """Nobody has called yet."""
    with Server(tmp_path / "store") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while it runs, Playwright's event loop does, and no other test can have one."""
    with sync_playwright() as playwright:
        started = launched(playwright)
        yield started
        started.close()


def launched(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(
        executable_path="/usr/bin/chromium",
        args=["--no-sandbox", "--disable-dev-shm-usage"],  # in a container, as root
    )


class Visit:
    """One browser of one person at one server."""

    def __init__(self, browser: Browser, server: Server, **options: Any) -> None:
        self.server = server
        self.context: BrowserContext = browser.new_context(
            base_url=server.url,
            **{"viewport": SIZES["wide"], "timezone_id": "UTC", "locale": "en-GB", **options},
        )
        self.context.set_default_timeout(TIMEOUT_MS)
        self.expected: list[str] = []
        """Patterns of complaints that this test is about."""
        self.complaints: list[str] = []
        self.context.on("page", self._listen)
        self.page: Page = self.context.new_page()

    def _listen(self, page: Page) -> None:
        page.on("console", lambda message: self._hear(message.type, message.text, message.location["url"]))
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def _hear(self, kind: str, text: str, where: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text} ({where})")

    def log_in(self, target: str = "/calls", email: str = "", key: str = "") -> Page:
        """Opens the page, by way of the form."""
        self.page.goto(target)
        self.page.get_by_label("Email").fill(email or self.server.email)
        self.page.get_by_label("Developer key").fill(key or self.server.key)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(lambda url: "/login" not in url)
        return self.page

    def axe(self) -> list[str]:
        """What axe-core finds, one line each. The page's Content-Security-Policy does not hold it up."""
        self.page.evaluate(AXE)
        report = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']} ({one['impact']}): {one['help']}: {node['html'][:120]}"
            for one in report["violations"]
            for node in one["nodes"]
        ]

    def shoot(self, name: str) -> Path:
        """A screenshot of the whole page, kept in `artefacts/console`."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    def close(self) -> list[str]:
        """Ends it; returns the complaints that nobody announced."""
        self.context.close()
        return [c for c in self.complaints if not any(re.search(pattern, c) for pattern in self.expected)]


AXE = (files("axe_playwright_python") / "axe.min.js").read_text()


Visits = Callable[..., Visit]
"""Makes one, by default at the server with the recorded calls; options are those of a browser context."""


@pytest.fixture
def visits(browser: Browser, server: Server) -> Iterator[Visits]:
    """Makes visits: `visits(color_scheme="dark", java_script_enabled=False, server=…)`."""
    made: list[Visit] = []

    def make(server: Server = server, **options: Any) -> Visit:
        made.append(Visit(browser, server, **options))
        return made[-1]

    yield make
    complaints = [complaint for visit in made for complaint in visit.close()]
    assert not complaints, complaints


@pytest.fixture
def visit(visits: Visits) -> Visit:
    return visits()


@pytest.fixture(params=[(size, scheme) for size in SIZES for scheme in SCHEMES], ids="-".join)
def look(request: pytest.FixtureRequest, visits: Visits) -> tuple[Visit, str]:
    """A visit in each size and colour scheme, and their name, such as `narrow-dark`."""
    size, scheme = request.param
    return visits(viewport=SIZES[size], color_scheme=scheme), f"{size}-{scheme}"
