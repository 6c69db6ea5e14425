"""Probability maps: base64, then PNG or JPEG, then bytes of grey. The size is known before a pixel is decoded."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from visionspec._registry import rule
from visionspec.errors import CorruptMedia, InvalidInput, InvalidMask, InvalidMedia, TruncatedMedia, show
from visionspec.rules._native import decode_grey
from visionspec.rules.media import decode_base64, read_info

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Map = npt.NDArray[np.uint8]

_DATA_URI = re.compile(r"\s*data:[^,]{0,128},", re.IGNORECASE)
_SEG_TOKENS = re.compile(r"\s*<(?:start_of_mask|seg_\d+)>")
_FORMS = {"image/png": "png", "image/jpeg": "jpeg"}

# A PNG: 8 bytes, IHDR (from byte 24 on: depth, colour), other chunks, IEND.
_IHDR_END, _DEPTH_AT = 33, 24
_GREY = b"\x08\0"  # a pixel is one byte
_PIXELS = (b"PLTE", b"IDAT", b"IEND")


class _Encoded(NamedTuple):
    """A whole image, and its size."""

    form: str
    width_px: int
    height_px: int
    data: bytes


@rule("masks.png", "masks.base64", "masks.seg-tokens", "masks.bad-base64", "masks.size-cap")
def decode_map(text: str, *, limit_px: int, spend: Callable[[int], None]) -> tuple[str, Map]:
    """Decode a map to its form (``png`` or ``jpeg``) and its pixels (height x width).

    Args:
        text: base64, with or without a data prefix.
        limit_px: how many pixels it may declare.
        spend: is told how many it declares, before they are decoded.

    Raises:
        InvalidMask: if it is no such thing; the last part of ``.rule`` says why.
    """
    form, width_px, height_px, data = _describe(_bytes(text))
    if width_px * height_px > limit_px:
        raise invalid(
            "size-cap", f"the mask declares {width_px}x{height_px} px, more than {limit_px:,} in all"
        )
    spend(width_px * height_px)
    if form == "png" and data.startswith(_GREY, _DEPTH_AT):
        grey = decode_grey(data, width_px=width_px, height_px=height_px)
        if grey is not None:
            return form, grey
    try:
        with Image.open(io.BytesIO(data), formats=(form,)) as image:
            return form, _to_luminance(image)
    except Exception as error:  # hostile bytes make Pillow raise nearly anything
        raise invalid("corrupt-image", f"the image of the mask cannot be decoded: {error}") from error


def _bytes(text: str) -> bytes:
    prefix = _DATA_URI.match(text)
    encoded = text[prefix.end() :] if prefix else text
    try:
        return decode_base64(encoded)
    except InvalidMedia as error:
        if _SEG_TOKENS.match(text):
            raise invalid(
                "seg-tokens", f"{show(text)} is made of segmentation tokens, not of pixels"
            ) from error
        raise invalid("bad-base64", plain(error)) from error


@rule("masks.truncated-image", "masks.corrupt-image", "masks.unsupported-image")
def _describe(data: bytes) -> _Encoded:
    try:
        info = read_info(data)
    except TruncatedMedia as error:
        raise invalid("truncated-image", plain(error)) from error
    except CorruptMedia as error:
        raise invalid("corrupt-image", plain(error)) from error
    except InvalidMedia as error:
        raise invalid("unsupported-image", plain(error)) from error
    if not info.complete:
        raise invalid("truncated-image", f"the image of the mask lacks {info.missing}")
    form = _FORMS.get(info.mime_type)
    if form is None:
        raise invalid("unsupported-image", f"the mask is {info.mime_type}; PNG is documented, JPEG accepted")
    if form == "png":
        data = _without_extras(data)
    return _Encoded(form, info.width_px, info.height_px, data)


def _without_extras(png: bytes) -> bytes:
    """The header, the palette and the pixels: nothing else matters here, and it may be hostile."""
    parts, position = [png[:_IHDR_END]], _IHDR_END
    while parts[-1][4:8] != b"IEND":
        end = position + 12 + int.from_bytes(png[position : position + 4], "big")
        if png[position + 4 : position + 8] in _PIXELS:
            parts.append(png[position:end])
        position = end
    return b"".join(parts)


@rule("masks.luminance")
def _to_luminance(image: Image.Image) -> Map:
    if image.mode.startswith("I"):  # 16 bits, which convert("L") would cut off at 255
        return (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
    return np.asarray(image if image.mode == "L" else image.convert("L"))


def plain(error: InvalidInput) -> str:
    """The sentence of an error without the rule behind it."""
    return str(error).removesuffix(f" [rule {error.rule}]")


def invalid(reason: str, message: str) -> InvalidMask:
    """The error whose rule ends in ``reason``."""
    return InvalidMask(message, rule=f"masks.{reason}")
