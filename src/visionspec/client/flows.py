"""What the client does, without doing it: generators that yield a step and are sent its outcome.

A flow yields a `Request` and receives its `Response` (or has a `TransportError` thrown into it), a `Sleep`
and receives the monotonic clock's reading after it, or a `Read` and receives bytes. The sync and the async
driver carry the steps out; what to send, when to repeat it and what the answer means is decided here, once.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from visionspec.client.replies import api_error, parse, parse_chunk, wait_s
from visionspec.errors import APIError, InvalidInput, TransportError, show
from visionspec.models.files import File, ListFilesResponse
from visionspec.models.generate import (
    CountTokensRequest,
    CountTokensResponse,
    GenerateContentRequest,
    GenerateContentResponse,
    ListModelsResponse,
    Model,
)
from visionspec.models.interactions import CreateInteraction, Interaction
from visionspec.protocol import sse

if TYPE_CHECKING:
    from visionspec.client.response import Response
    from visionspec.client.settings import Settings
    from visionspec.client.source import Source

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

RETRIED = frozenset({408, 429, *range(500, 600)})
FIRST_WAIT_S = 0.5  # doubled with every retry up to LONGEST_WAIT_S: the delays that the official SDKs use
LONGEST_WAIT_S = 8.0
POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    ``stream``: the body of a success is left to be read as it comes. ``repeatable``: sending the request
    twice does no more than sending it once.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    stream: bool = False
    repeatable: bool = True


class Sleep(NamedTuple):
    """Wait, then tell the monotonic clock."""

    seconds: float


class Read(NamedTuple):
    """Read a piece of what is uploaded."""

    source: Source
    offset: int
    size: int


Step: TypeAlias = Request | Sleep | Read
Flow: TypeAlias = Generator[Step, Any, T]


class ConnectionLost(TransportError):
    """No response came. ``sent``: the server may have got the request."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


