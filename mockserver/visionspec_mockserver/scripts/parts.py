"""The parts of which scripts and faults are made."""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from visionspec.models.wire import Base64  # noqa: TC001 - pydantic reads it
from visionspec.rules.limits import MAX_URL_INPUT_BYTES

MAX_DELAY_S = 600

Delay = Annotated[float, Field(ge=0, le=MAX_DELAY_S, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,4000}")
_OURS = ("content-length", "content-encoding", "content-type", "transfer-encoding", "connection")


def _no_nulls(schema: dict[str, Any]) -> None:
    """What is optional is left out, never null; only JSON to be answered may be."""
    for name, field in schema.get("properties", {}).items():
        options = [option for option in field.get("anyOf", ()) if option != {"type": "null"}]
        if name != "json" and options:
            field.pop("anyOf")
            field.update(options[0] if len(options) == 1 else {"anyOf": options})
            if field.get("default", 0) is None:
                del field["default"]


class Strict(BaseModel):
    """A part of a script; a field that it does not have, or that is empty, is a mistake."""

    model_config = ConfigDict(
        extra="forbid",
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
        json_schema_extra=_no_nulls,
    )

    @model_validator(mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if isinstance(value, dict):
            empty = [name for name, given in value.items() if given is None and name != "json"]
            if empty:
                raise ValueError(f"{' and '.join(map(str, empty))}: nothing is said; leave it out, or say it")
        return value


def listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[list[str], BeforeValidator(listed, json_schema_input_type=str | list[str])]


class Range(Strict):
    """A whole number, or ``{min, max}``, both ends included."""

    min: int | None = Field(default=None, ge=0)
    max: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.min is None and self.max is None:
            raise ValueError("a range has a min, a max, or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}")
        return self

    def has(self, number: int) -> bool:
        """Whether ``number`` is in it."""
        return (self.min is None or self.min <= number) and (self.max is None or number <= self.max)


def _as_range(value: object) -> object:
    return {"min": value, "max": value} if isinstance(value, int) and not isinstance(value, bool) else value


Count = Annotated[Range, BeforeValidator(_as_range, json_schema_input_type=int | Range)]


class File(Strict):
    """The bytes of an image: a file, named relative to the file of the script, or base64."""

    file: str | None = None
    data: Base64 | None = Field(default=None, json_schema_extra={"contentEncoding": "base64"})
    _bytes: bytes = PrivateAttr(default=b"")

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> File:
        if (self.file is None) == (self.data is None):
            raise ValueError("say either file or data")
        self._bytes = self.data if self.data is not None else read_beside(self.file or "", info)
        return self

    @property
    def content(self) -> bytes:
        """The bytes."""
        return self._bytes

    @functools.cached_property
    def sha256(self) -> str:
        """Their digest, as lower-case hex."""
        return hashlib.sha256(self._bytes).hexdigest()


def read_beside(name: str, info: ValidationInfo) -> bytes:
    """A file beside the script's own file; the only way from a script to the disk.

    Raises:
        ValueError: if the script was not read from disk, or the file cannot be read.
    """
    context: dict[str, Any] = info.context or {}
    folder: Path | None = context.get("folder")
    if folder is None:
        raise ValueError("only a script that is read from a file can name files; give data in base64 here")
    if Path(name).is_absolute() or PureWindowsPath(name).drive or "\0" in name:
        raise ValueError(f"{name!r} is not a path relative to the file of the script")
    path = folder / name
    context["files"].append(path)
    try:
        if not path.is_file():
            raise ValueError(f"there is no file {name!r} beside the script")
        if path.stat().st_size > MAX_URL_INPUT_BYTES:
            raise ValueError(f"{name!r} is larger than {MAX_URL_INPUT_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {name!r}: {error.strerror}") from None


def as_file(value: object) -> object:
    if isinstance(value, bytes):
        return {"data": value}
    if isinstance(value, str):
        return {"data": value.partition(",")[2]} if value.startswith("data:") else {"file": value}
    return value


FileInput = Annotated[File, BeforeValidator(as_file, json_schema_input_type=str | File)]


class Failure(Strict):
    """An error in the shape of the dialect that is asked."""

    status: int = Field(ge=400, le=599)
    message: str = "visionspec: this error is scripted."
    name: str | None = Field(
        default=None,
        pattern=r"^[A-Z_]{1,50}$",
        description="RESOURCE_EXHAUSTED, ...; the usual of the status",
    )
    code: str | None = Field(
        default=None, pattern=r"^[a-z_]{1,50}$", description="of interactions: rate_limit_exceeded, ..."
    )
    details: list[dict[str, JsonValue]] = Field(default_factory=list, description="of google.rpc.Status")
    headers: dict[str, str] = Field(default_factory=dict)

    @field_validator("headers")
    @classmethod
    def _sendable(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER.fullmatch(name) or not _HEADER_VALUE.fullmatch(text) or name.lower() in _OURS:
                raise ValueError(f"header {name!r} cannot be set so")
        return value
