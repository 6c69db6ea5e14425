"""What is to be said of each operation beyond its route and its models."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from visionspec_mockserver.openapi import words

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]
Dialect = Literal["status", "interactions", "stream"]

_JSON: Final = "application/json"
_SSE: Final = "text/event-stream"
_BINARY: Final[Json] = {"type": "string", "format": "binary"}

SECURITY: Final[Json] = {
    "key": {"type": "apiKey", "in": "header", "name": "x-goog-api-key"},
    "keyInQuery": {"type": "apiKey", "in": "query", "name": "key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
TAGS: Final = [
    {"name": "interactions", "description": "The API with state: steps, streams, background."},
    {"name": "models", "description": "generateContent and its kin, and what models there are."},
    {"name": "files", "description": "Uploads, and what was uploaded."},
]
_PROBLEMS: Final = {
    400: "The request is wrong, or cannot be met in this state.",
    401: "No key, or none that is let in.",
    403: "No key; or a file that is missing, expired or another's.",
    404: "There is no such thing, or no such method.",
    409: "The name is taken, or the offset leaves a gap.",
    410: "The upload was cancelled.",
    429: "Over the quota; or a fault plan wants it so.",
    500: "A failure of the server's own; or a fault plan wants it so.",
    503: "A fault plan wants it so.",
}
_ANYWHERE: Final = (400, 404, 429, 500, 503)


_UPLOAD_HEADERS: Final[Json] = {
    "X-Goog-Upload-Status": {
        "description": "Where the upload is; the SDKs read it.",
        "schema": {"type": "string", "enum": ["active", "final", "cancelled"]},
    },
    "X-Goog-Upload-Size-Received": {
        "description": "The bytes that are there.",
        "schema": {"type": "integer"},
    },
    "X-Goog-Upload-URL": {
        "description": "Of the answer to start: where all other commands go, absolute.",
        "schema": {"type": "string", "format": "uri"},
    },
    "X-Goog-Upload-Control-URL": {"description": "The same.", "schema": {"type": "string", "format": "uri"}},
    "X-Goog-Upload-Chunk-Granularity": {
        "description": "A chunk that is not the last has a multiple of so many bytes.",
        "schema": {"type": "integer"},
    },
}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _events(message: Json, more: Json | None = None) -> Json:
    """A stream whose every event has such a message in its data."""
    data = {"type": "string", "contentMediaType": _JSON, "contentSchema": message}
    event: Json = {"type": "object", "properties": {"data": data}, "required": ["data"]}
    return {_SSE: {"schema": {"anyOf": [event, more]} if more else event}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        id: the operationId.
        tag: one of `TAGS`.
        summary: what it does, in half a line.
        description: what else there is to know.
        takes: the schema of the body's JSON.
        bodies: what else the body may be, by its media type.
        examples: of the body's JSON.
        gives: the schema of the answer's JSON: a name, a schema, or None where all answers are errors.
        content: what else the answer may be, by its media type.
        headers: of the answer.
        links: from the answer.
        parameters: names in `parameters.PARAMETERS`, beside those of the path.
        problems: statuses of errors beside those of every operation.
        dialect: how errors look.
        security: what it wants instead of a key.
    """

    id: str
    tag: str
    summary: str
    description: str = ""
    takes: str | None = None
    bodies: Json = field(default_factory=dict)
    examples: words.Examples = field(default_factory=dict)
    gives: str | Json | None = None
    content: Json = field(default_factory=dict)
    headers: Json = field(default_factory=dict)
    links: Json = field(default_factory=dict)
    parameters: Sequence[str] = ()
    problems: Sequence[int] = ()
    dialect: Dialect = "status"
    security: Sequence[Json] | None = None

    def describe(self, path: str) -> Json:
        """The operation object."""
        names = [*re.findall(r"\{(\w+)\}", path), *self.parameters]
        made: Json = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in names],
            "security": self.security,
        }
        if self.takes:
            content: Json = {_JSON: {"schema": _ref(self.takes), "examples": self.examples}, **self.bodies}
            made["requestBody"] = {"required": not self.bodies, "content": content}
        made["responses"] = self._responses()
        return {name: value for name, value in made.items() if value not in (None, "")}

    def _responses(self) -> Json:
        found: Json = {}
        if self.gives is not None:
            schema = _ref(self.gives) if isinstance(self.gives, str) else self.gives
            content = {_JSON: {"schema": schema}, **self.content} if schema else self.content
            answer = {"content": content, "headers": self.headers, "links": self.links}
            found["200"] = {
                "description": "As asked.",
                **{key: value for key, value in answer.items() if value},
            }
        problem = _DIALECTS[self.dialect]
        for status in sorted({*_ANYWHERE, *self.problems}):
            content = {_JSON: {"schema": problem}}
            found[str(status)] = {"description": _PROBLEMS[status], "content": content}
        return found


