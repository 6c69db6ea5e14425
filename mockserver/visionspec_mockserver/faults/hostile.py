"""Answers as models give them on a bad day: what collected reports say of real ones, made from a good one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[dict[str, Any]], dict[str, Any] | None]

_PNG = "data:image/png;base64,"
_RUNAWAY = "Pj4+" * 2000


def spoiled(text: str, how: str) -> str | None:
    """``text`` made hostile; None where it has nothing that could be spoiled so."""
    if how in _TEXTS:
        return _TEXTS[how](text)
    try:
        value = json.loads(text)
    except ValueError:
        return None
    seen = [0]
    changed = json.dumps(_walk(value, _ENTRIES[how], seen), ensure_ascii=False)
    if not seen[0]:
        return None
    if how == "runaway_base64":  # the answer never comes to the end of its first mask
        return changed[: changed.index(_RUNAWAY) + len(_RUNAWAY)]
    return changed


def _walk(value: Any, change: Change, seen: list[int]) -> Any:
    if isinstance(value, list):
        return [_walk(one, change, seen) for one in value]
    if not isinstance(value, dict):
        return value
    changed = change(value)
    if changed is not None:
        seen[0] += 1
        return changed
    return {key: _walk(one, change, seen) for key, one in value.items()}


def _boxed(reorder: Callable[[list[Any]], list[Any]]) -> Change:
    def change(entry: dict[str, Any]) -> dict[str, Any] | None:
        box = entry.get("box_2d")
        return {**entry, "box_2d": reorder(box)} if isinstance(box, list) and len(box) == 4 else None

    return change


def _masked(replace: Callable[[str], str]) -> Change:
    def change(entry: dict[str, Any]) -> dict[str, Any] | None:
        mask = entry.get("mask")
        return {**entry, "mask": replace(mask)} if isinstance(mask, str) and mask.startswith(_PNG) else None

    return change


def _outlined(entry: dict[str, Any]) -> dict[str, Any] | None:
    mask, box = entry.get("mask"), entry.get("box_2d")
    if not (isinstance(mask, str) and isinstance(box, list) and len(box) == 4):
        return None
    y0, x0, y1, x1 = box
    return {**entry, "mask": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}


_TEXTS: dict[str, Callable[[str], str]] = {
    "fenced": lambda text: f"```json\n{text}\n```",
    "prose": lambda text: (
        f"Here is what I found in the image:\n\n{text}\n\nLet me know if you need anything else."
    ),
    "truncated": lambda text: text[: len(text) * 2 // 3],
}
_ENTRIES: dict[str, Change] = {
    "seg_tokens": _masked(
        lambda _: "<start_of_mask>" + "".join(f"<seg_{number}>" for number in range(35, 99, 4))
    ),
    "runaway_base64": _masked(lambda mask: mask[: len(_PNG) + 40] + _RUNAWAY),
    "reversed_corners": _boxed(lambda box: [box[2], box[3], box[0], box[1]]),
    "xy_order": _boxed(lambda box: [box[1], box[0], box[3], box[2]]),
    "wrong_mime": _masked(lambda mask: mask.replace("image/png", "image/jpeg", 1)),
    "polygon_for_png": _outlined,
}
