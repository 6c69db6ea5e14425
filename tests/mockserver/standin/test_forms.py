"""Drawn things come back where they were drawn, in every form; figures are from the drawing, by hand."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from visionspec import decode_answer
from visionspec.rules.boxes import PixelBox
from visionspec_mockserver import standin
from visionspec_mockserver.standin.forms import Seen, caption
from visionspec_mockserver.standin.scene import Colour, Region, Scene

if TYPE_CHECKING:
    from collections.abc import Callable


def region(box: tuple[int, int, int, int], colour: str = "red", shape: str = "square") -> Region:
    x0, y0, x1, y1 = box
    corners = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    return Region(
        box=PixelBox(*box),
        probability=np.full((y1 - y0, x1 - x0), 255, np.uint8),
        polygon=tuple((float(x), float(y)) for x, y in corners),
        point=((x0 + x1) / 2, (y0 + y1) / 2),
        area_px=(x1 - x0) * (y1 - y0),
        colour=Colour(220, 20, 30, colour),
        shape=shape,
        confidence=0.9,
    )


def scene(width_px: int, height_px: int, *regions: Region, ground: str = "white") -> Scene:
    return Scene(width_px, height_px, "image/png", (Colour(255, 255, 255, ground),), regions)


def ask(text: str, *pictures: bytes, wants_json: bool = False) -> str:
    images = [standin.Picture(data, "image/png") for data in pictures]
    return standin.answer(standin.Question(text, images, None, wants_json=wants_json))


class TestADrawnRectangle:
    """960x540, its middle half red: x 240..720, y 135..405, which is 250..750 both ways."""

    def test_box(self, draw: Callable[..., bytes]) -> None:
        assert json.loads(ask("detect", draw())) == [
            {"box_2d": [250, 250, 750, 750], "label": "red rectangle"}
        ]

    def test_point_is_inside(self, draw: Callable[..., bytes]) -> None:
        ((found),) = json.loads(ask("point to it", draw()))
        y, x = found.pop("point")
        assert 300 < y < 700
        assert 300 < x < 700
        assert found == {"label": "red rectangle"}

    def test_polygon(self, draw: Callable[..., bytes]) -> None:
        ((found),) = json.loads(ask("masks, each a polygon", draw()))
        assert list(found) == ["box_2d", "mask", "label"]
        assert sorted(found["mask"]) == [[250, 250], [250, 750], [750, 250], [750, 750]]

    def test_png_of_one_channel(self, draw: Callable[..., bytes]) -> None:
        ((found),) = json.loads(ask("segmentation masks", draw()))
        head, _, data = found["mask"].partition(",")
        assert head == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as image:
            assert (image.format, image.mode) == ("PNG", "L")
            assert image.getextrema() == (255, 255)

    @pytest.mark.parametrize("text", ["segmentation masks", "polygon masks"])
    def test_decoded_as_a_client_does(self, draw: Callable[..., bytes], text: str) -> None:
        answer = decode_answer(ask(text, draw()), width_px=960, height_px=540)
        (item,) = answer.items
        assert item.box == PixelBox(240, 135, 720, 405)
        assert item.issues == ()
        assert item.mask is not None
        assert item.mask.area_px == 480 * 270

    def test_json(self, draw: Callable[..., bytes]) -> None:
        told: dict[str, Any] = json.loads(ask("Describe it", draw(), wants_json=True))
        assert told["objects"] == [{"box_2d": [250, 250, 750, 750], "label": "red rectangle"}]
        assert told["caption"] == ask("Describe it", draw())

    def test_the_same_every_time(self, draw: Callable[..., bytes]) -> None:
        texts = {standin.Standin().answer(standin.Question("masks", [_picture(draw())])) for _ in range(3)}
        assert len(texts) == 1


def _picture(data: bytes) -> standin.Picture:
    return standin.Picture(data, "image/png")


@pytest.mark.parametrize("text", ["segmentation masks", "polygon masks"])
def test_a_drawn_disc_covers_what_was_drawn(text: str) -> None:
    image = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(image).ellipse((100, 200, 299, 399), fill=(220, 20, 30))
    drawn = np.asarray(image)[:, :, 1] < 128
    out = io.BytesIO()
    image.save(out, "PNG")
    (item,) = decode_answer(ask(text, out.getvalue()), width_px=800, height_px=600).items
    assert item.mask is not None
    seen = item.mask.to_frame(width_px=800, height_px=600).astype(bool)
    assert (drawn & seen).sum() / (drawn | seen).sum() > 0.95


def test_several_images_are_one_list_and_say_which(draw: Callable[..., bytes]) -> None:
    found = json.loads(ask("detect", draw(), draw(400, 400)))
    assert [one["image"] for one in found] == [0, 1]


def test_the_only_image_with_something_in_it_is_still_said(draw: Callable[..., bytes]) -> None:
    blank = io.BytesIO()
    Image.new("RGB", (50, 50), "white").save(blank, "PNG")
    assert [one["image"] for one in json.loads(ask("detect", draw(), blank.getvalue()))] == [0]


class TestFewPixels:
    """A thing of less than a thousandth of a frame is still a box and a polygon."""

    def test_a_box_is_never_empty(self) -> None:
        for x0 in (0, 5, 9_998):
            one = region((x0, x0, x0 + 2, x0 + 2))
            ymin, xmin, ymax, xmax = Seen(one, scene(10_000, 10_000, one), 0).box
            assert 0 <= ymin < ymax <= 1000
            assert 0 <= xmin < xmax <= 1000

    def test_a_polygon_has_an_area(self) -> None:
        one = region((5, 5, 7, 7))
        assert Seen(one, scene(10_000, 10_000, one), 0).polygon == [[0, 0], [1, 0], [1, 1], [0, 1]]


class TestCaption:
    def test_one_thing(self, draw: Callable[..., bytes]) -> None:
        assert ask("Caption this image.", draw()) == (
            "An image of 960x540 pixels with a white background. "
            "It shows 1 object: a red rectangle in the middle."
        )

    def test_where_and_an(self) -> None:
        things = [
            region((0, 0, 10, 10), "orange"),
            region((90, 45, 100, 55), "blue", "circle"),
            region((45, 90, 55, 100)),
        ]
        assert caption([scene(100, 100, *things)]).endswith(
            "It shows 3 objects: an orange square at the top left, a blue circle on the right "
            "and a red square at the bottom."
        )

    def test_nothing(self) -> None:
        assert caption([scene(5, 7)]) == (
            "An image of 5x7 pixels with a white background. Nothing in it stands out."
        )

    def test_many_are_counted(self) -> None:
        told = caption([scene(100, 100, *[region((n, n, n + 5, n + 5)) for n in range(64)])])
        assert "64 objects" in told
        assert told.endswith("and 52 smaller ones.")

    def test_two_differ(self) -> None:
        square, cross = region((0, 0, 9, 9)), region((0, 0, 9, 9), "blue", "cross")
        first, second = scene(90, 90, square, square), scene(90, 80, cross, cross, square, ground="black")
        assert caption([first, second]).endswith(
            " Image 2 differs from image 1: its size is another; its background is of another colour; "
            "it also shows 2 blue crosses; it lacks a red square."
        )
        assert caption([first, first]).endswith(" In image 2 I see the same objects as in image 1.")

    def test_no_image(self) -> None:
        assert "stand-in" in ask("Who won?")
        assert ask("detect") == "[]"
        assert json.loads(ask("hi", wants_json=True)) == {"caption": ask("hi"), "objects": []}
