"""State machines of Hypothesis against a server, counted and timed as `record.Record` does properties."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from visionspec_conformance.judge import Untestable
from visionspec_conformance.record import Leave

if TYPE_CHECKING:
    from visionspec_conformance.target import Target


class Machine(RuleBasedStateMachine):
    """One run of a machine against the server."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target
        if target.record is not None:
            target.record.begin_example(target)

    def teardown(self) -> None:
        """Bring things to their end, unless they have failed already; keep the failure for the report."""
        error = sys.exc_info()[1]
        if error is None:
            try:
                self.finish()
            except (Exception, pytest.skip.Exception) as late:
                self._judge(late)
                raise
        else:
            self._judge(error)

    def _judge(self, error: BaseException) -> None:
        record = self.target.record
        if record is None:
            return
        if isinstance(error, Untestable | pytest.skip.Exception):
            raise Leave(record.failure or error) from None
        if failure := record.understood(error, self.target):
            record.fail(failure, self.target)
            if failure is not error:
                raise failure from error

    def finish(self) -> None:
        """What must still be possible when no rule has been broken."""


def run(machine: type[Machine], target: Target) -> None:
    """Run a machine against the server."""
    run_state_machine_as_test(functools.partial(machine, target))  # type: ignore[arg-type]  # it is only called
