"""What a message's validation found, in the words of the service.

generateContent, files and models speak as protobuf's JSON reader does: the path of the field in snake_case,
its type, and the same sentences again as ``google.rpc.BadRequest``. These are as observed. That interactions
answers ``parameter_unknown`` is documented; its sentences here are ours.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

from visionspec.models.interactions import CreateInteraction, GenerationConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

_MAX_PROBLEMS = 20
_SHOWN_CHARS = 80

# Fields that hold a message or an enum, by the name of their type in google.ai.generativelanguage.
_MESSAGES = {
    "contents": "Content",
    "file_data": "FileData",
    "function_call": "FunctionCall",
    "function_calling_config": "FunctionCallingConfig",
    "function_declarations": "FunctionDeclaration",
    "function_response": "FunctionResponse",
    "generate_content_request": "GenerateContentRequest",
    "generation_config": "GenerationConfig",
    "inline_data": "Blob",
    "items": "Schema",
    "media_resolution": "MediaResolution",
    "parameters": "Schema",
    "parts": "Part",
    "response_schema": "Schema",
    "safety_settings": "SafetySetting",
    "system_instruction": "Content",
    "thinking_config": "ThinkingConfig",
    "tool_config": "ToolConfig",
    "tools": "Tool",
}
_ENUMS = {
    "category": "HarmCategory",
    "level": "MediaResolution.Level",
    "media_resolution": "GenerationConfig.MediaResolution",
    "mode": "FunctionCallingConfig.Mode",
    "response_modalities": "GenerationConfig.Modality",
    "thinking_level": "ThinkingConfig.ThinkingLevel",
    "threshold": "SafetySetting.HarmBlockThreshold",
    "type": "Type",
}
# What was expected, by the first word of what pydantic calls the problem; only int32 has limits.
_SCALARS = {
    "bool": "TYPE_BOOL",
    "finite": "TYPE_FLOAT",
    "float": "TYPE_FLOAT",
    "greater": "TYPE_INT32",
    "int": "TYPE_INT32",
    "less": "TYPE_INT32",
    "string": "TYPE_STRING",
}
_LONG = re.compile(r"size_bytes|(min|max)_(items|length|properties)")  # the only numbers of 64 bits
_MAPS = {"properties", "defs", "labels"}  # keyed by the user's own names
_MEANT = {
    "config": "generation_config",  # the name in document 000, lines 360-362
    "contents": "input",
    "media_resolution": "resolution",  # of the image in the input: fact 4.8
}


# Without these fields a message may well mean what was meant.
_TOLERABLE = ("extra_forbidden", "literal_error")


def tolerable(problems: Sequence[ErrorDetails]) -> bool:
    """Whether fields that are unknown, or have a value that their enum does not have, are all that is wrong."""
    return all(problem["type"] in _TOLERABLE for problem in problems)


def drop(problems: Sequence[ErrorDetails], body: Any) -> None:
    """Take out of ``body`` the fields that the problems are with."""
    for problem in reversed(problems):  # the last of a list first, so that the places of the others stay
        here, parent = body, None
        last: Any = None
        for part in _without_tags(problem["loc"], body):
            key: Any = part if isinstance(part, int) else _key(here, part)
            if key is not None and isinstance(here, list if isinstance(part, int) else dict):
                here, parent, last = here[key], here, key
        if isinstance(parent, dict | list):
            del parent[last]


def _without_tags(loc: Sequence[int | str], body: Any) -> Iterator[int | str]:
    """``loc`` without the tags of unions. They may have the name of a key: a text's tag and its text do."""
    here: Any = body
    in_list = False
    for number, part in enumerate(loc, 1):
        if isinstance(part, int):
            if isinstance(here, list):
                here = here[part] if part < len(here) else None
        elif in_list and number < len(loc) and isinstance(here, dict) and here.get("type") == part:
            in_list = False
            continue
        else:
            key = _key(here, part)
            here = here if key is None else here[key]
        in_list = isinstance(part, int)
        yield part


def _key(here: Any, part: str) -> str | None:
    """The key that ``part`` of a location stands for; None for the tag of a union, or the name of a class."""
    return (
        next((key for key in (part, _snake(part)) if key in here), None) if isinstance(here, dict) else None
    )


def bad_request(violations: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """``google.rpc.BadRequest`` of ``(field, description)`` pairs; the root has no field."""
    return {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
            {"field": field, "description": text} if field else {"description": text}
            for field, text in violations
        ],
    }


