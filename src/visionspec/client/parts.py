"""From what people have at hand (text, paths, bytes, files) to what the API reads, in both dialects."""

from __future__ import annotations

import base64
import mimetypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar

from pydantic import BaseModel, ValidationError

from visionspec.client.uploads import mime_type_of
from visionspec.errors import InvalidInput, show
from visionspec.models.files import File
from visionspec.models.generate import (
    Blob,
    Content,
    CountTokensRequest,
    FileData,
    GenerateContentRequest,
    Part,
)
from visionspec.models.interactions import CreateInteraction, ImageContent

M = TypeVar("M", bound=BaseModel)

Resolution: TypeAlias = Literal["low", "medium", "high", "ultra_high"]


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image (or any file) for a prompt: by ``uri``, or with its ``data``."""

    mime_type: str | None
    uri: str | None = None
    data: bytes | None = field(default=None, repr=False)
    resolution: Resolution | None = None


class InteractionOptions(TypedDict, total=False):
    """What else an interaction takes."""

    response_format: dict[str, Any] | list[dict[str, Any]]
    generation_config: BaseModel | dict[str, Any]
    system_instruction: str
    previous_interaction_id: str
    store: bool
    background: bool


class GenerateOptions(TypedDict, total=False):
    """What else generateContent takes."""

    generation_config: BaseModel | dict[str, Any]
    system_instruction: str
    safety_settings: Sequence[dict[str, Any]]


Piece: TypeAlias = str | File | ImagePart | os.PathLike[str] | bytes | dict[str, Any] | BaseModel
"""Text; an image as an uploaded file, a path, bytes or an `ImagePart`; or an object of the API as it is."""

Prompt: TypeAlias = Piece | Sequence[Piece]


def image_part(
    image: File | str | os.PathLike[str] | bytes,
    *,
    mime_type: str | None = None,
    resolution: Resolution | None = None,
) -> ImagePart:
    """An image for a prompt: an uploaded file or a URI by reference, a path or bytes inline.

    Raises:
        InvalidInput: if the type of the image cannot be told.
    """
    if isinstance(image, File):
        if not image.uri:
            raise InvalidInput(f"a file without a uri: {show(image.name)}", given=image)
        return ImagePart(mime_type or image.mime_type, uri=image.uri, resolution=resolution)
    if isinstance(image, bytes):
        return ImagePart(mime_type or mime_type_of(image, None), data=image, resolution=resolution)
    if isinstance(image, str) and "://" in image:
        guessed = mimetypes.guess_type(image.partition("?")[0])[0]
        return ImagePart(mime_type or guessed, uri=image, resolution=resolution)
    path = Path(image)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot read {show(str(path))}: {error.strerror}", given=image) from error
    return ImagePart(mime_type or mime_type_of(data, path.name), data=data, resolution=resolution)


def interaction_request(model: str, given: Prompt, options: InteractionOptions) -> CreateInteraction:
    """The body of ``POST interactions``."""
    contents = [_content(piece) for piece in _pieces(given)]
    return _build(CreateInteraction, model=model, input=contents, **options)


def generate_request(given: Prompt, options: GenerateOptions) -> GenerateContentRequest:
    """The body of generateContent."""
    fields: dict[str, Any] = {**options}
    if instruction := options.get("system_instruction"):
        fields["system_instruction"] = Content(parts=[Part(text=instruction)])
    return _build(GenerateContentRequest, contents=_contents(given), **fields)


def count_request(given: Prompt) -> CountTokensRequest:
    """The body of countTokens."""
    return _build(CountTokensRequest, contents=_contents(given))


def _contents(given: Prompt) -> list[Any]:
    """One user turn, unless turns are given."""
    pieces = _pieces(given)
    if all(isinstance(piece, Content) or (isinstance(piece, dict) and "parts" in piece) for piece in pieces):
        return list(pieces)
    return [{"role": "user", "parts": [_part(piece) for piece in pieces]}]


def _pieces(given: Prompt) -> Sequence[Any]:
    pieces = given if isinstance(given, list | tuple) else [given]
    if not pieces:
        raise InvalidInput("an empty prompt", given=given)
    return pieces


def _image(piece: Piece) -> ImagePart | None:
    if isinstance(piece, ImagePart):
        return piece
    return image_part(piece) if isinstance(piece, File | os.PathLike | bytes) else None


def _content(piece: Piece) -> Any:
    if isinstance(piece, str):
        return {"type": "text", "text": piece}
    image = _image(piece)
    if image is None:
        return piece
    kind = (image.mime_type or "image/").partition("/")[0]
    if kind == "image":
        return ImageContent(
            data=image.data, uri=image.uri, mime_type=image.mime_type, resolution=image.resolution
        )
    content = {
        "type": kind if kind in ("audio", "video") else "document",
        "uri": image.uri,
        "data": None if image.data is None else base64.b64encode(image.data).decode("ascii"),
        "mime_type": image.mime_type,
        "resolution": image.resolution,
    }
    return {key: value for key, value in content.items() if value is not None}


def _part(piece: Piece) -> Any:
    if isinstance(piece, str):
        return Part(text=piece)
    image = _image(piece)
    if image is None:
        return piece
    part: dict[str, Any] = {}
    if image.uri:
        part["file_data"] = FileData(mime_type=image.mime_type, file_uri=image.uri)
    else:
        part["inline_data"] = Blob(mime_type=image.mime_type, data=image.data)
    if image.resolution:
        part["media_resolution"] = {"level": f"MEDIA_RESOLUTION_{image.resolution.upper()}"}
    return part


def _build(message: type[M], **fields: Any) -> M:
    """``message`` of what is given.

    Raises:
        InvalidInput: naming the first thing that is not of the API.
    """
    try:
        return message.model_validate(
            {name: value for name, value in fields.items() if value is not None}, extra="forbid"
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidInput(
            f"{where}: {first['msg']}: {show(first['input'])}", given=first["input"]
        ) from error
