"""What is known about the check that runs now, and how it becomes a result."""

from __future__ import annotations

import contextlib
import functools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from hypothesis.errors import Flaky, HypothesisException, Unsatisfiable

from visionspec_conformance.judge import Broken, Untestable, plain
from visionspec_conformance.report import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from visionspec.spec import Provenance, Rule
    from visionspec_conformance.report import Exchange
    from visionspec_conformance.target import Target


class Effort(NamedTuple):
    """How hard to look.

    Attributes:
        examples: generated for each check.
        seconds: after which a check generates no more.
        shrinks: whether it looks for the smallest example that fails.
    """

    examples: int
    seconds: float
    shrinks: bool = True


EFFORTS = {
    "least": Effort(5, 60.0, shrinks=False),  # enough where nobody reads what failed
    "quick": Effort(5, 10.0),
    "normal": Effort(25, 30.0),
    "deep": Effort(250, 300.0),
}


MISREAD = (LookupError, TypeError, AttributeError, ValueError, RecursionError)
"""What reading an answer raises that has another form than the check reads."""


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
                with self.understanding(target):
                    return inner(*args, **kwargs)
            except (Untestable, pytest.skip.Exception) as end:
                raise Leave(self.failure or end) from None

        return example

    @contextlib.contextmanager
    def understanding(self, target: Target | None) -> Iterator[None]:
        """Remember the failure that an exception of a check means, and raise it instead."""
        try:
            yield
        except Exception as error:
            failure = self.understood(error, target)
            if failure is None:
                raise
            self.fail(failure, target)
            raise failure from error

    def understood(self, error: BaseException | None, target: Target | None) -> AssertionError | None:
        """The failure that an exception of a check means; None if it means a fault of ours.

        A check reads answers as its rule describes them. Where one has another form, what Python raises is the
        finding, once something was answered.
        """
        if isinstance(error, AssertionError):
            return error
        misread = isinstance(error, MISREAD) and not isinstance(error, HypothesisException)
        if not misread or target is None or not any(one.response for one in target.exchanges):
            return None
        return Broken(
            "an answer whose fields have the form that the rule says",
            f"one that cannot be read so ({type(error).__name__}: {plain(str(error))})",
        )

    def begin_example(self, target: Target | None) -> None:
        """Count an example; leave if there is no time for it, with the last failure as it is."""
        if self.examples and time.monotonic() > self.deadline:
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


_OF_HYPOTHESIS = {
    "Unsatisfiable": "no request that was tried led to what this rule is about",
    "FlakyFailure": "the same requests are not answered the same way twice",
    "FlakyStrategyDefinition": "the same requests are not answered the same way twice",
}


def judge(rule: Rule, record: Record, error: BaseException | None) -> dict[str, Any]:
    """Outcome, reason, expected and actual of a check that ended with ``error``, as fields of a result."""
    if isinstance(error, Leave):
        error = error.error
    if isinstance(error, (Flaky, *MISREAD)) and record.failure is not None:
        if isinstance(error, Flaky):
            record.notes["not the same failure on every try"] = None
        error = record.failure
    if error is None:
        reason = "; ".join(record.notes)
        return {"outcome": "noted" if record.notes else "passed", "reason": reason}
    if isinstance(error, pytest.skip.Exception):
        return {"outcome": "skipped", "reason": str(error)}
    if isinstance(error, Untestable | Unsatisfiable | Flaky):
        return {"outcome": "untestable", "reason": _OF_HYPOTHESIS.get(type(error).__name__, str(error))}
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
