"""What a response means: an object of the API, an error of the API, or nothing that one can work with."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from visionspec.errors import APIError, TransportError, show
from visionspec.models.errors import error_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from visionspec.client.response import Response

M = TypeVar("M", bound=BaseModel)

MAX_MESSAGE_CHARS = 500  # of a body that is no JSON, such as a proxy's page


def parse(model: type[M], body: bytes | str) -> M:
    """Read ``body`` as ``model``.

    Raises:
        TransportError: if it is no JSON, or JSON of another kind.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise TransportError(
            f"no {model.__name__}: {first['msg']}{f' at {where}' if where else ''}: {show(body)}"
        ) from error


def parse_chunk(model: type[M], data: str) -> M:
    """Read one event of a stream. An interaction's error is an event, generateContent's ends the stream.

    Raises:
        APIError: if the event is the error of a generateContent stream.
        TransportError: if it is no JSON, or JSON of another kind.
    """
    body = _json(data) if data.lstrip().startswith('{"error"') else None
    if isinstance(body, dict) and "event_type" not in body:
        code = body["error"].get("code") if isinstance(body["error"], dict) else None
        raise _error(code if isinstance(code, int) else 500, body)
    return parse(model, data)


def api_error(response: Response) -> APIError:
    """The error that a response carries, in either dialect, as text, as a page of a proxy, or not at all."""
    body = _json(response.body)
    return _error(response.status, _text(response) if body is None else body)


def _error(status: int, body: object) -> APIError:
    code, message, details = error_fields(body, status=status)
    return APIError(status, code, message or "no message", details)


def _json(body: bytes | str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _text(response: Response) -> str:
    if 300 <= response.status < 400:
        return f"a redirect to {response.headers.get('location')!r}, which is not followed"
    text = response.body[: 64 * 1024].decode(errors="replace").strip()
    if text.startswith("<"):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.DOTALL | re.IGNORECASE)
        text = title.group(1).strip() if title else "a page instead of JSON"
    return text[:MAX_MESSAGE_CHARS]


def wait_s(response: Response, error: APIError) -> float | None:
    """How long the server asks to wait: ``retry-after-ms``, ``Retry-After`` or ``RetryInfo``."""
    milliseconds = _number(response.headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    after = response.headers.get("retry-after")
    seconds = _number(after)
    if seconds is None and after:
        seconds = _until(after, response.headers)
    if seconds is not None:
        return seconds
    for detail in error.details:
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
            return _number(str(detail.get("retryDelay", "")).removesuffix("s"))
    return None


def _until(date: str, headers: Mapping[str, str]) -> float | None:
    """A date counts from the ``Date`` of the same response: the server's clock, not ours."""
    try:
        passed = parsedate_to_datetime(date) - parsedate_to_datetime(headers["date"])
    except (KeyError, TypeError, ValueError):
        return None
    return max(0.0, passed.total_seconds())


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None
