"""Open a picture as it is displayed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from visionspec.errors import CorruptMedia, LimitExceeded, TruncatedMedia
from visionspec.rules.media import read_info

if TYPE_CHECKING:
    import os

MAX_PICTURE_PX = 1 << 28  # a gigabyte as RGBA


def open_image(source: str | os.PathLike[str] | bytes) -> Image.Image:
    """Open a PNG, JPEG, WEBP, HEIC or HEIF with its EXIF orientation applied, as RGB on white.

    Args:
        source: the path of a file, or its bytes.

    Raises:
        InvalidMedia: if it is no image of a supported type, or a damaged one.
        LimitExceeded: if it has more than 268,435,456 px.
        OSError: if the file cannot be read.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    info = read_info(data)
    if info.width_px * info.height_px > MAX_PICTURE_PX:
        raise LimitExceeded(
            f"{info.width_px}x{info.height_px} px are more than {MAX_PICTURE_PX:,} to draw on"
        )
    try:
        return _on_white(ImageOps.exif_transpose(_decode(data, info.mime_type)))
    except Exception as error:  # whatever a decoder raises on damaged pixels
        if info.missing:
            raise TruncatedMedia(f"the image lacks {info.missing}", rule="media.truncated") from error
        raise CorruptMedia(f"the image cannot be decoded: {error}", rule="media.corrupt") from error


def _decode(data: bytes, mime_type: str) -> Image.Image:
    if mime_type in ("image/heic", "image/heif"):
        import pillow_heif  # noqa: PLC0415 - 30 ms that other types do not need

        picture: Image.Image = pillow_heif.open_heif(io.BytesIO(data)).to_pillow()
        return picture
    return Image.open(io.BytesIO(data), formats=(mime_type.removeprefix("image/"),))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits, which convert() would cut off at 255
        picture = picture.point(lambda value: value / 257).convert("L")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    white = Image.new("RGBA", clear.size, "white")
    return Image.alpha_composite(white, clear).convert("RGB")
