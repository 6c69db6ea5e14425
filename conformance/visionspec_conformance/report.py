"""What a run says: one JSON object per line, header first, a result per check, footer last.

A report without its footer is of a run that did not end. Everything else that a reader may want (terminal
summary, JUnit, HTML matrix) is a view of these events, in ``views/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, ValidationError

from visionspec.errors import InvalidInput, show

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FORMAT = 1

Outcome = Literal["passed", "failed", "warned", "noted", "skipped", "untestable", "error"]

FAILING: frozenset[Outcome] = frozenset({"failed", "untestable"})
"""Outcomes that make the thing judged fail; ``error`` is ours and has an exit code of its own."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Judged(_Strict):
    """What was judged."""

    kind: Literal["server", "client", "rules"]
    address: str = Field(description="URL of a server; command line of a client or adapter")
    settings: dict[str, Any] = Field(
        {}, description="what else the run was told: API version, model, seed ..."
    )


class Header(_Strict):
    """The first line."""

    event: Literal["header"] = "header"
    format: Literal[1] = 1
    suite: str = Field(description="version of the rules")
    judged: Judged
    started: str = Field(description="RFC 3339, UTC")
    checks: int | None = Field(
        description="number of results to come; null where nobody counted before the start"
    )
    tools: dict[str, str] = Field({}, description="versions of what the checks run on")


class Message(_Strict):
    """One side of an exchange. A body that is no text, or is long, is described instead of shown."""

    line: str = Field(description="'POST /v1beta/files' or '200 OK'")
    headers: list[tuple[str, str]] = []
    body: str = ""
    body_bytes: int = 0


class Exchange(_Strict):
    """A request and what came back; ``response`` is null where nothing did, and ``problem`` says why."""

    request: Message
    response: Message | None = None
    problem: str | None = None


class Result(_Strict):
    """One check of one rule."""

    event: Literal["result"] = "result"
    check: str = Field(description="FILE::TEST below the suite, with the parameters of the test")
    area: str
    rule: str
    level: Literal["MUST", "SHOULD", "MAY"]
    status: Literal["documented", "observed", "inferred", "tentative"]
    text: str = Field(description="the rule's sentence")
    source: list[str] = Field([], description="where the sentence comes from")
    outcome: Outcome
    reason: str = Field("", description="why it failed, was skipped, could not be tested; what was noted")
    expected: str | None = None
    actual: str | None = None
    exchanges: list[Exchange] = Field([], description="of the smallest failing example, in order")
    repeat: str = Field("", description="a command that repeats this check")
    known: bool = Field(default=False, description="a failure that the baseline names")
    examples: int = Field(0, description="number of generated examples")
    requests: int = 0
    sent_bytes: int = 0
    duration_s: float = 0.0


class Tally(_Strict):
    """Rules of one status: how many were decided, how many of them were kept."""

    decided: int
    kept: int


class Footer(_Strict):
    """The last line."""

    event: Literal["footer"] = "footer"
    outcomes: dict[Outcome, int]
    rules: dict[str, Tally] = Field(description="by the status of the rule: documented, observed ...")
    stale: list[str] = Field([], description="checks that the baseline names and that did not fail")
    unmet: list[str] = Field([], description="required rules that were not decided, or not kept")
    requests: int
    sent_bytes: int
    duration_s: float
    exit_code: Literal[0, 1, 2]


class ReportLine(RootModel[Annotated[Header | Result | Footer, Field(discriminator="event")]]):
    """Any line of a report."""


REPORT_MODEL = ReportLine

Event = Header | Result | Footer


def to_line(event: Event) -> str:
    """One event as a line, without its line end."""
    return event.model_dump_json()


def read(path: Path) -> tuple[Header, list[Result], Footer | None]:
    """Read a report back; the footer is None if the run did not end.

    Raises:
        InvalidInput: if a line is no event, or the first is no header.
    """
    header: Header | None = None
    results: list[Result] = []
    footer: Footer | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            event = ReportLine.model_validate_json(line).root
        except ValidationError as error:
            first = error.errors(include_url=False)[0]["msg"]
            raise InvalidInput(f"{path}:{number}: no event of a report: {first}: {show(line)}") from error
        if isinstance(event, Header):
            header = event
        elif isinstance(event, Result):
            results.append(event)
        else:
            footer = event
    if header is None:
        raise InvalidInput(f"{path}: no header, so this is no report")
    return header, results, footer


def tally(results: Iterable[Result]) -> dict[str, Tally]:
    """By status of the rule: a rule is kept if no check of it failed, decided if one did not skip it."""
    verdicts: dict[str, dict[str, bool]] = {}
    for result in results:
        if result.outcome in {"skipped", "error"}:
            continue
        rules = verdicts.setdefault(result.status, {})
        kept = result.outcome in {"passed", "noted"}
        rules[result.rule] = rules.get(result.rule, True) and kept
    return {
        status: Tally(decided=len(rules), kept=sum(rules.values()))
        for status, rules in sorted(verdicts.items())
    }


def exit_code(results: Iterable[Result], wanting: Iterable[str] = ()) -> Literal[0, 1, 2]:
    """0: nothing failed; 1: the thing judged failed; 2: a fault of ours, or nothing was decided at all.

    ``wanting``: stale entries of the baseline and required rules that are not kept; one is enough to fail.
    """
    results = list(results)
    if any(result.outcome == "error" for result in results):
        return 2
    if any(result.outcome in FAILING and not result.known for result in results) or list(wanting):
        return 1
    return 0 if any(result.outcome != "skipped" for result in results) else 2
