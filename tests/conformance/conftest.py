"""What the tests of the suite share, and what a run of the negative controls says at its end."""

from __future__ import annotations

import pytest


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started is not measured: whole runs take three times as long then, and others cover the same lines."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many of the negative controls were caught, and how many by all and only the checks that should."""
    tried = [
        dict(report.user_properties)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call"
    ]
    caught, good = (
        [bool(one[name]) for one in tried if name in one] for name in ("control caught", "control good")
    )
    if caught:
        from visionspec_conformance import trial  # noqa: PLC0415 - most runs try none

        terminalreporter.line(trial.summary(tried=len(caught), caught=sum(caught), good=sum(good)))
