"""The client's end of the resumable upload, on the table of `visionspec.protocol.upload`.

After anything but the reply that the table foresees, the client asks how much the server has and goes on
there. Every request carries the next piece from that offset, the last one with ``finalize``. Where
all bytes arrived and only the reply was lost, the next piece is empty: the server repeats its final answer.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from visionspec.client.flows import (
    RETRIED,
    ConnectionLost,
    Flow,
    Read,
    Request,
    Sleep,
    backoff_s,
    call,
    json_body,
)
from visionspec.client.replies import api_error, parse, wait_s
from visionspec.errors import APIError, InvalidInput, TransportError, show
from visionspec.models.files import File, FileRequest, FileResponse
from visionspec.protocol.upload import (
    Command,
    Session,
    Verb,
    chunk_headers,
    parse_response,
    start_headers,
    step,
)
from visionspec.rules.media import sniff

if TYPE_CHECKING:
    from visionspec.client.response import Response
    from visionspec.client.settings import Settings
    from visionspec.client.source import Source

HEAD_BYTES = 4096  # more than any image format needs to be recognised

Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class UploadToken:
    """All that it takes to go on with an upload. Whoever has ``url`` can write to it: keep it like a key."""

    url: str = field(repr=False)
    size_bytes: int
    granularity_bytes: int


class UploadInterrupted(TransportError):
    """An upload broke off and can go on: ``client.resume_upload(error.token, source)``."""

    def __init__(self, message: str, token: UploadToken) -> None:
        super().__init__(message)
        self.token = token


class _Fault(Exception):
    """Something went wrong that asking the server can mend."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def description(*, mime_type: str | None, display_name: str | None, name: str | None) -> File:
    """What the start says of the file.

    Raises:
        InvalidInput: if the MIME type is none.
    """
    if mime_type is not None and not re.fullmatch(r"[!-~]+/[!-~][ -~]*", mime_type):
        raise InvalidInput(f"no MIME type: {show(mime_type)}", given=mime_type)
    if name is not None:
        name = f"files/{name.removeprefix('files/')}"
    return File(mime_type=mime_type, display_name=display_name, name=name)


def upload(
    settings: Settings, source: Source, file: File, *, chunk_bytes: int, progress: Progress | None
) -> Flow[File]:
    """Upload ``source`` as ``file`` describes it; a MIME type that is not given is looked up in the bytes.

    Raises:
        UploadInterrupted, APIError, TransportError: as `start_upload` and `send_file`.
    """
    if not file.mime_type:
        head: bytes = yield Read(source, 0, min(source.size_bytes, HEAD_BYTES))
        file = file.model_copy(update={"mime_type": mime_type_of(head, source.name)})
    token = yield from start_upload(settings, source, file)
    send = send_file(
        settings, token, source, session=_session(token, 0), chunk_bytes=chunk_bytes, progress=progress
    )
    return (yield from send)


def mime_type_of(head: bytes, name: str | None) -> str:
    """What the bytes say, else what the name says.

    Raises:
        InvalidInput: if neither says anything.
    """
    found = sniff(head) or (mimetypes.guess_type(name)[0] if name else None)
    if not found:
        raise InvalidInput(f"mime_type is needed: {name or 'the source'} begins with {show(head[:16])}")
    return found


def start_upload(settings: Settings, source: Source, file: File) -> Flow[UploadToken]:
    """Open a session. A start whose reply was lost is sent again, its session stays unused.

    Raises:
        TransportError: if the reply names no URL, or one that would give up TLS.
    """
    headers = {
        **settings.headers(),
        "Content-Type": "application/json",
        **start_headers(size_bytes=source.size_bytes, mime_type=file.mime_type or "", file_name=source.name),
    }
    body = json_body(FileRequest(file=file))
    response = yield from call(settings, Request("POST", settings.upload_url(), headers, body))
    said = parse_response(response.headers)
    url, schemes = said.url or "", ("https", settings.base_url.partition(":")[0])
    if url.partition("://")[0] not in schemes:
        raise TransportError(f"the start was answered without a usable X-Goog-Upload-URL: {show(said.url)}")
    return UploadToken(url, source.size_bytes, said.granularity_bytes or 1)