_STATUS: Final = _ref("StatusResponse")
_DIALECTS: Final[dict[Dialect, Json]] = {
    "status": _STATUS,
    "interactions": _ref("InteractionErrorResponse"),
    "stream": {"anyOf": [_STATUS, {"type": "array", "items": _STATUS, "minItems": 1, "maxItems": 1}]},
}
_EMPTY: Final[Json] = {"type": "object", "additionalProperties": False}
_DONE: Final[Json] = {
    "type": "object",
    "properties": {"event": {"const": "done"}, "data": {"const": "[DONE]"}},
    "required": ["event", "data"],
}


# A stream that has begun can still end in an error.
_CHUNK: Final[Json] = {"anyOf": [_ref("GenerateContentResponse"), _STATUS]}
_PATH: Final = "POST /{version}/models/{model}"
_ASK: Final[Json] = {
    "tag": "models",
    "takes": "GenerateContentRequest",
    "examples": words.GENERATE,
    "problems": (403,),
}
_ASKS: Final[dict[str, Operation]] = {
    f"{_PATH}:generateContent": Operation(
        id="generateContent",
        summary="Ask a model about images and text",
        gives="GenerateContentResponse",
        **_ASK,
    ),
    f"{_PATH}:streamGenerateContent": Operation(
        id="streamGenerateContent",
        summary="Ask a model; the answer comes in pieces",
        description="With alt=sse each piece is the data of an event; without it all are in one JSON array.",
        gives={"type": "array", "items": _CHUNK, "minItems": 1},
        content=_events(_CHUNK),
        parameters=("alt",),
        dialect="stream",
        **_ASK,
    ),
    f"{_PATH}:countTokens": Operation(
        id="countTokens",
        tag="models",
        summary="What a prompt costs in tokens",
        description="Either `contents` or `generateContentRequest`; the count is that of usageMetadata.",
        takes="CountTokensRequest",
        examples=words.COUNT,
        gives="CountTokensResponse",
        problems=(403,),
    ),
}
# No model was ever tuned here: whatever the body is, it is not read.
_TUNED: Final[dict[str, Operation]] = {
    path.replace("/models/", "/tunedModels/"): replace(
        asked,
        id=f"{asked.id}OfTunedModel",
        takes=None,
        gives=None,
        description="No model was tuned here: 404.",
    )
    for path, asked in _ASKS.items()
}


def _link(operation: str, **parameters: str) -> Json:
    return {"operationId": operation, "parameters": {"version": "$request.path.version", **parameters}}


_MADE: Final = "$response.body#/id"
_INTERACTIONS: Final[dict[str, Operation]] = {
    "POST /{version}/interactions": Operation(
        id="createInteraction",
        tag="interactions",
        summary="Ask a model, and keep the answer",
        description="With `stream` the answer is a stream of events, with `background` it is there later.",
        takes="CreateInteraction",
        examples=words.CREATE,
        gives="Interaction",
        content=_events(_ref("InteractionEvent"), _DONE),
        parameters=("revision",),
        problems=(401, 403),
        dialect="interactions",
        links={
            "get": _link("getInteraction", id=_MADE),
            "cancel": _link("cancelInteraction", id=_MADE),
            "delete": _link("deleteInteraction", id=_MADE),
            "next": {
                **_link("createInteraction"),
                "requestBody": {
                    "model": words.MODEL,
                    "input": "And now?",
                    "previous_interaction_id": _MADE,
                },
            },
        },
    ),
    "GET /{version}/interactions/{id}": Operation(
        id="getInteraction",
        tag="interactions",
        summary="An interaction as it is now, or its events",
        gives="Interaction",
        content=_events(_ref("InteractionEvent"), _DONE),
        parameters=("stream", "include_input", "last_event_id"),
        problems=(401,),
        dialect="interactions",
    ),
    "DELETE /{version}/interactions/{id}": Operation(
        id="deleteInteraction",
        tag="interactions",
        summary="Forget an interaction",
        gives=_EMPTY,
        problems=(401,),
        dialect="interactions",
    ),
    "POST /{version}/interactions/{id}/cancel": Operation(
        id="cancelInteraction",
        tag="interactions",
        summary="End a background interaction that is still in progress",
        gives="Interaction",
        problems=(401,),
        dialect="interactions",
    ),
}

