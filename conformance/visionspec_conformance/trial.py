"""Negative controls, tried: each has to be noticed by its own checks and, related rules aside, by no other.

To run every check against every broken server would take half an hour. Most of it is spent on checks that
cannot notice anything: the break never does anything to what they say and hear. So the honest server is asked
once, by every check, and beside it each break is shown every call: a break that hands the call on as it came and
the answer back as it was has done nothing. Checks take their examples from a seed, so one for which a break does
nothing would say and hear the same of the broken server, and end the same; it is left out. What that
takes for granted is that no check leans on what another one left behind.
"""

from __future__ import annotations

import functools
import shlex
import sys
from typing import TYPE_CHECKING, NamedTuple

from visionspec_conformance import breaks
from visionspec_conformance.broken import Wrapped, serve
from visionspec_conformance.run import run_checks
from visionspec_mockserver import create_app

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from visionspec_conformance.broken import Answer, Break, Call, Control, Server
    from visionspec_conformance.report import Result
    from visionspec_conformance.run import Run

_LEAST = "--effort=least"


class Verdict(NamedTuple):
    """What became of a control.

    Attributes:
        control: what was broken.
        caught_by: those of its checks that noticed.
        missed: those that did not.
        related: rules that were declared related, and noticed too.
        stale: rules that were declared related, but did not notice.
        others: results of rules that have nothing to do with it, and noticed all the same.
        checks: how many checks were run.
    """

    control: Control
    caught_by: list[str]
    missed: list[str]
    related: list[str]
    stale: list[str]
    others: list[Result]
    checks: int

    @property
    def caught(self) -> bool:
        """Caught by every check that should."""
        return not self.missed

    @property
    def good(self) -> bool:
        """Caught by its own checks, and by all and only those that are said to be related."""
        return not (self.missed or self.stale or self.others)


class Honest(NamedTuple):
    """The honest server, asked by every check.

    Attributes:
        run: what the checks said.
        reached: for each control (rule and name), the ids of the checks for which its break did something.
    """

    run: Run
    reached: Mapping[tuple[str, str], frozenset[str]]


@functools.cache
def honest() -> Honest:
    """Ask the honest server once, and see beside it what each break would have done."""
    beside = _Beside()

    def ended(_: int | None, result: Result | None) -> None:
        if result is not None:
            beside.check_ended(result.check)

    with serve(Wrapped(create_app(), beside)) as url:
        run = run_checks("server", [f"--target-url={url}", _LEAST], progress=ended)
    return Honest(run, {key: frozenset(checks) for key, checks in beside.reached.items()})


class _Beside:
    """Every break at once, beside the honest server; what they answer, nobody hears."""

    def __init__(self) -> None:
        self._breaks: list[tuple[Control, Break]] = [
            (control, control.make()) for control in breaks.controls() if control.make
        ]
        self._now: set[tuple[str, str]] = set()
        self.reached: dict[tuple[str, str], set[str]] = {control.key: set() for control, _ in self._breaks}

    async def __call__(self, call: Call, server: Server) -> Answer:
        answer = await server(call)
        for control, break_ in self._breaks:
            if control.where(call) and await _does_something(break_, call, answer):
                self._now.add(control.key)
        return answer

    def check_ended(self, check: str) -> None:
        """What was said since the last check ended, this one said."""
        for key in self._now:
            self.reached[key].add(check)
        self._now.clear()


class _AskedOtherwise(Exception):
    """A break asked the honest server something else than it was asked."""


async def _does_something(break_: Break, call: Call, answer: Answer) -> bool:
    async def server(asked: Call) -> Answer:
        if asked != call:
            raise _AskedOtherwise
        return answer

    try:
        return await break_(call, server) != answer
    except Exception:  # noqa: BLE001 - whatever it is, an honest server does not do it
        return True


def try_control(control: Control, *, all_checks: bool = False) -> Verdict:
    """Run the checks against a server, or with a program, that is broken so.

    Args:
        control: what is broken.
        all_checks: run also those for which the break does nothing.
    """
    if control.make is None:
        run = _run_program(control)
    else:
        run = _run_server(control, None if all_checks else honest().reached[control.key])
    bad = [result for result in run.results if _is_caught(result)]
    own = {name_of(result) for result in bad if result.rule == control.rule}
    noticed = {result.rule for result in bad}
    return Verdict(
        control,
        caught_by=[name for name in control.checks if name in own],
        missed=[name for name in control.checks if name not in own],
        related=[rule for rule in control.related if rule in noticed],
        stale=[rule for rule in control.related if rule not in noticed],
        others=[one for one in bad if one.rule != control.rule and one.rule not in control.related],
        checks=len(run.results),
    )


def count(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many were tried, caught by all of their checks, and caught so that nothing is left to mend."""
    return {
        "tried": len(verdicts),
        "caught": sum(verdict.caught for verdict in verdicts),
        "good": sum(verdict.good for verdict in verdicts),
    }


def summary(*, tried: int, caught: int, good: int) -> str:
    """The same in a line."""
    return f"{caught} of {tried} negative controls caught, {good} by all and only the checks that should"


def _run_server(control: Control, checks: Collection[str] | None) -> Run:
    assert control.make is not None
    with serve(Wrapped(create_app(), control.make(), control.where)) as url:
        return run_checks("server", [f"--target-url={url}", _LEAST], checks=checks)


def _run_program(control: Control) -> Run:
    module = {"client": "clients", "rules": "adapters"}[control.kind]
    command = [sys.executable, "-m", f"{breaks.__name__}.{module}", control.name]
    faults = ["--faults"] if control.faults else []
    return run_checks(control.kind, [f"--target-command={shlex.join(command)}", *faults])


def _is_caught(result: Result) -> bool:
    """A broken MAY is noted with what was expected; a note of an allowed behaviour expects nothing."""
    return result.outcome in {"failed", "warned", "error"} or (
        result.outcome == "noted" and result.expected is not None
    )


def name_of(result: Result) -> str:
    """The name of a check's function."""
    return result.check.partition("::")[2].partition("[")[0]
