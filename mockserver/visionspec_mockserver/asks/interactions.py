"""The question in a message that creates an interaction, with what came before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

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
from visionspec_mockserver.asked import Ask, Counts, Function, text_tokens
from visionspec_mockserver.asks.turns import NO_CACHE, Turn, check_total, question
from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault
from visionspec_mockserver.pictures import Source, load
from visionspec_mockserver.schemas import check_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.requests import Request

    from visionspec.models.interactions import CreateInteraction
    from visionspec_mockserver.catalog import Entry
    from visionspec_mockserver.core import Mock

_JSON_TYPE = "application/json"
_MIME_TYPES = (None, "", "text/plain", _JSON_TYPE)
_SCHEMA_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_RESOLUTIONS = ("low", "medium", "high", "ultra_high", "unspecified")
# What the SDKs know beside what is read here; each of these runs at the service.
_TOOLS = ("code_execution", "file_search", "google_maps", "google_search", "retrieval", "url_context")
_STEPS = frozenset(
    [f"{tool}_{half}" for tool in (*_TOOLS, "mcp_server_tool", "processing") for half in ("call", "result")]
)
_TOOL_TYPES = frozenset(["function", "computer_use", "mcp_server", *_TOOLS])
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
    _check_tools(message.tools or ())
    functions = _functions(message, config)
    schema, wants_json = _format(message)
    check_schema(schema)
    steps = message.input or []
    ask = await question(request, model, list(_turns(steps)))
    if before is not None:
        if not ask.pictures:
            earlier = await _earlier(mock_of(request), before)
            ask.pictures = await load(mock_of(request), model, earlier, host=request.headers.get("host", ""))
        ask.counts += Counts(*before["context"])
    ask.counts = ask.counts.plus_text(passing_tokens(message))
    check_total(model, ask.counts.total)
    ask.functions = functions
    ask.system = message.system_instruction or ""
    ask.schema, ask.wants_json = schema, wants_json
    ask.max_output_tokens = config.max_output_tokens
    ask.stop_sequences = tuple(config.stop_sequences or ())
    ask.thoughts = config.thinking_summaries == "auto"
    return ask


def passing_tokens(message: CreateInteraction) -> int:
    """Tokens of what goes with a turn but is no part of the history: each turn has to bring it (fact 4.21)."""
    tools = text_tokens(json.dumps(message.tools)) if message.tools else 0
    return text_tokens(message.system_instruction or "") + tools


def _check(model: Entry, config: GenerationConfig) -> None:
    if config.thinking_level in model.refused_levels:
        level = str(config.thinking_level).upper()
        raise ApiFault(400, f"Thinking level {level} is not supported for this model.")
    wrong = {
        "max_output_tokens': it must be positive.": (
            config.max_output_tokens is not None and config.max_output_tokens < 1
        ),
        "stop_sequences': at most 5.": len(config.stop_sequences or ()) > 5,
        "temperature': it must be in the range [0.0, 2.0].": not 0 <= (config.temperature or 0) <= 2,
        "top_p': it must be in the range [0.0, 1.0].": not 0 <= (config.top_p or 0) <= 1,
    }
    for message, is_wrong in wrong.items():
        if is_wrong:
            raise ApiFault(400, f"Invalid value for 'generation_config.{message}")


def _check_tools(tools: Sequence[Doc]) -> None:
    _check_types(tools, "tools", _TOOL_TYPES)
    for at, tool in enumerate(tools):
        if tool["type"] == "function" and not isinstance(tool.get("name"), str):
            raise ApiFault(400, f"Missing required parameter 'tools[{at}].name'.")


def _turns(steps: Sequence[Any]) -> Iterator[Turn]:
    _check_types(steps, "input", _STEPS)
    for at, step in enumerate(steps):
        if isinstance(step, UserInput | ModelOutput):
            texts = tuple(content.text for content in step.content if isinstance(content, TextContent))
            yield Turn(
                by_user=isinstance(step, UserInput),
                texts=texts,
                sources=tuple(_sources(step.content, f"input[{at}].content")),
                text_tokens=sum(text_tokens(text) for text in texts),
            )
        elif isinstance(step, FunctionCallStep):
            yield Turn(by_user=False, text_tokens=text_tokens(json.dumps(step.arguments)))
        elif isinstance(step, FunctionResultStep):
            images, rest = _returned(step.result, f"input[{at}].result")
            yield Turn(by_user=True, sources=tuple(images), text_tokens=text_tokens(json.dumps(rest)))
        elif isinstance(step, Thought):
            _check_types(step.summary or (), f"input[{at}].summary", frozenset())


def _check_types(items: Sequence[Any], where: str, known: frozenset[str]) -> None:
    """That what is still a dict, since it is not read here, is of a type that the service knows."""
    for at, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        kind = item.get("type")
        if not isinstance(kind, str):
            raise ApiFault(400, f"Missing required parameter '{where}[{at}].type'.")
        if kind not in known:
            raise ApiFault(400, f"Invalid value for '{where}[{at}].type': {kind[:80]!r}.")


def _sources(contents: Sequence[Any], where: str) -> Iterator[Source]:
    for number, content in enumerate(contents):
        if isinstance(content, ImageContent):
            yield _source(content, f"{where}[{number}]")
        elif isinstance(content, dict):
            kind = content.get("type")
            raise ApiFault(
                400,
                f"Invalid value for '{where}[{number}].type': {kind!r}; this server reads text and images.",
            )


def _source(image: ImageContent, where: str) -> Source:
    resolution = image.resolution or "unspecified"
    if resolution.lower() not in _RESOLUTIONS:
        raise ApiFault(400, f"Invalid value for '{where}.resolution': {resolution[:80]!r}.")
    return Source(where, image.data, image.uri, image.mime_type, image.resolution)


def _returned(result: Any, where: str) -> tuple[list[Source], Any]:
    """The images in what a function returned, and the rest, which is the user's own JSON."""
    if not isinstance(result, list):
        return [], result
    images: list[Source] = []
    rest: list[Any] = []
    for number, item in enumerate(result):
        if not (isinstance(item, dict) and item.get("type") == "image"):
            rest.append(item)
            continue
        try:
            image = ImageContent.model_validate(item, extra="forbid")
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            path = ".".join(map(str, (f"{where}[{number}]", *wrong["loc"])))
            raise ApiFault(400, f"Invalid value for '{path}': {wrong['msg']}.") from None
        images.append(_source(image, f"{where}[{number}]"))
    return images, rest


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
    if message.response_modalities and "text" not in message.response_modalities:
        raise ApiFault(400, "Invalid value for 'response_modalities': this server answers with text.")
    _check_mime_type("response_mime_type", message.response_mime_type)
    given = message.response_format
    formats = given if isinstance(given, list) else [given] if given else []
    for one in formats:
        kind = one.get("type")
        if kind in ("image", "audio", "video"):
            raise ApiFault(
                400, f"Invalid value for 'response_format.type': {kind!r}; this server answers with text."
            )
        if kind != "text":
            if isinstance(kind, str) and kind.lower() not in _SCHEMA_TYPES:
                raise ApiFault(400, f"Invalid value for 'response_format.type': {kind[:80]!r}.")
            return one, True
        mime_type = one.get("mime_type", one.get("mimeType"))
        _check_mime_type("response_format.mime_type", mime_type)
        schema = one.get("schema")
        if schema is not None and not isinstance(schema, dict):
            raise ApiFault(400, "Invalid value for 'response_format.schema': it is no object.")
        return schema, schema is not None or mime_type == _JSON_TYPE
    return None, message.response_mime_type == _JSON_TYPE


def _check_mime_type(name: str, mime_type: object) -> None:
    if mime_type not in _MIME_TYPES:
        raise ApiFault(400, f"Invalid value for '{name}': {str(mime_type)[:80]!r}.")


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
