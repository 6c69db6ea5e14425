"""What an image, a video frame or a PDF page costs in tokens, and which rule says so.

The documents and the measurements disagree (the ambiguities of ``spec/rules/tokens.json`` say where), so
every estimate names its basis: ``documented`` is the tile formula of the pages, ``observed`` was measured.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from math import ceil
from typing import Literal, NamedTuple, TypeAlias, get_args

from visionspec._registry import rule
from visionspec.errors import InvalidModel, InvalidResolution, InvalidSize, show
from visionspec.rules._check import check_word, is_number
from visionspec.rules.families import PATCH_FAMILIES, Level, bare_name, check_resolution, family_of
from visionspec.rules.grids import (
    TILE_TOKENS,
    PatchGrid,
    TileGrid,
    TileReading,
    check_size,
    patch_grid,
    patches_of,
    tile_grid,
    tiles_of,
)

__all__ = [
    "Basis",
    "PatchGrid",
    "Plan",
    "TileGrid",
    "TokenEstimate",
    "audio_tokens",
    "check_resolution",
    "family_of",
    "image_tokens",
    "patch_grid",
    "pdf_modality",
    "pdf_page_tokens",
    "plan",
    "tile_grid",
    "video_frame_tokens",
    "video_tokens",
]

Basis: TypeAlias = Literal["documented", "observed"]

LOW_TOKENS = 66  # 64 and the two tokens that wrap a picture, as 258 is 256 and two

# What a media resolution allots to a picture of family 3; None is what is taken when nobody asks.
_IMAGE_BUDGET: dict[Level | None, int] = {
    None: 1120,
    "low": 280,
    "medium": 560,
    "high": 1120,
    "ultra_high": 2240,
}
_GEMMA_BUDGET = 280

# These previews read a picture at half the budget, as two gateways saw; the SDK describes the third name as
# that of the first model.
_HALF_BUDGET = frozenset(
    {"gemini-3-pro-image-preview", "gemini-3.1-flash-image-preview", "nano-banana-pro-preview"}
)

_AUDIO_TOKENS_PER_S = {"2.0": 32, "2.5": 32, "3": 25, "4": 25}


class TokenEstimate(NamedTuple):
    """A count of tokens, and all that it follows from.

    Attributes:
        tokens: the count.
        width_px: the width given (points, for a PDF page: only the ratio of the sides counts there).
        height_px: the height given.
        model: the model as it was named, or None.
        family: the family of the model, or None.
        resolution: the media resolution asked for, in its canonical name; None is unspecified.
        basis: "documented" or "observed".
        rule: the id of the rule that gave the count.
        tiles: how many tiles, where tiles were counted.
        columns: how many tiles or patches side by side; None for a flat count.
        rows: how many of them one below the other; None for a flat count.
        unit_px: the crop unit; None where nothing was cropped.
    """

    tokens: int
    width_px: int
    height_px: int
    model: str | None
    family: str | None
    resolution: Level | None
    basis: Basis
    rule: str
    tiles: int | None
    columns: int | None
    rows: int | None
    unit_px: int | None


class Plan(NamedTuple):
    """How to count: in tiles by ``reading`` if it is set, else in patches of ``budget``, else ``flat``."""

    family: str | None
    resolution: Level | None
    basis: Basis
    rule: str
    reading: TileReading | None = None
    budget: int | None = None
    flat: int = TILE_TOKENS


@rule("tokens.tile-cost", "tokens.resolution-cost")
def image_tokens(
    width_px: int,
    height_px: int,
    *,
    model: str | None = None,
    resolution: str | None = None,
    basis: Basis | None = None,
) -> TokenEstimate:
    """The tokens of one image.

    Args:
        width_px: width as displayed, after EXIF orientation.
        height_px: height as displayed.
        model: a model name, with or without ``models/``; None for the documented formula.
        resolution: media resolution, see `check_resolution`.
        basis: "documented", "observed", or None for what is the default of the family, see `plan`.

    Raises:
        InvalidSize: if a side is no integer in 1..2**32 - 1.
        InvalidModel: if the name is of no known family.
        InvalidResolution: if the family, or the basis, has no such resolution.
    """
    return _estimate(*check_size(width_px, height_px), model, plan(model, resolution, basis))


def _estimate(width: int, height: int, model: str | None, how: Plan) -> TokenEstimate:
    family, level, basis, name, reading, budget, tokens = how
    columns = rows = tiles = unit = None
    if reading is not None:
        columns, rows, tiles, unit = tiles_of(width, height, reading)
        tokens = tiles * TILE_TOKENS
        if unit is None:
            name = "tokens.small-image"
    elif budget is not None:
        columns, rows = patches_of(width, height, budget)
        tokens = columns * rows
        if width > budget * height or height > budget * width:
            name = "tokens.patch-grid-thin"
    return TokenEstimate(tokens, width, height, model, family, level, basis, name, tiles, columns, rows, unit)


@rule(
    "tokens.basis-default",
    "tokens.resolution-documented",
    "tokens.resolution-2x",
    "tokens.budget",
    "tokens.budget-image-preview",
    "tokens.shortcut-not-on-3",
    "tokens.gemini-4",
    "tokens.gemma-4",
    "tokens.flat-258",
    "tokens.wrapper",
)
def plan(model: str | None, resolution: str | None, basis: Basis | None) -> Plan:
    """How `image_tokens` counts for a model.

    Basis None: no model, 2.0 and 2.5 by the documented tiles; 1.5 by tiles with the unit held in 256..768;
    1.0 and lyria-3 flat; 3, 4 and gemma-4 by patches. "documented": by tiles, whatever the model. "observed":
    no model, 1.x, 2.x and lyria-3 flat, the others by patches.

    Raises:
        InvalidModel: if the name is of no known family.
        InvalidResolution: if the family, or the basis, has no such resolution.
        InvalidInput: if there is no such basis.
    """
    try:
        return _plan(model, resolution, basis)
    except TypeError:
        # Only an argument that no cache can look up comes here, a list perhaps: let the checks name it.
        return _plan.__wrapped__(model, resolution, basis)


@functools.lru_cache(maxsize=512)
def _plan(model: str | None, resolution: str | None, basis: Basis | None) -> Plan:
    if basis is not None:
        check_word(basis, get_args(Basis), "basis", "tokens.basis-default")
    family = None if model is None else family_of(model)
    level = check_resolution(family, resolution)
    second = family in ("2.0", "2.5")
    if basis == "documented":
        if level is not None and not (second and level == "high"):
            raise InvalidResolution(
                f"media resolution {show(resolution)} on basis documented: the documents give no number of "
                f"tokens for it on family {family}, basis observed has one",
                rule="tokens.resolution-documented",
                given=resolution,
            )
        return _tiles(family, level)
    if family in PATCH_FAMILIES:
        return _patches(family, level, bare_name(model or ""))
    if second and level in ("low", "medium"):
        tokens = LOW_TOKENS if level == "low" else TILE_TOKENS
        return Plan(family, level, "observed", "tokens.resolution-2x", flat=tokens)
    if basis is None and (family is None or second or family == "1.5"):
        return _tiles(family, level)
    return Plan(family, level, "observed", "tokens.flat-258")


def _tiles(family: str | None, level: Level | None) -> Plan:
    if family == "1.5":
        return Plan(family, level, "documented", "tokens.tile-clamp", reading="clamp")
    return Plan(family, level, "documented", "tokens.tile-count", reading="ceil")


def _patches(family: str | None, level: Level | None, name: str) -> Plan:
    if family == "gemma-4":
        return Plan(family, level, "observed", "tokens.gemma-4", budget=_GEMMA_BUDGET)
    if level is None and name in _HALF_BUDGET:
        return Plan(family, level, "observed", "tokens.budget-image-preview", budget=_IMAGE_BUDGET["medium"])
    decided_by = "tokens.gemini-4" if family == "4" else "tokens.patch-grid"
    return Plan(family, level, "observed", decided_by, budget=_IMAGE_BUDGET[level])


class _Medium(NamedTuple):
    """Video frames or PDF pages: flat up to 2.5, by patches on 3 and 4."""

    name: str
    flat_rule: str
    flat_families: tuple[str, ...]
    patch_rule: str
    budgets: dict[Level | None, int]

    def plan(self, model: str, resolution: str | None) -> Plan:
        family = family_of(model)
        level = check_resolution(family, resolution)
        if family in self.flat_families:
            tokens = LOW_TOKENS if level == "low" else TILE_TOKENS
            return Plan(family, level, "observed", self.flat_rule, flat=tokens)
        if family not in ("3", "4"):
            raise _no_source(self.name, model)
        if level not in self.budgets:
            raise InvalidResolution(
                f"media resolution {show(resolution)} is for images only: a {self.name} has none such",
                rule=self.patch_rule,
                given=resolution,
            )
        return Plan(family, level, "observed", self.patch_rule, budget=self.budgets[level])


_FRAME = _Medium(
    "video frame",
    "tokens.video-frame-2x",
    ("2.0", "2.5"),
    "tokens.video-frame-3x",
    {None: 70, "low": 70, "medium": 70, "high": 280},
)
_PAGE = _Medium(
    "PDF page",
    "tokens.pdf-page-2x",
    ("1.5", "2.0", "2.5"),
    "tokens.pdf-page-3x",
    {None: 560, "low": 280, "medium": 560, "high": 1120},
)


@rule("tokens.video-frame-2x", "tokens.video-frame-3x")
def video_frame_tokens(
    width_px: int, height_px: int, *, model: str, resolution: str | None = None
) -> TokenEstimate:
    """The tokens of one frame of a video.

    Raises:
        InvalidSize: if a side is no integer in 1..2**32 - 1.
        InvalidModel: if no source says what a frame costs this model.
        InvalidResolution: if the family has no such resolution for video.
    """
    return _estimate(*check_size(width_px, height_px), model, _FRAME.plan(model, resolution))


@rule("tokens.pdf-page-2x", "tokens.pdf-page-3x")
def pdf_page_tokens(
    width_pt: int, height_pt: int, *, model: str, resolution: str | None = None
) -> TokenEstimate:
    """The tokens of the picture of one PDF page. Text that is native to the page counts beside it, as text.

    Raises:
        InvalidSize: if a side is no integer in 1..2**32 - 1.
        InvalidModel: if no source says what a page costs this model.
        InvalidResolution: if the family has no such resolution for pages.
    """
    return _estimate(*check_size(width_pt, height_pt), model, _PAGE.plan(model, resolution))


@rule("tokens.video-total")
def video_tokens(
    duration_s: float,
    width_px: int,
    height_px: int,
    *,
    model: str,
    resolution: str | None = None,
    fps: float = 1,
) -> int:
    """The tokens of the pictures of a video: ceil(seconds * frames per second * tokens of a frame).

    Raises:
        InvalidSize: if the duration or the rate is no finite number >= 0, or a side is none of a frame.
        InvalidModel: if no source says what a frame costs this model.
        InvalidResolution: if the family has no such resolution for video.
    """
    frame = video_frame_tokens(width_px, height_px, model=model, resolution=resolution)
    return ceil(_number(duration_s, "duration") * _number(fps, "frame rate") * frame.tokens)


@rule("tokens.audio-rate")
def audio_tokens(duration_s: float, *, model: str) -> int:
    """The tokens of the sound of a video or a recording: ceil(seconds * rate of the family).

    Raises:
        InvalidSize: if the duration is no finite number >= 0.
        InvalidModel: if no source states a rate for this model.
    """
    rate = _AUDIO_TOKENS_PER_S.get(family_of(model))
    if rate is None:
        raise _no_source("second of sound", model)
    return ceil(_number(duration_s, "duration") * rate)


@rule("tokens.pdf-modality")
def pdf_modality(*, model: str) -> Literal["DOCUMENT", "IMAGE"]:
    """The modality under which the pages of a PDF are reported.

    Raises:
        InvalidModel: if no source says it for this model.
    """
    family = family_of(model)
    if family in ("3", "4"):
        return "IMAGE"
    if family in ("2.0", "2.5"):
        return "DOCUMENT"
    raise _no_source("PDF page", model)


def _number(value: float, name: str) -> Fraction:
    if not is_number(value) or value < 0:
        raise InvalidSize(
            f"{name} {show(value)} is no finite number >= 0", rule="tokens.video-total", given=value
        )
    return Fraction(value)


def _no_source(what: str, model: str) -> InvalidModel:
    return InvalidModel(
        f"{show(model)}: no source says how a {what} is counted for its family",
        rule="tokens.family",
        given=model,
    )