def send_file(
    settings: Settings,
    token: UploadToken,
    source: Source,
    *,
    session: Session | None = None,
    chunk_bytes: int,
    progress: Progress | None,
) -> Flow[File]:
    """Send what is missing until the file is final; ``session`` is None where it must be asked for.

    Raises:
        UploadInterrupted: if more attempts in a row than ``settings.retries`` brought nothing forward.
        APIError: if the server refuses for good.
    """
    if source.size_bytes != token.size_bytes:
        raise InvalidInput(f"the upload has {token.size_bytes} bytes, the source {source.size_bytes}")
    chunk_bytes = max(1, chunk_bytes // token.granularity_bytes) * token.granularity_bytes
    furthest, faults = 0, 0
    while True:
        try:
            if session is None:
                session, file = yield from _query(token)
            else:
                session, file = yield from _send_next(token, source, session, chunk_bytes)
        except _Fault as fault:
            session = None
            faults += 1
            if faults > settings.retries or (fault.wait_s or 0) > settings.max_wait_s:
                raise UploadInterrupted(f"the upload broke off: {fault}", token) from fault
            yield Sleep(backoff_s(faults - 1) if fault.wait_s is None else fault.wait_s)
            continue
        if session.received_bytes > furthest:
            furthest, faults = session.received_bytes, 0
        if progress:
            progress(session.received_bytes, token.size_bytes)
        if file:
            return file


def cancel_upload(settings: Settings, token: UploadToken) -> Flow[None]:
    """Cancel; an upload that is cancelled already is no error.

    Raises:
        APIError: if the upload is final, or there is none.
    """
    try:
        yield from call(settings, Request("POST", token.url, chunk_headers("cancel")))
    except APIError as error:
        if error.status != 410:
            raise


def _send_next(
    token: UploadToken, source: Source, session: Session, chunk_bytes: int
) -> Flow[tuple[Session, File | None]]:
    offset = session.received_bytes
    size = min(chunk_bytes, token.size_bytes - offset)
    data: bytes = yield Read(source, offset, size)
    verb: Verb = "upload, finalize" if offset + size == token.size_bytes else "upload"
    response = yield from _ask(token, chunk_headers(verb, offset_bytes=offset), data)
    foreseen, _ = step(session, Command(verb, offset, size))
    state = parse_response(response.headers).state
    if state != foreseen.state:
        raise _Fault(f"a chunk that makes the upload {foreseen.state} was answered with status {state}")
    return foreseen, _file(response, token) if state == "final" else None


def _query(token: UploadToken) -> Flow[tuple[Session, File | None]]:
    response = yield from _ask(token, chunk_headers("query"))
    said = parse_response(response.headers)
    if said.state == "active" and said.received_bytes is not None:
        if said.received_bytes > token.size_bytes:
            raise TransportError(f"the server has {said.received_bytes} bytes of {token.size_bytes}")
        return _session(token, said.received_bytes), None
    if said.state == "final":
        if said.received_bytes not in (None, token.size_bytes):
            raise TransportError(
                f"the upload is final with {said.received_bytes} bytes of {token.size_bytes}"
            )
        session = replace(_session(token, token.size_bytes), state="final")
        return session, _file(response, token) if response.body else None
    if said.state == "cancelled":
        raise APIError(410, "CANCELLED", "the upload was cancelled")
    raise _Fault(f"a query was answered with status {said.state}, {said.received_bytes} bytes received")


def _ask(token: UploadToken, headers: dict[str, str], body: bytes = b"") -> Flow[Response]:
    """One request to the upload's own URL, which takes no key."""
    try:
        response: Response = yield Request("POST", token.url, headers, body)
    except ConnectionLost as lost:
        raise _Fault(str(lost)) from lost
    if response.status == 200:
        return response
    error = api_error(response)
    if response.status in RETRIED or response.status == 409:
        raise _Fault(str(error), wait_s(response, error)) from error
    raise error


def _session(token: UploadToken, received_bytes: int) -> Session:
    return Session("active", received_bytes, token.size_bytes, token.granularity_bytes, token.size_bytes)


def _file(response: Response, token: UploadToken) -> File:
    file = parse(FileResponse, response.body).file
    if file.size_bytes not in (None, token.size_bytes):
        raise TransportError(f"{token.size_bytes} bytes were sent, {file.name} has {file.size_bytes}")
    return file
