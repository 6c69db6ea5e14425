"""Uploads: the resumable protocol, whose rules are `visionspec.protocol.upload`'s, and multipart."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from visionspec.errors import InvalidInput, UploadError, show
from visionspec.models.files import File, FileRequest, FileResponse
from visionspec.protocol.upload import (
    Command,
    Session,
    before_body,
    error_headers,
    parse_request,
    response_headers,
    step,
)
from visionspec.rules.limits import FILE_LIFETIME_S, MAX_PROJECT_BYTES, check_display_name, check_file_id
from visionspec.rules.media import sniff
from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault, asked_url, json_response, read_message, require_key
from visionspec_mockserver.journal import HEADERS, tell
from visionspec_mockserver.routes import ranges
from visionspec_mockserver.routes.files import OCTETS, fresh_id, missing, over_quota, to_wire, uri_of
from visionspec_mockserver.routes.multipart import Parts, boundary_of
from visionspec_mockserver.store.base import FileRecord, UploadRecord

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.types import Message

    from visionspec.protocol.upload import Plan, Reply
    from visionspec_mockserver.core import Mock
    from visionspec_mockserver.store.base import Content, Finish

# Of a multipart upload's first part; the largest possible file description has a few kilobytes.
_MAX_METADATA_BYTES: Final = 1024 * 1024

# The top-level types that IANA knows. "bad/mime_type" is the type that was observed to be refused (rule
# upload.refused-type), TIFF, which no model reads, one that was observed to be taken.
_TOP_LEVEL_TYPES: Final = frozenset(
    ["application", "audio", "font", "haptics", "image", "message", "model", "multipart", "text", "video"]
)


def routes(version: str) -> list[Route]:
    """The routes of one API version."""
    return [Route(f"/upload/{version}/files", _upload, methods=["POST", "PUT"])]


async def _upload(request: Request) -> Response:
    query, headers = request.query_params, request.headers
    try:
        if "upload_id" in query:
            reply = await _command(request, query["upload_id"])
        else:
            reply = await _way(headers.get("x-goog-upload-protocol"), query.get("uploadType"))(request)
        return ranges.say(request, reply) if ranges.spoken(request) else reply
    except UploadError as error:
        raise ApiFault(error.status, str(error)) from None
    except InvalidInput as error:
        raise ApiFault(400, str(error)) from None
    except (OSError, sqlite3.Error) as error:
        # Most likely the disk is full. Without a status the SDKs send the chunk again.
        raise ApiFault(500, f"visionspec: what was sent could not be stored: {error}") from error


def _read(request: Request) -> Command:
    return ranges.command(request) if ranges.spoken(request) else parse_request(request.headers)


async def _start(request: Request) -> Response:
    require_key(request)
    command = _read(request)
    declared = (await read_message(request, FileRequest)).file or File()
    if command.declared_bytes is None:
        command = replace(command, declared_bytes=declared.size_bytes)
    session, reply = step(Session(), command)
    if reply.error:
        raise reply.error
    upload = await _enter(mock_of(request), session, declared, command.mime_type or declared.mime_type)
    way = "uploadType" if ranges.spoken(request) else "upload_protocol"
    url = asked_url(request).replace(query=urlencode({"upload_id": upload.id, way: "resumable"}))
    return _bare(200, response_headers(session, url=str(url)))


async def _enter(mock: Mock, session: Session, declared: File, mime_type: str | None) -> UploadRecord:
    """Enter an upload, refusing at once what would be refused at its end."""
    file_id = await _file_id(mock, declared.name) if declared.name else None
    if declared.display_name:
        check_display_name(declared.display_name)
    size_bytes = session.declared_bytes or 0
    if size_bytes < 0:
        raise InvalidInput(f"a file of {size_bytes} bytes", rule="upload.start-body", given=size_bytes)
    if await mock.store.used_bytes() + size_bytes > MAX_PROJECT_BYTES:
        raise over_quota()
    upload = UploadRecord(
        id=mock.ids.upload_id(),
        session=session,
        create_time=mock.clock.now(),
        file_id=file_id,
        mime_type=_bare_type(mime_type),
        display_name=declared.display_name,
    )
    while not await mock.store.start_upload(upload):
        upload = replace(upload, id=mock.ids.upload_id())
    return upload


async def _file_id(mock: Mock, name: str) -> str:
    prefix, slash, file_id = name.partition("/")
    if (prefix, slash) != ("files", "/"):
        raise InvalidInput("a file's name is files/ID", rule="files.name", given=name)
    check_file_id(file_id)
    if await mock.store.file(file_id):
        raise _taken()
    return file_id


def _bare_type(mime_type: str | None) -> str | None:
    return (mime_type or "").partition(";")[0].strip().lower() or None


async def _command(request: Request, upload_id: str) -> Response:
    """A command to an upload. Its id is all the permission that there is: no key is asked for."""
    store, command = mock_of(request).store, _read(request)
    upload = await store.upload(upload_id)
    # An unknown upload is a new session, to which any command but start is none.
    session, asked = (upload.session, command) if upload else (Session(), Command("query"))
    try:
        plan = before_body(session, asked)
    except UploadError as error:
        raise ApiFault(error.status, str(error), headers=error_headers(session)) from None
    if command.uploads:
        return await _chunk(request, upload_id, command, plan, request.stream())
    upload, reply = await store.commit(upload_id, command, finish=_finisher(mock_of(request)))
    return await _answer(request, upload, reply)


async def _chunk(
    request: Request, upload_id: str, command: Command, plan: Plan, data: AsyncIterator[bytes]
) -> Response:
    mock, whole = mock_of(request), True
    async with mock.store.body(plan) as body:
        try:
            async for piece in data:
                if not await body.write(piece):
                    break
        except (ClientDisconnect, InvalidInput):  # the connection broke, or the part of a multipart body
            whole = False
        upload, reply = await mock.store.commit(
            upload_id, command, finish=_finisher(mock), body=body, whole=whole
        )
    return await _answer(request, upload, reply)


def _bare(status: int, headers: Mapping[str, str]) -> Response:
    """All is in the headers; an empty body of a type of its own is not taken for JSON."""
    return Response(status_code=status, headers=headers, media_type="text/plain")


async def _answer(request: Request, upload: UploadRecord | None, reply: Reply) -> Response:
    if reply.error:
        raise ApiFault(reply.status, str(reply.error), headers=reply.headers)
    if upload is None or not reply.with_file:
        return _bare(reply.status, reply.headers)
    if upload.error:
        error = upload.error
        raise ApiFault(
            error["code"],
            error["message"],
            name=error["status"],
            details=error.get("details"),
            headers=reply.headers,
        )
    file_id = upload.file_id or ""
    record = await mock_of(request).store.file(file_id)
    if record is None:
        raise missing(file_id)
    tell(request.scope, "file", record)
    return json_response(request, FileResponse(file=to_wire(record)).wire(), headers=reply.headers)


def _finisher(mock: Mock) -> Finish:
    """What is asked of an upload's bytes, once all are there."""

    def finish(upload: UploadRecord, content: Content) -> FileRecord | dict[str, Any]:
        mime_type = upload.mime_type or sniff(content.head) or OCTETS
        top_level, slash, subtype = mime_type.partition("/")
        if top_level not in _TOP_LEVEL_TYPES or not (slash and subtype):
            return _error(ApiFault(400, f"Unsupported MIME type: {mime_type}"))
        if content.used_bytes + content.size_bytes > MAX_PROJECT_BYTES:
            return _error(over_quota())
        if upload.file_id and content.taken(upload.file_id):
            return _error(_taken())
        file_id, now = upload.file_id or fresh_id(mock.ids, content.taken), mock.clock.now()
        return FileRecord(
            id=file_id,
            display_name=upload.display_name,
            mime_type=mime_type,
            size_bytes=content.size_bytes,
            sha256=content.sha256,
            create_time=now,
            ready_time=now + timedelta(seconds=mock.settings.processing_s),
            expiration_time=now + timedelta(seconds=FILE_LIFETIME_S),
            uri=uri_of(file_id),
            error=_failure(mock, mime_type, content.head),
        )

    return finish


