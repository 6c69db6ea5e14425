"""What an answer says, and where in its images it says it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec.errors import InvalidInput
from visionspec.protocol import sse
from visionspec.rules.answers import decode_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from visionspec.rules.answers import Answer
    from visionspec.rules.masks import Mask
    from visionspec_mockserver.journal.entries import Entry

COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#008080", "#9a6324", "#e6308a")
"""Of the first item, the second ...; the inspector has the same."""

_MASKS_SIDE_PX = 640
_SHADES = [shade * 120 // 255 for shade in range(256)]  # a mask lets the image through
_MOST = 200  # items that are shown


class _Part(NamedTuple):
    """An answer as far as it is about one image."""

    image: int
    answer: Answer


def marks(entry: Entry) -> dict[str, Any]:
    """``{"text", "items", "points", "rejected", "issues"}``; boxes and points in pixels of the ``image``."""
    text = said(entry)
    found: dict[str, Any] = {"text": text, "items": [], "points": [], "rejected": [], "issues": []}
    for part in _parts(entry, text):
        for item in part.answer.items[:_MOST]:
            found["items"].append(
                {
                    "image": part.image,
                    "box": list(item.box),
                    "label": item.label,
                    "mask": item.mask.form if item.mask else None,
                    "issues": list(item.issues),
                }
            )
        found["points"] += [
            {"image": part.image, "point": list(one.point), "label": one.label}
            for one in part.answer.points[:_MOST]
        ]
        found["rejected"] += [one.reason for one in part.answer.rejected[:_MOST]]
        found["issues"] += part.answer.issues
    return found


def masks_png(entry: Entry, image: int) -> bytes | None:
    """The masks of one image on nothing, in the colours of their items; None without a mask."""
    from PIL import Image  # noqa: PLC0415 - heavy, and only for who looks

    part = next((part for part in _parts(entry, said(entry)) if part.image == image), None)
    if part is None or not any(item.mask for item in part.answer.items):
        return None
    frame = entry["images"][image]
    scale = min(1.0, _MASKS_SIDE_PX / max(frame["width_px"], frame["height_px"]))
    size = _scaled(frame["width_px"], scale), _scaled(frame["height_px"], scale)
    canvas = Image.new("RGBA", size)
    for at, item in enumerate(part.answer.items[:_MOST]):
        if item.mask is not None:
            colour = Image.new("RGB", _size(item.mask, scale), COLOURS[at % len(COLOURS)])
            corner = int(item.mask.box.x0 * scale), int(item.mask.box.y0 * scale)
            canvas.paste(colour, corner, _alpha(item.mask, scale))
    out = io.BytesIO()
    canvas.save(out, "PNG")
    return out.getvalue()


def _scaled(length_px: int, scale: float) -> int:
    return max(1, round(length_px * scale))


def _size(mask: Mask, scale: float) -> tuple[int, int]:
    return _scaled(mask.box.width_px, scale), _scaled(mask.box.height_px, scale)


def _alpha(mask: Mask, scale: float) -> Any:
    from PIL import Image  # noqa: PLC0415

    return Image.fromarray(mask.crop).convert("L").resize(_size(mask, scale)).point(_SHADES)


def said(entry: Entry) -> str:
    """The text of the answer, thoughts left out; empty where there is none."""
    response = entry["response"]
    if response["kind"] == "text":
        return "".join(_texts(_events(response["body"])))
    if response["kind"] == "json":
        body = response["body"]
        return "".join(_texts(body if isinstance(body, list) else [body]))
    return ""


def _events(text: str) -> Iterator[Any]:
    decoder = sse.Decoder()
    for event in [*decoder.feed(text.encode()), *decoder.close()]:
        try:
            yield json.loads(event.data)
        except ValueError:  # [DONE]
            continue


def _texts(messages: Any) -> Iterator[str]:
    """The pieces of text in messages of both dialects, whole or streamed."""
    for message in messages:
        if not isinstance(message, dict):
            continue
        for candidate in _dicts(message.get("candidates"))[:1]:
            for part in _dicts((candidate.get("content") or {}).get("parts")):
                if not part.get("thought"):
                    yield _string(part.get("text"))
        for step in _dicts(message.get("steps")):
            if step.get("type") == "model_output":
                yield from (_string(part.get("text")) for part in _dicts(step.get("content")))
        delta = message.get("delta")
        if isinstance(delta, dict) and delta.get("type") == "text":
            yield _string(delta.get("text"))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _parts(entry: Entry, text: str) -> Iterator[_Part]:
    """The answer, image by image: with several of them every item names its own."""
    images = entry.get("images") or []
    if not images or "[" not in text:
        return
    texts = {0: text} if len(images) == 1 else _by_image(text)
    for at, told in texts.items():
        if not 0 <= at < len(images):
            continue
        frame = images[at]
        try:
            answer = decode_answer(told, width_px=frame["width_px"], height_px=frame["height_px"])
        except InvalidInput:  # no answer about places
            continue
        yield _Part(at, answer)


def _by_image(text: str) -> dict[int, str]:
    try:
        items = json.loads(text)
    except ValueError:
        return {0: text}
    groups: dict[int, list[Any]] = {}
    for item in _dicts(items):
        at = item.get("image", 0)
        groups.setdefault(at if isinstance(at, int) else 0, []).append(item)
    return {at: json.dumps(group) for at, group in groups.items()}
