"""What is asked, and what form of answer its words call for.

The first line that fits decides. Words are found anywhere in the text, in either case, so that a question in
any language is understood as far as it names the keys:

========================================  =========================================================
the text has                              the answer
========================================  =========================================================
``mask``, ``segment`` or ``polygon``      a list of ``{"box_2d", "mask", "label"}``; the mask is a
                                          polygon where the text has ``polygon``, else a PNG
``box``, ``bounding`` or ``detect``       a list of ``{"box_2d", "label"}``
``point``                                 a list of ``{"point", "label"}``
``json``, or JSON was asked for           ``{"caption", "objects": [{"box_2d", "label"}, ...]}``
none of these                             a caption
========================================  =========================================================

A schema goes before all of them, given beside the text or standing in it; then only what is named in the text
counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .scene import Region

Intent = Literal["png masks", "polygons", "boxes", "points", "json", "caption"]

_SAME = {"grey": "gray", "disc": "circle", "disk": "circle"}
# Words of the question itself: the documents ask for "the text label", and "shape" is any thing.
_OF_QUESTIONS = {"text", "shape", "outline", "line", "frame"}
_BEHIND = {"background", "backdrop", "ground"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was sent."""

    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        text: the prompt.
        images: what it is about.
        schema: the JSON schema of the answer.
        wants_json: whether JSON was asked for, with or without a schema.
    """

    text: str
    images: Sequence[Picture]
    schema: dict[str, Any] | None = None
    wants_json: bool = False


def intent(question: Question) -> Intent:
    """The form of answer that the text calls for, by the table above."""
    text = question.text.lower()

    def has(*words: str) -> bool:
        return any(word in text for word in words)

    if has("polygon"):
        return "polygons"
    if has("mask", "segment"):
        return "png masks"
    if has("box", "bounding", "detect"):
        return "boxes"
    if has("point"):
        return "points"
    return "json" if question.wants_json or has("json") else "caption"


def named(text: str, regions: Iterable[Region]) -> list[Region]:
    """Those of ``regions`` whose colour, shape or both the text names; all if it names none that is there.

    "the red circle" is one thing that is both; "the red one and a circle" is two.
    """
    regions = list(regions)
    wanted = _phrases(text, {r.colour.name for r in regions}, {r.shape for r in regions})
    if not wanted:
        return regions

    def is_wanted(region: Region) -> bool:
        return any(
            colour in (None, region.colour.name) and shape in (None, region.shape) for colour, shape in wanted
        )

    return [region for region in regions if is_wanted(region)]


def _phrases(text: str, colours: set[str], shapes: set[str]) -> set[tuple[str | None, str | None]]:
    found: set[tuple[str | None, str | None]] = set()
    colour: str | None = None
    for word in [_singular(word, colours | shapes) for word in re.findall(r"[a-z]+", text.lower())]:
        if word in shapes and (colour or word not in _OF_QUESTIONS):
            found.add((colour, word))
            colour = None
            continue
        if colour and word not in _BEHIND:
            found.add((colour, None))
        colour = word if word in colours else None
    if colour:
        found.add((colour, None))
    return found


def _singular(word: str, known: set[str]) -> str:
    word = _SAME.get(word, word)
    for ending in ("s", "es"):
        stem = word.removesuffix(ending)
        if word not in known and stem != word and _SAME.get(stem, stem) in known:
            return _SAME.get(stem, stem)
    return word
