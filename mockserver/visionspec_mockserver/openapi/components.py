"""The schemas of the document, generated from the models of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from visionspec.models import errors, files, generate, interactions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue
    from pydantic_core import core_schema

    Side = tuple[type[BaseModel], JsonSchemaMode]

REF = "#/components/schemas/{model}"
_CAMEL: Sequence[Side] = (
    (generate.GenerateContentRequest, "validation"),
    (generate.CountTokensRequest, "validation"),
    (files.FileRequest, "validation"),
    (files.RegisterFilesRequest, "validation"),
    (generate.GenerateContentResponse, "serialization"),
    (generate.CountTokensResponse, "serialization"),
    (generate.Model, "serialization"),
    (generate.ListModelsResponse, "serialization"),
    (files.FileResponse, "serialization"),
    (files.ListFilesResponse, "serialization"),
    (files.RegisterFilesResponse, "serialization"),
    (errors.StatusResponse, "serialization"),
    (errors.InteractionErrorResponse, "serialization"),
)
_SNAKE: Sequence[Side] = (
    (interactions.CreateInteraction, "validation"),
    (interactions.Interaction, "serialization"),
    (interactions.InteractionEvent, "serialization"),
)

# What a request cannot do without, and what an answer of this server always has. The models ask for less:
# the server has words of its own for what is missing, and a client reads the answers of others too.
_REQUIRED: dict[JsonSchemaMode, dict[str, tuple[str, ...]]] = {
    "validation": {
        "Blob": ("mimeType", "data"),
        "Content": ("parts",),
        "CreateInteraction": ("model",),
        "FileData": ("fileUri",),
        "GenerateContentRequest": ("contents",),
        "RegisterFilesRequest": ("uris",),
    },
    "serialization": {
        "Candidate": ("index",),
        "Content": ("role", "parts"),
        "CountTokensResponse": ("totalTokens", "promptTokensDetails"),
        "File": ("name", "mimeType", "createTime", "updateTime", "expirationTime", "uri", "state", "source"),
        "FileResponse": ("file",),
        "GenerateContentResponse": ("usageMetadata", "modelVersion", "responseId"),
        "Interaction": ("id", "object", "status", "model"),
        "ListModelsResponse": ("models",),
        "Model": ("name", "version", "displayName", "inputTokenLimit", "outputTokenLimit"),
        "ModalityTokenCount": ("modality", "tokenCount"),
        "ModalityTokens": ("modality", "tokens"),
        "RegisterFilesResponse": ("files",),
        "Usage": ("total_input_tokens", "total_output_tokens", "total_tokens"),
        "UsageMetadata": ("promptTokenCount", "totalTokenCount"),
    },
}


class _Generator(GenerateJsonSchema):
    """No titles, no defaults of null, and the server's strictness: no key but those named."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        del schema
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """``null`` is read, and counts as absent; it is never written."""
        inner = self.generate_inner(schema["schema"])
        if self.mode == "serialization":
            return inner
        if isinstance(inner.get("type"), str) and "enum" not in inner:
            return {**inner, "type": [inner["type"], "null"]}
        return super().nullable_schema(schema)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        made.pop("title", None)
        if "description" in made:
            made["description"] = made["description"].replace("``", "`").replace("\n", " ")
        made["additionalProperties"] = False
        required = set(made.get("required", ()))
        if "const" in made["properties"].get("type", {}):
            required.add("type")  # it is what tells the members of a union apart
        required.update(_REQUIRED[self.mode].get(schema["cls"].__name__, ()))
        if required:
            made["required"] = [name for name in made["properties"] if name in required]
        return made


def schemas() -> dict[str, Any]:
    """``components.schemas``.

    A name that both dialects have (``GenerationConfig``) gets ``Interactions`` in front in that dialect.
    """
    _, camel = models_json_schema(_CAMEL, by_alias=True, ref_template=REF, schema_generator=_Generator)
    _, snake = models_json_schema(_SNAKE, by_alias=False, ref_template=REF, schema_generator=_Generator)
    for name in sorted(set(camel["$defs"]) & set(snake["$defs"])):
        old, new = REF.format(model=name), REF.format(model=f"Interactions{name}")
        snake = _renamed(snake, old, new)
        snake["$defs"][f"Interactions{name}"] = snake["$defs"].pop(name)
    return {**camel["$defs"], **snake["$defs"]}


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {
            key: new if key == "$ref" and item == old else _renamed(item, old, new)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return value
