"""What every room's tests share: skips are said, and with CI=true they are failures."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SKIPS_ALLOWED_IN_CI: frozenset[str] = frozenset()
"""Marks that the README names with their reason; none so far."""

NEEDS = {
    "chromium": "Chromium is missing; add it with: apt-get install chromium",
    "curl": "curl is missing; add it with: apt-get install curl",
    "php": "php with curl is missing; add it with: apt-get install php-cli php-curl",
}


def pytest_configure(config: pytest.Config) -> None:
    for need, reason in NEEDS.items():
        config.addinivalue_line("markers", f"needs_{need}: skipped where {reason}")


def _has_php() -> bool:
    php = shutil.which("php")
    if not php:
        return False
    return "curl" in subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout.split()


HAS = {
    "chromium": lambda: Path("/usr/bin/chromium").exists(),
    "curl": lambda: shutil.which("curl") is not None,
    "php": _has_php,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for need, reason in NEEDS.items():
        needing = [item for item in items if item.get_closest_marker(f"needs_{need}")]
        if needing and not HAS[need]():
            for item in needing:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {report.longrepr[2].removeprefix("Skipped: ") for report in skipped if report.longrepr}
    for reason in sorted(reasons):
        terminalreporter.write_line(f"skipped: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or reporter is None or exitstatus != pytest.ExitCode.OK:
        return
    if any(not SKIPS_ALLOWED_IN_CI & set(report.keywords) for report in reporter.stats.get("skipped", [])):
        reporter.write_line("CI=true: a skip is a failure")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
