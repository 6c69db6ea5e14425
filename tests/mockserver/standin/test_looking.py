"""What was drawn is found where it was drawn: pictures drawn here with Pillow, never by the stand-in's own kind."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from visionspec.errors import CorruptMedia, InvalidMedia, TruncatedMedia
from visionspec_mockserver import standin

pillow_heif.register_heif_opener()

FORMATS: dict[str, dict[str, int]] = {
    "PNG": {},
    "JPEG": {"quality": 85},
    "WEBP": {"quality": 85},
    "HEIF": {"quality": 80},
}
GROUNDS = [(255, 255, 255), (236, 234, 226), (30, 32, 40), (150, 190, 220)]
COLOURS = [(214, 40, 40), (30, 110, 60), (120, 40, 160)]


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **{**FORMATS[kind], **options})
    return file.getvalue()


def ground(size: tuple[int, int], colour: tuple[int, int, int], *, gradient: bool) -> Image.Image:
    image = Image.new("RGB", size, colour)
    if gradient:
        darker = Image.new("RGB", size, tuple(max(0, part - 24) for part in colour))
        image = Image.composite(darker, image, Image.linear_gradient("L").resize(size))
    return image


def overlap(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(high, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Image.Image, list[tuple[int, int, int, int]]]:
    """A picture of one to three shapes, each in a column of its own, and their boxes."""
    width, height = draw(st.sampled_from([(200, 160), (640, 480), (1000, 700), (2400, 1600)]))
    image = ground((width, height), draw(st.sampled_from(GROUNDS)), gradient=draw(st.booleans()))
    pen, boxes = ImageDraw.Draw(image), []
    count = draw(st.integers(1, 3))
    for index in range(count):
        column = width // count
        side = draw(st.integers(column // 4, min(column * 3 // 4, height * 3 // 4)))
        x0 = index * column + draw(st.integers(column // 20, column - side - column // 20))
        y0 = draw(st.integers(height // 20, height - side - height // 20))
        corners = (x0, y0, x0 + side - 1, y0 + side - 1)  # Pillow draws the last pixel too
        paint = draw(st.sampled_from([pen.rectangle, pen.ellipse]))
        paint(corners, fill=COLOURS[index])
        boxes.append((x0, y0, x0 + side, y0 + side))
    return image, boxes


@pytest.mark.prop
class TestDrawnShapes:
    """Drawn shapes come back with the boxes they were drawn with, and nothing else does."""

    @settings(max_examples=settings().max_examples // 4)  # each is a picture of up to 4 megapixels
    @given(scenes())
    def test_boxes(self, scene: tuple[Image.Image, list[tuple[int, int, int, int]]]) -> None:
        image, boxes = scene
        seen = standin.look(encoded(image))
        assert (seen.width_px, seen.height_px) == image.size
        assert len(seen.regions) == len(boxes)
        for box in boxes:
            assert max(overlap(region.box, box) for region in seen.regions) >= 0.95


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "HEIF"])
def test_coding_that_loses_something_moves_no_edge(kind: str) -> None:
    image = Image.new("RGB", (640, 480), (236, 234, 226))
    pen, boxes = ImageDraw.Draw(image), [(40, 60, 240, 260), (340, 120, 600, 400)]
    pen.ellipse((40, 60, 239, 259), fill=(214, 40, 40))
    pen.rectangle((340, 120, 599, 399), fill=(30, 110, 60))
    seen = standin.look(encoded(image, kind))
    assert len(seen.regions) == 2
    for box in boxes:
        assert max(overlap(region.box, box) for region in seen.regions) >= 0.95


@st.composite
def discs(draw: st.DrawFn) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """A small picture of one disc that nobody overlooks."""
    image = ground((200, 160), draw(st.sampled_from(GROUNDS)), gradient=draw(st.booleans()))
    side = draw(st.integers(40, 110))
    x0, y0 = draw(st.integers(5, 195 - side)), draw(st.integers(5, 155 - side))
    colour = draw(st.sampled_from([(214, 40, 40), (120, 40, 160), (200, 200, 60)]))
    ImageDraw.Draw(image).ellipse((x0, y0, x0 + side - 1, y0 + side - 1), fill=colour)
    return image, (x0, y0, x0 + side, y0 + side)


@pytest.mark.prop
class TestRipples:
    """What coding makes of the blocks at an edge is no thing beside the one that has the edge."""

    @settings(max_examples=settings().max_examples // 4)
    @given(discs())
    def test_a_disc_in_a_small_jpeg(self, disc: tuple[Image.Image, tuple[int, int, int, int]]) -> None:
        image, box = disc
        (region,) = standin.look(encoded(image, "JPEG")).regions
        assert overlap(region.box, box) >= 0.95


@pytest.mark.parametrize(
    ("colour", "gradient", "disc", "fill"),
    [
        ((30, 32, 40), True, (58, 34, 76), (200, 200, 60)),  # two slivers 8 px to either side
        ((30, 32, 40), True, (31, 11, 90), (120, 40, 160)),
        ((150, 190, 220), False, (16, 13, 98), (200, 200, 60)),
        ((255, 255, 255), True, (28, 32, 79), (120, 40, 160)),
    ],
)
def test_ripples_of_coding_are_no_things(
    colour: tuple[int, int, int], *, gradient: bool, disc: tuple[int, int, int], fill: tuple[int, int, int]
) -> None:
    image = ground((200, 160), colour, gradient=gradient)
    x0, y0, side = disc
    ImageDraw.Draw(image).ellipse((x0, y0, x0 + side - 1, y0 + side - 1), fill=fill)
    (region,) = standin.look(encoded(image, "JPEG")).regions
    assert overlap(region.box, (x0, y0, x0 + side, y0 + side)) >= 0.95


def one(image: Image.Image) -> Any:
    (region,) = standin.look(encoded(image)).regions
    return region


@pytest.mark.parametrize("colour", GROUNDS)
def test_a_plain_picture_has_nothing_in_it(colour: tuple[int, int, int]) -> None:
    assert standin.look(encoded(ground((300, 200), colour, gradient=True))).regions == ()


def test_the_mask_is_the_shape() -> None:
    image = Image.new("RGB", (400, 300), (250, 250, 250))
    ImageDraw.Draw(image).polygon([(60, 240), (200, 40), (340, 240)], fill=(20, 90, 170))
    drawn = np.asarray(image)[..., 0] < 128
    region = one(image)
    x0, y0, x1, y1 = region.box
    crop = Image.fromarray(region.probability).resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR)
    found = np.zeros_like(drawn)
    found[y0:y1, x0:x1] = np.asarray(crop) > 127
    assert (found & drawn).sum() / (found | drawn).sum() >= 0.95
    outline = Image.new("1", image.size)
    ImageDraw.Draw(outline).polygon([tuple(corner) for corner in region.polygon], fill=1)
    traced = np.asarray(outline)
    assert (traced & drawn).sum() / (traced | drawn).sum() >= 0.95


@pytest.mark.parametrize(
    ("name", "paint"),
    [
        ("red circle", lambda pen: pen.ellipse((100, 50, 299, 249), fill=(220, 30, 30))),
        ("blue square", lambda pen: pen.rectangle((100, 50, 299, 249), fill=(30, 60, 210))),
        ("green rectangle", lambda pen: pen.rectangle((60, 100, 339, 199), fill=(20, 140, 50))),
        ("orange triangle", lambda pen: pen.polygon([(200, 40), (320, 250), (80, 250)], fill=(240, 130, 20))),
    ],
)
def test_colour_and_shape_are_named(name: str, paint: Any) -> None:
    image = Image.new("RGB", (400, 300), "white")
    paint(ImageDraw.Draw(image))
    assert one(image).label == name


def test_a_shape_on_a_shape_is_a_thing_of_its_own() -> None:
    image = Image.new("RGB", (400, 300), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((80, 60, 319, 239), fill=(30, 60, 210))
    pen.ellipse((160, 110, 239, 189), fill=(240, 210, 40))
    boxes = sorted(tuple(region.box) for region in standin.look(encoded(image)).regions)
    assert boxes == [(80, 60, 320, 240), (160, 110, 240, 190)]


def test_an_outline_belongs_to_what_it_outlines() -> None:
    image = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(image).rectangle((80, 60, 319, 239), fill=(240, 200, 40), outline=(0, 0, 0), width=6)
    assert tuple(one(image).box) == (80, 60, 320, 240)


def test_coordinates_are_of_the_picture_as_displayed() -> None:
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).rectangle((20, 30, 79, 69), fill=(200, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after a quarter turn to the right: x = 200 - 1 - y, y = x
    seen = standin.look(encoded(image, "JPEG", exif=exif, quality=95))
    assert (seen.width_px, seen.height_px) == (200, 300)
    (region,) = seen.regions
    assert overlap(region.box, (130, 20, 170, 80)) >= 0.95


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"hello", InvalidMedia),
        (encoded(Image.new("RGB", (64, 64), "red"))[:60], TruncatedMedia),
        (b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(13) + bytes(4), CorruptMedia),
    ],
)
def test_what_cannot_be_decoded_is_said(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        standin.look(data)
