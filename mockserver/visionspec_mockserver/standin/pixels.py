"""From the bytes of a file to pixels as they are displayed, within limits."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from visionspec.errors import CorruptMedia, InvalidMedia, TruncatedMedia
from visionspec.rules.media import read_info

from .arrays import to_lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from .arrays import Pixels

MAX_PIXELS = 100_000_000  # decoded: 300 MB
_FINE_PX = 2000  # a JPEG is decoded at a half or a quarter as long as its longer side keeps this


class TooManyPixels(InvalidMedia):
    """A picture whose pixels would take more memory than the stand-in gives to one."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels, perhaps fewer than the file has.

    Attributes:
        rgb: ``(h, w, 3)``, upright; transparent parts lie on a plain colour.
        width_px: the displayed width of the picture, which is that of ``rgb`` or a multiple of it.
        height_px: its displayed height.
        mime_type: by content.
        lossy: whether the format, as far as it tells, changed the colours.
    """

    rgb: Pixels
    width_px: int
    height_px: int
    mime_type: str
    lossy: bool


def decode(data: bytes) -> Decoded:
    """Decode a picture in one of the five formats.

    Raises:
        UnsupportedMedia: if it is of another type.
        TruncatedMedia: if it ends too early.
        CorruptMedia: if it contradicts its format.
        TooManyPixels: if it is larger than `MAX_PIXELS`.
    """
    info = read_info(data)
    if info.width_px * info.height_px > MAX_PIXELS:
        raise TooManyPixels(
            f"{info.width_px}x{info.height_px} pixels are more than the {MAX_PIXELS} that are looked at",
            given=(info.width_px, info.height_px),
        )
    heif = info.mime_type in {"image/heic", "image/heif"}
    try:
        with _OPEN[info.mime_type](io.BytesIO(data)) as image:
            rgb = _rgb(image)
    except MemoryError:
        raise
    except Exception as error:
        reason = f"the {info.mime_type} cannot be decoded: {error}"
        if info.missing or "truncated" in str(error):
            raise TruncatedMedia(f"{reason}; missing: {info.missing or 'pixels'}", given=data[:16]) from error
        raise CorruptMedia(reason, given=data[:16]) from error
    rgb = rgb if heif else _upright(rgb, info.orientation)  # the HEIF decoder turns by itself
    width, height = info.displayed_size
    return Decoded(rgb, width, height, info.mime_type, heif or _is_lossy(data, info.mime_type))


def _open_jpeg(file: io.BytesIO) -> Image.Image:
    image = JpegImagePlugin.JpegImageFile(file)
    scale = min(1.0, _FINE_PX / max(image.size))
    image.draft(image.mode, (int(np.ceil(image.width * scale)), int(np.ceil(image.height * scale))))
    return image


def _open_heif(file: io.BytesIO) -> Image.Image:
    from pillow_heif import open_heif  # noqa: PLC0415 - 20 MB of codec, for two of the five formats

    return open_heif(file, convert_hdr_to_8bit=True).to_pillow()


# The plug-ins by name: Image.open would warn of large pictures, and ask every plug-in that anyone registered.
_OPEN: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "image/jpeg": _open_jpeg,
    "image/png": PngImagePlugin.PngImageFile,
    "image/webp": WebPImagePlugin.WebPImageFile,
    "image/heic": _open_heif,
    "image/heif": _open_heif,
}


def _rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I"):
        return _grey(image)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        return _on_plain(np.asarray(image.convert("RGBA")))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _grey(image: Image.Image) -> Pixels:
    """16 bits of grey; what Pillow makes of it clips at 255."""
    level = (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
    return np.repeat(level[..., None], 3, -1)


def _on_plain(rgba: Pixels) -> Pixels:
    """Lay a picture on white, or on black or grey where white would swallow some of it."""
    alpha = rgba[..., 3]
    if alpha.min() == 255:
        return np.ascontiguousarray(rgba[..., :3])
    step = max(1, int((rgba.shape[0] * rgba.shape[1] / 40_000) ** 0.5))
    sample = rgba[::step, ::step]
    seen = to_lab(sample[..., :3])[sample[..., 3] > 127]
    plain = 255
    for level, lightness in ((255, 100.0), (0, 0.0), (128, 53.6)):
        near = np.linalg.norm(seen - np.float32([lightness, 0, 0]), axis=-1) < 8
        if not len(seen) or near.mean() < 0.005:
            plain = level
            break
    share = alpha[..., None].astype(np.uint16)
    mixed = rgba[..., :3] * share + np.uint16(plain) * (255 - share)
    return cast("Pixels", ((mixed + 127) // 255).astype(np.uint8))


def _upright(rgb: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation, 1..8: exchange the axes, then mirror them."""
    if orientation >= 5:
        rgb = rgb.transpose(1, 0, 2)
    if orientation in {2, 3, 6, 7}:
        rgb = rgb[:, ::-1]
    if orientation in {3, 4, 7, 8}:
        rgb = rgb[::-1]
    return np.ascontiguousarray(rgb)


def _is_lossy(data: bytes, mime_type: str) -> bool:
    if mime_type == "image/webp":
        return b"VP8L" not in data[12:64] and not _has_lossless_frame(data)
    return mime_type == "image/jpeg"


def _has_lossless_frame(data: bytes) -> bool:
    """Walk the chunks of an extended WebP."""
    at = 12
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind in {b"VP8L", b"VP8 "}:
            return kind == b"VP8L"
        at += 8 + size + (size & 1)
    return False
