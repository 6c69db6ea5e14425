"""The parameters of the document, by the names that its operations use."""

from __future__ import annotations

from typing import Any, Final

from visionspec.rules.limits import MAX_FILE_ID_LENGTH
from visionspec_mockserver.paths import VERSIONS

Json = dict[str, Any]


def _parameter(name: str, where: str, schema: Json, description: str) -> Json:
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, **required, "description": description, "schema": schema}


def _upload_header(name: str, schema: Json, description: str) -> Json:
    return _parameter(f"X-Goog-Upload-{name}", "header", schema, description)


_NUMBER: Final[Json] = {"type": "string", "pattern": "^[0-9]{1,18}$"}
PARAMETERS: Final[dict[str, Json]] = {
    "version": _parameter("version", "path", {"enum": list(VERSIONS), "type": "string"}, "All are alike."),
    "model": {
        **_parameter("model", "path", {"type": "string", "pattern": "^[^/:]+$"}, "A model's name, bare."),
        "examples": {
            "flash": {"value": "gemini-2.5-flash"},
            "family 3": {"value": "gemini-3-flash-preview"},
        },
    },
    "file_id": _parameter(
        "file_id",
        "path",
        {
            "type": "string",
            "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            "maxLength": MAX_FILE_ID_LENGTH,
        },
        "What follows files/ in a file's name.",
    ),
    "id": _parameter("id", "path", {"type": "string", "pattern": "^[^/]+$"}, "An interaction's id."),
    "pageSize": _parameter(
        "pageSize", "query", {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "How many at most."
    ),
    "pageToken": _parameter("pageToken", "query", {"type": "string"}, "nextPageToken of the page before."),
    "alt": _parameter("alt", "query", {"type": "string"}, "sse: events; anything else: a JSON array."),
    "stream": _parameter("stream", "query", {"type": "boolean"}, "The events instead of the interaction."),
    "include_input": _parameter("include_input", "query", {"type": "boolean"}, "With what was asked."),
    "last_event_id": _parameter(
        "last_event_id",
        "query",
        {"type": "string", "pattern": "^e[0-9]{1,9}$"},
        "The event behind which the stream goes on; wants stream=true.",
    ),
    "revision": _parameter(
        "Api-Revision",
        "header",
        {"type": "string"},
        "Optional. One before 2026-05-20 is told that its schema is gone.",
    ),
    "upload_id": _parameter("upload_id", "query", {"type": "string"}, "Of X-Goog-Upload-URL: all but start."),
    "uploadType": _parameter(
        "uploadType",
        "query",
        {"type": "string", "enum": ["resumable", "multipart"]},
        "Instead of the header.",
    ),
    "uploadProtocol": _upload_header(
        "Protocol", {"type": "string", "enum": ["resumable", "multipart"]}, "How it is sent."
    ),
    "uploadCommand": _upload_header(
        "Command",
        {
            "type": "string",
            "enum": ["start", "upload", "upload, finalize", "finalize", "query", "cancel"],
        },
        "What is to be done; not for multipart.",
    ),
    "uploadOffset": _upload_header("Offset", _NUMBER, "Of the first byte of the body in the file."),
    "uploadLength": _upload_header("Header-Content-Length", _NUMBER, "Of start: the size of the file."),
    "uploadContentType": _upload_header(
        "Header-Content-Type", {"type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$"}, "Of start: its type."
    ),
    "uploadFileName": _upload_header("File-Name", {"type": "string"}, "Of start: its name, for information."),
}
