"""OpenAPI's subset as JSON schema."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from visionspec.models.generate import Schema
from visionspec_mockserver.http import ApiFault
from visionspec_mockserver.schemas import check_schema, json_schema

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
            {"ref": "#/defs/x", "defs": {"x": {"type": "STRING"}}},
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


NODE = {"$ref": "#/$defs/node"}


def node(**more: Any) -> dict[str, Any]:
    return {"$defs": {"node": {"type": "object", "required": ["next"], **more}}, **NODE}


class TestWhatCannotBeFollowed:
    @pytest.mark.parametrize("ref", ["#/$defs/none", "#/$defs/node/2", "https://example.com/a.json", "node"])
    def test_a_reference_to_nothing(self, ref: str) -> None:
        with pytest.raises(ApiFault, match="has nothing that its reference"):
            check_schema({"$defs": {"node": []}, "properties": {"a": {"items": {"$ref": ref}}}})

    @pytest.mark.parametrize(
        "schema",
        [
            node(properties={"next": NODE}),
            node(properties={"next": {"allOf": [NODE]}}),
            node(properties={"next": {"anyOf": [NODE, {"allOf": [NODE]}]}}),
            node(properties={"next": {"type": "array", "items": NODE, "minItems": 1}}),
            node(properties={"next": {"type": "array", "prefixItems": [NODE], "minItems": 1}}),
            {"$ref": "#"},
        ],
    )
    def test_one_that_requires_itself(self, schema: dict[str, Any]) -> None:
        with pytest.raises(ApiFault, match="requires itself"):
            check_schema(schema)

    @pytest.mark.parametrize(
        "schema",
        [
            None,
            True,
            {},
            node(properties={"next": {"anyOf": [NODE, {"type": "null"}]}}),
            node(properties={"next": {"type": "array", "items": NODE}}),
            node(properties={"next": NODE}, nullable=True),
            node(properties={"next": NODE}, type=["object", "null"]),
            node(properties={"next": NODE}, required=[]),
            node(properties={"next": NODE}, enum=[{}]),
            {"type": "string", "enum": ["#"], "default": {"$ref": "#/none"}},
            {"properties": {"$ref": {"type": "string"}}},
        ],
    )
    def test_one_that_has_an_end(self, schema: object) -> None:
        check_schema(schema)

    def test_work_is_bounded(self) -> None:
        """Each level twice within the next: of 2 to the 40th ways so many are looked at, and no more."""
        names = [f"n{number}" for number in range(40)]
        pairs = {a: {"anyOf": [{"$ref": f"#/$defs/{b}"}] * 2} for a, b in pairwise(names)}
        check_schema({"$defs": {**pairs, names[-1]: {"$ref": f"#/$defs/{names[0]}"}}, **pairs["n0"]})
