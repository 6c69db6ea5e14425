"""Boxes: the vectors, Pillow as the judge of orientations, and properties in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from visionspec import errors, spec
from visionspec.rules import boxes
from visionspec.rules.boxes import NormBox, PixelBox

FUNCTIONS = (
    "to_pixels",
    "to_pixels_float",
    "to_norm",
    "point_to_pixels",
    "polygon_to_pixels",
    "in_range",
    "sort_corners",
    "clip",
    "to_displayed",
    "to_stored",
)


def as_json(value: Any) -> Any:
    return [as_json(part) for part in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}/{case.id}")
        for name in FUNCTIONS
        for case in spec.vectors()[name].cases
    ],
)
def test_vector(name: str, case: spec.Case) -> None:
    function = getattr(boxes, name)
    if case.result == "invalid":
        with pytest.raises(errors.InvalidInput) as caught:
            function(**case.input)
        assert type(caught.value).__name__ == case.expected["error"]
    else:
        assert as_json(function(**case.input)) == case.expected


@pytest.mark.parametrize(
    ("call", "error", "message", "given_"),
    [
        (
            lambda: boxes.to_pixels([1, 2, None, 4], width_px=5, height_px=5),
            errors.InvalidBox,
            "[1, 2, None, 4] is not 4 finite numbers [rule boxes.not-numbers]",
            [1, 2, None, 4],
        ),
        (
            lambda: boxes.to_norm((1, 2), width_px=5, height_px=5),
            errors.InvalidBox,
            "(1, 2) is not 4 finite numbers [rule boxes.not-numbers]",
            (1, 2),
        ),
        (
            lambda: boxes.point_to_pixels([1], width_px=5, height_px=5),
            errors.InvalidBox,
            "[1] is not 2 finite numbers [rule boxes.not-numbers]",
            [1],
        ),
        (
            lambda: boxes.polygon_to_pixels([[1, 2], [3, 4]], width_px=5, height_px=5),
            errors.InvalidBox,
            "polygon [[1, 2], [3, 4]] is no list of three or more corners [rule boxes.polygon]",
            [[1, 2], [3, 4]],
        ),
        (
            lambda: boxes.to_pixels_float([10**400, 0, 0, 0], width_px=5, height_px=5),
            errors.InvalidBox,
            None,
            [10**400, 0, 0, 0],
        ),
        (
            lambda: boxes.to_stored(PixelBox(1, 2, 3, 4), orientation=9, width_px=5, height_px=5),
            errors.InvalidInput,
            "orientation 9 is none of 1..8 [rule boxes.orientation]",
            9,
        ),
    ],
)
def test_an_error_shows_what_was_given_and_names_the_rule(
    call: Any, error: type, message: str | None, given_: object
) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        call()
    assert type(caught.value) is error
    assert caught.value.given == given_
    if message:
        assert str(caught.value) == message


def test_a_box_that_overflows_a_float_is_refused_by_the_float_form_only() -> None:
    box = [0, 0, 10**400, 10**308]
    with pytest.raises(
        errors.InvalidBox, match=r"^box \[.*\] overflows a float \[rule boxes\.to-pixels-float\]$"
    ):
        boxes.to_pixels_float(box, width_px=10, height_px=10)
    with pytest.raises(errors.InvalidBox, match="overflows a float"):
        boxes.to_pixels_float([0, 0, 1e308, 0], width_px=10, height_px=2**32 - 1)
    assert boxes.to_pixels(box, width_px=1000, height_px=10) == (0, 0, 10**308, 10**398)


def test_what_numpy_holds_is_taken_as_pythons_own() -> None:
    frame = {"width_px": 1000, "height_px": 500}
    found = [
        boxes.to_pixels(np.array([100, 50, 300, 250], np.int32), **frame),
        boxes.sort_corners(PixelBox(*np.array([250, 150, 50, 50]))),
        boxes.to_norm(np.float32([12.5, 0, 100, 50]), **frame),
        *boxes.polygon_to_pixels(np.array([[100, 200], [300, 200], [300, 400]]), **frame),
    ]
    assert found == [
        (50, 50, 250, 150),
        (50, 50, 250, 150),
        (0, 13, 100, 100),
        (100, 100),
        (300, 100),
        (300, 200),
    ]
    assert {type(value) for place in found for value in place} == {int}


@pytest.mark.parametrize(
    "value", [[True] * 4, [1, 2, 3], [[1, 2, 3, 4]], [1, 2, 3, float("nan")], 1, ["1"] * 4]
)
def test_an_array_of_anything_else_is_no_box(value: object) -> None:
    array = np.array(value)
    with pytest.raises(errors.InvalidBox, match="is not 4 finite numbers") as caught:
        boxes.to_pixels(array, width_px=5, height_px=5)
    assert caught.value.given is array


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_json_cannot_say_is_no_coordinate(value: float) -> None:
    with pytest.raises(errors.InvalidBox):
        boxes.to_pixels([0, 0, value, 10], width_px=5, height_px=5)


def test_the_float_form_falls_one_pixel_short_on_697_of_5005000_pairs() -> None:
    coordinates = np.arange(1001)
    short = []
    for side in range(1, 5001):
        exact = coordinates * side // 1000
        in_floats = (coordinates / 1000 * side).astype(np.int64)
        for v in np.flatnonzero(exact != in_floats).tolist():
            assert in_floats[v] == exact[v] - 1
            short.append((v, side))
    assert len(short) == 697
    assert (9, 3000) in short
    for v, side in short:
        box = [v, v, v, v]
        exactly = boxes.to_pixels(box, width_px=side, height_px=side)
        assert exactly == (v * side // 1000,) * 4
        assert boxes.to_pixels_float(box, width_px=side, height_px=side) == tuple(p - 1 for p in exactly)


def test_the_sides_of_a_box() -> None:
    box = PixelBox(2, 3, 12, 7)
    assert (box.width_px, box.height_px, box.area_px) == (10, 4, 40)
    assert (PixelBox(12, 3, 2, 7).width_px, PixelBox(12, 3, 2, 7).area_px) == (-10, 0)
    assert PixelBox(12, 7, 2, 3).area_px == 0


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 50 / 150),
        ((0, 0, 10, 10), (2, 4, 6, 8), 16 / 100),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # they touch
        ((0, 0, 10, 10), (20, 20, 30, 30), 0.0),
        ((0, 0, 10, 10), (5, 20, 15, 30), 0.0),  # apart in y only
        ((5, 5, 5, 5), (5, 5, 5, 5), 0.0),  # both empty
        ((0, 0, 1, 4), (0, 2, 3, 4), 2 / 8),
    ],
)
def test_iou(a: Any, b: Any, expected: float) -> None:
    assert boxes.iou(PixelBox(*a), PixelBox(*b)) == expected
    assert boxes.iou(PixelBox(*b), PixelBox(*a)) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("box", [PixelBox(0, 0, 1, 1), PixelBox(2, 1, 5, 3), PixelBox(0, 3, 7, 5)])
def test_orientation_as_pillow_turns_the_picture(orientation: int, box: PixelBox) -> None:
    stored = Image.new("L", (7, 5))
    stored.paste(255, tuple(box))
    stored.getexif()[0x0112] = orientation
    displayed = ImageOps.exif_transpose(stored).getbbox()
    size = {"width_px": 7, "height_px": 5}
    assert boxes.to_displayed(box, orientation=orientation, **size) == displayed
    assert boxes.to_stored(PixelBox(*displayed), orientation=orientation, **size) == box


sides = st.one_of(st.integers(1, 1000), st.integers(1, 100_000))
coordinates = st.one_of(
    st.integers(0, 1000),
    st.integers(-(10**9), 10**9),
    st.floats(0, 1000),
    st.floats(allow_nan=False, allow_infinity=False),
)
norm_boxes = st.lists(coordinates, min_size=4, max_size=4)


@pytest.mark.prop
@pytest.mark.rule("boxes.to-pixels")
@pytest.mark.rule("boxes.to-norm")
class TestScaling:
    """A coordinate becomes the floor of v * side / 1000, a pixel the ceiling of p * 1000 / side."""

    @given(norm_boxes, sides, sides)
    def test_to_pixels_in_fractions(self, box: list[float], width: int, height: int) -> None:
        ymin, xmin, ymax, xmax = map(Fraction, box)
        assert boxes.to_pixels(box, width_px=width, height_px=height) == (
            floor(xmin * width / 1000),
            floor(ymin * height / 1000),
            floor(xmax * width / 1000),
            floor(ymax * height / 1000),
        )

    @given(norm_boxes, sides, sides)
    def test_to_norm_in_fractions(self, box: list[float], width: int, height: int) -> None:
        x0, y0, x1, y1 = map(Fraction, box)
        assert boxes.to_norm(box, width_px=width, height_px=height) == (
            ceil(y0 * 1000 / height),
            ceil(x0 * 1000 / width),
            ceil(y1 * 1000 / height),
            ceil(x1 * 1000 / width),
        )

    @given(norm_boxes, sides, sides)
    def test_points_and_polygons_scale_as_boxes_do(self, box: list[float], width: int, height: int) -> None:
        size = {"width_px": width, "height_px": height}
        x0, y0, x1, y1 = boxes.to_pixels(box, **size)
        ymin, xmin, ymax, xmax = box
        assert boxes.point_to_pixels([ymin, xmin], **size) == (x0, y0)
        corners = [[xmin, ymin], [xmax, ymin], [xmax, ymax]]
        assert boxes.polygon_to_pixels(corners, **size) == ((x0, y0), (x1, y0), (x1, y1))

    @given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), sides, sides)
    def test_the_float_form_is_never_more_than_one_pixel_short(
        self, box: list[int], width: int, height: int
    ) -> None:
        exact = boxes.to_pixels(box, width_px=width, height_px=height)
        in_floats = boxes.to_pixels_float(box, width_px=width, height_px=height)
        assert all(e - 1 <= f <= e for e, f in zip(exact, in_floats, strict=True))


@st.composite
def boxes_in_frames(draw: st.DrawFn, longest: int) -> tuple[PixelBox, int, int]:
    width, height = draw(st.integers(1, longest)), draw(st.integers(1, longest))
    xs, ys = st.integers(0, width), st.integers(0, height)
    return PixelBox(draw(xs), draw(ys), draw(xs), draw(ys)), width, height


@pytest.mark.prop
@pytest.mark.rule("boxes.round-trip")
class TestRoundTrip:
    """From pixels to coordinates and back a box moves by less than one unit of the coarser grid."""

    @given(boxes_in_frames(1000))
    def test_nothing_is_lost_up_to_1000_px(self, drawn: tuple[PixelBox, int, int]) -> None:
        box, width, height = drawn
        size = {"width_px": width, "height_px": height}
        assert boxes.to_pixels(boxes.to_norm(box, **size), **size) == box

    @given(boxes_in_frames(100_000))
    def test_less_than_one_unit_beyond(self, drawn: tuple[PixelBox, int, int]) -> None:
        box, width, height = drawn
        size = {"width_px": width, "height_px": height}
        back = boxes.to_pixels(boxes.to_norm(box, **size), **size)
        for moved, side in zip(map(int.__sub__, back, box), (width, height, width, height), strict=True):
            assert 0 <= moved < max(1, side / 1000)

    @given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), sides, sides)
    def test_from_coordinates_and_back(self, box: list[int], width: int, height: int) -> None:
        size = {"width_px": width, "height_px": height}
        back = boxes.to_norm(boxes.to_pixels(box, **size), **size)
        for moved, side in zip(map(int.__sub__, box, back), (height, width, height, width), strict=True):
            assert 0 <= moved < max(1, 1000 / side)

    def test_every_pixel_of_every_small_frame(self) -> None:
        for side in range(1, 120):
            for p in range(side + 1):
                norm = boxes.to_norm([p, p, p, p], width_px=side, height_px=side)
                assert boxes.to_pixels(norm, width_px=side, height_px=side) == (p, p, p, p)
                assert boxes.in_range(norm)


pixels = st.integers(-2000, 2000)
pixel_boxes = st.builds(PixelBox, pixels, pixels, pixels, pixels)


@pytest.mark.prop
@pytest.mark.rule("boxes.clip")
@pytest.mark.rule("boxes.reversed")
class TestClipAndSort:
    """Clipping keeps what is inside the frame, and sorting keeps the corners."""

    @given(pixel_boxes, st.integers(1, 1000), st.integers(1, 1000))
    def test_clipped_is_inside_and_clipping_again_changes_nothing(
        self, box: PixelBox, width: int, height: int
    ) -> None:
        size = {"width_px": width, "height_px": height}
        clipped = boxes.clip(box, **size)
        assert 0 <= clipped.x0 <= width
        assert 0 <= clipped.x1 <= width
        assert 0 <= clipped.y0 <= height
        assert 0 <= clipped.y1 <= height
        assert boxes.clip(clipped, **size) == clipped
        inside = box.x0 in range(width + 1) and box.x1 in range(width + 1)
        if inside and box.y0 in range(height + 1) and box.y1 in range(height + 1):
            assert clipped == box

    @given(pixel_boxes)
    def test_sorted_has_the_same_corners(self, box: PixelBox) -> None:
        sorted_ = boxes.sort_corners(box)
        assert [sorted_.x0, sorted_.x1] == sorted([box.x0, box.x1])
        assert [sorted_.y0, sorted_.y1] == sorted([box.y0, box.y1])


@pytest.mark.prop
@pytest.mark.rule("boxes.orientation")
class TestOrientation:
    """Turning a box into the displayed frame and back gives the box."""

    @given(boxes_in_frames(5000), st.integers(1, 8))
    def test_there_and_back(self, drawn: tuple[PixelBox, int, int], orientation: int) -> None:
        box, width, height = drawn
        box = boxes.sort_corners(box)
        there = boxes.to_displayed(box, orientation=orientation, width_px=width, height_px=height)
        assert there.area_px == box.area_px
        assert boxes.to_stored(there, orientation=orientation, width_px=width, height_px=height) == box


def test_the_types_keep_the_orders_apart() -> None:
    norm = boxes.to_norm(PixelBox(1, 2, 3, 4), width_px=10, height_px=10)
    assert isinstance(norm, NormBox)
    assert (norm.ymin, norm.xmin, norm.ymax, norm.xmax) == (200, 100, 400, 300)
    back = boxes.to_pixels(norm, width_px=10, height_px=10)
    assert isinstance(back, PixelBox)
    assert (back.x0, back.y0, back.x1, back.y1) == (1, 2, 3, 4)
