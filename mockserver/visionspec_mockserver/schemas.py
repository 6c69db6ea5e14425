"""From the schemas of a request to the JSON schema that an answer follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from visionspec.errors import show
from visionspec_mockserver.http import ApiFault
from visionspec_mockserver.standin.resolving import target, types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from visionspec.models.generate import Schema

_KEPT = {
    "title": "title",
    "description": "description",
    "format": "format",
    "default": "default",
    "enum": "enum",
    "min_items": "minItems",
    "max_items": "maxItems",
    "required": "required",
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "additional_properties": "additionalProperties",
}
_VALUES = ("const", "default", "enum", "example", "examples")  # the user's own, no schemas
_MOST_STEPS = 20_000
_DEEPEST = 300


def json_schema(schema: Schema) -> dict[str, Any]:
    """OpenAPI's subset, as ``responseSchema`` and ``parameters`` have it, as JSON schema."""
    found = {name: value for field, name in _KEPT.items() if (value := getattr(schema, field)) is not None}
    if schema.type and schema.type != "TYPE_UNSPECIFIED":
        found["type"] = [schema.type.lower(), "null"] if schema.nullable else schema.type.lower()
    if schema.items:
        found["items"] = json_schema(schema.items)
    if schema.properties:
        ordered = schema.property_ordering or []
        names = [name for name in ordered if name in schema.properties]
        names += [name for name in schema.properties if name not in names]
        found["properties"] = {name: json_schema(schema.properties[name]) for name in names}
    if schema.any_of:
        found["anyOf"] = [json_schema(option) for option in schema.any_of]
    if schema.ref:
        found["$ref"] = schema.ref.replace("#/defs/", "#/$defs/", 1)
    if schema.defs:
        found["$defs"] = {name: json_schema(option) for name, option in schema.defs.items()}
    return found


def check_schema(schema: object) -> None:
    """That an answer can follow ``schema``: its references lead somewhere, and it does not require itself.

    Raises:
        ApiFault: 400, in words of ours.
    """
    for ref in _references(schema):
        try:
            target(schema, ref)
        except LookupError:
            raise ApiFault(400, f"The schema has nothing that its reference {show(ref)} means.") from None
    if not _Ends(schema).ends(schema, ()):
        raise ApiFault(400, "The schema requires itself within itself: no answer that follows it has an end.")


def _references(schema: object) -> Iterator[str]:
    left = [schema]
    while left:
        here = left.pop()
        if isinstance(here, list):
            left += here
        elif isinstance(here, dict):
            left += [value for name, value in here.items() if name not in _VALUES]
            if isinstance(ref := here.get("$ref"), str):
                yield ref


class _Ends:
    """Whether there is an instance of a schema that is not endless, as far as `_MOST_STEPS` tell."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._left = _MOST_STEPS
        self._known: set[int] = set()

    def ends(self, schema: object, within: tuple[int, ...]) -> bool:
        """``within`` are the schemas that an instance would have to stand in."""
        self._left -= 1
        if not isinstance(schema, dict) or id(schema) in self._known:
            return True
        if id(schema) in within:
            return False
        if self._left < 0 or len(within) > _DEEPEST:
            return True
        within = (*within, id(schema))
        found = all(self.ends(one, within) for one in self._needed(schema)) and all(
            any(self.ends(one, within) for one in given)
            for name in ("anyOf", "oneOf")
            if isinstance(given := schema.get(name), list) and given
        )
        if found:
            self._known.add(id(schema))
        return found

    def _needed(self, schema: dict[str, Any]) -> Iterator[object]:
        """What is in every instance."""
        if isinstance(ref := schema.get("$ref"), str):
            yield target(self._root, ref)
        yield from _list(schema.get("allOf"))
        kinds = types(schema)
        if schema.get("nullable") is True or {"const", "enum"} & schema.keys():
            return
        properties = schema.get("properties")
        if isinstance(properties, dict) and kinds in ([], ["object"]):
            names = [name for name in _list(schema.get("required")) if isinstance(name, str)]
            yield from (properties[name] for name in names if name in properties)
        least = schema.get("minItems")
        if kinds == ["array"] and isinstance(least, int | float) and least >= 1:
            yield (_list(schema.get("prefixItems")) or [schema.get("items")])[0]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
