"""What all wire models share: either spelling of a key is read, one is written, base64 is bytes.

``generateContent`` and files write camelCase, interactions write snake_case; both read either, at every level
(rule ``generate.key-case``). A user's JSON (schemas, arguments, labels) is ``dict[str, Any]``: left alone.

Unknown keys are dropped here, so that a client survives a newer server; a server validates with
``Model.model_validate(data, extra="forbid")`` and names them.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, LiteralString

from pydantic import (
    AliasGenerator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from visionspec.errors import InvalidMedia
from visionspec.rules.media import decode_base64


class Wire(BaseModel):
    """A message of the wire."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, defer_build=True)

    def wire(self) -> dict[str, Any]:
        """The message as plain JSON values, without what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Camel(Wire):
    """Written in camelCase: generateContent, models, files."""

    model_config = ConfigDict(alias_generator=to_camel)


class Snake(Wire):
    """Written in snake_case: interactions. The camelCase of document 000's JavaScript is read too."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=to_camel, serialization_alias=str)
    )


def _bytes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return decode_base64(value)
    except InvalidMedia as error:
        raise PydanticCustomError("base64", "Base64 decoding failed") from error


Base64 = Annotated[
    bytes,
    BeforeValidator(_bytes),
    PlainSerializer(lambda data: base64.b64encode(data).decode("ascii"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "byte"}),
]
"""Bytes; on the wire base64: standard when written, either alphabet when read (rule media.inline-base64)."""


def _no_bool(kind: LiteralString) -> BeforeValidator:
    def checked(value: object) -> object:
        if isinstance(value, bool):
            raise PydanticCustomError(kind, "Input should be a number")
        return value

    return BeforeValidator(checked)


# As protobuf's JSON reads them: "5" and 5.0 are 5, but true is no number, and 1 is not true.
Bool = StrictBool
Whole = Annotated[int, _no_bool("int_type")]
Int32 = Annotated[Whole, Field(ge=-(2**31), le=2**31 - 1)]
Float = Annotated[float, _no_bool("float_type"), AllowInfNan(allow_inf_nan=False)]

Int64 = Annotated[
    Whole,
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}, mode="serialization"),
]
"""A 64-bit integer: a string on the wire, as protobuf's JSON has it; a number is read too."""
