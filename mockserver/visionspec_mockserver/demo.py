"""The whole loop against a server of our own: upload, ask in both dialects, decode, draw, compare.

It plays the user, so it is the one file of this package that uses the client.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from visionspec import Client, decode_answer, draw, image_tokens, read_info
from visionspec.rules.boxes import iou
from visionspec_mockserver.scene import draw_scene
from visionspec_mockserver.threaded import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from visionspec import Answer, Item, TokenEstimate
    from visionspec.models.files import File
    from visionspec_mockserver.scene import Drawn

MIN_IOU = 0.95

CAPTION = "Caption this image."
BOXES = "Detect the prominent items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."
MASKS = (
    'Give the segmentation masks for the items. Output a JSON list where each entry has the box in "box_2d", '
    'the mask in "mask" and the text label in "label".'
)
POLYGONS = f"{MASKS} The mask is a polygon of [x, y] coordinates, normalized to 0-1000."


@dataclass(frozen=True, slots=True)
class Match:
    """A drawn object beside what was found of it; an IoU is 0 where nothing was."""

    drawn: Drawn
    found: Item | None
    box_iou: float
    png_iou: float
    polygon_iou: float

    @property
    def good(self) -> bool:
        """Whether every IoU is at least `MIN_IOU`."""
        return min(self.box_iou, self.png_iou, self.polygon_iou) >= MIN_IOU


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one endpoint answered, what the answers decode to, and how that compares with what was drawn."""

    name: str
    model: str
    caption: str
    boxes: Answer
    png_masks: Answer
    polygons: Answer
    image_tokens: int
    estimate: TokenEstimate
    matches: list[Match]

    @property
    def surplus(self) -> list[Item]:
        """What was found of nothing that was drawn; empty for a photo, of which nothing is known."""
        chosen = [match.found for match in self.matches]
        return [item for item in self.boxes.items if item not in chosen] if self.matches else []

    @property
    def good(self) -> bool:
        """Whether all that was drawn was found where it was drawn, and nothing else; True for a photo."""
        return not self.surplus and all(match.good for match in self.matches)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that the demo did and wrote."""

    source: str
    size_px: tuple[int, int]
    upload: File
    dialects: list[Dialect]
    requests: list[dict[str, Any]]
    written: list[Path]


def run(image: Path | None, out: Path, progress: Callable[[str], None]) -> Outcome:
    """Run the loop with ``image``, or with a drawn scene, and write pictures and JSON to ``out``.

    Raises:
        VisionSpecError: if the image cannot be used, or a step of the loop fails.
        OSError: if a file cannot be read or written.
    """
    out.mkdir(parents=True, exist_ok=True)
    drawn: list[Drawn] = []
    if image is None:
        scene, drawn = draw_scene()
        image = out / "scene.png"
        scene.save(image)
    size_px = read_info(image.read_bytes()).displayed_size
    with MockServer() as server, Client(base_url=server.url, api_key="demo") as client:
        progress(f"uploading {image.name}")
        file = client.upload(image)

        def interact(prompt: str) -> tuple[str, int]:
            reply = client.interact("gemini-3-flash-preview", [prompt, file])
            counts = (reply.usage.input_tokens_by_modality if reply.usage else None) or []
            return reply.output_text, sum(count.tokens for count in counts if count.modality == "image")

        def generate(prompt: str) -> tuple[str, int]:
            reply = client.generate_content("gemini-2.5-flash", [file, prompt])
            counts = (reply.usage_metadata.prompt_tokens_details if reply.usage_metadata else None) or []
            return reply.text, sum(count.token_count or 0 for count in counts if count.modality == "IMAGE")

        dialects = []
        for name, model, ask in (
            ("interactions", "gemini-3-flash-preview", interact),
            ("generateContent", "gemini-2.5-flash", generate),
        ):
            progress(f"asking {name}")
            dialects.append(_dialect(name, model, ask, size_px, drawn))
        requests = httpx.get(f"{server.url}/_mock/log").raise_for_status().json()["requests"]
    progress("drawing")
    written = [path for dialect in dialects for path in _draw(image, dialect, out / dialect.name)]
    outcome = Outcome(str(image), size_px, file, dialects, requests, written)
    decoded = out / "decoded.json"
    decoded.write_text(json.dumps(as_json(outcome), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    written.append(decoded)
    return outcome


def _dialect(
    name: str,
    model: str,
    ask: Callable[[str], tuple[str, int]],
    size_px: tuple[int, int],
    drawn: list[Drawn],
) -> Dialect:
    width_px, height_px = size_px

    def decoded(prompt: str) -> Answer:
        return decode_answer(ask(prompt)[0], width_px=width_px, height_px=height_px)

    caption, tokens = ask(CAPTION)
    boxes, png_masks, polygons = decoded(BOXES), decoded(MASKS), decoded(POLYGONS)
    return Dialect(
        name,
        model,
        caption,
        boxes,
        png_masks,
        polygons,
        tokens,
        image_tokens(width_px, height_px, model=model),
        [_match(object_, boxes, png_masks, polygons) for object_ in drawn],
    )


def _match(drawn: Drawn, boxes: Answer, png_masks: Answer, polygons: Answer) -> Match:
    found = max(boxes.items, key=lambda item: iou(item.box, drawn.box), default=None)
    return Match(
        drawn,
        found,
        iou(found.box, drawn.box) if found else 0.0,
        _mask_iou(drawn, png_masks),
        _mask_iou(drawn, polygons),
    )


def _mask_iou(drawn: Drawn, answer: Answer) -> float:
    height_px, width_px = drawn.mask.shape
    best = 0.0
    for item in answer.items:
        if item.mask is not None:
            frame = item.mask.to_frame(width_px=width_px, height_px=height_px)
            union = int(np.count_nonzero(frame | drawn.mask))
            best = max(best, int(np.count_nonzero(frame & drawn.mask)) / union)
    return best


def _draw(image: Path, dialect: Dialect, folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    picture = draw.open_image(image)
    pictures = {
        "boxes.png": draw.draw_boxes(picture, dialect.boxes.items),
        "masks-png.png": draw.draw_masks(picture, dialect.png_masks.items),
        "masks-polygon.png": draw.draw_masks(picture, dialect.polygons.items),
        "tokens.png": draw.draw_tiles(picture, dialect.estimate),
    }
    for name, drawing in pictures.items():
        drawing.save(folder / name)
    return [folder / name for name in pictures]


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The content of ``decoded.json``: what was asked, decoded, counted and compared."""
    width_px, height_px = outcome.size_px
    return {
        "image": {
            "source": outcome.source,
            "width": width_px,
            "height": height_px,
            "mime_type": outcome.upload.mime_type,
        },
        "file": outcome.upload.wire(),
        "requests": outcome.requests,
        "dialects": {dialect.name: _dialect_json(dialect) for dialect in outcome.dialects},
    }


def _dialect_json(dialect: Dialect) -> dict[str, Any]:
    return {
        "model": dialect.model,
        "caption": dialect.caption,
        "image_tokens": dialect.image_tokens,
        "rule": dialect.estimate.rule,
        "boxes": [_item_json(item) for item in dialect.boxes.items],
        "png_masks": [_item_json(item) for item in dialect.png_masks.items],
        "polygons": [_item_json(item) for item in dialect.polygons.items],
        "drawn": [
            {
                "object": match.drawn.name,
                "box": list(match.drawn.box),
                "found": list(match.found.box) if match.found else None,
                "box_iou": round(match.box_iou, 4),
                "png_mask_iou": round(match.png_iou, 4),
                "polygon_iou": round(match.polygon_iou, 4),
            }
            for match in dialect.matches
        ],
    }


def _item_json(item: Item) -> dict[str, Any]:
    mask = {"form": item.mask.form, "area_px": item.mask.area_px} if item.mask else None
    return {"box": list(item.box), "label": item.label, "mask": mask, "issues": list(item.issues)}
