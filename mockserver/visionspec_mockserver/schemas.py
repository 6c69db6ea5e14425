"""From the schemas of a request to the JSON schema that an answer follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    "ref": "$ref",
}


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
    if schema.defs:
        found["$defs"] = {name: json_schema(option) for name, option in schema.defs.items()}
    return found
