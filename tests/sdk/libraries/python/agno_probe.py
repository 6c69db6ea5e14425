"""Agno: agents with images."""

from __future__ import annotations

from typing import Any

from agno.agent import Agent, RunContentEvent
from agno.media import Image
from agno.models.google import Gemini
from agno.models.message import Message
from probing import CAPTION, DETECT, MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted

IMAGES = [Image(filepath=PATH)]


def inline() -> Any:
    reply = Agent(model=Gemini(id=MODEL)).run(CAPTION, images=IMAGES)
    tokens = reply.metrics
    return {"text": reply.content, "usage": counted(tokens.input_tokens, tokens.output_tokens)}


def stream() -> Any:
    events = Agent(model=Gemini(id=MODEL)).run(CAPTION, images=IMAGES, stream=True)
    return [event.content for event in events if isinstance(event, RunContentEvent)]


def boxes() -> Any:
    return dumped(Agent(model=Gemini(id=MODEL), output_schema=Items).run(DETECT, images=IMAGES).content)


def boxes_by_prompt() -> Any:
    agent = Agent(model=Gemini(id=MODEL), output_schema=Items, use_json_mode=True)
    return dumped(agent.run(DETECT, images=IMAGES).content)


def error() -> Any:
    # an agent returns what went wrong as the content of its answer; its model raises it
    return error_of(lambda: Gemini(id=UNKNOWN).response([Message(role="user", content="x")]))


report(inline, stream, boxes, boxes_by_prompt, error)
