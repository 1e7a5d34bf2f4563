"""Real servers that every test of this room shares: each test has ids, or a window of time, of its own."""

from collections.abc import Iterator

import pytest

from tests.running import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("web") / "store") as started:
        yield started


@pytest.fixture(scope="session")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It keeps everything for ever, so payloads of 2018 can be read from it."""
    folder = tmp_path_factory.mktemp("web") / "store"
    with Server(folder, "--retention-days", "0", "--calls-days", "0") as started:
        yield started
