"""Tokens: the vectors, the estimates' own account of themselves, and properties against other definitions."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec import errors, spec
from visionspec.rules import families, grids, tokens
from visionspec.rules.tokens_array import image_tokens_array

LARGEST = 2**32 - 1

# What a vector holds of a result, where that is not the whole of it.
COUNTS = ("image_tokens", "video_frame_tokens", "pdf_page_tokens")
GRIDS = ("tile_grid", "patch_grid")
PLAIN = ("family_of", "check_resolution", "video_tokens", "audio_tokens", "pdf_modality")


def cases(*names: str) -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}/{case.id}")
        for name in names
        for case in spec.vectors()[name].cases
    ]


@pytest.mark.parametrize(("name", "case"), cases(*COUNTS, *GRIDS, *PLAIN))
def test_vector(name: str, case: spec.Case) -> None:
    function = getattr(tokens, name)
    if case.result == "invalid":
        with pytest.raises(errors.InvalidInput) as caught:
            function(**case.input)
        assert type(caught.value).__name__ == case.expected["error"]
        return
    result = function(**case.input)
    if name in COUNTS:
        result = result.tokens
    elif name in GRIDS:
        result = result._asdict()
    assert result == case.expected


GEMINI_3 = "gemini-3-flash-preview"


@pytest.mark.parametrize(
    ("size", "asked", "expected"),
    [
        # size, arguments -> tokens, family, resolution, basis, rule, tiles, columns, rows, unit
        ((960, 540), {}, (1548, None, None, "documented", "tokens.tile-count", 6, 3, 2, 360)),
        ((300, 200), {}, (258, None, None, "documented", "tokens.small-image", 1, 1, 1, None)),
        (
            (960, 540),
            {"model": "models/gemini-2.5-pro", "resolution": "MEDIA_RESOLUTION_HIGH"},
            (1548, "2.5", "high", "documented", "tokens.tile-count", 6, 3, 2, 360),
        ),
        (
            (960, 540),
            {"model": "gemini-2.0-flash", "resolution": "low"},
            (66, "2.0", "low", "observed", "tokens.resolution-2x", None, None, None, None),
        ),
        (
            (960, 540),
            {"model": "gemini-2.0-flash", "basis": "observed"},
            (258, "2.0", None, "observed", "tokens.flat-258", None, None, None, None),
        ),
        (
            (3840, 2160),
            {"model": "gemini-1.5-pro"},
            (3870, "1.5", None, "documented", "tokens.tile-clamp", 15, 5, 3, 768),
        ),
        (
            (3840, 2160),
            {"model": "gemini-1.0-pro-vision"},
            (258, "1.0", None, "observed", "tokens.flat-258", None, None, None, None),
        ),
        (
            (1024, 512),
            {"model": GEMINI_3},
            (1081, "3", None, "observed", "tokens.patch-grid", None, 47, 23, None),
        ),
        (
            (1024, 1024),
            {"model": GEMINI_3, "resolution": "Ultra_High"},
            (2209, "3", "ultra_high", "observed", "tokens.patch-grid", None, 47, 47, None),
        ),
        (
            (1121, 1),
            {"model": GEMINI_3},
            (1120, "3", None, "observed", "tokens.patch-grid-thin", None, 1120, 1, None),
        ),
        (
            (1, 1121),
            {"model": GEMINI_3},
            (1120, "3", None, "observed", "tokens.patch-grid-thin", None, 1, 1120, None),
        ),
        (
            (1120, 1),
            {"model": GEMINI_3},
            (1120, "3", None, "observed", "tokens.patch-grid", None, 1120, 1, None),
        ),
        (
            (1, 1120),
            {"model": GEMINI_3},
            (1120, "3", None, "observed", "tokens.patch-grid", None, 1, 1120, None),
        ),
        (
            (1000, 1000),
            {"model": "gemini-4-argon", "resolution": "low"},
            (256, "4", "low", "observed", "tokens.gemini-4", None, 16, 16, None),
        ),
        (
            (1000, 1000),
            {"model": "gemma-4-31b-it", "basis": "observed"},
            (256, "gemma-4", None, "observed", "tokens.gemma-4", None, 16, 16, None),
        ),
        (
            (1000, 1000),
            {"model": "models/gemini-3-pro-image-preview"},
            (529, "3", None, "observed", "tokens.budget-image-preview", None, 23, 23, None),
        ),
        (
            (960, 540),
            {"model": GEMINI_3, "basis": "documented", "resolution": "unspecified"},
            (1548, "3", None, "documented", "tokens.tile-count", 6, 3, 2, 360),
        ),
    ],
)
def test_an_estimate_says_what_it_follows_from(size: tuple[int, int], asked: Any, expected: Any) -> None:
    tokens_, family, resolution, basis, rule, tiles, columns, rows, unit = expected
    assert tokens.image_tokens(*size, **asked)._asdict() == {
        "tokens": tokens_,
        "width_px": size[0],
        "height_px": size[1],
        "model": asked.get("model"),
        "family": family,
        "resolution": resolution,
        "basis": basis,
        "rule": rule,
        "tiles": tiles,
        "columns": columns,
        "rows": rows,
        "unit_px": unit,
    }


def test_a_frame_and_a_page_name_their_rules() -> None:
    def brief(estimate: tokens.TokenEstimate) -> tuple[object, ...]:
        assert (estimate.model, estimate.family) in ((new, "3"), (old, "2.5"))
        return estimate.basis, estimate.rule, estimate.columns, estimate.rows, estimate.resolution

    frame, page = tokens.video_frame_tokens, tokens.pdf_page_tokens
    new, old = "gemini-3.1-flash-lite", "gemini-2.5-flash"
    assert brief(frame(1920, 1080, model=new, resolution="high")) == (
        "observed",
        "tokens.video-frame-3x",
        22,
        12,
        "high",
    )
    assert brief(frame(1920, 1080, model=old)) == ("observed", "tokens.video-frame-2x", None, None, None)
    assert brief(page(612, 792, model=new, resolution="low")) == (
        "observed",
        "tokens.pdf-page-3x",
        14,
        19,
        "low",
    )
    assert brief(page(612, 792, model=old, resolution="low")) == (
        "observed",
        "tokens.pdf-page-2x",
        None,
        None,
        "low",
    )


@pytest.mark.parametrize(
    ("function", "model", "budgets"),
    [
        (
            tokens.image_tokens,
            GEMINI_3,
            {None: 1120, "low": 280, "medium": 560, "high": 1120, "ultra_high": 2240},
        ),
        (tokens.image_tokens, "gemini-3.1-flash-image-preview", {None: 560, "high": 1120}),
        (tokens.image_tokens, "gemma-4-26b-a4b-it", {None: 280}),
        (tokens.video_frame_tokens, GEMINI_3, {None: 70, "low": 70, "medium": 70, "high": 280}),
        (tokens.pdf_page_tokens, GEMINI_3, {None: 560, "low": 280, "medium": 560, "high": 1120}),
    ],
)
def test_a_line_of_pixels_takes_the_whole_budget(function: Any, model: str, budgets: Any) -> None:
    for level, budget in budgets.items():
        assert function(1_000_000, 1, model=model, resolution=level).tokens == budget


def test_a_plan_says_how_to_count_before_a_size_is_known() -> None:
    assert tokens.plan(None, None, None).reading == "ceil"
    assert tokens.plan("gemini-1.5-pro", None, None).reading == "clamp"
    assert tokens.plan(GEMINI_3, "low", None)[4:6] == (None, 280)
    assert tokens.plan("gemini-2.5-pro", "low", None)[4:] == (None, None, 66)


UNKNOWN = "names no family whose image tokens are known: 1.0, 1.5, 2.0, 2.5, 3, 4, gemma-4, lyria-3"
RESOLUTION = "media resolution 'low'"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: tokens.image_tokens(0, 5),
            errors.InvalidSize,
            "width 0 is no whole number of pixels in 1..4294967295 [rule tokens.size]",
        ),
        (
            lambda: tokens.image_tokens(5, 2**32),
            errors.InvalidSize,
            "height 4294967296 is no whole number of pixels in 1..4294967295 [rule tokens.size]",
        ),
        (
            lambda: tokens.image_tokens(5, 5, model="gpt-4o"),
            errors.InvalidModel,
            f"'gpt-4o' {UNKNOWN} [rule tokens.model-unknown]",
        ),
        (
            lambda: tokens.image_tokens(5, 5, model=["x"]),
            errors.InvalidModel,
            f"['x'] {UNKNOWN} [rule tokens.model-unknown]",
        ),
        (
            lambda: tokens.image_tokens(5, 5, basis="guess"),
            errors.InvalidInput,
            "basis 'guess' is none of documented, observed [rule tokens.basis-default]",
        ),
        (
            lambda: tokens.image_tokens(5, 5, basis=[]),
            errors.InvalidInput,
            "basis [] is none of documented, observed [rule tokens.basis-default]",
        ),
        (
            lambda: tokens.image_tokens(5, 5, resolution={}),
            errors.InvalidResolution,
            (
                "media resolution {} is none of low, medium, high, ultra_high, unspecified "
                "[rule tokens.resolution-names]"
            ),
        ),
        (
            lambda: tokens.image_tokens(5, 5, resolution="low"),
            errors.InvalidResolution,
            (
                f"{RESOLUTION} without a model: name the model, the same word is 66 tokens on 2.5 and "
                "a budget of 280 on 3 [rule tokens.resolution-needs-model]"
            ),
        ),
        (
            lambda: tokens.image_tokens(5, 5, model="gemini-1.5-pro", resolution="low"),
            errors.InvalidResolution,
            f"{RESOLUTION}: family 1.5 has none [rule tokens.resolution-of-family]",
        ),
        (
            lambda: tokens.image_tokens(5, 5, model="gemini-2.5-pro", resolution="ULTRA_HIGH"),
            errors.InvalidResolution,
            (
                "media resolution 'ULTRA_HIGH': family 2.5 has only low, medium, high "
                "[rule tokens.resolution-of-family]"
            ),
        ),
        (
            lambda: tokens.image_tokens(5, 5, model=GEMINI_3, resolution="low", basis="documented"),
            errors.InvalidResolution,
            (
                f"{RESOLUTION} on basis documented: the documents give no number of tokens for it on family "
                "3, basis observed has one [rule tokens.resolution-documented]"
            ),
        ),
        (
            lambda: tokens.check_resolution("3", "ultra_high", scope="request"),
            errors.InvalidResolution,
            (
                "media resolution 'ultra_high' can be set for one part only, not for a request "
                "[rule tokens.resolution-ultra-high-per-part]"
            ),
        ),
        (
            lambda: tokens.check_resolution("2.5", "low", scope="part"),
            errors.InvalidResolution,
            (
                f"{RESOLUTION}: family 2.5 takes it for a whole request, not for one part "
                "[rule tokens.resolution-per-part]"
            ),
        ),
        (
            lambda: tokens.tile_grid(5, 5, reading="up"),
            errors.InvalidInput,
            (
                "reading 'up' is none of ceil, round, floor, exact, clamp, grid-768, "
                "overview [rule tokens.tile-count]"
            ),
        ),
        (
            lambda: tokens.patch_grid(5, 5, budget=0),
            errors.InvalidInput,
            "0 is no budget of patches: a whole number >= 1 [rule tokens.patch-grid]",
        ),
        (
            lambda: tokens.video_frame_tokens(5, 5, model="gemini-1.5-pro"),
            errors.InvalidModel,
            (
                "'gemini-1.5-pro': no source says how a video frame is counted for its family "
                "[rule tokens.family]"
            ),
        ),
        (
            lambda: tokens.video_frame_tokens(5, 5, model=GEMINI_3, resolution="ultra_high"),
            errors.InvalidResolution,
            (
                "media resolution 'ultra_high' is for images only: a video frame has none such "
                "[rule tokens.video-frame-3x]"
            ),
        ),
        (
            lambda: tokens.pdf_page_tokens(5, 5, model=GEMINI_3, resolution="ultra_high"),
            errors.InvalidResolution,
            (
                "media resolution 'ultra_high' is for images only: a PDF page has none such "
                "[rule tokens.pdf-page-3x]"
            ),
        ),
        (
            lambda: tokens.pdf_page_tokens(5, 5, model="gemma-4-31b-it"),
            errors.InvalidModel,
            "'gemma-4-31b-it': no source says how a PDF page is counted for its family [rule tokens.family]",
        ),
        (
            lambda: tokens.pdf_modality(model="gemini-1.5-pro"),
            errors.InvalidModel,
            "'gemini-1.5-pro': no source says how a PDF page is counted for its family [rule tokens.family]",
        ),
        (
            lambda: tokens.audio_tokens(1, model="gemini-1.5-pro"),
            errors.InvalidModel,
            (
                "'gemini-1.5-pro': no source says how a second of sound is counted for its family "
                "[rule tokens.family]"
            ),
        ),
        (
            lambda: tokens.audio_tokens(float("inf"), model=GEMINI_3),
            errors.InvalidSize,
            "duration inf is no finite number >= 0 [rule tokens.video-total]",
        ),
        (
            lambda: tokens.video_tokens(float("nan"), 5, 5, model=GEMINI_3),
            errors.InvalidSize,
            "duration nan is no finite number >= 0 [rule tokens.video-total]",
        ),
        (
            lambda: tokens.video_tokens(1, 5, 5, model=GEMINI_3, fps="1"),
            errors.InvalidSize,
            "frame rate '1' is no finite number >= 0 [rule tokens.video-total]",
        ),
        (
            lambda: image_tokens_array(np.array([1.5]), np.array([1])),
            errors.InvalidSize,
            "widths array([1.5]) are no numpy array of integers [rule tokens.size]",
        ),
        (
            lambda: image_tokens_array(np.array([1]), [1]),
            errors.InvalidSize,
            "heights [1] are no numpy array of integers [rule tokens.size]",
        ),
        (
            lambda: image_tokens_array(np.array([1]), np.array([True])),
            errors.InvalidSize,
            "heights array([ True]) are no numpy array of integers [rule tokens.size]",
        ),
        (
            lambda: image_tokens_array(np.array([3, 0]), np.array([1])),
            errors.InvalidSize,
            "widths hold 0..3: a side is in 1..4294967295 [rule tokens.size]",
        ),
        (
            lambda: image_tokens_array(np.array([3, 1]), np.array([2**32])),
            errors.InvalidSize,
            "heights hold 4294967296..4294967296: a side is in 1..4294967295 [rule tokens.size]",
        ),
        (
            lambda: image_tokens_array(np.array([1, 2]), np.array([1, 2, 3])),
            errors.InvalidSize,
            "widths of shape (2,) do not fit heights of shape (3,) [rule tokens.size]",
        ),
    ],
)
def test_an_error_shows_what_was_given_and_names_the_rule(call: Any, error: type, message: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        call()
    assert type(caught.value) is error
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("call", "given"),
    [
        (lambda: tokens.image_tokens(5, 0), 0),
        (lambda: tokens.image_tokens(5, 5, model="gpt-4o"), "gpt-4o"),
        (lambda: tokens.image_tokens(5, 5, basis="guess"), "guess"),
        (lambda: tokens.check_resolution("3", "huge"), "huge"),
        (lambda: tokens.check_resolution(None, "low"), "low"),
        (lambda: tokens.check_resolution("1.5", "low"), "low"),
        (lambda: tokens.check_resolution("3", "ultra_high", scope="request"), "ultra_high"),
        (lambda: tokens.check_resolution("2.5", "LOW", scope="part"), "LOW"),
        (lambda: tokens.image_tokens(5, 5, model=GEMINI_3, resolution="low", basis="documented"), "low"),
        (lambda: tokens.tile_grid(5, 5, reading="up"), "up"),
        (lambda: tokens.patch_grid(5, 5, budget=-7), -7),
        (lambda: tokens.pdf_page_tokens(5, 5, model=GEMINI_3, resolution="ultra_high"), "ultra_high"),
        (lambda: tokens.audio_tokens(1, model="gemini-1.5-pro"), "gemini-1.5-pro"),
        (lambda: tokens.audio_tokens(-2, model=GEMINI_3), -2),
        (lambda: image_tokens_array([1], np.array([1])), [1]),
        (lambda: image_tokens_array(np.array([0]), np.array([1])), np.array([0])),
        (lambda: image_tokens_array(np.array([1, 2]), np.array([1, 2, 3])), ((2,), (3,))),
    ],
)
def test_an_error_carries_what_was_given(call: Any, given: object) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        call()
    assert caught.value.given == given


def test_other_integers_are_sizes_too() -> None:
    estimate = tokens.image_tokens(np.int32(960), np.uint16(540))
    assert (estimate.tokens, type(estimate.width_px), type(estimate.height_px)) == (1548, int, int)
    with pytest.raises(errors.InvalidSize):
        tokens.image_tokens(np.float64(960), 540)
    with pytest.raises(errors.InvalidSize):
        tokens.image_tokens(540, np.True_)


def test_the_longest_side_is_allowed_in_each_place() -> None:
    assert tokens.image_tokens(LARGEST, LARGEST - 1).tokens == 1032
    assert tokens.image_tokens(LARGEST, LARGEST, model=GEMINI_3).tokens == 1089


def test_names_are_cached_within_bounds() -> None:
    with pytest.raises(errors.InvalidModel):
        tokens.family_of("gemini-2.5-" + "x" * 1_000_000)
    for number in range(1000):
        tokens.image_tokens(5, 5, model=f"gemini-2.5-flash-{number}")
    assert families._family_of.cache_info().currsize <= 256
    assert tokens._plan.cache_info().currsize <= 512


def test_the_longest_name_is_one_of_200_characters() -> None:
    name = "gemini-2.5-".ljust(200, "x")
    assert tokens.family_of(name) == "2.5"
    with pytest.raises(errors.InvalidModel):
        tokens.family_of(name + "x")


@pytest.mark.sdk
def test_every_model_that_the_sdk_lists_has_a_family_or_takes_no_images_for_understanding() -> None:
    from typing import get_args  # noqa: PLC0415 - only this test needs the SDK

    from google.genai._gaos.types.interactions import model  # noqa: PLC0415

    listed = {name for part in get_args(model.Model) for name in get_args(part) if isinstance(name, str)}
    without = set()
    for name in listed:
        try:
            tokens.family_of(name)
        except errors.InvalidModel:
            without.add(name)
    # A music model and three that make videos: no source says how they count an image.
    assert without == {
        "lyria-3.5",
        "gemini-omni-1.2-flash",
        "gemini-omni-1.1-flash",
        "gemini-omni-flash-preview",
    }


sides = st.one_of(
    st.integers(1, 1200),
    st.integers(1, 20_000),
    st.integers(1, LARGEST),
    st.sampled_from([1, 2, 3, 256, 383, 384, 385, 768, 1152, LARGEST - 1, LARGEST]),
)
budgets = st.sampled_from([70, 280, 560, 1120, 2240])
PLANS = [
    {},
    {"basis": "observed"},
    {"model": "gemini-1.5-flash"},
    {"model": "gemini-2.5-flash", "resolution": "low"},
    {"model": GEMINI_3},
    {"model": GEMINI_3, "resolution": "low"},
    {"model": GEMINI_3, "resolution": "ultra_high"},
    {"model": "gemma-4-31b-it"},
]


@pytest.mark.prop
@pytest.mark.rule("tokens.tile-count")
class TestTiles:
    """A larger image has one tile for each crop unit that its sides begin, which is the short side / 1.5."""

    @given(sides, sides)
    def test_against_the_formula_in_fractions(self, width: int, height: int) -> None:
        grid = tokens.tile_grid(width, height)
        if max(width, height) <= 384:
            assert grid == (1, 1, 1, None)
            return
        unit = max(1, int(Fraction(min(width, height)) / Fraction(3, 2)))
        # The smallest number of units that covers a side, told by covering it.
        for side, count in ((width, grid.columns), (height, grid.rows)):
            assert (count - 1) * unit < side <= count * unit
        assert (grid.unit_px, grid.tiles) == (unit, grid.columns * grid.rows)

    @given(sides, sides)
    def test_turning_the_image_turns_the_grid(self, width: int, height: int) -> None:
        for reading in grids.TILE_READINGS:
            columns, rows, tiles, unit = tokens.tile_grid(width, height, reading=reading)
            assert tokens.tile_grid(height, width, reading=reading) == (rows, columns, tiles, unit)

    @given(sides, sides)
    def test_readings_are_ordered(self, width: int, height: int) -> None:
        tiles = {
            reading: tokens.tile_grid(width, height, reading=reading).tiles for reading in grids.TILE_READINGS
        }
        assert 1 <= tiles["floor"] <= tiles["round"] <= tiles["ceil"] <= tiles["overview"]
        assert tiles["overview"] - tiles["ceil"] == (max(width, height) > 384)
        if min(width, height) > 1:
            assert tiles["exact"] <= tiles["ceil"]

    @given(st.integers(2, 10_000))
    def test_a_square_is_four_tiles_once_it_is_large(self, side: int) -> None:
        assert tokens.tile_grid(side, side).tiles == (4 if side > 384 else 1)


@pytest.mark.prop
@pytest.mark.rule("tokens.patch-grid")
class TestPatches:
    """The grid has floor(sqrt(budget * ratio)) patches a side, at least one, and no more than the budget."""

    @given(sides, sides, budgets)
    def test_against_the_definition_of_the_root(self, width: int, height: int, budget: int) -> None:
        columns, rows = tokens.patch_grid(width, height, budget=budget)
        assert 1 <= columns * rows <= budget
        if max(width, height) > budget * min(width, height):
            assert sorted((columns, rows)) == [1, budget]
            return
        # The largest c with c <= sqrt(budget * width / height), that is c^2 * height <= budget * width.
        assert columns**2 * height <= budget * width < (columns + 1) ** 2 * height
        assert rows**2 * width <= budget * height < (rows + 1) ** 2 * width

    @given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 1000), budgets)
    def test_only_the_ratio_counts(self, width: int, height: int, factor: int, budget: int) -> None:
        small = tokens.patch_grid(width, height, budget=budget)
        assert tokens.patch_grid(width * factor, height * factor, budget=budget) == small
        assert small.tokens == small.columns * small.rows

    @given(sides, sides)
    def test_a_higher_resolution_never_costs_less(self, width: int, height: int) -> None:
        counts = [
            tokens.image_tokens(width, height, model=GEMINI_3, resolution=level).tokens
            for level in ("low", "medium", "high", "ultra_high")
        ]
        assert counts == sorted(counts)


@pytest.mark.prop
@pytest.mark.rule("tokens.tile-count")
@pytest.mark.rule("tokens.patch-grid")
class TestArrays:
    """Every count of an array is the one that its size has alone."""

    @given(st.lists(st.tuples(sides, sides), min_size=1, max_size=30), st.sampled_from(PLANS))
    def test_equal_to_one_by_one(self, sizes: list[tuple[int, int]], asked: Any) -> None:
        widths, heights = np.array(sizes, np.int64).T
        counts = image_tokens_array(widths, heights, **asked)
        assert counts.dtype == np.int64
        assert counts.tolist() == [tokens.image_tokens(*size, **asked).tokens for size in sizes]


@pytest.mark.parametrize("asked", PLANS)
def test_arrays_at_every_boundary(asked: Any) -> None:
    edges = [1, 2, 3, 4, 255, 256, 257, 383, 384, 385, 767, 768, 769, 1151, 1152, 1153, LARGEST - 1, LARGEST]
    counts = image_tokens_array(np.array(edges)[:, None], np.array(edges), **asked)
    for row, width in enumerate(edges):
        expected = [tokens.image_tokens(width, height, **asked).tokens for height in edges]
        assert counts[row].tolist() == expected


def test_arrays_longer_than_a_block() -> None:
    widths = np.arange(1, 20_001)
    counts = image_tokens_array(widths, widths[::-1], model=GEMINI_3)
    for index in (0, 8191, 8192, 16_383, 16_384, 19_999):
        assert counts[index] == tokens.image_tokens(index + 1, 20_000 - index, model=GEMINI_3).tokens


def test_arrays_are_worked_on_in_blocks() -> None:
    """Beside the answer (8 bytes a size) there is room for a few blocks, not for copies of the arrays."""
    sides = np.ones(400_000, np.uint16)
    for asked in ({}, {"model": GEMINI_3}):
        tracemalloc.start()
        counts = image_tokens_array(sides, sides, **asked)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak_bytes < counts.nbytes + 1_000_000


def test_arrays_of_one_sign_or_none() -> None:
    for kind in (np.int8, np.uint8):
        assert image_tokens_array(np.array([9], kind), np.array([9], kind)).tolist() == [258]


@pytest.mark.parametrize("asked", PLANS)
def test_arrays_of_other_shapes_and_kinds(asked: Any) -> None:
    expected = tokens.image_tokens(200, 90, **asked).tokens
    for kind in (np.uint8, np.int16, np.uint32, np.uint64):
        grid = image_tokens_array(np.full((3, 1), 200, kind), np.array([90, 90], kind), **asked)
        assert grid.shape == (3, 2)
        assert (grid == expected).all()
    assert image_tokens_array(np.array(200), np.array(90), **asked) == expected
    empty = image_tokens_array(np.empty(0, np.int64), np.empty(0, np.int64), **asked)
    assert (empty.shape, empty.dtype) == ((0,), np.int64)


def test_the_arrays_given_stay_as_they_are() -> None:
    widths, heights = np.array([960, 1024]), np.array([540, 512])
    image_tokens_array(widths, heights)
    image_tokens_array(widths, heights, model=GEMINI_3)
    assert (widths.tolist(), heights.tolist()) == ([960, 1024], [540, 512])


@pytest.mark.parametrize(
    ("model", "resolution", "basis", "rule_id"),
    [
        ("gemini-2.5-flash", "high", "documented", "tokens.tile-count"),
        ("gemini-2.5-flash", "high", "observed", "tokens.flat-258"),
        ("gemini-2.5-flash", "high", None, "tokens.tile-count"),
        ("gemini-2.0-flash", "low", None, "tokens.resolution-2x"),
    ],
)
def test_an_estimate_repeats_what_was_asked(model: str, resolution: str, basis: Any, rule_id: str) -> None:
    estimate = tokens.image_tokens(960, 540, model=model, resolution=resolution, basis=basis)
    assert (estimate.resolution, estimate.rule, estimate.family) == (resolution, rule_id, model[7:10])