def backoff_s(attempt: int) -> float:
    """The wait after attempt number ``attempt``, counted from 0, failed."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**attempt)


def call(settings: Settings, request: Request) -> Flow[Response]:
    """Send ``request``, again where that can help, until a success comes.

    Raises:
        APIError: the last one, if it is none of those that pass, or asks to wait longer than ``max_wait_s``.
        TransportError: if the last attempt was lost, or one may have arrived and must not be repeated.
    """
    attempt = 0
    while True:
        wait: float | None
        try:
            response: Response = yield request
        except ConnectionLost as lost:
            if attempt >= settings.retries or (lost.sent and not request.repeatable):
                raise
            wait = None
        else:
            if 200 <= response.status < 300:
                return response
            error = api_error(response)
            wait = wait_s(response, error)
            if (
                attempt >= settings.retries
                or response.status not in RETRIED
                or (wait or 0) > settings.max_wait_s
            ):
                raise error
        yield Sleep(backoff_s(attempt) if wait is None else wait)
        attempt += 1


def _get(settings: Settings, path: str, model: type[M], **query: str | int | None) -> Flow[M]:
    response = yield from call(settings, Request("GET", settings.url(path, **query), settings.headers()))
    return parse(model, response.body)


def _post(
    settings: Settings, path: str, body: bytes, *, repeatable: bool, stream: bool = False, **query: str
) -> Flow[Response]:
    headers = {**settings.headers(), "Content-Type": "application/json"}
    if stream:
        headers["Accept"] = sse.MEDIA_TYPE
    request = Request(
        "POST", settings.url(path, **query), headers, body, stream=stream, repeatable=repeatable
    )
    return (yield from call(settings, request))


def json_body(message: BaseModel) -> bytes:
    """A wire model as JSON, without what is unset."""
    return message.model_dump_json(by_alias=True, exclude_none=True).encode()


# Files


def file_id(file: File | str) -> str:
    """The id of a file that is given as itself, as ``files/ID``, as ``ID`` or as its URI.

    Raises:
        InvalidInput: if it has none.
    """
    name = (file.name or file.uri or "") if isinstance(file, File) else file
    name = name.rpartition("files/")[2].partition(":")[0]
    if not name or "/" in name:
        raise InvalidInput(f"no name of a file: {show(file)}", given=file)
    return quote(name, safe="")


def get_file(settings: Settings, file: File | str) -> Flow[File]:
    return (yield from _get(settings, f"files/{file_id(file)}", File))


def list_files(
    settings: Settings, page_size: int | None, token: str | None
) -> Flow[tuple[list[File], str | None]]:
    page = yield from _get(settings, "files", ListFilesResponse, pageSize=page_size, pageToken=token)
    return page.files, _next_token(token, page.next_page_token)


def _next_token(token: str | None, found: str | None) -> str | None:
    if found and found == token:
        raise TransportError(f"the page with the token {show(token)} leads to itself")
    return found


def delete_file(settings: Settings, file: File | str) -> Flow[None]:
    yield from call(settings, Request("DELETE", settings.url(f"files/{file_id(file)}"), settings.headers()))


def wait_until_active(settings: Settings, file: File | str, timeout_s: float) -> Flow[File]:
    """Ask until the file is ACTIVE.

    Raises:
        APIError: if it is FAILED.
        TransportError: if it is neither after ``timeout_s``.
    """
    now: float = yield Sleep(0)
    end = now + timeout_s
    while True:
        seen = yield from get_file(settings, file)
        if seen.state == "ACTIVE":
            return seen
        if seen.state == "FAILED":
            why = (seen.error and seen.error.message) or "no reason given"
            raise APIError(400, "FAILED_PRECONDITION", f"{seen.name} is FAILED: {why}")
        if now >= end:
            raise TransportError(f"{seen.name} is still {seen.state} after {timeout_s} s")
        now = yield Sleep(min(POLL_S, end - now))


# Interactions


def interact(settings: Settings, request: CreateInteraction) -> Flow[Interaction]:
    response = yield from _post(settings, "interactions", json_body(request), repeatable=False)
    return parse(Interaction, response.body)


def stream_interaction(settings: Settings, request: CreateInteraction) -> Flow[Response]:
    body = json_body(request.model_copy(update={"stream": True}))
    return (yield from _post(settings, "interactions", body, repeatable=False, stream=True))


def resume_stream(settings: Settings, interaction_id: str, last_event_id: str | None) -> Flow[Response]:
    url = settings.url(_interaction(interaction_id), last_event_id=last_event_id, stream="true")
    headers = {**settings.headers(), "Accept": sse.MEDIA_TYPE}
    return (yield from call(settings, Request("GET", url, headers, stream=True)))


def get_interaction(
    settings: Settings, interaction_id: str, *, include_input: bool | None
) -> Flow[Interaction]:
    flag = None if include_input is None else str(include_input).lower()
    return (yield from _get(settings, _interaction(interaction_id), Interaction, include_input=flag))


def delete_interaction(settings: Settings, interaction_id: str) -> Flow[None]:
    url = settings.url(_interaction(interaction_id))
    yield from call(settings, Request("DELETE", url, settings.headers()))


def cancel_interaction(settings: Settings, interaction_id: str) -> Flow[Interaction]:
    response = yield from _post(settings, f"{_interaction(interaction_id)}/cancel", b"", repeatable=True)
    return parse(Interaction, response.body)


def _interaction(interaction_id: str) -> str:
    if not interaction_id:
        raise InvalidInput(
            "an interaction without an id: was it created with store=False?", given=interaction_id
        )
    return f"interactions/{quote(interaction_id, safe='')}"


# generateContent and models


def model_path(model: str) -> str:
    """``models/NAME`` for ``NAME``; ``models/NAME`` and ``tunedModels/NAME`` as they are."""
    kind, _, name = model.rpartition("/")
    if kind not in ("", "models", "tunedModels") or not name:
        raise InvalidInput(f"no name of a model: {show(model)}", given=model)
    return f"{kind or 'models'}/{quote(name, safe='')}"


def generate_content(
    settings: Settings, model: str, request: GenerateContentRequest
) -> Flow[GenerateContentResponse]:
    path = f"{model_path(model)}:generateContent"
    response = yield from _post(settings, path, json_body(request), repeatable=False)
    return parse(GenerateContentResponse, response.body)


def stream_generate_content(
    settings: Settings, model: str, request: GenerateContentRequest
) -> Flow[Response]:
    path = f"{model_path(model)}:streamGenerateContent"
    return (yield from _post(settings, path, json_body(request), repeatable=False, stream=True, alt="sse"))


def count_tokens(settings: Settings, model: str, request: CountTokensRequest) -> Flow[CountTokensResponse]:
    path = f"{model_path(model)}:countTokens"
    response = yield from _post(settings, path, json_body(request), repeatable=True)
    return parse(CountTokensResponse, response.body)


def list_models(
    settings: Settings, page_size: int | None, token: str | None
) -> Flow[tuple[list[Model], str | None]]:
    page = yield from _get(settings, "models", ListModelsResponse, pageSize=page_size, pageToken=token)
    return page.models, _next_token(token, page.next_page_token)


def get_model(settings: Settings, model: str) -> Flow[Model]:
    return (yield from _get(settings, model_path(model), Model))


# Streams


class Reader(Generic[M]):
    """Server-sent events to objects of the API; ``done`` after ``[DONE]``, whatever follows."""

    def __init__(self, model: type[M], response: Response) -> None:
        kind = response.headers.get("content-type", "")
        if not kind.lower().startswith(sse.MEDIA_TYPE):
            raise TransportError(f"a stream was asked for, {show(kind)} came")
        self.done = False
        self._model = model
        self._decoder = sse.Decoder()

    def feed(self, chunk: bytes) -> list[M]:
        """The objects that ``chunk`` completes."""
        return self._objects(self._decoder.feed(chunk))

    def close(self) -> list[M]:
        """The object that the stream ended in, if there is one."""
        return self._objects(self._decoder.close())

    def _objects(self, events: list[sse.ServerEvent]) -> list[M]:
        found: list[M] = []
        for event in events:
            self.done = self.done or event.data == sse.DONE
            if not self.done:
                found.append(parse_chunk(self._model, event.data))
        return found
