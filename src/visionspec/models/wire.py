"""What all wire models share: either spelling of a key is read, one is written, base64 is bytes.

``generateContent`` and files write camelCase, interactions write snake_case; both read either, at every level
(rule ``generate.key-case``). User-defined JSON (schemas, arguments, labels) is ``dict[str, Any]`` and stays as it is.

Unknown keys are dropped here, so that a client survives a newer server; a server validates with
``Model.model_validate(data, extra="forbid")`` and names them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from pydantic import AliasGenerator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class Wire(BaseModel):
    """A message of the wire."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    def wire(self) -> dict[str, Any]:
        """The message as plain JSON values, without what is unset."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Camel(Wire):
    """Written in camelCase: generateContent, models, files."""

    model_config = ConfigDict(alias_generator=to_camel)


class Snake(Wire):
    """Written in snake_case: interactions. The camelCase of document 000's JavaScript is read too."""

    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel, serialization_alias=str))


def decode_base64(text: str) -> bytes:
    """Decode standard or URL-safe base64, padded or not; Python's SDK sends URL-safe, JavaScript's standard.

    Raises:
        ValueError: if there is anything else in it: ``base64.b64decode`` would drop it silently.
    """
    data = text.encode("ascii", errors="replace").translate(_URL_SAFE)
    try:
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4), strict_mode=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from error


def _bytes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return decode_base64(value)
    except ValueError as error:
        raise PydanticCustomError("base64", "Base64 decoding failed") from error


Base64 = Annotated[
    bytes,
    BeforeValidator(_bytes, json_schema_input_type=str),
    PlainSerializer(lambda data: base64.b64encode(data).decode("ascii"), return_type=str, when_used="json"),
]
"""Bytes; a base64 string on the wire. Give bytes, not a string, to build one."""

Int64 = Annotated[int, PlainSerializer(str, return_type=str, when_used="json")]
"""A 64-bit integer: a string on the wire, as protobuf's JSON has it; a number is read too."""
