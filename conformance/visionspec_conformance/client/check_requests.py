"""What a client sends: its form, its images, its limits, and how it goes on after a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from visionspec_conformance.client.findings import demand_none
from visionspec_conformance.client.plans import ASKS
from visionspec_conformance.judge import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from visionspec_conformance.client.session import Run, Sent

# What the server's verdict can name, beside the rules of uploads and of pace.
OF_A_QUESTION = (
    "advice.base64-in-text",
    "advice.files-api",
    "advice.orientation",
    "advice.sharpness",
    "advice.text-order",
    "advice.tile-boundary",
    "files.not-active",
    "limits.image-count",
    "limits.image-count-1-0",
    "limits.inline-request",
    "limits.url-input-family",
    "limits.url-input-type",
    "media.complete",
    "media.corrupt",
    "media.declared-matches",
    "media.declared-type",
    "media.inline-base64",
    "media.refused-by-name",
    "media.supported-types",
    "media.truncated",
)
_INVALID, _MISSING = 400, 404


@pytest.mark.parametrize("rule_id", [pytest.param(one, marks=pytest.mark.rule(one)) for one in OF_A_QUESTION])
def test_no_question_breaks_it(runs: Sequence[Run], rule_id: str) -> None:
    if not any(one.operation in ASKS for run in runs for one in run.sent):
        pytest.skip("the client asked no model anything")
    demand_none(runs, rule_id)


@pytest.mark.rule("errors.valid-request")
def test_no_request_is_refused_for_its_form(runs: Sequence[Run], note: Callable[[str], None]) -> None:
    if runs[0].exit_code != 0:
        note(f"{runs[0].plan.name}: {runs[0].ended}")
    for run in runs:
        named = {one.n for one in run.findings if one.finding.level == "MUST"}
        refused = [one for one in run.sent if _is_invalid(one) and one.n not in named]
        if refused:
            first = refused[0]
            text = first.answer.body.decode("utf-8", "replace") if first.answer else ""
            failure = Broken(
                "requests of a form that the service takes",
                f"{len(refused)} refused, the first with {first.status}: {text[:400]} ({run.plan.name})",
            )
            failure.exchanges = run.shows(one.n for one in refused[:5])
            raise failure


@pytest.mark.rule("errors.back-off")
def test_a_client_waits_before_it_sends_again(runs: Sequence[Run], note: Callable[[str], None]) -> None:
    failed = [(run, one) for run in runs for one in run.sent if one.failed]
    if not failed:
        pytest.skip("no request failed: run with --faults")
    for run in runs:
        for said in _conduct(run):
            note(said)
    demand_none(runs, "errors.back-off")


def _is_invalid(one: Sent) -> bool:
    return one.status == _INVALID or (one.status == _MISSING and one.operation is None)


def _conduct(run: Run) -> Iterator[str]:
    """What the client did after the last failure of each kind of request."""
    for operation in dict.fromkeys(one.operation for one in run.sent if one.failed):
        at = [index for index, one in enumerate(run.sent) if one.operation == operation and one.failed]
        later = {one.operation for one in run.sent[at[-1] + 1 :]}
        if operation in later:
            done = "sent again"
        elif operation == "upload.chunk" and "upload.query" in later:
            done = "asked for with query"
        else:
            done = "given up" if len(at) == 1 else f"given up after {len(at)} failures"
        yield f"{run.plan.name}: {operation} {done}"