def _failure(mock: Mock, mime_type: str, head: bytes) -> dict[str, Any] | None:
    """Why processing will fail, if it does. What is not processed is not looked into (rule files.content)."""
    if mock.settings.processing_s <= 0 or not mime_type.startswith("image/"):
        return None
    actual = sniff(head)
    if actual and actual.startswith("image/"):
        return None
    return {"code": 3, "message": f"visionspec: declared as {mime_type}, but the bytes are no image."}


def _taken() -> ApiFault:
    return ApiFault(409, "Requested entity already exists", name="ALREADY_EXISTS")


def _error(fault: ApiFault) -> dict[str, Any]:
    error: dict[str, Any] = fault.body(interactions=False)["error"]
    return error


async def _multipart(request: Request) -> Response:
    """The description of the file in one part, its bytes in the next, in one request."""
    require_key(request)
    parts = Parts(request.stream(), boundary_of(request.headers.get("content-type", "")))
    declared, part = File(), await parts.next()
    if part and part.get("content-type", "").lower().startswith("application/json"):
        declared = await _description(request, parts)
        part = await parts.next()
    if part is None:
        raise InvalidInput("a multipart upload without the part of the file's bytes", rule="upload.multipart")
    session, _ = step(Session(), Command("start"))
    mime_type = part.get("content-type") or declared.mime_type
    upload = await _enter(mock_of(request), session, declared, mime_type)
    command = Command("upload, finalize", offset_bytes=0, length_bytes=None)
    try:
        return await _chunk(request, upload.id, command, before_body(session, command), parts.data())
    except ApiFault as fault:
        # Nobody knows the URL of this upload, so nobody could go on with it.
        await mock_of(request).store.commit(upload.id, Command("cancel"), finish=_finisher(mock_of(request)))
        raise ApiFault(fault.status, fault.message, name=fault.name, details=fault.details) from None


def _way(*named: str | None) -> Callable[[Request], Awaitable[Response]]:
    """What begins an upload, by the first name that is given; all of them have to be known."""
    ways = {"resumable": _start, "multipart": _multipart}
    asked = [name.lower() for name in (*named, "resumable") if name]
    for name in asked:
        if name not in ways:
            raise InvalidInput(f"no way to upload: {show(name)}", rule="upload.multipart", given=name)
    return ways[asked[0]]


async def _description(request: Request, parts: Parts) -> File:
    body = bytearray()
    async for piece in parts.data():
        body += piece
        if len(body) > _MAX_METADATA_BYTES:
            raise InvalidInput(
                f"the file's description has more than {_MAX_METADATA_BYTES} bytes", rule="upload.multipart"
            )

    async def receive() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    # The part is read as the body of a start would be; its length is not that of the request.
    description = Request({**request.scope, "headers": [], HEADERS: {}}, receive)
    return (await read_message(description, FileRequest)).file or File()
