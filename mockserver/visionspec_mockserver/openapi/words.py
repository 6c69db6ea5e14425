"""The prose of the document, and its examples."""

from __future__ import annotations

from typing import Any, Final

DESCRIPTION: Final = """\
A server for tests that speaks as the Gemini API does where images are concerned: interactions, generateContent
with its streams, countTokens, models and the Files API. It answers by looking at the pictures; no model runs
and nothing leaves the machine.

**Keys.** Every operation wants a key, as `x-goog-api-key`, `?key=` or a bearer token. Any will do unless the
server was started with `--api-key`. A command to an upload that has begun wants none: its URL is the permission.

**Spelling.** Requests are read with keys in camelCase or snake_case at every level, in any mixture, and with the
single quotes and trailing commas of the documents' own samples. Here each key stands in the spelling that is
written: camelCase for generateContent, models and files, snake_case for interactions. A key that is not listed
is refused by name (`serve --lenient` drops it and notes it in the log). `null` counts as absent.

**Errors** are `google.rpc.Status` with the HTTP status as `code`, except for interactions, whose `code` is a
word. A fault plan can make every operation answer with 429 or any 5xx.

**Beyond the shape.** Some of what is refused with 400 no schema can say: that a part has exactly one of its data
fields, that base64 holds an image that can be decoded, that a file is ACTIVE, that a resolution or a thinking
level exists for the model. The rules say it, each with its source.

The control plane below `/_mock/` belongs to the tests, not to the API, and is not described here.
"""

# A black PNG of one pixel.
DOT: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
_PARTS: Final = [
    {"inlineData": {"mimeType": "image/png", "data": DOT}},
    {"text": "Caption this image."},
]
_CONTENTS: Final = {"contents": [{"role": "user", "parts": _PARTS}]}
_DETECT: Final = {
    "type": "ARRAY",
    "items": {
        "type": "OBJECT",
        "properties": {
            "box_2d": {"type": "ARRAY", "items": {"type": "INTEGER"}},
            "label": {"type": "STRING"},
        },
        "required": ["box_2d", "label"],
    },
}
_IMAGE: Final = {"type": "image", "data": DOT, "mime_type": "image/png"}
_CAPTION: Final = {"type": "text", "text": "Caption this image."}
MODEL: Final = "gemini-3-flash-preview"

Examples = dict[str, dict[str, Any]]

GENERATE: Final[Examples] = {
    "caption": {"summary": "An image inline, and a question about it", "value": _CONTENTS},
    "boxes": {
        "summary": "Boxes as JSON of a schema",
        "value": {
            "contents": [{"role": "user", "parts": [_PARTS[0], {"text": "Detect all items."}]}],
            "generationConfig": {"responseMimeType": "application/json", "responseSchema": _DETECT},
        },
    },
    "call": {
        "summary": "A function that has to be called",
        "value": {
            **_CONTENTS,
            "tools": [{"functionDeclarations": [{"name": "report", "parameters": _DETECT["items"]}]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        },
    },
    "thoughts": {
        "summary": "With its thoughts, cut off after two tokens",
        "value": {
            **_CONTENTS,
            "generationConfig": {"thinkingConfig": {"includeThoughts": True}, "maxOutputTokens": 2},
        },
    },
}
COUNT: Final[Examples] = {
    "contents": {"summary": "What a prompt costs", "value": _CONTENTS},
    "request": {"summary": "A whole request", "value": {"generateContentRequest": _CONTENTS}},
}
CREATE: Final[Examples] = {
    "text": {"summary": "A text alone", "value": {"model": MODEL, "input": "Hello."}},
    "image": {
        "summary": "An image inline, and a question about it",
        "value": {"model": MODEL, "input": [_IMAGE, _CAPTION]},
    },
    "stream": {
        "summary": "As a stream of events",
        "value": {"model": MODEL, "input": [_IMAGE, _CAPTION], "stream": True},
    },
    "background": {
        "summary": "In the background, to be asked for later",
        "value": {"model": MODEL, "input": [_IMAGE, _CAPTION], "background": True},
    },
    "schema": {
        "summary": "JSON of a schema",
        "value": {
            "model": MODEL,
            "input": [_IMAGE, {"type": "text", "text": "Detect all items."}],
            "response_format": {
                "type": "text",
                "mime_type": "application/json",
                "schema": {"type": "object", "properties": {"count": {"type": "integer"}}},
            },
        },
    },
}
FILE: Final[Examples] = {
    "start": {
        "summary": "The body of a start",
        "value": {"file": {"displayName": "A picture", "mimeType": "image/png", "sizeBytes": 67}},
    },
}
REGISTER: Final[Examples] = {
    "object": {"summary": "An object of Cloud Storage", "value": {"uris": ["gs://bucket/image.png"]}},
}
