"""Questions that break one rule each: what the clients of `clients` ask."""

from __future__ import annotations

import base64
import io
import os
from typing import TYPE_CHECKING, Any

from visionspec_conformance.broken import program_control
from visionspec_conformance.strategies import Region, make_picture

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "gemini-2.5-flash"
MIB = 1024 * 1024

SHARP = make_picture("image/png", 200, 150, (Region("red", (20, 20, 120, 100)),)).data


class Question:
    """Parts of one turn: an image, then the text, unless it is given otherwise."""

    def __init__(self, *parts: Any, text: str = "What is in the image?", model: str = MODEL) -> None:
        self.model = model
        self.parts = [*parts, {"text": text}]


def image(data: bytes, mime_type: str = "image/png") -> dict[str, Any]:
    """An image inside the request."""
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode("ascii")}}


def _web(mime_type: str = "image/png") -> dict[str, Any]:
    return {"fileData": {"mimeType": mime_type, "fileUri": "https://example.com/image1.png"}}


def _jpeg(orientation: int) -> bytes:
    from PIL import Image  # noqa: PLC0415 - no other client needs it

    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    Image.open(io.BytesIO(SHARP)).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def _blurred() -> bytes:
    from PIL import Image, ImageFilter  # noqa: PLC0415

    out = io.BytesIO()
    Image.open(io.BytesIO(SHARP)).filter(ImageFilter.GaussianBlur(8)).save(out, "PNG")
    return out.getvalue()


def _first_the_text() -> Question:
    question = Question(image(SHARP))
    question.parts.reverse()
    return question


def _wide() -> bytes:
    return make_picture("image/png", 1081, 540, (Region("red", (20, 20, 900, 400)),)).data


# By rule: the client's name and what it asks, given the uri of a file that it has uploaded.
_BREAKS: dict[str, tuple[str, Callable[[str], list[Question]]]] = {
    "advice.base64-in-text": (
        "writes-base64",
        lambda _: [Question(text="data:image/png;base64," + "iVBOR" * 300)],
    ),
    "advice.files-api": ("repeats-an-image", lambda _: [Question(image(SHARP)), Question(image(SHARP))]),
    "advice.orientation": ("forgets-exif", lambda _: [Question(image(_jpeg(6), "image/jpeg"))]),
    "advice.sharpness": ("blurs", lambda _: [Question(image(_blurred()))]),
    "advice.text-order": ("asks-first", lambda _: [_first_the_text()]),
    "advice.tile-boundary": ("wastes-tiles", lambda _: [Question(image(_wide()))]),
    "limits.image-count": (
        "sends-an-album",
        lambda uri: [Question(*[{"fileData": {"mimeType": "image/png", "fileUri": uri}}] * 3601)],
    ),
    "limits.image-count-1-0": (
        "overwhelms-an-old-model",
        lambda uri: [
            Question(
                *[{"fileData": {"mimeType": "image/png", "fileUri": uri}}] * 17, model="gemini-1.0-pro-vision"
            )
        ],
    ),
    "limits.inline-request": ("inlines-it-all", lambda _: [Question(image(os.urandom(16 * MIB)))]),
    "limits.url-input-family": (
        "leads-2.0-to-the-web",
        lambda _: [Question(_web(), model="gemini-2.0-flash")],
    ),
    "limits.url-input-type": ("leads-to-a-heic", lambda _: [Question(_web("image/heic"))]),
    "media.complete": ("cuts-the-end", lambda _: [Question(image(SHARP[:-20]))]),
    "media.corrupt": ("damages-a-header", lambda _: [Question(image(SHARP[:16] + bytes(8) + SHARP[24:]))]),
    "media.declared-matches": ("declares-another", lambda _: [Question(image(SHARP, "image/jpeg"))]),
    "media.declared-type": ("says-jpg", lambda _: [Question(image(_jpeg(1), "image/jpg"))]),
    "media.inline-base64": (
        "sends-no-base64",
        lambda _: [Question({"inlineData": {"mimeType": "image/png", "data": "!!!"}})],
    ),
    "media.refused-by-name": ("sends-a-gif", lambda _: [Question(image(b"GIF89a" + bytes(100)))]),
    "media.supported-types": ("sends-noise", lambda _: [Question(image(b"\1\2\3\4" * 50))]),
    "media.truncated": ("cuts-the-header", lambda _: [Question(image(SHARP[:20]))]),
}

QUESTIONS = dict(_BREAKS.values())

for _rule, (_name, _) in _BREAKS.items():
    program_control("client", _rule, _name, "test_no_question_breaks_it")
