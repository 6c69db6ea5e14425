"""LiteLLM: images as OpenAI's users write them."""

from __future__ import annotations

import base64
from typing import Any

import litellm
from probing import CAPTION, DATA, DETECT, MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted

NAME = f"gemini/{MODEL}"


def messages(text: str) -> list[dict[str, Any]]:
    url = "data:image/png;base64," + base64.b64encode(DATA).decode()
    image = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [{"type": "text", "text": text}, image]}]


def inline() -> Any:
    reply = litellm.completion(NAME, messages(CAPTION))
    tokens = reply.usage
    return {
        "text": reply.choices[0].message.content,
        "usage": counted(tokens.prompt_tokens, tokens.completion_tokens),
    }


def stream() -> Any:
    chunks = litellm.completion(NAME, messages(CAPTION), stream=True)
    return [chunk.choices[0].delta.content or "" for chunk in chunks]


def boxes() -> Any:
    reply = litellm.completion(NAME, messages(DETECT), response_format=Items)
    return dumped(Items.model_validate_json(reply.choices[0].message.content))


def boxes_by_function() -> Any:
    tool = {"type": "function", "function": {"name": "report", "parameters": Items.model_json_schema()}}
    choice = {"type": "function", "function": {"name": "report"}}
    reply = litellm.completion(NAME, messages(DETECT), tools=[tool], tool_choice=choice)
    (call,) = reply.choices[0].message.tool_calls
    return dumped(Items.model_validate_json(call.function.arguments))


def upload() -> Any:
    file = litellm.create_file(file=PATH.open("rb"), purpose="user_data", custom_llm_provider="gemini")
    image = {"type": "file", "file": {"file_id": file.id, "format": "image/png"}}
    content = [{"type": "text", "text": CAPTION}, image]
    reply = litellm.completion(NAME, [{"role": "user", "content": content}])
    return {"text": reply.choices[0].message.content}


def error() -> Any:
    return error_of(lambda: litellm.completion(f"gemini/{UNKNOWN}", [{"role": "user", "content": "x"}]))


report(inline, stream, boxes, boxes_by_function, upload, error)
