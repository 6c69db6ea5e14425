"""The adapter of this project's own rules, and an example for others.

``visionspec check rules -- python -m visionspec_conformance.rules.adapter``: a loop over lines, and a table
from the functions of ``spec/vectors`` to ours.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from visionspec.errors import VisionSpecError
from visionspec.protocol import sse, upload
from visionspec.rules import advice, answers, boxes, limits, masks, media, names, tokens
from visionspec_conformance.rules.process import NOT_IMPLEMENTED

if TYPE_CHECKING:
    from collections.abc import Callable

    Function = Callable[..., Any]

# Functions whose vectors hold the result as it is, by module of ours.
_AS_IT_IS = {
    tokens: ("family_of", "check_resolution", "video_tokens", "audio_tokens", "pdf_modality"),
    boxes: (
        "to_pixels", "to_pixels_float", "to_norm", "point_to_pixels", "polygon_to_pixels", "in_range",
        "clip", "sort_corners", "to_displayed", "to_stored",
    ),
    limits: (
        "check_image_count", "check_inline_size", "check_pdf", "check_url_input", "check_file_size",
        "check_project_size", "expiration_s", "page_size", "check_file_id", "check_display_name",
    ),
    media: ("check_declared",),
}  # fmt: skip
_COUNTS = (tokens.image_tokens, tokens.video_frame_tokens, tokens.pdf_page_tokens)
_GRIDS = (tokens.tile_grid, tokens.patch_grid)


def functions() -> dict[str, Function]:
    """Function of the vectors -> a call that takes its input by name and gives its output as JSON values."""
    table: dict[str, Function] = {
        "sniff": lambda base64: media.sniff(b64decode(base64)),
        "read_info": _read_info,
        "decode_base64": lambda text: {"hex": media.decode_base64(text).hex()},
        "lint_request": _lint_request,
        "decode_answer": _decode_answer,
        "decode_mask": _decode_mask,
        "safe_name": names.safe_name,
        "sse.decode": _sse_decode,
        "upload.step": _upload_step,
    }
    for module, as_they_are in _AS_IT_IS.items():
        table.update({name: getattr(module, name) for name in as_they_are})
    table.update({function.__name__: _count(function) for function in _COUNTS})
    table.update({function.__name__: _grid(function) for function in _GRIDS})
    return table


def _count(function: Function) -> Function:
    return lambda **given: function(**given).tokens


def _grid(function: Function) -> Function:
    return lambda **given: function(**given)._asdict()


def _read_info(*, base64: str) -> dict[str, Any]:
    info = media.read_info(b64decode(base64))
    names = ("mime_type", "width_px", "height_px", "orientation", "complete")
    return {name: getattr(info, name) for name in names}


def _lint_request(**given: Any) -> list[dict[str, str]]:
    found = sorted(advice.lint_request(**given), key=lambda finding: (finding.where, finding.rule))
    return [{"rule": one.rule, "level": one.level, "where": one.where} for one in found]


def _decode_answer(**given: Any) -> dict[str, Any]:
    answer = answers.decode_answer(**given)
    points = [
        {"point": list(one.point), "label": one.label, "issues": list(one.issues)} for one in answer.points
    ]
    return {
        "items": [
            {
                "box": list(item.box),
                "label": item.label,
                "mask": item.mask and {"form": item.mask.form, "area_px": item.mask.area_px},
                "issues": list(item.issues),
            }
            for item in answer.items
        ],
        "rejected": [{"index": one.index, "reason": one.reason} for one in answer.rejected],
        "truncated": answer.truncated,
        "issues": list(answer.issues),
        **({"points": points} if points else {}),
    }


def _decode_mask(*, mask: Any, **given: Any) -> dict[str, Any]:
    decoded = masks.decode_mask(mask, **given)
    rows = ["".join("1" if pixel else "0" for pixel in row) for row in decoded.crop]
    return {"form": decoded.form, "box": list(decoded.box), "area_px": decoded.area_px, "rows": rows}


def _sse_decode(*, text: str) -> list[dict[str, str]]:
    return [{"data": one.data, "event": one.event, "id": one.id} for one in sse.decode(text.encode())]


def _upload_step(
    *, session: dict[str, Any], headers: dict[str, str], arrived_bytes: int | None, whole: bool
) -> dict[str, Any]:
    command = upload.parse_request(headers)
    after, reply = upload.step(upload.Session(**session), command, arrived_bytes=arrived_bytes, whole=whole)
    return {
        "status": reply.status,
        "state": after.state,
        "received_bytes": after.received_bytes,
        "declared_bytes": after.declared_bytes,
        "upload_status": reply.headers.get("X-Goog-Upload-Status"),
        "size_received": reply.headers.get("X-Goog-Upload-Size-Received"),
        "file": reply.with_file,
    }


def answer(request: dict[str, Any], table: dict[str, Function]) -> dict[str, Any]:
    """What to say to one request."""
    function = table.get(request["function"])
    if function is None:
        return {"id": request["id"], "error": {"type": NOT_IMPLEMENTED, "message": request["function"]}}
    try:
        return {"id": request["id"], "output": function(**request["input"])}
    except VisionSpecError as error:
        return {"id": request["id"], "error": {"type": type(error).__name__, "message": str(error)}}


def serve(table: dict[str, Function]) -> None:
    """Answer line by line until stdin ends."""
    for line in sys.stdin.buffer:
        sys.stdout.write(json.dumps(answer(json.loads(line), table)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(functions())
