"""The wire of the Files API: camelCase out, either case in, 64-bit sizes as strings, times in RFC 3339."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from visionspec.models.wire import Camel, Int64

State = Literal["STATE_UNSPECIFIED", "PROCESSING", "ACTIVE", "FAILED"]
Source = Literal["SOURCE_UNSPECIFIED", "UPLOADED", "GENERATED", "REGISTERED"]


class RpcStatus(Camel):
    """``google.rpc.Status`` as a field: why a file is ``FAILED``."""

    code: int | None = None
    message: str | None = None
    details: list[dict[str, Any]] | None = None


class File(Camel):
    """A file of the Files API. Only ``mime_type``, ``uri`` and ``state`` matter to a prompt."""

    name: str | None = Field(
        default=None,
        description="files/ID; ID: at most 40 lowercase letters, digits or dashes",
        json_schema_extra={"pattern": "^files/[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"},
    )
    display_name: str | None = Field(
        default=None, description="at most 512 characters", json_schema_extra={"maxLength": 512}
    )
    mime_type: str | None = None
    size_bytes: Int64 | None = None
    create_time: datetime | None = None
    update_time: datetime | None = None
    expiration_time: datetime | None = None
    sha256_hash: str | None = None
    uri: str | None = None
    download_uri: str | None = None
    state: State | str | None = None
    source: Source | str | None = None
    error: RpcStatus | None = None
    video_metadata: dict[str, Any] | None = None


class FileRequest(Camel):
    """The body of an upload's start: what the client says of the file."""

    file: File | None = None


class FileResponse(Camel):
    """The body of an upload's end: the file, wrapped."""

    file: File


class ListFilesResponse(Camel):
    files: list[File] = Field(default_factory=list)
    next_page_token: str | None = None


class RegisterFilesRequest(Camel):
    uris: list[str] | None = Field(
        default=None,
        description="objects of Cloud Storage",
        json_schema_extra={
            "minItems": 1,
            "items": {"type": "string", "pattern": "^gs://[a-z0-9][a-z0-9._-]{0,221}/."},
        },
    )


class RegisterFilesResponse(Camel):
    files: list[File] = Field(default_factory=list)
