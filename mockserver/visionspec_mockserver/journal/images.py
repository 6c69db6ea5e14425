"""The last images: thumbnails of them, and the images themselves where they were asked for."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from visionspec_mockserver.pictures import Picture

THUMBNAIL_TYPE = "image/webp"
_SIDE_PX = 320
_QUALITY = 70
_ENTRY_BYTES = 300
_SMALL_BYTES = 16 * 1024  # what has no more is as good as its thumbnail
_LARGE_BYTES = 8 * 1024 * 1024


class Kept(NamedTuple):
    """A thumbnail (empty where the image cannot be decoded, None before it was made), and the image or None."""

    thumbnail: bytes | None
    data: bytes | None = None

    @property
    def size_bytes(self) -> int:
        """The memory that it takes, about."""
        return _ENTRY_BYTES + len(self.thumbnail or b"") + len(self.data or b"")


class Images:
    """The last images by digest, each once, in about ``limit_bytes``. Safe to use from any thread."""

    def __init__(self, limit_bytes: int, *, keep_pixels: bool) -> None:
        self._limit_bytes = limit_bytes
        self._keep_pixels = keep_pixels
        self._large_limit_bytes = min(_LARGE_BYTES, limit_bytes // 2)
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._large: deque[tuple[str, int]] = deque()
        self._large_bytes = 0
        self._lock = threading.Lock()
        self.size_bytes = 0

    def hold(self, picture: Picture | dict[str, Any]) -> dict[str, Any]:
        """Hold on to an image, which takes next to no time; what there is to know of it."""
        if isinstance(picture, dict):
            return picture
        with self._lock:
            if picture.sha256 in self._kept:
                self._kept.move_to_end(picture.sha256)
            else:
                self._put(picture.sha256, Kept(None, picture.data))
                if len(picture.data) > _SMALL_BYTES and not self._keep_pixels:
                    self._large.append((picture.sha256, len(picture.data)))
                    self._large_bytes += len(picture.data)
        return picture.facts()

    def original(self, sha256: str) -> bytes | None:
        """An image as it came, if it is still there."""
        with self._lock:
            kept = self._kept.get(sha256)
        return kept.data if kept else None

    @property
    def due(self) -> bool:
        """Whether there are so many large ones that thumbnails should take their place."""
        return self._large_bytes > self._large_limit_bytes

    def shrink(self) -> None:
        """Put thumbnails in the place of the large ones that came first, which takes time."""
        while self.due:
            with self._lock:
                sha256, size_bytes = self._large.popleft()
                self._large_bytes -= size_bytes
            kept = self.get(sha256)
            with self._lock:
                if kept is not None and sha256 in self._kept:
                    self._put(sha256, kept._replace(data=None))

    def get(self, sha256: str) -> Kept | None:
        """What is kept of an image, its thumbnail made where there was none yet, which takes time."""
        with self._lock:
            kept = self._kept.get(sha256)
        if kept is None or kept.thumbnail is not None:
            return kept
        kept = kept._replace(thumbnail=thumbnail(kept.data or b""))
        with self._lock:
            if sha256 in self._kept:
                self._put(sha256, kept)
        return kept

    def _put(self, sha256: str, kept: Kept) -> None:
        """Keep this of an image; the ones that came longest ago make room, but not the last one to its thumbnail."""
        before = self._kept.get(sha256)
        self.size_bytes += kept.size_bytes - (before.size_bytes if before else 0)
        self._kept[sha256] = kept
        while self.size_bytes > self._limit_bytes and len(self._kept) > (0 if self._keep_pixels else 1):
            self.size_bytes -= self._kept.popitem(last=False)[1].size_bytes


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
    way = Image.Resampling.BOX if max(image.size) > 4 * _SIDE_PX else Image.Resampling.BICUBIC
    image.thumbnail((_SIDE_PX, _SIDE_PX), way)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=_QUALITY, method=2)
    return out.getvalue()
