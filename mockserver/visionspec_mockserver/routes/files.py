"""Files: get, list, delete, download, register. How they come to be is the room next door, ``upload``."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from starlette.responses import StreamingResponse
from starlette.routing import Route

from visionspec.errors import InvalidInput, show
from visionspec.models.files import (
    File,
    ListFilesResponse,
    RegisterFilesRequest,
    RegisterFilesResponse,
    RpcStatus,
)
from visionspec.rules.limits import MAX_FILE_BYTES, MAX_PROJECT_BYTES, page_size
from visionspec.rules.media import sniff
from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault, json_response, page_query, read_message, require_key
from visionspec_mockserver.store.base import FileRecord, as_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from visionspec_mockserver.core import Mock
    from visionspec_mockserver.sources import Ids

OCTETS: Final = "application/octet-stream"
# "registration lasts up to 30 days" (rule files.register)
_REGISTRATION: Final = timedelta(days=30)
_OBJECT = re.compile(r"gs://[a-z0-9][a-z0-9._-]{0,221}/[^\r\n]{1,1024}")

_NO_OAUTH: Final = (
    "API keys are not supported by this API. Expected OAuth2 access token or other authentication "
    "credentials that assert a principal. See https://cloud.google.com/docs/authentication"
)
_RATE_LIMITS: Final = "https://ai.google.dev/gemini-api/docs/rate-limits"
_METRIC: Final = "generativelanguage.googleapis.com/file_storage_bytes"


def routes(version: str) -> list[Route]:
    """The routes of one API version."""
    return [
        Route(f"/{version}/files", _list, methods=["GET"]),
        Route(f"/{version}/files", _create, methods=["POST"]),
        Route(f"/{version}/files:register", _register, methods=["POST"]),
        Route(f"/{version}/files/{{file_id:path}}:download", _download, methods=["GET"]),
        Route(f"/download/{version}/files/{{file_id:path}}:download", _download, methods=["GET"]),
        Route(f"/{version}/files/{{file_id:path}}", _get, methods=["GET"]),
        Route(f"/{version}/files/{{file_id:path}}", _delete, methods=["DELETE"]),
    ]


def to_wire(record: FileRecord) -> File:
    """A record as the API shows it. ``sha256Hash`` is the base64 of the hex digits (rule files.sha256)."""
    sha256 = record.sha256
    return File(
        name=record.name,
        display_name=record.display_name,
        mime_type=record.mime_type,
        size_bytes=record.size_bytes,
        create_time=record.create_time,
        update_time=record.update_time,
        expiration_time=record.expiration_time,
        sha256_hash=b64encode(sha256.encode()).decode() if sha256 else None,
        uri=record.uri,
        download_uri=record.download_uri,
        state=record.state,
        source=record.source,
        error=RpcStatus.model_validate(record.error) if record.error else None,
    )


def uri_of(file_id: str) -> str:
    """Where the service would have the file; the SDKs want https here, whatever host they talk to."""
    return f"https://generativelanguage.googleapis.com/v1beta/files/{file_id}"


def fresh_id(ids: Ids, taken: Callable[[str], bool]) -> str:
    """An id that no file has; a server with a seed makes the same ones again in its next run."""
    while taken(file_id := ids.file_id()):
        pass
    return file_id


def missing(file_id: str) -> ApiFault:
    """What is said of a file that is missing, foreign or expired: 403, so that none can be probed for."""
    return ApiFault(403, f"You do not have permission to access the File {file_id[:80]} or it may not exist.")


def over_quota() -> ApiFault:
    """What is said where the files of the project would have more than 20 GB."""
    violation = {
        "quotaMetric": _METRIC,
        "quotaId": "FileStorageBytesPerProject",
        "quotaValue": str(MAX_PROJECT_BYTES),
    }
    link = {"description": "Learn more about Gemini API quotas", "url": _RATE_LIMITS}
    return ApiFault(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more information "
        f"on this error, head to: {_RATE_LIMITS}.\n"
        f"* Quota exceeded for metric: {_METRIC}, limit: {MAX_PROJECT_BYTES}",
        details=[
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
            {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]},
        ],
    )


async def _existing(request: Request) -> FileRecord:
    require_key(request)
    file_id = request.path_params["file_id"]
    record = await mock_of(request).store.file(file_id)
    if record is None:
        raise missing(file_id)
    return record


async def _get(request: Request) -> Response:
    return json_response(request, to_wire(await _existing(request)).wire())


async def _delete(request: Request) -> Response:
    record = await _existing(request)
    await mock_of(request).store.delete_file(record.id)
    return json_response(request, {})


async def _list(request: Request) -> Response:
    require_key(request)
    size, token = page_query(request)
    try:
        records, token = await mock_of(request).store.list_files(page_size(size), token)
    except InvalidInput as error:
        raise ApiFault(400, str(error)) from None
    page = ListFilesResponse(files=[to_wire(record) for record in records], next_page_token=token)
    return json_response(request, page.wire() if records else {})


async def _create(request: Request) -> Response:
    require_key(request)
    path = f"/upload{request.url.path}"
    raise ApiFault(400, f"A file is created with its bytes, by an upload to {path}.")


async def _download(request: Request) -> Response:
    record = await _existing(request)
    if record.source != "GENERATED":
        message = "Only generated files can be downloaded, uploaded files can't be downloaded."
        raise ApiFault(400, message, name="FAILED_PRECONDITION")
    size = {} if record.size_bytes is None else {"Content-Length": str(record.size_bytes)}
    return StreamingResponse(
        mock_of(request).store.open_blob(record.id), media_type=record.mime_type, headers=size
    )


async def _register(request: Request) -> Response:
    require_key(request)
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        raise ApiFault(401, _NO_OAUTH)
    uris = (await read_message(request, RegisterFilesRequest)).uris or []
    if not uris:
        raise ApiFault(400, "* RegisterFilesRequest.uris: uris is required")
    for index, uri in enumerate(uris):
        if not _OBJECT.fullmatch(uri):
            raise ApiFault(
                400, f"* RegisterFilesRequest.uris[{index}]: {show(uri)} is no object gs://BUCKET/NAME"
            )
    files = [to_wire(await _registered(mock_of(request), uri)) for uri in uris]
    return json_response(request, RegisterFilesResponse(files=files).wire())


async def _registered(mock: Mock, uri: str) -> FileRecord:
    """Enter an object of Cloud Storage. Its bytes are here only if the user mapped its URI to a file."""
    mapped = mock.urls.get(uri)
    data = await to_thread.run_sync(_read, mapped) if isinstance(mapped, Path) else mapped
    now, file_id = mock.clock.now(), mock.ids.file_id()
    record = FileRecord(
        id=file_id,
        mime_type=sniff(data or b"") or mimetypes.guess_type(uri)[0] or OCTETS,
        create_time=now,
        ready_time=now,
        expiration_time=now + _REGISTRATION,
        uri=uri_of(file_id),
        size_bytes=None if data is None else len(data),
        sha256=None if data is None else hashlib.sha256(data).hexdigest(),
        source="REGISTERED",
    )
    while not await mock.store.put_file(record, data or b""):
        file_id = mock.ids.file_id()
        record = replace(record, id=file_id, uri=uri_of(file_id))
    return as_of(record, now)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise ApiFault(403, f"visionspec: {path}: {error.strerror}") from None
