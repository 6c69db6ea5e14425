"""What is known about the check that runs now, and how it becomes a result."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from hypothesis.errors import Flaky, Unsatisfiable

from visionspec_conformance.judge import Broken, Untestable, plain
from visionspec_conformance.report import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec.spec import Provenance, Rule
    from visionspec_conformance.report import Exchange
    from visionspec_conformance.target import Target


class Effort(NamedTuple):
    """How hard to look: generated examples per check, and the time after which a check generates no more."""

    examples: int
    seconds: float


EFFORTS = {"quick": Effort(5, 10.0), "normal": Effort(25, 30.0), "deep": Effort(250, 300.0)}


class Leave(BaseException):
    """The check is over with ``error``; no Exception, so that Hypothesis neither catches nor shrinks it."""

    def __init__(self, error: BaseException | None) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class Record:
    """One check while it runs."""

    deadline: float
    started: float = field(default_factory=time.monotonic)
    examples: int = 0
    notes: dict[str, None] = field(default_factory=dict)  # an ordered set
    failure: AssertionError | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    requests_before: int = 0
    bytes_before: int = 0

    def watch(self, inner: Callable[..., Any], target: Target | None) -> Callable[..., Any]:
        """Run one generated example after the other, count them, keep the last that failed.

        Hypothesis runs the smallest failing example last, so the last is the one to report.
        """

        @functools.wraps(inner)
        def example(*args: Any, **kwargs: Any) -> Any:
            self.begin_example(target)
            try:
                return inner(*args, **kwargs)
            except AssertionError as failure:
                self.fail(failure, target)
                raise
            except (Untestable, pytest.skip.Exception) as end:
                raise Leave(self.failure or end) from None

        return example

    def begin_example(self, target: Target | None) -> None:
        """Count an example; leave if there is no time for it, with the last failure as it is."""
        if time.monotonic() > self.deadline:
            raise Leave(self.failure)
        if target is not None:
            target.begin_example()
        self.examples += 1

    def fail(self, failure: AssertionError, target: Target | None) -> None:
        """Remember a failure with what was said on the wire."""
        self.failure = failure
        own = failure.exchanges if isinstance(failure, Broken) else []
        self.exchanges = own or (list(target.exchanges) if target is not None else [])


def sources(rule: Rule) -> list[str]:
    """Where the sentence of a rule comes from, one line per place."""
    return [_source(place) for place in rule.provenance]


def _source(place: Provenance) -> str:
    document = f"{place.document}:{place.lines}" if place.document else ""
    fact = f"fact {place.fact}" if place.fact else ""
    return "; ".join(filter(None, [document, fact, place.source or ""]))


_OF_LEVEL: dict[Literal["MUST", "SHOULD", "MAY"], Outcome] = {
    "MUST": "failed",
    "SHOULD": "warned",
    "MAY": "noted",
}


def judge(rule: Rule, record: Record, error: BaseException | None) -> dict[str, Any]:
    """Outcome, reason, expected and actual of a check that ended with ``error``, as fields of a result."""
    if isinstance(error, Leave):
        error = error.error
    if isinstance(error, Flaky) and record.failure is not None:
        record.notes["not the same failure on every try"] = None
        error = record.failure
    if error is None:
        reason = "; ".join(record.notes)
        return {"outcome": "noted" if record.notes else "passed", "reason": reason}
    if isinstance(error, pytest.skip.Exception):
        return {"outcome": "skipped", "reason": str(error)}
    if isinstance(error, Untestable):
        return {"outcome": "untestable", "reason": str(error)}
    if isinstance(error, Unsatisfiable):
        return {"outcome": "untestable", "reason": "no request that was tried led to what this rule is about"}
    if isinstance(error, AssertionError):
        found = {"outcome": _OF_LEVEL[rule.level], "reason": "; ".join([str(error), *record.notes])}
        if isinstance(error, Broken):
            found |= {"expected": error.expected, "actual": error.actual}
        return found
    return {"outcome": "error", "reason": f"{type(error).__name__}: {plain(str(error))}"}


def result(
    *, check: str, area: str, rule: Rule, record: Record, error: BaseException | None, target: Target | None
) -> Result:
    """The result of a check."""
    verdict = judge(rule, record, error)
    broke = verdict["outcome"] not in {"passed", "skipped", "untestable"}
    exchanges = record.exchanges or (list(target.exchanges) if target is not None else [])
    return Result(
        check=check,
        area=area,
        rule=rule.id,
        level=rule.level,
        status=rule.status,
        text=rule.text,
        source=sources(rule),
        exchanges=exchanges if broke and error is not None else [],
        examples=record.examples or 1,
        requests=target.spent.requests - record.requests_before if target is not None else 0,
        sent_bytes=target.spent.sent_bytes - record.bytes_before if target is not None else 0,
        duration_s=round(time.monotonic() - record.started, 3),
        **verdict,
    )
