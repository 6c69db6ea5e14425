"""Instances of schemas validate and hold what was drawn: 960x540, its middle half red, 250..750 both ways."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec_mockserver import standin
from visionspec_mockserver.standin.patterns import example

if TYPE_CHECKING:
    from collections.abc import Callable

BOX = [250, 250, 750, 750]
NUMBERS = {"type": "array", "items": {"type": "integer"}}
CORNERS = {"type": "array", "items": NUMBERS}
DOCUMENT_003 = {
    "type": "object",
    "properties": {
        "boxes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"box_2d": NUMBERS, "mask": CORNERS, "label": {"type": "string"}},
                "required": ["box_2d", "mask", "label"],
            },
        }
    },
    "required": ["boxes"],
}


@pytest.fixture(scope="module")
def picture(draw: Callable[..., bytes]) -> standin.Picture:
    return standin.Picture(draw(), "image/png")


def made(schema: dict[str, Any], *pictures: standin.Picture, text: str = "") -> Any:
    return json.loads(standin.answer(standin.Question(text, pictures, schema, wants_json=True)))


def valid(schema: dict[str, Any], *pictures: standin.Picture) -> Any:
    value = made(schema, *pictures)
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def test_the_schema_of_document_003(picture: standin.Picture) -> None:
    (found,) = valid(DOCUMENT_003, picture)["boxes"]
    assert found["box_2d"] == BOX
    assert sorted(found["mask"]) == [[250, 250], [250, 750], [750, 250], [750, 750]]
    assert found["label"] == "red rectangle"
    assert valid(DOCUMENT_003) == {"boxes": []}


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("box_2d", NUMBERS, BOX),
        ("bbox", {**NUMBERS, "minItems": 4, "maxItems": 4}, BOX),
        (
            "boundingBox",
            {"type": "array", "items": {"type": "number", "maximum": 1}},
            [0.25, 0.25, 0.75, 0.75],
        ),
        ("boxes", CORNERS, [BOX]),
        ("box", {"type": "array", "prefixItems": [{"type": "integer"}] * 4, "items": False}, BOX),
        (
            "where",
            {
                "type": "object",
                "properties": {k: {"type": "integer"} for k in ("xmin", "ymin", "xmax", "ymax")},
            },
            {"xmin": 250, "ymin": 250, "xmax": 750, "ymax": 750},
        ),
        ("label", {"type": "string", "maxLength": 3}, "red"),
        ("labels", {"type": "array", "items": {"type": "string"}}, ["red rectangle"]),
        ("colour", {"type": "string"}, "red"),
        ("color", {"type": "string", "enum": ["BLUE", "RED"]}, "RED"),
        ("shape", {"type": "string"}, "rectangle"),
        ("background_color", {"type": "string"}, "white"),
        ("colour_hex", {"type": "string", "pattern": "^#[0-9a-f]{6}$"}, "#c81e1e"),
        ("count", {"type": "integer"}, 1),
        ("number_of_objects", {"type": "number", "minimum": 3}, 3),
        ("image_width", {"type": "integer"}, 960),
        ("sure", {"type": "boolean"}, True),
        ("none", {"type": "null"}, None),
        ("kind", {"const": {"a": [1]}}, {"a": [1]}),
    ],
)
def test_names_say_what_is_told(picture: standin.Picture, name: str, schema: Any, expected: Any) -> None:
    whole = {"type": "object", "properties": {name: schema}, "required": [name]}
    assert valid(whole, picture)[name] == expected


def test_a_mask_that_is_a_string_is_a_png(picture: standin.Picture) -> None:
    item = {"type": "object", "properties": {"mask": {"type": "string"}}, "required": ["mask"]}
    (found,) = valid({"type": "array", "items": item}, picture)
    head, _, data = found["mask"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data, validate=True).startswith(b"\x89PNG")


def test_a_caption_that_is_a_string(picture: standin.Picture) -> None:
    expected = standin.answer(standin.Question("Caption", [picture]))
    for name in ("caption", "description", "summary", "answer"):
        assert valid({"type": "object", "properties": {name: {"type": "string"}}}, picture) == {
            name: expected
        }
    assert valid({"type": "string"}, picture) == expected


def test_types_in_upper_case_and_nullable() -> None:
    schema = {
        "type": "OBJECT",
        "properties": {
            "n": {"type": "INTEGER", "nullable": True},
            "s": {"type": "ARRAY", "items": {"type": "STRING"}},
        },
    }
    assert made(schema) == {"n": 0, "s": []}


def test_null_is_the_last_choice() -> None:
    assert made({"anyOf": [{"type": "null"}, {"type": "integer"}]}) == 0
    assert made({"type": ["null", "integer"]}) == 0


def test_only_what_is_named_in_the_text(picture: standin.Picture) -> None:
    assert len(made(DOCUMENT_003, picture, text="the red rectangle")["boxes"]) == 1


@pytest.mark.parametrize(
    "schema",
    [
        {
            "allOf": [
                {"required": ["a"]},
                {"properties": {"a": {"minimum": 3, "type": "integer"}}, "type": "object"},
            ]
        },
        {"allOf": [{"type": "number", "minimum": 3}, {"type": "integer", "maximum": 3}]},
        {"anyOf": [{"type": "null"}, {"type": "string", "minLength": 500}]},
        {"anyOf": [False, {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7}]},
        {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
        {"type": "integer", "multipleOf": 7, "minimum": 8},
        {"type": "number", "multipleOf": 0.25, "minimum": 0.3, "maximum": 0.6},
        {"type": ["null", "array"], "minItems": 3, "items": {"enum": [1, 2, 3]}, "uniqueItems": True},
        {"type": "array", "minItems": 5, "items": {"type": "integer"}, "uniqueItems": True},
        {"type": "array", "minItems": 5, "items": {"type": "string"}, "uniqueItems": True},
        {
            "type": "array",
            "prefixItems": [{"type": "string"}, {"type": "integer"}],
            "items": False,
            "minItems": 2,
        },
        {"type": "array", "maxItems": 0},
        {"type": "object", "required": ["x", "y"], "additionalProperties": {"type": "boolean"}},
        {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
        {
            "type": "object",
            "properties": {"a": False, "b": {"type": "string"}},
            "additionalProperties": False,
        },
        {"type": "object", "maxProperties": 1, "properties": {"a": {}, "b": {}}, "required": ["b"]},
        {"enum": [None, 1, "x"], "type": "string"},
        {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
        {"type": "string", "pattern": "(a+)+$", "minLength": 40},
        {"type": "string", "pattern": r"^\d{3}\.(jpe?g|png)$"},
        {"type": "string", "pattern": "^[^a-z]+$"},
        {"type": "string", "maxLength": 0},
        {"type": "string", "format": "date-time"},
        {},
        {"$defs": {"a/b": {"const": 4}}, "$ref": "#/$defs/a~1b"},
        {"definitions": {"a": {"type": "integer"}}, "properties": {"x": {"$ref": "#/definitions/a"}}},
    ],
)
def test_keywords(picture: standin.Picture, schema: dict[str, Any]) -> None:
    valid(schema, picture)
    valid(schema)


TREE = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
NODE = {"$ref": "#/$defs/node"}


@pytest.mark.parametrize(
    "children",
    [
        {"next": NODE},
        {"parts": {"type": "array", "items": NODE}},
        {"next": {"anyOf": [NODE, {"type": "null"}]}, "other": {"anyOf": [NODE, {"type": "null"}]}},
    ],
)
def test_recursion_ends(picture: standin.Picture, children: dict[str, Any]) -> None:
    node = {"type": "object", "properties": {**TREE["properties"], **children}, "required": ["label"]}  # type: ignore[dict-item]  # a dict
    valid({"$defs": {"node": node}, **NODE}, picture)
    whole = {**node, "required": ["label", *(k for k in children if k != "next" or "anyOf" in children[k])]}
    valid({"$defs": {"node": whole}, **NODE}, picture)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/schema"},
        {
            "$ref": 5,
            "allOf": 3,
            "type": 7,
            "properties": [],
            "required": 1,
            "items": 2,
            "enum": "x",
            "minItems": "y",
        },
        {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}, "required": ["a", "b"]},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"type": "array", "minItems": 10**12, "items": {"type": "integer"}},
        {
            "type": "array",
            "minItems": 10**12,
            "items": {"type": "array", "minItems": 10**12},
            "uniqueItems": True,
        },
        {"type": "string", "minLength": 10**12},
        {"type": "string", "pattern": "(((a{1000}){1000}){1000}){1000}"},
        {"type": "string", "pattern": "("},
        {"type": "integer", "minimum": 5, "maximum": 3},
        {"type": "number", "multipleOf": 1e-300, "minimum": 1e300},
        {"type": "number", "multipleOf": 0},
        {"type": "object", "minProperties": 10**12},
        {"type": "object", "additionalProperties": False, "required": ["a"]},
    ],
)
def test_what_cannot_be_met_ends_all_the_same(schema: dict[str, Any], picture: standin.Picture) -> None:
    standin.look(picture.data)
    start = time.perf_counter()
    made(schema, picture)
    assert time.perf_counter() - start < 60  # no measurement: without its bound it would not end


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "expected"),
        [
            ("^abc$", "abc"),
            ("a|b", "a"),
            ("[0-9]{3}", "000"),
            (r"(x)\1", "xx"),
            ("[^a]", "b"),
            ("[^ab]", "0"),
            (r"[^\w ]", "-"),
            ("a*b+", "b"),
        ],
    )
    def test_the_first_and_shortest(self, pattern: str, expected: str) -> None:
        assert example(pattern) == expected

    def test_more_where_more_is_needed(self) -> None:
        assert example("^[a-c]+!$", least=6) == "aaaaa!"

    def test_beyond_it(self) -> None:
        assert example("(") is None
        assert example("(?=a)b") is None


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    small = st.integers(-50, 50)

    def ranged(low: int, width: int, kind: str) -> dict[str, Any]:
        return {"type": kind, "minimum": low, "maximum": low + width}

    return st.one_of(
        st.sampled_from([{"type": t} for t in ("string", "integer", "number", "boolean", "null")]),
        st.builds(ranged, small, st.integers(0, 9), st.sampled_from(["integer", "number"])),
        st.builds(
            lambda low: {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": low + 1}, small
        ),
        st.builds(
            lambda low, step: {"type": "integer", "minimum": low, "multipleOf": step},
            small,
            st.integers(1, 9),
        ),
        st.builds(
            lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
            st.integers(0, 300),
            st.integers(0, 9),
        ),
        st.builds(
            lambda values: {"enum": values},
            st.lists(st.none() | st.booleans() | small | st.text(), min_size=1),
        ),
        st.builds(lambda value: {"const": value}, st.text() | small),
        st.sampled_from(
            [{"type": "string", "pattern": p} for p in ("^[a-f]{2,3}$", r"^\w+@\w+$", "^$", "x")]
        ),
        st.just({}),
    )


NAMES = st.sampled_from(
    [
        "box_2d",
        "boxes",
        "mask",
        "masks",
        "label",
        "points",
        "point",
        "colors",
        "count",
        "x",
        "xmin",
        "b",
        "title",
    ]
)


def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def as_object(properties: dict[str, Any], keep: int, *, closed: bool) -> dict[str, Any]:
        schema = {"type": "object", "properties": properties, "required": list(properties)[:keep]}
        return {**schema, "additionalProperties": False} if closed else schema

    return st.one_of(
        st.builds(
            as_object, st.dictionaries(NAMES, inner, max_size=4), st.integers(0, 4), closed=st.booleans()
        ),
        st.builds(
            lambda items, low, more: {
                "type": "array",
                "items": items,
                "minItems": low,
                "maxItems": low + more,
            },
            inner,
            st.integers(0, 4),
            st.integers(0, 4),
        ),
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda first, rest: {"type": "array", "prefixItems": first, "items": rest},
            st.lists(inner, min_size=1, max_size=3),
            inner | st.just(False),  # noqa: FBT003 - a schema
        ),
        st.builds(lambda options: {"anyOf": options}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one: {"allOf": [one, {}, one]}, inner),
        st.builds(lambda one: {"anyOf": [{"type": "null"}, one]}, inner),
    )


@pytest.mark.prop
class TestEveryInstanceIsValid:
    """Whatever a schema demands that can be met, an instance of it has."""

    @given(schema=st.recursive(leaves(), nested, max_leaves=12), seen=st.booleans())
    def test_generated_schemas(self, picture: standin.Picture, schema: dict[str, Any], seen: bool) -> None:  # noqa: FBT001 - a parameter
        valid(schema, *([picture] if seen else []))
