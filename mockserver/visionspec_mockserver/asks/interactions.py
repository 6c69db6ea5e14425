"""The question in a message that creates an interaction, with what came before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from visionspec.models.interactions import (
    FunctionCallStep,
    FunctionResultStep,
    GenerationConfig,
    ImageContent,
    Interaction,
    ModelOutput,
    TextContent,
    Thought,
    UserInput,
)
from visionspec_mockserver.asks.turns import NO_CACHE, Turn, question
from visionspec_mockserver.core import Ask, Counts, Function, text_tokens
from visionspec_mockserver.http import ApiFault, mock_of
from visionspec_mockserver.pictures import Source, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

    from visionspec.models.interactions import CreateInteraction
    from visionspec_mockserver.catalog import Entry
    from visionspec_mockserver.core import Mock

_JSON_TYPE = "application/json"
_MAX_HISTORY = 1000  # turns that are searched for the image that a turn without one is about

Doc = dict[str, Any]


async def read(request: Request, model: Entry, message: CreateInteraction, before: Doc | None) -> Ask:
    """The question of ``message``; ``before`` is the document of the interaction that it goes on from.

    Raises:
        ApiFault: if something is wrong with it.
    """
    if message.cached_content:
        raise ApiFault(403, NO_CACHE)
    config = message.generation_config or GenerationConfig()
    _check(model, config)
    functions = _functions(message, config)
    schema, wants_json = _format(message)
    steps = message.input or []
    asked = await question(request, model, list(_turns(steps)))
    pictures = asked.pictures
    if not pictures and before is not None:
        earlier = await _earlier(mock_of(request), before)
        pictures = await load(mock_of(request), model, earlier, host=request.headers.get("host", ""))
    instruction = message.system_instruction or ""
    extra = text_tokens(instruction) + (text_tokens(json.dumps(message.tools)) if message.tools else 0)
    context = Counts(*before["context"]) if before else Counts()
    return Ask(
        model=model,
        text="\n".join(text for text in (instruction, asked.text) if text),
        pictures=pictures,
        counts=(context + asked.counts).plus_text(extra),
        schema=schema,
        wants_json=wants_json,
        functions=functions,
        max_output_tokens=config.max_output_tokens,
        stop_sequences=tuple(config.stop_sequences or ()),
        thoughts=config.thinking_summaries == "auto",
        asked=asked.text,
        system=instruction,
    )


def _check(model: Entry, config: GenerationConfig) -> None:
    if config.thinking_level in model.refused_levels:
        level = str(config.thinking_level).upper()
        raise ApiFault(400, f"Thinking level {level} is not supported for this model.")
    if config.max_output_tokens is not None and config.max_output_tokens < 1:
        raise ApiFault(400, "Invalid value for 'generation_config.max_output_tokens': it must be positive.")
    if len(config.stop_sequences or ()) > 5:
        raise ApiFault(400, "Invalid value for 'generation_config.stop_sequences': at most 5.")


def _turns(steps: Sequence[Any]) -> Iterator[Turn]:
    _check_types(steps, "input")
    for at, step in enumerate(steps):
        if isinstance(step, UserInput | ModelOutput):
            texts = tuple(content.text for content in step.content if isinstance(content, TextContent))
            yield Turn(
                by_user=isinstance(step, UserInput),
                texts=texts,
                sources=tuple(_sources(step, at)),
                text_tokens=sum(text_tokens(text) for text in texts),
            )
        elif isinstance(step, FunctionCallStep):
            yield Turn(by_user=False, text_tokens=text_tokens(json.dumps(step.arguments)))
        elif isinstance(step, FunctionResultStep):
            yield Turn(by_user=True, text_tokens=text_tokens(json.dumps(step.result)))
        elif isinstance(step, Thought):
            _check_types(step.summary or (), f"input[{at}].summary")


def _check_types(items: Sequence[Any], where: str) -> None:
    """What is of no type that is known here may be of one that is new, but not of none."""
    for at, item in enumerate(items):
        if isinstance(item, dict) and not isinstance(item.get("type"), str):
            raise ApiFault(400, f"Missing required parameter '{where}[{at}].type'.")


def _sources(step: UserInput | ModelOutput, at: int) -> Iterator[Source]:
    for number, content in enumerate(step.content):
        where = f"input[{at}].content[{number}]"
        if isinstance(content, ImageContent):
            yield Source(where, content.data, content.uri, content.mime_type, content.resolution)
        elif isinstance(content, dict):
            kind = content.get("type")
            raise ApiFault(
                400, f"Invalid value for '{where}.type': {kind!r}; this server reads text and images."
            )


async def _earlier(mock: Mock, doc: Doc | None) -> list[Source]:
    """The images of the last interaction before this one that had any."""
    for _ in range(_MAX_HISTORY):
        if doc is None:
            break
        steps = Interaction(status="completed", input=doc["input"]).input or []
        found = [source for turn in _turns(steps) for source in turn.sources]
        if found:
            return found
        before = doc["request"].get("previous_interaction_id")
        doc = await mock.store.get_interaction(before) if before else None
    return []


def _format(message: CreateInteraction) -> tuple[dict[str, Any] | None, bool]:
    """The schema, and whether JSON is wanted. ``response_format`` has a type, or is a schema itself."""
    given = message.response_format
    formats = given if isinstance(given, list) else [given] if given else []
    for one in formats:
        kind = one.get("type")
        if kind in ("image", "audio", "video"):
            raise ApiFault(
                400, f"Invalid value for 'response_format.type': {kind!r}; this server answers with text."
            )
        if kind != "text":
            return one, True
        schema = one.get("schema")
        if schema is not None and not isinstance(schema, dict):
            raise ApiFault(400, "Invalid value for 'response_format.schema': it is no object.")
        return schema, schema is not None or one.get("mime_type", one.get("mimeType")) == _JSON_TYPE
    return None, message.response_mime_type == _JSON_TYPE


def _functions(message: CreateInteraction, config: GenerationConfig) -> tuple[Function, ...]:
    """Those of which one has to be called: tool choice "any". One that has answered is called last."""
    choice = config.tool_choice
    allowed: list[str] | None = None
    if choice is not None and not isinstance(choice, str):
        tools = choice.allowed_tools
        choice, allowed = (tools.mode, tools.tools) if tools else (None, None)
    if choice != "any":
        return ()
    functions = tuple(
        Function(str(tool.get("name", "")), str(tool.get("description", "")), tool.get("parameters"))
        for tool in message.tools or []
        if tool.get("type") == "function" and (not allowed or tool.get("name") in allowed)
    )
    if not functions:
        raise ApiFault(400, "tool_choice 'any' needs a tool of type 'function'.")
    called = {step.name for step in message.input or [] if isinstance(step, FunctionResultStep)}
    return tuple(function for function in functions if function.name not in called) or functions
