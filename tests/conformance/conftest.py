"""What a run of the negative controls says at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

CONTROL = "::test_the_broken_rule_is_caught_by_its_own_check["


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many of the negative controls were caught."""
    caught, missed = (
        sum(CONTROL in report.nodeid for report in terminalreporter.stats.get(outcome, []))
        for outcome in ("passed", "failed")
    )
    if caught + missed:
        terminalreporter.line(f"{caught} of {caught + missed} negative controls caught")
