"""The command line in process: `ringlog(…)` runs one command on a store of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ringlog.cli.main import run
from tests.cli import tour

Ringlog = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ringlog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ringlog:
    monkeypatch.setenv("RINGLOG_STORE", f"sqlite:{tmp_path / 'store'}")
    monkeypatch.delenv("RINGLOG_KEY", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)  # pytest-xdist gives its workers one

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(arguments)
        return code, *capfd.readouterr()

    assert call("account", "add", "ann@example.com")[0] == 0
    return call


@pytest.fixture
def told(ringlog: Ringlog, tmp_path: Path) -> Ringlog:
    (tmp_path / "tour.ndjson").write_bytes(tour.ndjson(tour.AGO_S))
    code, _, err = ringlog("import", str(tmp_path / "tour.ndjson"))
    assert (code, err) == (0, "105 entries imported, 0 known already.\n")
    return ringlog
