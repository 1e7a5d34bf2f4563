"""What a server's log says of a request that failed: a reason, or all that is known."""

from collections.abc import Iterator

import pytest
import structlog

from ringlog.cli.serving import log_to_stderr
from ringlog.errors import StoreDamaged, StoreFault, StoreFull


@pytest.fixture
def logging() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def said(error: Exception, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines, without their time: of an error that is being handled, and of one that is handed on."""
    log_to_stderr()
    log = structlog.get_logger()
    try:
        raise error
    except type(error):
        log.exception("an answer was cut")
    log.error("a request failed", exc_info=error)
    return [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("logging")
@pytest.mark.parametrize("error", [StoreDamaged("b.db is missing."), StoreFull()])
def test_a_fault_with_a_sentence_of_its_own_is_a_line(
    error: StoreFault, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(error, capsys) == [
        f'level=error event="an answer was cut" why="{error.message}"',
        f'level=error event="a request failed" why="{error.message}"',
    ]


@pytest.mark.usefixtures("logging")
@pytest.mark.parametrize("error", [StoreFault(), ValueError("x")])
def test_what_nobody_expected_has_its_traceback(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    cut, failed = said(error, capsys)
    for line in (cut, failed):
        assert "why=" not in line
        assert "Traceback" in line
        assert "raise error" in line
