"""pydantic-ai, which asks for structured output by a function, by a schema or by the prompt."""

from __future__ import annotations

import asyncio
from typing import Any

from probing import CAPTION, DATA, DETECT, MODEL, PATH, UNKNOWN, Items, error_of, report
from probing import boxes as dumped
from probing import usage as counted
from pydantic_ai import Agent, BinaryContent, NativeOutput, PromptedOutput, UploadedFile
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

IMAGE = BinaryContent(data=DATA, media_type="image/png")


def inline() -> Any:
    run = Agent(f"google:{MODEL}").run_sync([CAPTION, IMAGE])
    tokens = run.usage
    return {"text": run.output, "usage": counted(tokens.input_tokens, tokens.output_tokens)}


def stream() -> Any:
    async def pieces() -> list[str]:
        async with Agent(f"google:{MODEL}").run_stream([CAPTION, IMAGE]) as result:
            return [piece async for piece in result.stream_text(delta=True, debounce_by=None)]

    return asyncio.run(pieces())


def boxes() -> Any:
    return dumped(Agent(f"google:{MODEL}", output_type=NativeOutput(Items)).run_sync([DETECT, IMAGE]).output)


def boxes_by_function() -> Any:
    return dumped(Agent(f"google:{MODEL}", output_type=Items).run_sync([DETECT, IMAGE]).output)


def boxes_by_prompt() -> Any:
    return dumped(
        Agent(f"google:{MODEL}", output_type=PromptedOutput(Items)).run_sync([DETECT, IMAGE]).output
    )


def upload() -> Any:
    provider = GoogleProvider()
    file = provider.client.files.upload(file=PATH)
    image = UploadedFile(file_id=file.uri, provider_name=provider.name, media_type=file.mime_type)
    run = Agent(GoogleModel(MODEL, provider=provider)).run_sync([CAPTION, image])
    return {"text": run.output}


def error() -> Any:
    return error_of(lambda: Agent(f"google:{UNKNOWN}").run_sync("x"))


report(inline, stream, boxes, boxes_by_function, boxes_by_prompt, upload, error)
