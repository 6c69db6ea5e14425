"""The two error bodies: ``google.rpc.Status`` (generateContent, files, models) and interactions' own."""

from typing import Any

from visionspec.models.wire import Wire

NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    410: "FAILED_PRECONDITION",
    413: "INVALID_ARGUMENT",
    416: "OUT_OF_RANGE",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""HTTP status -> the usual ``google.rpc.Code`` name."""

CODES = {
    400: "invalid_request",
    401: "authentication",
    402: "payment_required",
    403: "permission_denied",
    404: "not_found",
    416: "out_of_range",
    429: "rate_limit_exceeded",
    500: "internal",
    503: "unavailable",
}
"""HTTP status -> the usual code of interactions."""


class Status(Wire):
    """``google.rpc.Status`` with the HTTP status as ``code``."""

    code: int
    message: str
    status: str
    details: list[dict[str, Any]] | None = None


class StatusResponse(Wire):
    """The error body of everything but interactions. The SDKs look for ``error`` as the first key."""

    error: Status


class InteractionError(Wire):
    message: str
    code: str


class InteractionErrorResponse(Wire):
    """The error body of interactions."""

    error: InteractionError


def error_fields(body: object, *, status: int) -> tuple[str, str, list[Any]]:
    """``(code, message, details)`` of a body in either dialect, in a list, in plain text, or in neither."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error", body) if isinstance(body, dict) else body
    fallback = NAMES.get(status, "UNKNOWN")
    if not isinstance(error, dict):
        return fallback, str(error), []
    code = error.get("status") or error.get("code") or fallback
    message = error.get("message") or error.get("detail") or ""
    details = error.get("details")
    return str(code), str(message), details if isinstance(details, list) else []
