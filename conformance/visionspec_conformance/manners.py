"""What an answer says beside its matter: come back later, go elsewhere, not with this key, no such house."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

BUSY = frozenset({429, 503})
"""Statuses that say nothing about the request: the same may be answered later."""

_REFUSED = (401, 403)
_SHOWN = 200


def asked_to_wait_s(response: httpx.Response, body: bytes) -> float | None:
    """Seconds to wait by Retry-After or RetryInfo; None if neither says anything."""
    after = response.headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    with contextlib.suppress(ValueError):
        date = parsedate_to_datetime(after)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    for detail in _details(body):
        delay = detail.get("retryDelay")
        with contextlib.suppress(ValueError):
            if isinstance(delay, str):
                return max(0.0, float(delay.removesuffix("s")))
    return None


def strange(where: str, response: httpx.Response, body: bytes) -> str | None:
    """Why this is no answer of the API to this key; None if it is one, if only an error."""
    status = response.status_code
    said = f"{status} {response.headers.get('content-type', '')} {_beginning(body)}".rstrip()
    if 300 <= status < 400:
        elsewhere = response.headers.get("location", "nowhere")
        return f"{where} redirects to {elsewhere}: give --url what it leads to"
    if status in _REFUSED or any(one.get("reason") == "API_KEY_INVALID" for one in _details(body)):
        return f"the key is refused, give another with --api-key: {where} is answered {said}"
    if "x-goog-upload-url" in response.headers or _json(body) is not None:
        return None
    return f"this is not the API, is --url right? {where} is answered {said}"


def _beginning(body: bytes) -> str:
    text = body[:_SHOWN].decode("utf-8", errors="replace")
    return repr(text) if text else "and no body"


def _details(body: bytes) -> list[dict[str, Any]]:
    found = _json(body)
    error = found.get("error") if isinstance(found, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []


def _json(body: bytes) -> Any:
    """A body as JSON; None if it is none, or null."""
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(body)
    return None
