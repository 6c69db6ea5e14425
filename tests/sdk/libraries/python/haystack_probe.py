"""Haystack (google-genai-haystack)."""

from __future__ import annotations

from typing import Any

from haystack.dataclasses import ChatMessage, ImageContent
from haystack_integrations.components.generators.google_genai import GoogleGenAIChatGenerator
from probing import CAPTION, DETECT, MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted


def message(text: str) -> ChatMessage:
    return ChatMessage.from_user(content_parts=[text, ImageContent.from_file_path(PATH)])


def inline() -> Any:
    (reply,) = GoogleGenAIChatGenerator(model=MODEL).run(messages=[message(CAPTION)])["replies"]
    tokens = reply.meta["usage"]
    return {"text": reply.text, "usage": counted(tokens["prompt_tokens"], tokens["completion_tokens"])}


def stream() -> Any:
    pieces: list[str] = []
    GoogleGenAIChatGenerator(model=MODEL, streaming_callback=lambda chunk: pieces.append(chunk.content)).run(
        messages=[message(CAPTION)]
    )
    return pieces


def boxes() -> Any:
    options = {"response_mime_type": "application/json", "response_json_schema": Items.model_json_schema()}
    (reply,) = GoogleGenAIChatGenerator(model=MODEL, generation_kwargs=options).run(
        messages=[message(DETECT)]
    )["replies"]
    return dumped(Items.model_validate_json(reply.text))


def error() -> Any:
    return error_of(
        lambda: GoogleGenAIChatGenerator(model=UNKNOWN).run(messages=[ChatMessage.from_user("x")])
    )


report(inline, stream, boxes, error)
