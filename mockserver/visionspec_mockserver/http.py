"""Bodies in, JSON out, and what is said when something is wrong: shared by all routes."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread
import pydantic_core
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from visionspec.errors import VisionSpecError, show
from visionspec.models.errors import CODES, NAMES
from visionspec_mockserver import violations
from visionspec_mockserver.journal import MOCK, header, note, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import URL
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from visionspec_mockserver.settings import Settings

Message = TypeVar("Message", bound=BaseModel)

JSON = "application/json; charset=UTF-8"
_JSON = JSON.encode()
_GZIP_FROM_BYTES = 1024
_GZIP_MAGIC = b"\x1f\x8b"
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_WHOLE = re.compile(r"-?[0-9]{1,10}")
_ACCEPTS_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)

# So much of a body that is too large is read and thrown away: a client that is cut off in the middle of
# sending sees a broken connection instead of the answer.
_DRAIN_BYTES = 256 * 1024 * 1024

# From this size on, mending a body takes long enough to keep others waiting.
_MEND_IN_THREAD_FROM_BYTES = 256 * 1024
_MAX_DEPTH = 200


class ApiFault(VisionSpecError):
    """What a route raises to refuse: rendered in the dialect of its path.

    Attributes:
        status: the HTTP status.
        name: the ``google.rpc.Code`` of the other dialect; None is the usual one of the status.
        code: the string code of interactions; None is the usual one of the status.
        details: the ``details`` of ``google.rpc.Status``.
        headers: more headers for the answer.
        rule: the rule of ``spec/rules`` that the request breaks, for the verdict.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        name: str | None = None,
        code: str | None = None,
        details: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        rule: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.name = name or NAMES.get(status, "UNKNOWN")
        self.code = code or CODES.get(status, self.name.lower())
        self.details = details or []
        self.headers = headers
        self.rule = rule

    def body(self, *, interactions: bool) -> dict[str, Any]:
        """The error as JSON; ``error`` is the first key, which is where the SDKs look in a stream."""
        if interactions:
            return {"error": {"message": self.message, "code": self.code}}
        error: dict[str, Any] = {"code": self.status, "message": self.message, "status": self.name}
        if self.details:
            error["details"] = self.details
        return {"error": error}


def is_interactions(request: Request) -> bool:
    """Whether the request is of the dialect with string codes."""
    parts = request.scope["path"].split("/", 3)
    return len(parts) > 2 and parts[2] == "interactions"


def fault_response(request: Request, fault: ApiFault) -> Response:
    """``fault`` as an answer, in the dialect of the request's path."""
    body: Any = fault.body(interactions=is_interactions(request))
    if request.scope["path"].endswith(":streamGenerateContent") and request.query_params.get("alt") != "sse":
        body = [body]  # a stream without events is an array, its errors too
    return json_response(request, body, status=fault.status, headers=fault.headers)


class Answer(Response):
    """A body that is there already, with its headers as they go over the wire."""

    def __init__(self, body: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.body = body
        self.status_code = status
        self.raw_headers = headers
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI calls it
        """Send it: of what Starlette does beside this, nothing is needed."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


def json_response(
    request: Request, payload: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """``payload`` as JSON, compressed where it is worth it and asked for."""
    body = payload if isinstance(payload, bytes) else pydantic_core.to_json(payload)
    sent = {b"content-type": _JSON}
    for name, value in headers.items() if headers else ():
        sent[name.lower().encode("latin-1")] = value.encode("latin-1")
    if len(body) >= _GZIP_FROM_BYTES:
        sent[b"vary"] = b"Accept-Encoding"
        if _ACCEPTS_GZIP.search(header(request.scope, b"accept-encoding")):
            sent[b"content-encoding"] = b"gzip"
            # not the gzip module: it writes the time into the header, and an answer should repeat to the byte
            packer = zlib.compressobj(level=4, wbits=31)
            body = packer.compress(body) + packer.flush()
    sent.setdefault(b"content-length", b"%d" % len(body))
    return Answer(body, status, list(sent.items()))


def asked_url(request: Request) -> URL:
    """The URL that the client asked, at a proxy if there is one: Python's SDK follows it as it stands."""
    said = {
        name: request.headers.get(f"x-forwarded-{name}", "").partition(",")[0] for name in ("host", "proto")
    }
    url = request.url.replace(scheme=said["proto"]) if said["proto"] in ("http", "https") else request.url
    return url.replace(netloc=said["host"]) if _HOST.fullmatch(said["host"]) else url


def origin(request: Request) -> str:
    """``scheme://host`` of the URL that the client asked."""
    url = asked_url(request)
    return f"{url.scheme}://{url.netloc}"


def settings_of(request: Request) -> Settings:
    """How the server was started that the request came to."""
    settings: Settings = request.scope[MOCK].settings
    return settings


def require_key(request: Request) -> None:
    """Let a request with a key in: as ``x-goog-api-key``, ``?key=`` or bearer token.

    Raises:
        ApiFault: if there is none, or none of those that the server was started with.
    """
    allowed = settings_of(request).api_keys
    own = header(request.scope, b"x-goog-api-key")
    if own and (not allowed or own in allowed):
        return
    scheme, _, token = header(request.scope, b"authorization").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else None
    keys = [key for key in (own, request.query_params.get("key"), bearer) if key]
    if keys and (not allowed or any(key in allowed for key in keys)):
        return
    if is_interactions(request):
        raise ApiFault(401, "API key not valid. Please pass a valid API key." if keys else _NO_KEY)
    if not keys:
        raise ApiFault(403, _NO_KEY)
    reason = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    locale = {
        "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
        "locale": "en-US",
        "message": "API key not valid. Please pass a valid API key.",
    }
    raise ApiFault(400, "API key not valid. Please pass a valid API key.", details=[reason, locale])


_NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API."
)