def protobuf(
    problems: Sequence[ErrorDetails], body: Any, *, version: str
) -> tuple[str, list[dict[str, Any]]]:
    """The message and the details of a ``google.rpc.Status``."""
    found = [_protobuf(problem, body, version) for problem in problems[:_MAX_PROBLEMS]]
    return "\n".join(text for _, text in found), [bad_request(found)]


def sentences(problems: Sequence[ErrorDetails], body: Any) -> list[str]:
    """One line per problem, for the log."""
    return [f"{problem['msg']}: {_path(problem['loc'], body)}" for problem in problems[:_MAX_PROBLEMS]]


def interactions(problems: Sequence[ErrorDetails], body: Any) -> tuple[str, str]:
    """The message and the code of an error of interactions."""
    texts: dict[str, str] = {}
    for problem in problems[:_MAX_PROBLEMS]:
        path = _path(problem["loc"], body)
        if problem["type"] == "extra_forbidden":
            text = f"Unknown parameter '{path}'.{_hint(path)}"
        elif problem["type"] == "missing":
            text = f"Missing required parameter '{path}'."
        else:
            text = f"Invalid value for '{path}': {problem['msg']}, got {_shown(problem['input'])}."
        texts.setdefault(path, text)
    unknown = any(problem["type"] == "extra_forbidden" for problem in problems)
    return " ".join(texts.values()), "parameter_unknown" if unknown else "invalid_request"


def _hint(path: str) -> str:
    within, _, name = path.rpartition(".")
    messages: dict[str, type[BaseModel]] = {"": CreateInteraction, "generation_config": GenerationConfig}
    known = messages[within].model_fields if within in messages else {}
    near = [_MEANT[name]] if known and name in _MEANT else difflib.get_close_matches(name, known, n=1)
    if not near and not within and name in GenerationConfig.model_fields:
        near = [f"generation_config.{name}"]
    return f" Did you mean '{near[0]}'?" if near else ""


def _protobuf(problem: ErrorDetails, body: Any, version: str) -> tuple[str, str]:
    loc, kind, value = problem["loc"], problem["type"], problem["input"]
    parent = _path(loc[:-1], body)
    at = f" at '{parent}'" if parent else ""
    if kind == "extra_forbidden":
        return parent, f'Invalid JSON payload received. Unknown name "{loc[-1]}"{at}: Cannot find field.'
    path = _path(loc, body)
    if isinstance(value, list) and not kind.endswith("list_type"):
        not_repeating = "Proto field is not repeating, cannot start list."
        return parent, f'Invalid JSON payload received. Unknown name "{loc[-1]}"{at}: {not_repeating}'
    if kind == "base64":
        failed = f"Base64 decoding failed for {_shown(value)}"
        return path, f"Invalid value at '{path}' (TYPE_BYTES), {failed}"
    field = next((_snake(part) for part in reversed(loc) if isinstance(part, str)), "")
    message = (_ENUMS if kind == "literal_error" else _MESSAGES).get(field)
    scalar = _SCALARS.get(kind.partition("_")[0], "TYPE_STRING")
    if _LONG.fullmatch(field):
        scalar = "TYPE_INT64"
    type_ = f"type.googleapis.com/google.ai.generativelanguage.{version}.{message}" if message else scalar
    return path, f"Invalid value at '{path}' ({type_}), {_shown(value)}"


def _path(loc: Sequence[int | str], body: Any) -> str:
    """``contents[0].parts[1].inline_data``, and ``properties[2].value`` for an entry of a map.

    What pydantic says of a union (its tag, the name of a class) is no key of the body: it is left out.
    """
    path, here, in_map = "", body, False
    loc = list(_without_tags(loc, body))
    for number, part in enumerate(loc, 1):
        if isinstance(part, int):
            path += f"[{part}]"
            if isinstance(here, list):  # else it stands alone where a list was meant
                here = here[part] if part < len(here) else None
        elif isinstance(here, dict):
            name, key = _snake(part), _key(here, part)
            if in_map and key is not None:
                path += f"[{list(here).index(key)}].value"
            elif key is not None or number == len(loc):
                path += f".{name}" if path else name
            else:
                continue
            here, in_map = here.get(key), name in _MAPS and not in_map
    return path


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), name)


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f'{text[:_SHOWN_CHARS]}..."'
