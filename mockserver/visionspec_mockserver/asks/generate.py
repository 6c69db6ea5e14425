"""The question in a message of generateContent or countTokens, checked as the service checks it.

Sentences that begin with ``*`` or ``Invalid``, and those about roles, thinking levels and function calling
with JSON, are the service's, as observed; the others are ours.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from visionspec.models.generate import GenerationConfig, Part
from visionspec_mockserver import violations
from visionspec_mockserver.asks.turns import NO_CACHE, Turn, question
from visionspec_mockserver.core import Ask, Function, text_tokens
from visionspec_mockserver.http import ApiFault
from visionspec_mockserver.pictures import Source
from visionspec_mockserver.schemas import json_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from visionspec.models.generate import Content, GenerateContentRequest, Tool
    from visionspec_mockserver.catalog import Entry

# The oneof of a part; its other fields qualify these.
_DATA = frozenset(
    [
        "text",
        "inline_data",
        "file_data",
        "function_call",
        "function_response",
        "executable_code",
        "code_execution_result",
        "tool_call",
        "tool_response",
    ]
)
_NO_CONFIG = GenerationConfig.model_construct()  # not validated: that would build the model at the start
_ROLES = (None, "", "user", "model", "function")
_JSON_TYPE = "application/json"
_ENUM_TYPE = "text/x.enum"
_MIME_TYPES = (None, "", "text/plain", _JSON_TYPE, _ENUM_TYPE)
_NO_TOOLS_WITH_JSON = ("1.5", "2.0", "2.5")  # observed on these; Gemini 3 takes both at once


async def read(
    request: Request, model: Entry, message: GenerateContentRequest, *, kind: str = "GenerateContentRequest"
) -> Ask:
    """The question of ``message``; ``kind`` is the name of the message in the service's sentences.

    Raises:
        ApiFault: if something is wrong with it.
    """
    contents = message.contents or []
    if not contents:
        raise ApiFault(400, f"* {kind}.contents: contents is not specified\n")
    system = message.system_instruction
    _check_contents(contents, system, kind)
    if message.cached_content:
        raise ApiFault(403, NO_CACHE)
    config = message.generation_config or _NO_CONFIG
    if config is not _NO_CONFIG:
        _check_config(model, config)
    functions = _functions(model, message, config) if message.tools or message.tool_config else ()

    turns = [_turn(content, f"contents[{at}]", config) for at, content in enumerate(contents)]
    asked = await question(request, model, turns)
    instruction = [part.text for part in system.parts or () if part.text] if system else []
    extra = sum([text_tokens(text) for text in instruction]) if instruction else 0
    if message.tools:
        extra += _declaration_tokens(message.tools)
    thinking = config.thinking_config
    return Ask(
        model=model,
        text="\n".join([*instruction, asked.text]),
        pictures=asked.pictures,
        counts=asked.counts.plus_text(extra),
        schema=_schema(config),
        wants_json=config.response_mime_type == _JSON_TYPE,
        bare=config.response_mime_type == _ENUM_TYPE,
        functions=functions,
        max_output_tokens=config.max_output_tokens,
        stop_sequences=tuple(config.stop_sequences or ()),
        thoughts=bool(thinking and thinking.include_thoughts and thinking.thinking_budget != 0),
        asked=asked.text,
        system="\n".join(instruction),
    )


def _check_contents(contents: list[Content], system: Content | None, kind: str) -> None:
    missing: list[str] = []
    for at, content in enumerate(contents):
        if content.role not in _ROLES:
            raise ApiFault(400, "Please use a valid role: user, model.")
        _check_parts(content, f"contents[{at}]", kind, missing)
    if system:
        _check_parts(system, "system_instruction", kind, missing)
        missing += [
            f"* {kind}.system_instruction.parts[{number}]: a system instruction is text.\n"
            for number, part in enumerate(system.parts or ())
            if part.text is None
        ]
    if missing:
        raise ApiFault(400, "".join(missing))


def _check_parts(content: Content, where: str, kind: str, missing: list[str]) -> None:
    if not content.parts:
        missing.append(f"* {kind}.{where}.parts: contents.parts must not be empty.\n")
    for number, part in enumerate(content.parts or ()):
        named = part.model_fields_set & _DATA
        if len(named) == 1 and getattr(part, *named) is not None:
            continue
        path = f"{where}.parts[{number}]"
        given = [name for name in Part.model_fields if name in named and getattr(part, name) is not None]
        if not given:
            missing.append(
                f"* {kind}.{path}.data: required oneof field 'data' must have one initialized field\n"
            )
        elif len(given) > 1:
            text = f"Invalid value at '{path}' (oneof), oneof field 'data' is already set. "
            text += f"Cannot set '{given[1]}'"
            raise ApiFault(400, text, details=[violations.bad_request([(path, text)])])


def _check_config(model: Entry, config: GenerationConfig) -> None:
    thinking = config.thinking_config
    level = thinking.thinking_level if thinking else None
    if level is not None and level.lower() in model.refused_levels:
        raise ApiFault(400, f"Thinking level {level} is not supported for this model.")
    wrong = {
        "candidate_count must be in the range [1, 8].": not 1 <= _or(config.candidate_count, 1) <= 8,
        "max_output_tokens must be positive.": _or(config.max_output_tokens, 1) < 1,
        "temperature must be in the range [0.0, 2.0].": not 0 <= _or(config.temperature, 1) <= 2,
        "top_p must be in the range [0.0, 1.0].": not 0 <= _or(config.top_p, 1) <= 1,
        "At most 5 stop_sequences can be set.": len(config.stop_sequences or ()) > 5,
        "Only one of response_schema and response_json_schema can be set.": (
            config.response_schema is not None and config.response_json_schema is not None
        ),
        "Only one of thinking_budget and thinking_level can be set.": (
            thinking is not None and thinking.thinking_budget is not None and level is not None
        ),
        "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, "
        "`application/json` and `text/x.enum`.\n": config.response_mime_type not in _MIME_TYPES,
        "This server answers with text: add TEXT to response_modalities.": (
            bool(config.response_modalities) and "TEXT" not in (config.response_modalities or ())
        ),
    }
    for message, is_wrong in wrong.items():
        if is_wrong:
            raise ApiFault(400, message)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _turn(content: Content, where: str, config: GenerationConfig) -> Turn:
    texts: list[str] = []
    sources: list[Source] = []
    tokens = 0
    for number, part in enumerate(content.parts or ()):  # each has one of these
        if part.text:
            texts.append(part.text)
            tokens += text_tokens(part.text)
        elif part.inline_data is not None or part.file_data is not None:
            sources.append(_source(part, f"{where}.parts[{number}]", config))
        elif called := part.function_call or part.function_response:
            tokens += text_tokens(json.dumps(called.wire()))
    return Turn(content.role != "model", tuple(texts), tuple(sources), tokens)


def _source(part: Part, where: str, config: GenerationConfig) -> Source:
    own = part.media_resolution
    source = Source(
        where,
        resolution=(own.level if own else None) or config.media_resolution,
        scope="part" if own and own.level else "request",
        budget=own.num_tokens if own else None,
    )
    if part.inline_data is not None:
        if not part.inline_data.mime_type:
            raise ApiFault(400, f"{where}.inline_data has no mime_type.")
        return source._replace(data=part.inline_data.data or b"", mime_type=part.inline_data.mime_type)
    sent = part.file_data
    return source._replace(uri=sent.file_uri, mime_type=sent.mime_type) if sent else source


def _schema(config: GenerationConfig) -> dict[str, Any] | None:
    if config.response_schema is not None:
        return json_schema(config.response_schema)
    given = config.response_json_schema
    return given if isinstance(given, dict) else None


def _declaration_tokens(tools: Sequence[Tool]) -> int:
    declared = [one.wire() for tool in tools for one in tool.function_declarations or ()]
    return text_tokens(json.dumps(declared)) if declared else 0


def _functions(
    model: Entry, message: GenerateContentRequest, config: GenerationConfig
) -> tuple[Function, ...]:
    """Those of which one has to be called: mode ANY. One that has already answered is called last."""
    declared = [one for tool in message.tools or [] for one in tool.function_declarations or []]
    if declared and config.response_mime_type == _JSON_TYPE and model.family in _NO_TOOLS_WITH_JSON:
        raise ApiFault(400, f"Function calling with a response mime type: '{_JSON_TYPE}' is unsupported")
    calling = message.tool_config.function_calling_config if message.tool_config else None
    if calling is None or calling.mode != "ANY":
        return ()
    functions = [
        Function(
            one.name or "",
            one.description or "",
            json_schema(one.parameters) if one.parameters else one.parameters_json_schema,
        )
        for one in declared
    ]
    if allowed := calling.allowed_function_names:
        unknown = sorted(set(allowed) - {function.name for function in functions})
        if unknown:
            raise ApiFault(400, f"allowed_function_names: no tool declares {', '.join(unknown)}.")
        functions = [function for function in functions if function.name in allowed]
    if not functions:
        raise ApiFault(400, "Function calling mode ANY needs a function declaration.")
    parts = [part for content in message.contents or [] for part in content.parts or []]
    called = {part.function_response.name for part in parts if part.function_response}
    return tuple(function for function in functions if function.name not in called) or tuple(functions)
