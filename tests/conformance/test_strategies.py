"""The public strategies: what they say about what they made is true, by the word of other libraries."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from visionspec_conformance import strategies
from visionspec_conformance.strategies import MIME_TYPES, UNSUPPORTED_MIME_TYPES, Picture, SampleAnswer

pillow_heif.register_heif_opener()

NAMES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
    "image/heif": "HEIF",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}


@pytest.mark.prop
class TestPictures:
    """A picture decodes to the size and the regions that it says it has."""

    @given(strategies.pictures([*MIME_TYPES, *UNSUPPORTED_MIME_TYPES]))
    def test_a_picture_is_what_it_says(self, picture: Picture) -> None:
        with Image.open(io.BytesIO(picture.data)) as image:
            assert (image.format, image.size) == (
                NAMES[picture.mime_type],
                (picture.width_px, picture.height_px),
            )

    @given(strategies.pictures(["image/png"], max_side_px=40))
    def test_regions_are_where_they_are_said_to_be(self, picture: Picture) -> None:
        image = Image.open(io.BytesIO(picture.data)).convert("RGB")
        inside = set()
        for region in picture.regions:
            x0, y0, x1, y1 = region.box_px
            assert 0 <= x0 < x1 <= picture.width_px
            assert 0 <= y0 < y1 <= picture.height_px
            pixels = {(x, y) for x in range(x0, x1) for y in range(y0, y1)}
            assert not pixels & inside  # they do not overlap
            inside |= pixels
            assert {image.getpixel(at) for at in pixels} == {strategies._COLOURS[region.colour]}
        rest = {
            image.getpixel((x, y))
            for x in range(picture.width_px)
            for y in range(picture.height_px)
            if (x, y) not in inside
        }
        assert rest <= {strategies._BACKGROUND}

    def test_heic_and_heif_differ_by_brand(self) -> None:
        brands = {
            kind: strategies.make_picture(f"image/{kind}", 9, 9).data[8:12] for kind in ("heic", "heif")
        }
        assert brands == {"heic": b"heic", "heif": b"mif1"}


@pytest.mark.prop
class TestAnswers:
    """A well-formed answer holds the items that it says it holds; a hostile one is text of bounded length."""

    @given(strategies.answers())
    def test_the_items_are_in_the_text(self, answer: SampleAnswer) -> None:
        found = re.search(r"[\[{].*[\]}]", answer.text, re.DOTALL)
        assert found
        root = json.loads(found[0])
        items = root["boxes"] if isinstance(root, dict) else root
        assert [(item["box_2d"], item["label"]) for item in items] == [
            (one.box_2d, one.label) for one in answer.items
        ]
        forms = {str: "png", list: "polygon", type(None): None}
        assert [forms[type(item.get("mask"))] for item in items] == [one.mask for one in answer.items]

    @given(strategies.hostile_answers())
    def test_hostile_answers_are_text(self, text: str) -> None:
        assert isinstance(text, str)
        assert len(text) < 20_000

    @given(strategies.masks())
    def test_a_mask_decodes_to_its_rows(self, mask: tuple[str, list[list[int]]]) -> None:
        url, rows = mask
        image = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
        width, height = image.size
        assert [[image.getpixel((x, y)) for x in range(width)] for y in range(height)] == rows

    @given(strategies.norm_boxes(), strategies.points())
    def test_boxes_have_an_area_in_range(self, box: list[int], point: list[int]) -> None:
        ymin, xmin, ymax, xmax = box
        assert 0 <= ymin < ymax <= 1000
        assert 0 <= xmin < xmax <= 1000
        assert all(0 <= value <= 1000 for value in point)


@pytest.mark.prop
class TestRequests:
    """A request carries the picture that it was given, whatever its spelling."""

    @given(st.data())
    def test_the_bytes_are_in_the_request(self, data: st.DataObject) -> None:
        picture = data.draw(strategies.pictures(["image/png"]))
        body = data.draw(strategies.generate_requests(image=picture))
        (blob,) = [
            part.get("inlineData") or part["inline_data"]
            for part in body["contents"][0]["parts"]
            if "text" not in part
        ]
        assert decoded(blob["data"]) == picture.data
        assert blob.get("mimeType", blob.get("mime_type")) == "image/png"

    @given(strategies.interaction_requests(model="m"))
    def test_an_interaction_has_one_of_the_shapes(self, body: dict[str, Any]) -> None:
        shape = body["input"]
        assert body["model"] == "m"
        content = shape if isinstance(shape, str | dict) else shape[0].get("content", shape)
        if isinstance(content, list):
            assert {item["type"] for item in content} == {"text", "image"}

    @given(st.binary(max_size=40), st.data())
    def test_base64_in_any_spelling_is_the_same_bytes(self, raw: bytes, data: st.DataObject) -> None:
        assert decoded(data.draw(strategies.base64_texts(raw))) == raw


def decoded(text: str) -> bytes:
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)


@pytest.mark.prop
class TestSchedules:
    """The chunks of a schedule are the file, in order, all but the last in whole units, the last final."""

    @given(st.binary(max_size=60), st.integers(1, 7), st.data())
    def test_chunks_make_up_the_file(self, content: bytes, unit: int, data: st.DataObject) -> None:
        chunks = data.draw(strategies.upload_schedules(content, granularity_bytes=unit))
        assert b"".join(chunk.data for chunk in chunks) == content
        assert [chunk.offset for chunk in chunks] == [
            sum(len(before.data) for before in chunks[:index]) for index in range(len(chunks))
        ]
        assert [chunk.final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
        assert all(len(chunk.data) % unit == 0 for chunk in chunks[:-1])
        assert {chunk.times for chunk in chunks} <= {1, 2}


def test_everything_public_is_there() -> None:
    assert [name for name in strategies.__all__ if not hasattr(strategies, name)] == []
