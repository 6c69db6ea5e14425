"""Google's Agent Development Kit (google-adk)."""

from __future__ import annotations

import asyncio
from typing import Any

from google.adk.agents import Agent
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.runners import InMemoryRunner
from google.genai import types
from probing import CAPTION, DATA, DETECT, MODEL, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted


def events(agent: Agent, text: str, mode: StreamingMode = StreamingMode.NONE) -> list[Any]:
    async def run() -> list[Any]:
        runner = InMemoryRunner(agent=agent, app_name="probe")
        session = await runner.session_service.create_session(app_name="probe", user_id="user")
        image = types.Part.from_bytes(data=DATA, mime_type="image/png")
        message = types.Content(role="user", parts=[types.Part(text=text), image])
        config = RunConfig(streaming_mode=mode)
        return [
            event
            async for event in runner.run_async(
                user_id="user", session_id=session.id, new_message=message, run_config=config
            )
        ]

    return asyncio.run(run())


def text_of(event: Any) -> str:
    return "".join(part.text or "" for part in event.content.parts)


def inline() -> Any:
    (event,) = events(Agent(name="seer", model=MODEL), CAPTION)
    tokens = event.usage_metadata
    return {
        "text": text_of(event),
        "usage": counted(tokens.prompt_token_count, tokens.candidates_token_count),
    }


def stream() -> Any:
    found = events(Agent(name="seer", model=MODEL), CAPTION, StreamingMode.SSE)
    return [text_of(event) for event in found if event.partial]


def boxes() -> Any:
    (event,) = events(Agent(name="seer", model=MODEL, output_schema=Items), DETECT)
    return dumped(Items.model_validate_json(text_of(event)))


def error() -> Any:
    return error_of(lambda: events(Agent(name="seer", model=UNKNOWN), CAPTION))


report(inline, stream, boxes, error)