async def read_body(request: Request, *, limit_bytes: int) -> bytes:
    """The body, if it has at most ``limit_bytes``.

    Raises:
        ApiFault: 400, if it has more; the rest is read and thrown away first, within reason.
    """
    most_bytes = limit_bytes + _DRAIN_BYTES
    declared = header(request.scope, b"content-length")
    if declared.isdecimal() and int(declared) > most_bytes:
        raise _too_large(limit_bytes)
    receive = request.receive
    chunks: list[bytes] = []
    size_bytes, more = 0, True
    while more and size_bytes <= most_bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        chunks.append(message.get("body", b""))
        size_bytes += len(chunks[-1])
        if size_bytes > limit_bytes:
            chunks.clear()
    if size_bytes > limit_bytes:
        raise _too_large(limit_bytes)
    return b"".join(chunks)


def _too_large(limit_bytes: int) -> ApiFault:
    return ApiFault(
        400, f"Request payload size exceeds the limit: {limit_bytes} bytes.", rule="limits.inline-request"
    )


async def read_json(request: Request, *, limit_bytes: int | None = None) -> Any:
    """The body as JSON values; an empty one is an empty object.

    Strict JSON is parsed once. What is none is tried again as the real front end reads it, with the single
    quotes and trailing commas that the documents' own samples have.

    Raises:
        ApiFault: 400, if it is too large, or neither.
    """
    limit_bytes = settings_of(request).max_body_bytes if limit_bytes is None else limit_bytes
    body = await read_body(request, limit_bytes=limit_bytes)
    if body.startswith(_GZIP_MAGIC) and request.headers.get("content-encoding", "").lower() == "gzip":
        body = await anyio.to_thread.run_sync(_unpack, body, limit_bytes)
    try:
        return pydantic_core.from_json(body)
    except ValueError as error:
        if not body.strip():
            return {}
        reason = str(error)
    if len(body) < _MEND_IN_THREAD_FROM_BYTES:
        return _mend(body, reason)
    return await anyio.to_thread.run_sync(_mend, body, reason)


def _unpack(body: bytes, limit_bytes: int) -> bytes:
    """What was sent as gzip, if it has at most ``limit_bytes``."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise ApiFault(400, f"Invalid gzip payload received: {error}.") from None
    if len(unpacked) > limit_bytes:
        raise _too_large(limit_bytes)
    if not unpacker.eof:
        raise ApiFault(400, "Invalid gzip payload received: it breaks off.")
    return unpacked


def _mend(body: bytes, reason: str) -> Any:
    import pyjson5  # noqa: PLC0415 - only for bodies that are broken

    try:
        return pyjson5.decode(body.decode("utf-8-sig"), maxdepth=_MAX_DEPTH)
    except (pyjson5.Json5Exception, UnicodeDecodeError):
        message = f"Invalid JSON payload received. {reason[:1].upper()}{reason[1:]}."
        raise ApiFault(400, message, details=[violations.bad_request([("", message)])]) from None


async def read_message(request: Request, kind: type[Message]) -> Message:
    """The body as a message of ``kind``, its unknown fields refused by name.

    A lenient server drops those, and values that an enum does not have, and says so in its log.

    Raises:
        ApiFault: 400, naming every field that is wrong.
    """
    body = await read_json(request)
    if not isinstance(body, dict):
        said = 'Invalid JSON payload received. Unknown name "": Root element must be a message.'
        raise ApiFault(400, said, details=[violations.bad_request([("", said)])])
    tell(request.scope, "body", body)
    validator = kind.__pydantic_validator__  # model_validate looks at its arguments first, at every request
    try:
        message: Message = validator.validate_python(body, extra="forbid")
    except ValidationError as error:
        problems = error.errors(include_url=False)
        if settings_of(request).lenient and violations.tolerable(problems):
            note(request.scope, warnings=violations.sentences(problems, body))
            violations.drop(problems, body)
            return kind.model_validate(body, extra="ignore")
        if is_interactions(request):
            said, code = violations.interactions(problems, body)
            raise ApiFault(400, said, code=code) from None
        version = request.scope["path"].split("/", 2)[1]
        said, details = violations.protobuf(problems, body, version=version)
        raise ApiFault(400, said, details=details) from None
    return message


def page_query(request: Request) -> tuple[int | None, str | None]:
    """Size and token of the page that a list is asked for, in either spelling; what is empty is absent.

    Raises:
        ApiFault: 400, if the size is no number of 32 bits.
    """
    query = request.query_params
    size = query.get("pageSize") or query.get("page_size")
    token = query.get("pageToken") or query.get("page_token")
    if size and not (_WHOLE.fullmatch(size) and -(2**31) <= int(size) < 2**31):
        raise ApiFault(400, f"Invalid value at 'page_size' (TYPE_INT32), {show(size)}")
    return int(size) if size else None, token or None
