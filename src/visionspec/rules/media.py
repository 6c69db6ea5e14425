"""What the bytes of an image are, and how large: by content, from the header, without decoding a pixel."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visionspec._registry import rule
from visionspec.errors import InvalidMedia, UnsupportedMedia, show
from visionspec.rules._base64 import TO_STANDARD, from_base64
from visionspec.rules.containers import heif, jpeg, png, truncated, webp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from visionspec.rules.containers import Header

MIME_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
"""The supported types, in the order of the documents (001:564-574)."""

_READERS: Mapping[str | None, Callable[[bytes], Header]] = {
    "image/png": png.read,
    "image/jpeg": jpeg.read,
    "image/webp": webp.read,
    "image/heic": heif.read,
    "image/heif": heif.read,
}
_HEIF = frozenset({"image/heic", "image/heif"})

# Names that people and libraries send, and the registered name that the API knows.
_REGISTERED = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
    "jpg": "image/jpeg",
    **{name.removeprefix("image/"): name for name in MIME_TYPES},
}

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (png.SIGNATURE[:4], "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/j2c"),
    (b"\0\0\1\0", "image/vnd.microsoft.icon"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"%PDF-", "application/pdf"),
)
_BMP_HEADER_BYTES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_BASE64_STARTS = (b"iVBORw0KGgo", b"/9j/", b"_9j_", b"UklGR", b"data:image/")


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What the header of an image file says.

    Attributes:
        mime_type: by content, one of `MIME_TYPES`.
        width_px: as stored, before the orientation is applied.
        height_px: as stored.
        orientation: 1..8, with the meaning of the EXIF tag; 1 means that the image is shown as stored.
        missing: what is cut off at the end of the file; None if nothing is.
    """

    mime_type: str
    width_px: int
    height_px: int
    orientation: int = 1
    missing: str | None = None

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Width and height in pixels once the orientation is applied; what boxes refer to."""
        upright = self.orientation <= 4
        return (self.width_px, self.height_px) if upright else (self.height_px, self.width_px)

    @property
    def complete(self) -> bool:
        """Whether the file reaches its own end. The pixels in it may still be damaged."""
        return self.missing is None


@rule("media.sniff", "media.heif-brand")
def sniff(data: bytes) -> str | None:
    """Tell the MIME type of ``data`` by its content; None if it is of no known type.

    Types that the API does not support are recognised too, so that they can be refused by name.

    Raises:
        InvalidMedia: if ``data`` is no bytes.
    """
    data = as_bytes(data)
    if data[4:8] == b"ftyp":  # first: the size in front of it may look like another magic
        return heif.mime_type(data)
    for magic, mime_type in _MAGIC:
        if data.startswith(magic):
            return mime_type
    if data.startswith(b"RIFF"):
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(bytes(data[8:12]))
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADER_BYTES:
        return "image/bmp"
    return _sniff_markup(bytes(data[:1024]).lstrip(b"\xef\xbb\xbf \t\r\n").lower())


def _sniff_markup(start: bytes) -> str | None:
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    return "image/svg+xml" if start.startswith(b"<") and b"<svg" in start else None


@rule(
    "media.dimensions",
    "media.orientation",
    "media.truncated",
    "media.corrupt",
    "media.complete",
    "media.refused-by-name",
)
def read_info(data: bytes) -> ImageInfo:
    """Read type, size and orientation of an image from its header.

    A prefix is enough: what is cut off behind the header is named in `ImageInfo.missing`.

    Raises:
        UnsupportedMedia: if the content is of another type; the error names the type where it is known.
        TruncatedMedia: if the data is consistent and ends before the size is known.
        CorruptMedia: if the data contradicts its format.
    """
    data = as_bytes(data)
    mime_type = sniff(data)
    reader = _READERS.get(mime_type)
    if reader is None:
        raise _refusal(mime_type, data)
    return ImageInfo(mime_type or "", *reader(data))


@rule("media.supported-types", "media.declared-type")
def check_declared(mime_type: str) -> str:
    """Check a MIME type that a request declares. Case and parameters (``; q=1``) do not count.

    Returns:
        The supported type that it names, one of `MIME_TYPES`.

    Raises:
        UnsupportedMedia: if it is none of them; its message begins with the API's own sentence.
    """
    if not isinstance(mime_type, str):
        raise UnsupportedMedia(
            f"Unsupported MIME type: {show(mime_type)} is no string",
            rule="media.declared-type",
            given=mime_type,
        )
    bare = mime_type.partition(";")[0].strip().lower()
    if bare in MIME_TYPES:
        return bare
    registered = _REGISTERED.get(bare.removeprefix("."))
    hint = f"the registered name is {registered}" if registered else f"supported are {', '.join(MIME_TYPES)}"
    shown = mime_type if mime_type.isprintable() and len(mime_type) <= 80 else show(mime_type)
    raise UnsupportedMedia(
        f"Unsupported MIME type: {shown} ({hint})", rule="media.declared-type", given=mime_type
    )


@rule("media.declared-matches")
def check_matches(declared: str, data: bytes) -> None:
    """Check that ``data`` is of the MIME type ``declared``. HEIC and HEIF name one container and match.

    Raises:
        UnsupportedMedia: if the declared type is not supported.
        InvalidMedia: if the content is of another type.
    """
    wanted, actual = check_declared(declared), sniff(data)
    if wanted != actual and not {wanted, actual} <= _HEIF:
        raise InvalidMedia(
            f"declared as {wanted}, but the content is {actual or 'of no known type'}",
            rule="media.declared-matches",
            given=declared,
        )


@rule("media.inline-base64")
def decode_base64(text: str) -> bytes:
    """Decode inline data: base64 in the standard or the URL-safe alphabet, padded or not, in lines or not.

    Raises:
        InvalidMedia: if anything else is in it; ``base64.b64decode`` would silently drop that.
    """
    if not isinstance(text, str):
        raise InvalidMedia(f"base64 is text, not {show(text)}", rule="media.inline-base64", given=text)
    with suppress(ValueError):  # as almost everybody writes it
        return from_base64(text, url_safe="+" not in text and "/" not in text)
    try:
        compact = b"".join(text.encode("ascii").split()).rstrip(b"=").translate(TO_STANDARD)
        return from_base64(compact + b"=" * (-len(compact) % 4))
    except ValueError as error:
        hint = "; leave out the 'data:...;base64,' in front of it" if text.startswith("data:") else ""
        raise InvalidMedia(
            f"{show(text)} is not base64{hint}", rule="media.inline-base64", given=text[:80]
        ) from error


def as_bytes(data: object) -> bytes:
    """``data`` itself, or a copy of a buffer.

    Raises:
        InvalidMedia: if it is neither.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    raise InvalidMedia(f"an image is given as bytes, not as {type(data).__name__}", given=data)


def _refusal(mime_type: str | None, data: bytes) -> InvalidMedia:
    if mime_type is not None:
        return UnsupportedMedia(
            f"the content is {mime_type}; supported are {', '.join(MIME_TYPES)}: convert it",
            rule="media.refused-by-name",
            given=mime_type,
        )
    if _may_become_an_image(data):
        return truncated(f"{len(data)} bytes are too few to tell the type")
    hint = "; it looks like base64, which has to be decoded first" if data.startswith(_BASE64_STARTS) else ""
    return UnsupportedMedia(
        f"no known type of image begins with {data[:16]!r}{hint}",
        rule="media.supported-types",
        given=data[:16],
    )


def _may_become_an_image(data: bytes) -> bool:
    starts = (png.SIGNATURE[:4], b"\xff\xd8\xff")
    return (
        any(start.startswith(data) for start in starts)
        or (len(data) < 12 and b"RIFF".startswith(data[:4]) and b"WEBP".startswith(data[8:]))
        or (4 < len(data) < 12 and b"ftyp".startswith(data[4:8]))
    )