_MODELS: Final[dict[str, Operation]] = {
    "GET /{version}/models": Operation(
        id="listModels",
        tag="models",
        summary="The models that the server knows, in pages",
        gives="ListModelsResponse",
        parameters=("pageSize", "pageToken"),
        problems=(403,),
        links={"next": _link("listModels", pageToken="$response.body#/nextPageToken")},
    ),
    "GET /{version}/models/{model}": Operation(
        id="getModel", tag="models", summary="One model", gives="Model", problems=(403,)
    ),
    "GET /{version}/tunedModels": Operation(
        id="listTunedModels",
        tag="models",
        summary="The models that were tuned: none",
        gives=_EMPTY,
        problems=(403,),
    ),
}

_UPLOAD: Final[Json] = {
    "tag": "files",
    "summary": "Send a file: start, its bytes, and the end",
    "description": (
        "`start` gives the URL of the upload; the bytes go there with `upload` and `upload, finalize`, each with "
        "its offset. `query` says how much is there, `cancel` ends it. A chunk may be sent again. The Content-Type "
        "of a chunk means nothing. A file in one request is multipart/related: its description, then its bytes."
    ),
    "takes": "FileRequest",
    "bodies": {
        "application/octet-stream": {"schema": _BINARY},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"metadata": _ref("FileRequest"), "file": _BINARY},
                "required": ["file"],
            },
            "encoding": {"metadata": {"contentType": _JSON}},
        },
    },
    "examples": words.FILE,
    "gives": "FileResponse",
    "content": {"text/plain": {"schema": {"type": "string", "maxLength": 0}}},
    "headers": _UPLOAD_HEADERS,
    "parameters": (
        "upload_id",
        "uploadType",
        "uploadProtocol",
        "uploadCommand",
        "uploadOffset",
        "uploadLength",
        "uploadContentType",
        "uploadFileName",
    ),
    "problems": (403, 409, 410),
    "security": [*({name: []} for name in SECURITY), {}],
}
_FILES: Final[dict[str, Operation]] = {
    "POST /upload/{version}/files": Operation(id="uploadFile", **_UPLOAD),
    "PUT /upload/{version}/files": Operation(id="putFile", **_UPLOAD),
    "GET /{version}/files": Operation(
        id="listFiles",
        tag="files",
        summary="The files that were uploaded, in pages",
        gives="ListFilesResponse",
        parameters=("pageSize", "pageToken"),
        problems=(403,),
        links={"next": _link("listFiles", pageToken="$response.body#/nextPageToken")},
    ),
    "POST /{version}/files": Operation(
        id="createFile", tag="files", summary="Refused: a file is created by an upload", problems=(403,)
    ),
    "POST /{version}/files:register": Operation(
        id="registerFiles",
        tag="files",
        summary="Enter objects of Cloud Storage as files",
        takes="RegisterFilesRequest",
        examples=words.REGISTER,
        gives="RegisterFilesResponse",
        problems=(401, 403),
        security=[{"bearer": []}],
    ),
    "GET /{version}/files/{file_id}": Operation(
        id="getFile", tag="files", summary="What is known of a file", gives="File-Output", problems=(403,)
    ),
    "DELETE /{version}/files/{file_id}": Operation(
        id="deleteFile", tag="files", summary="Delete a file", gives=_EMPTY, problems=(403,)
    ),
    **{
        f"GET {prefix}/{{version}}/files/{{file_id}}:download": Operation(
            id=name,
            tag="files",
            summary="The bytes of a generated file",
            description="An uploaded file is refused, as the service refuses it.",
            gives={},
            content={"*/*": {"schema": _BINARY}},
            problems=(403,),
        )
        for prefix, name in (("", "downloadFile"), ("/download", "downloadFileMedia"))
    },
}

OPERATIONS: Final[dict[str, Operation]] = {
    **_ASKS,
    **_TUNED,
    **_INTERACTIONS,
    **_FILES,
    **_MODELS,
}
