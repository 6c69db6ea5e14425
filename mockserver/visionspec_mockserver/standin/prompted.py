"""A JSON schema that stands in the prompt itself, which is how many libraries ask for structured output.

They write "answer with JSON that matches this schema" and the schema behind it, some with an example of a
schema before it: the last one counts. A map of fields to schemas is read as the object that has these fields.
What stands behind words about a tool and its arguments describes no answer.
"""

from __future__ import annotations

import json
import re
from typing import Any

_READ_CHARS = 200_000
_MOST_TRIED = 200  # braces that begin no JSON are cheap, and more are no prompt
_OPENING = re.compile(r'\{\s*"')
_ABOUT = re.compile(r"(tool|argument|parameter)|schema|json|format|output|answer|respon|field")
_ABOUT_CHARS = 200
_DECODER = json.JSONDecoder()
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_DEFINITIONS = ("$defs", "definitions")
_COMBINED = ("anyOf", "oneOf", "allOf", "enum")


def may_have_schema(text: str) -> bool:
    """Whether it is worth the time to look for a schema in ``text``."""
    return '"type"' in text or '"$ref"' in text


def prompted_schema(text: str) -> tuple[dict[str, Any] | None, str]:
    """The last JSON schema within ``text``, or None, and the text without it."""
    if not may_have_schema(text):
        return None, text
    found: tuple[dict[str, Any], int, int] | None = None
    at = max(0, len(text) - _READ_CHARS)
    for _ in range(_MOST_TRIED):
        opening = _OPENING.search(text, at)
        if opening is None:
            break
        start = at = opening.start()
        try:
            value, at = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            at += 1
            continue
        schema = _schema(value)
        if schema is not None and not _of_a_tool(text[max(0, start - _ABOUT_CHARS) : start]):
            found = schema, start, at
    if found is None:
        return None, text
    schema, start, end = found
    return schema, text[:start] + text[end:]


def _of_a_tool(before: str) -> bool:
    about: list[str] = _ABOUT.findall(before.lower())  # of each word the group: empty where none of a tool
    return bool(about and about[-1])


def _schema(value: dict[str, Any]) -> dict[str, Any] | None:
    """``value`` as the schema of an object or an array, or None if it is no such thing."""
    if isinstance(value.get("properties"), dict):
        return value if all(isinstance(one, (dict, bool)) for one in value["properties"].values()) else None
    if value.get("type") == "array":
        return value if isinstance(value.get("items"), dict) else None
    definitions = {key: value[key] for key in _DEFINITIONS if isinstance(value.get(key), dict)}
    if isinstance(value.get("$ref"), str):
        return value if definitions else None
    fields = _object({key: one for key, one in value.items() if key not in definitions})
    if fields is None:
        return None
    return fields | {
        key: {name: _object(one) or one for name, one in named.items()} for key, named in definitions.items()
    }


def _object(fields: Any) -> dict[str, Any] | None:
    """The schema of an object with ``fields``, if all of them are schemas."""
    if not isinstance(fields, dict) or not fields or not all(_is_field(one) for one in fields.values()):
        return None
    return {"type": "object", "properties": fields, "required": list(fields)}


def _is_field(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    known = value.get("type") in _TYPES or isinstance(value.get("$ref"), str)
    return known or any(isinstance(value.get(key), list) for key in _COMBINED)
