"""LlamaIndex (llama-index-llms-google-genai), which uploads what it is told to."""

from __future__ import annotations

from typing import Any

from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.llms.google_genai import GoogleGenAI
from probing import CAPTION, DETECT, MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted


def message(text: str) -> ChatMessage:
    return ChatMessage(role="user", blocks=[TextBlock(text=text), ImageBlock(path=PATH)])


def llm(**options: Any) -> GoogleGenAI:
    return GoogleGenAI(model=MODEL, **options)


def inline() -> Any:
    reply = llm(file_mode="inline").chat([message(CAPTION)])
    tokens = reply.raw["usage_metadata"]
    return {
        "text": reply.message.content,
        "usage": counted(tokens["prompt_token_count"], tokens["candidates_token_count"]),
    }


def stream() -> Any:
    return [piece.delta or "" for piece in llm().stream_chat([message(CAPTION)])]


def boxes() -> Any:
    reply = llm().as_structured_llm(Items).chat([message(DETECT)])
    return dumped(reply.raw)


def upload() -> Any:
    reply = llm(file_mode="fileapi").chat([message(CAPTION)])
    return {"text": reply.message.content}


def error() -> Any:
    return error_of(lambda: GoogleGenAI(model=UNKNOWN).complete("x"))


report(inline, stream, boxes, upload, error)
