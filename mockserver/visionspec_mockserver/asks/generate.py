"""The question in a message of generateContent or countTokens, checked as the service checks it.

Sentences that begin with ``*`` or ``Invalid``, and those about roles, thinking, numbers of tokens, a schema
or functions with a MIME type, and turns of functions, are the service's, as observed; the others are ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from visionspec.models.generate import Part
from visionspec_mockserver import violations
from visionspec_mockserver.asked import Ask, Function, text_tokens
from visionspec_mockserver.asks.turns import NO_CACHE, Turn, check_total, question
from visionspec_mockserver.http import ApiFault
from visionspec_mockserver.pictures import Source
from visionspec_mockserver.schemas import check_schema, json_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from visionspec.models.generate import (
        Content,
        FunctionResponsePart,
        GenerateContentRequest,
        GenerationConfig,
        Tool,
    )
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
_ASKS = "GenerateContentRequest"
_ROLES = (None, "", "user", "model", "function")
_JSON_TYPE = "application/json"
_ENUM_TYPE = "text/x.enum"
_MIME_TYPES = (None, "", "text/plain", _JSON_TYPE, _ENUM_TYPE)
_BEFORE_3 = ("1.0", "1.5", "2.0", "2.5")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")


async def read(request: Request, model: Entry, message: GenerateContentRequest, *, kind: str = _ASKS) -> Ask:
    """The question of ``message``; ``kind`` is the name of the message in the service's sentences.

    Raises:
        ApiFault: if something is wrong with it.
    """
    contents = message.contents
    if not contents:
        raise ApiFault(400, f"* {kind}.contents: contents is not specified\n")
    system = message.system_instruction
    _check_contents(contents, system, kind)
    if message.cached_content:
        raise ApiFault(403, NO_CACHE)
    config = message.generation_config
    if config is not None:
        _check_config(model, config)
    tools = message.tools
    functions = _functions(model, message, config) if tools or message.tool_config else ()
    if len(contents) > 1 or functions:
        _check_turns(contents)

    turns = [_turn(content, at, config) for at, content in enumerate(contents)]
    ask = await question(request, model, turns)
    ask.functions = functions
    if system is not None:
        _instruct(ask, system)
    if tools:
        ask.counts = ask.counts.plus_text(_declaration_tokens(tools))
    if kind == _ASKS:
        check_total(model, ask.counts.total)
    if config is not None:
        _want(ask, config)
    return ask


def _instruct(ask: Ask, system: Content) -> None:
    """What the instruction of the system says before the question."""
    texts = [part.text for part in system.parts or () if part.text]
    ask.counts = ask.counts.plus_text(sum(map(text_tokens, texts)))
    ask.system = "\n".join(texts)


def _want(ask: Ask, config: GenerationConfig) -> None:
    """What a question says of its answer."""
    thinking = config.thinking_config
    ask.schema = _checked(_schema(config))
    ask.wants_json = config.response_mime_type == _JSON_TYPE
    ask.bare = config.response_mime_type == _ENUM_TYPE
    ask.max_output_tokens = config.max_output_tokens
    ask.stop_sequences = tuple(config.stop_sequences or ())
    ask.thoughts = bool(thinking and thinking.include_thoughts and thinking.thinking_budget != 0)


def _check_contents(contents: list[Content], system: Content | None, kind: str) -> None:
    missing: list[str] = []
    for at, content in enumerate(contents):
        if content.role not in _ROLES:
            raise ApiFault(400, "Please use a valid role: user, model.")
        _check_parts(content, at, kind, missing)
    if system:
        _check_parts(system, None, kind, missing)
        missing += [
            f"* {kind}.system_instruction.parts[{number}]: a system instruction is text.\n"
            for number, part in enumerate(system.parts or ())
            if part.text is None
        ]
    if missing:
        raise ApiFault(400, "".join(missing))


def _check_parts(content: Content, at: int | None, kind: str, missing: list[str]) -> None:
    if not content.parts:
        missing.append(f"* {kind}.{_place(at)}.parts: contents.parts must not be empty.\n")
    for number, part in enumerate(content.parts or ()):
        named = part.model_fields_set & _DATA
        if len(named) == 1 and getattr(part, *named) is not None:
            continue
        path = f"{_place(at)}.parts[{number}]"
        given = [name for name in Part.model_fields if name in named and getattr(part, name) is not None]
        if not given:
            missing.append(
                f"* {kind}.{path}.data: required oneof field 'data' must have one initialized field\n"
            )
        elif len(given) > 1:
            text = f"Invalid value at '{path}' (oneof), oneof field 'data' is already set. "
            text += f"Cannot set '{given[1]}'"
            raise ApiFault(400, text, details=[violations.bad_request([(path, text)])])


def _place(at: int | None) -> str:
    return "system_instruction" if at is None else f"contents[{at}]"


def _check_config(model: Entry, config: GenerationConfig) -> None:
    thinking = config.thinking_config
    level = thinking.thinking_level if thinking else None
    budget = thinking.thinking_budget if thinking else None
    mime_type = config.response_mime_type or "text/plain"
    schema = config.response_schema or config.response_json_schema
    wrong = {
        "Thinking level is not supported for this model.": level is not None and model.family in _BEFORE_3,
        f"Thinking level {level} is not supported for this model.": (
            level is not None and level.lower() in model.refused_levels
        ),
        "Budget 0 is invalid. This model only works in thinking mode.": budget == 0 and model.always_thinks,
        "candidate_count must be in the range [1, 8].": not 1 <= _or(config.candidate_count, 1) <= 8,
        "max_output_tokens must be positive.": _or(config.max_output_tokens, 1) < 1,
        "temperature must be in the range [0.0, 2.0].": not 0 <= _or(config.temperature, 1) <= 2,
        "top_p must be in the range [0.0, 1.0].": not 0 <= _or(config.top_p, 1) <= 1,
        "At most 5 stop_sequences can be set.": len(config.stop_sequences or ()) > 5,
        "Only one of response_schema and response_json_schema can be set.": (
            config.response_schema is not None and config.response_json_schema is not None
        ),
        "You can only set only one of thinking budget and thinking level.": (
            budget is not None and level is not None
        ),
        "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, "
        "`application/json` and `text/x.enum`.\n": config.response_mime_type not in _MIME_TYPES,
        "Response_schema with a response mime type 'text/plain' is unsupported.": (
            schema is not None and mime_type == "text/plain"
        ),
        "The response mime type 'text/x.enum' needs a schema with an enum.": (
            mime_type == _ENUM_TYPE and not (_schema(config) or {}).get("enum")
        ),
        "This server answers with text: add TEXT to response_modalities.": (
            bool(config.response_modalities) and "TEXT" not in (config.response_modalities or ())
        ),
    }
    for message, is_wrong in wrong.items():
        if is_wrong:
            raise ApiFault(400, message)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _turn(content: Content, at: int, config: GenerationConfig | None) -> Turn:
    texts: list[str] = []
    sources: list[Source] = []
    tokens = 0
    for number, part in enumerate(content.parts or ()):  # each has one of these
        if text := part.text:
            texts.append(text)
            tokens += text_tokens(text)
        elif part.inline_data is not None or part.file_data is not None:
            sources.append(_source(part, f"{_place(at)}.parts[{number}]", config))
        elif part.function_call is not None:
            tokens += text_tokens(json.dumps(part.function_call.wire()))
        elif returned := part.function_response:
            tokens += text_tokens(json.dumps(returned.model_copy(update={"parts": None}).wire()))
            sources += [
                _source(one, f"{_place(at)}.parts[{number}].function_response.parts[{place}]", config)
                for place, one in enumerate(returned.parts or ())
            ]
    return Turn(content.role != "model", tuple(texts), tuple(sources), tokens)


def _source(part: Part | FunctionResponsePart, where: str, config: GenerationConfig | None) -> Source:
    own = part.media_resolution if isinstance(part, Part) else None
    source = Source(
        where,
        resolution=(own.level if own else None) or (config.media_resolution if config else None),
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


def _checked(schema: dict[str, Any] | None) -> dict[str, Any] | None:
    if schema:
        check_schema(schema)
    return schema


def _declaration_tokens(tools: Sequence[Tool]) -> int:
    declared = [one.wire() for tool in tools for one in tool.function_declarations or ()]
    return text_tokens(json.dumps(declared)) if declared else 0


def _check_declared(tools: Sequence[Tool]) -> None:
    wrong: list[str] = []
    names: set[str] = set()
    for at, tool in enumerate(tools):
        for number, one in enumerate(tool.function_declarations or ()):
            where = f"tools[{at}].function_declarations[{number}]"
            if not _NAME.fullmatch(one.name or ""):
                wrong.append(
                    f"* {_ASKS}.{where}.name: Invalid function name. Must start with a letter or an underscore. "
                    "Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.) or dashes (-), with a maximum "
                    "length of 64.\n"
                )
            elif one.name in names:
                raise ApiFault(400, f"Duplicate function declaration found: {one.name}")
            names.add(one.name or "")
            if one.parameters is not None and one.parameters_json_schema is not None:
                raise ApiFault(
                    400, f"Only one of parameters and parameters_json_schema of {where} can be set."
                )
    if wrong:
        raise ApiFault(400, "".join(wrong))


def _check_turns(contents: Sequence[Content]) -> None:
    """What functions returned stands right behind their calls, in one turn or in several."""
    may_return = False
    for content in contents:
        parts = content.parts or ()
        returns = any(part.function_response is not None for part in parts)
        if returns and not may_return:
            raise ApiFault(
                400, "Please ensure that function response turn comes immediately after a function call turn."
            )
        may_return = returns or any(part.function_call is not None for part in parts)


def _functions(
    model: Entry, message: GenerateContentRequest, config: GenerationConfig | None
) -> tuple[Function, ...]:
    """Those of which one has to be called: mode ANY. One that has already answered is called last."""
    declared = [one for tool in message.tools or [] for one in tool.function_declarations or []]
    _check_declared(message.tools or [])
    wants_json = config is not None and config.response_mime_type == _JSON_TYPE
    if declared and wants_json and model.family in _BEFORE_3:
        raise ApiFault(400, f"Function calling with a response mime type: '{_JSON_TYPE}' is unsupported")
    calling = message.tool_config.function_calling_config if message.tool_config else None
    if calling is None or calling.mode != "ANY":
        return ()
    functions = [
        Function(
            one.name or "",
            one.description or "",
            _checked(json_schema(one.parameters) if one.parameters else one.parameters_json_schema),
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
