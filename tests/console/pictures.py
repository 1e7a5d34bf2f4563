"""Takes the README's pictures: python -m tests.console.pictures"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.playing import LAST, collector, replay
from tests.running import Server

from .conftest import Visit, has_ended, launched

IMG = Path(__file__).parents[2] / "docs" / "img"
SIZE = {"width": 1280, "height": 800}
FAILED = "2025550129"
"""Who met the missing prompt."""


def main() -> None:
    IMG.mkdir(exist_ok=True)
    with TemporaryDirectory() as name, Server(Path(name) / "store") as server:
        with replay("--speed", "0", "--end-ago", "60") as port, collector(server, port, Path(name) / "spool"):
            server.wait_for("/v1/calls?limit=1000", lambda body: has_ended(body, LAST), 60)
        running(server)
        with sync_playwright() as playwright:
            visit = Visit(launched(playwright), server, viewport=SIZE)
            page = visit.log_in()
            page.get_by_role("button", name="Live").wait_for()
            page.screenshot(path=IMG / "calls.png")
            page.locator("tr.call", has_text=FAILED).get_by_role("link").click()
            page.locator("#rows").wait_for()
            page.screenshot(path=IMG / "call.png")
            assert not visit.close()


def running(server: Server) -> None:
    """A call that goes on."""
    now = int(time.time())
    row = {"session_id": "now", "src": "2025550132", "dest": "690", "start": now - 37}
    event = {"line": "demo-congrats", "data": {"module_type": "playback", "result_variable": "main,690,2"}}
    playing = {"session_id": "now", "event": event, "class": "prompt", "timestamp": now - 3}
    assert server.ingest([{**row, "application": "load test", "version": "1.0"}, playing]).status == 200


if __name__ == "__main__":
    main()
