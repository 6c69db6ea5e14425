"""Thumbnails of the images that came, and the images themselves where they were asked for."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from visionspec_mockserver.pictures import Picture

THUMBNAIL_TYPE = "image/webp"
_SIDE_PX = 320
_QUALITY = 70
_ENTRY_BYTES = 300


class Kept(NamedTuple):
    """A thumbnail (empty where the image cannot be decoded), and the image itself or None."""

    thumbnail: bytes
    data: bytes | None = None

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, about."""
        return _ENTRY_BYTES + len(self.thumbnail) + len(self.data or b"")


class Images:
    """The last images by digest, in at most ``limit_bytes``. Safe to use from any thread."""

    def __init__(self, limit_bytes: int, *, keep_pixels: bool) -> None:
        self._limit_bytes = limit_bytes
        self._keep_pixels = keep_pixels
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self.size_bytes = 0

    def get(self, sha256: str) -> Kept | None:
        """What is kept of an image."""
        with self._lock:
            return self._kept.get(sha256)

    def known(self, picture: Picture | dict[str, Any]) -> Picture | dict[str, Any]:
        """What there is to know of an image whose thumbnail is here, or else the image itself."""
        if isinstance(picture, dict) or picture.sha256 not in self._kept:
            return picture
        return picture.facts()

    def put(self, picture: Picture) -> Kept:
        """Keep what is to be kept of an image; the ones that came longest ago make room."""
        with self._lock:
            known = self._kept.get(picture.sha256)
            if known is not None:
                self._kept.move_to_end(picture.sha256)
                return known
        made = Kept(thumbnail(picture.data), picture.data if self._keep_pixels else None)
        with self._lock:
            if picture.sha256 not in self._kept:
                self._kept[picture.sha256] = made
                self.size_bytes += made.size_bytes
            while self.size_bytes > self._limit_bytes:
                self.size_bytes -= self._kept.popitem(last=False)[1].size_bytes
        return made


def thumbnail(data: bytes) -> bytes:
    """A small copy as it is displayed, as WEBP; nothing where the pixels cannot be decoded."""
    from PIL import Image  # noqa: PLC0415 - heavy, and only for who looks

    from visionspec.errors import InvalidMedia  # noqa: PLC0415
    from visionspec_mockserver.standin.pixels import decode  # noqa: PLC0415 - loads numpy and OpenCV

    try:
        rgb = decode(data).rgb
    except InvalidMedia:
        return b""
    image = Image.fromarray(rgb)
    image.thumbnail((_SIDE_PX, _SIDE_PX), Image.Resampling.BOX if max(image.size) > 4 * _SIDE_PX else None)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=_QUALITY, method=2)
    return out.getvalue()
