"""instructor, over google-genai: by schema, by function, and in parts while they arrive."""

from __future__ import annotations

from typing import Any

import instructor
from instructor.processing.multimodal import Image
from probing import CAPTION, DETECT, MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted
from pydantic import BaseModel


class Caption(BaseModel):
    caption: str


def messages(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [text, Image.from_path(PATH)]}]


def client(mode: instructor.Mode = instructor.Mode.TOOLS) -> Any:
    return instructor.from_provider(f"google/{MODEL}", mode=mode)


def inline() -> Any:
    reply, raw = client().create_with_completion(response_model=Caption, messages=messages(CAPTION))
    tokens = raw.usage_metadata
    return {
        "text": reply.caption,
        "usage": counted(tokens.prompt_token_count, tokens.candidates_token_count),
    }


def stream() -> Any:
    parts = client(instructor.Mode.JSON).create_partial(response_model=Caption, messages=messages(CAPTION))
    return [part.caption or "" for part in parts]


def boxes() -> Any:
    made = client(instructor.Mode.JSON)
    return dumped(made.create(response_model=Items, messages=messages(DETECT)))


def boxes_by_function() -> Any:
    return dumped(client().create(response_model=Items, messages=messages(DETECT)))


def error() -> Any:
    made = instructor.from_provider(f"google/{UNKNOWN}")
    return error_of(lambda: made.create(response_model=Caption, messages=messages("x"), max_retries=1))


report(inline, stream, boxes, boxes_by_function, error)
