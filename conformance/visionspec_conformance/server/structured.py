"""Answers that are asked for as JSON: schemas to ask with, and whether an answer is an instance.

The names in a schema are drawn, so that no answer fits by luck. Every property is required and flat: more would
ask whether a model is clever, not whether a server keeps its rule.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from visionspec_conformance.judge import broken, expect_that

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn

_NAMES = ("colour", "count", "kind", "share", "visible", "words", "zzz_1")
_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
}


@st.composite
def schemas(draw: DrawFn) -> dict[str, Any]:
    """JSON Schemas of an object with one to four required properties."""
    kinds = st.sampled_from(sorted(_IS))
    drawn = draw(st.dictionaries(st.sampled_from(_NAMES), kinds, min_size=1, max_size=4))
    properties = {
        name: {"type": kind, **({"items": {"type": "string"}} if kind == "array" else {})}
        for name, kind in drawn.items()
    }
    return {"type": "object", "properties": properties, "required": list(drawn)}


def as_openapi(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema in the words of ``responseSchema``, whose types are in capitals."""
    return {
        name: as_openapi(value) if isinstance(value, dict) else value.upper() if name == "type" else value
        for name, value in schema.items()
    }


def expect_json(text: str) -> Any:
    """The text must be JSON and nothing else, without a fence; gives what it says."""
    try:
        return json.loads(text)
    except ValueError:
        broken("a text that is JSON", text)


def expect_instance(text: str, schema: dict[str, Any]) -> None:
    """The text must be JSON of the schema."""
    value = expect_json(text)
    properties = schema["properties"]
    expect_that(
        isinstance(value, dict) and set(value) >= set(properties), f"an object with {list(properties)}", value
    )
    for name, one in properties.items():
        expect_that(_IS[one["type"]](value[name]), f"{name}: {one['type']}", value)
