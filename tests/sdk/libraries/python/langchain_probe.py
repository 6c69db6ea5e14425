"""LangChain (langchain-google-genai)."""

from __future__ import annotations

import base64
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_google_genai import ChatGoogleGenerativeAI
from probing import CAPTION, DATA, DETECT, MODEL, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted


def message(text: str) -> HumanMessage:
    image = {"type": "image", "base64": base64.b64encode(DATA).decode(), "mime_type": "image/png"}
    return HumanMessage([{"type": "text", "text": text}, image])


def inline() -> Any:
    reply = ChatGoogleGenerativeAI(model=MODEL).invoke([message(CAPTION)])
    tokens = reply.usage_metadata
    return {"text": reply.text, "usage": counted(tokens["input_tokens"], tokens["output_tokens"])}


def stream() -> Any:
    return [chunk.text for chunk in ChatGoogleGenerativeAI(model=MODEL).stream([message(CAPTION)])]


def boxes() -> Any:
    return dumped(ChatGoogleGenerativeAI(model=MODEL).with_structured_output(Items).invoke([message(DETECT)]))


def boxes_by_function() -> Any:
    model = ChatGoogleGenerativeAI(model=MODEL).with_structured_output(Items, method="function_calling")
    return dumped(model.invoke([message(DETECT)]))


def error() -> Any:
    return error_of(lambda: ChatGoogleGenerativeAI(model=UNKNOWN).invoke("x"))


report(inline, stream, boxes, boxes_by_function, error)
