"""Adapters that break one rule: ``python -m visionspec_conformance.breaks.adapters NAME``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec_conformance.broken import because, program_control
from visionspec_conformance.rules import adapter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Function = Callable[..., Any]


class _Broken(NamedTuple):
    """A function of the vectors, and how it is broken."""

    rule: str
    function: str
    wrap: Callable[[Function], Function]
    related: Mapping[str, str] = {}


def _nearest_pixel(right: Function) -> Function:
    def rounded(*, box: list[float], width_px: int, height_px: int) -> list[int]:
        right(box=box, width_px=width_px, height_px=height_px)  # refuses what is no box
        y0, x0, y1, x1 = box
        return [round(v / 1000) for v in (x0 * width_px, y0 * height_px, x1 * width_px, y1 * height_px)]

    return rounded


_BREAKS = {
    "rounds-to-pixels": _Broken(
        "boxes.to-pixels",
        "to_pixels",
        _nearest_pixel,
        because("only the floor leads back to the same pixel", "boxes.round-trip"),
    ),
    "takes-image-jpg": _Broken(
        "media.declared-type",
        "check_declared",
        lambda right: lambda mime_type: "image/jpeg" if mime_type == "image/jpg" else right(mime_type),
    ),
    "never-saw-an-answer-cut-off": _Broken(
        "answers.truncated",
        "decode_answer",
        lambda right: lambda **given: {**right(**given), "truncated": False},
    ),
}

for _name, _one in _BREAKS.items():
    program_control("rules", _one.rule, _name, "test_vector", related=_one.related)


def main(name: str) -> None:
    """Answer line by line until stdin ends, as our own adapter does, but for one function."""
    table = adapter.functions()
    one = _BREAKS[name]
    table[one.function] = one.wrap(table[one.function])
    adapter.serve(table)


if __name__ == "__main__":
    main(sys.argv[1])
