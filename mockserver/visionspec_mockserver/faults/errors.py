"""Errors as the service words and details them, as far as that was observed; the other sentences are ours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from visionspec_mockserver.http import ApiFault

if TYPE_CHECKING:
    from visionspec_mockserver.faults.models import Problem

_MESSAGES = {
    403: "The caller does not have permission",
    429: "Resource has been exhausted (e.g. check quota).",
    500: "An internal error has occurred. Please retry.",
    503: "The service is currently unavailable.",
    504: "The request timed out. Please try again.",
}
_METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
_HELP = {
    "@type": "type.googleapis.com/google.rpc.Help",
    "links": [
        {
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }
    ],
}


def failure(problem: Problem) -> ApiFault:
    """A planned error; what it leaves out is as usual for its status."""
    wait_s = problem.retry_after_s
    details: list[dict[str, Any]] = [*problem.details]
    if not details and problem.status == 429:
        details = [_quota(None, "PerMinute"), _HELP]
    if wait_s is not None:
        details.append(_retry(wait_s))
    return ApiFault(
        problem.status,
        problem.message or _MESSAGES.get(problem.status, "visionspec: this error is planned."),
        name=problem.name,
        code=problem.code,
        details=details,
        headers={**_after(wait_s), **problem.headers},
    )


def exhausted(wait_s: float, limit: int, span: str) -> ApiFault:
    """A quota that has no room until ``wait_s`` have passed."""
    return ApiFault(
        429,
        f"You exceeded your current quota. Quota exceeded for metric: {_METRIC}, limit: {limit}\n"
        f"Please retry in {wait_s:g}s.",
        details=[_quota(limit, span), _HELP, _retry(wait_s)],
        headers=_after(wait_s),
    )


def _quota(limit: int | None, span: str) -> dict[str, Any]:
    violation = {"quotaMetric": _METRIC, "quotaId": f"GenerateRequests{span}PerProjectPerModel-FreeTier"}
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [violation | ({"quotaValue": str(limit)} if limit is not None else {})],
    }


def _retry(wait_s: float) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait_s:g}s"}


def _after(wait_s: float | None) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(wait_s))} if wait_s is not None else {}
