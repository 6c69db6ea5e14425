"""OpenAPI's subset as JSON schema."""

from __future__ import annotations

from typing import Any

import pytest

from visionspec.models.generate import Schema
from visionspec_mockserver.schemas import json_schema

STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "STRING"}, STRING),
        ({"type": "string"}, STRING),
        ({"type": "INTEGER", "nullable": True, "minimum": 0}, {"type": ["integer", "null"], "minimum": 0}),
        ({"type": "TYPE_UNSPECIFIED"}, {}),
        (
            {"type": "ARRAY", "items": {"type": "STRING"}, "min_items": "1", "maxItems": 2},
            {"type": "array", "items": STRING, "minItems": 1, "maxItems": 2},
        ),
        (
            {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}, "required": ["a_b"]},
            {"type": "object", "properties": {"a_b": STRING}, "required": ["a_b"]},
        ),
        ({"anyOf": [{"type": "STRING"}, {"type": "NULL"}]}, {"anyOf": [STRING, {"type": "null"}]}),
        ({"type": "STRING", "enum": ["a"], "format": "enum"}, {**STRING, "enum": ["a"], "format": "enum"}),
        (
            {"ref": "#/$defs/x", "defs": {"x": {"type": "STRING"}}},
            {"$ref": "#/$defs/x", "$defs": {"x": STRING}},
        ),
    ],
)
def test_forms(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert json_schema(Schema.model_validate(given, extra="forbid")) == expected


def test_the_order_that_was_asked_for() -> None:
    properties = {name: {"type": "STRING"} for name in ("a", "b", "c")}
    schema = Schema.model_validate({"properties": properties, "propertyOrdering": ["c", "zzz", "a"]})
    assert list(json_schema(schema)["properties"]) == ["c", "a", "b"]
