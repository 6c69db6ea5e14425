"""The words of a question and what they call for; the prompts are those of the documents."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw

from visionspec.errors import InvalidMedia
from visionspec.rules.boxes import PixelBox
from visionspec_mockserver import standin
from visionspec_mockserver.standin.question import intent, named
from visionspec_mockserver.standin.scene import Colour, Region

if TYPE_CHECKING:
    from collections.abc import Callable

BOXES = (
    "Detect the all of the prominent items in the image. "
    "The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."
)
MASKS = """
Give the segmentation masks for the wooden and glass items.
Output a JSON list of segmentation masks where each entry contains the 2D
bounding box in the key "box_2d", the segmentation mask in key "mask", and
the text label in the key "label". Use descriptive labels.
"""


@pytest.fixture(scope="module")
def four() -> standin.Picture:
    """On white, 400x200: a red circle and a red square above, a blue circle and a blue square below."""
    image = Image.new("RGB", (400, 200), "white")
    draw = ImageDraw.Draw(image)
    for y, colour in ((20, (220, 20, 30)), (120, (40, 90, 200))):
        draw.ellipse((40, y, 99, y + 59), fill=colour)
        draw.rectangle((240, y, 299, y + 59), fill=colour)
    out = io.BytesIO()
    image.save(out, "PNG")
    return standin.Picture(out.getvalue(), "image/png")


@pytest.mark.parametrize(
    ("text", "wants_json", "expected"),
    [
        (BOXES, False, "boxes"),
        (BOXES, True, "boxes"),
        (MASKS, False, "png masks"),
        (MASKS + " Each mask is a polygon of [x,y] coordinates.", False, "polygons"),
        ("SEGMENT everything", False, "png masks"),
        ("Gib die box_2d aller Dinge an", False, "boxes"),
        ("Point to the items, as [y, x]", False, "points"),
        ("Describe this as JSON", False, "json"),
        ("Describe this", True, "json"),
        ("Caption this image.", False, "caption"),
        ("", False, "caption"),
    ],
)
def test_what_the_words_call_for(text: str, wants_json: bool, expected: str) -> None:  # noqa: FBT001 - a parameter
    assert intent(standin.Question(text, [], None, wants_json=wants_json)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Detect the red circle", {"red circle"}),
        ("Detect RED CIRCLES", {"red circle"}),
        ("detect the red things", {"red circle", "red square"}),
        ("boxes of squares", {"red square", "blue square"}),
        ("detect the red circle and the blue square", {"red circle", "blue square"}),
        ("detect the red and the circle", {"red circle", "red square", "blue circle"}),
        (
            "detect what is on the white background",
            {"red circle", "red square", "blue circle", "blue square"},
        ),
        ("detect the purple star", {"red circle", "red square", "blue circle", "blue square"}),
        (MASKS, {"red circle", "red square", "blue circle", "blue square"}),
        (BOXES, {"red circle", "red square", "blue circle", "blue square"}),
    ],
)
def test_only_what_is_named(four: standin.Picture, text: str, expected: set[str]) -> None:
    found = json.loads(standin.answer(standin.Question(text, [four], None, wants_json=False)))
    assert {one["label"] for one in found} == expected


def test_a_name_of_what_is_there_in_no_combination_finds_nothing() -> None:
    image = Image.new("RGB", (400, 200), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 20, 99, 79), fill=(220, 20, 30))
    draw.rectangle((240, 20, 299, 79), fill=(40, 90, 200))
    out = io.BytesIO()
    image.save(out, "PNG")
    picture = standin.Picture(out.getvalue(), "image/png")
    assert standin.answer(standin.Question("detect the red square", [picture])) == "[]"


def test_words_of_the_question_and_of_the_background_name_nothing() -> None:
    def thing(colour: str, shape: str) -> Region:
        box = PixelBox(0, 0, 1, 1)
        return Region(box, np.zeros((1, 1), np.uint8), (), (0, 0), 1, Colour(0, 0, 0, colour), shape, 0.9)

    things = [thing("white", "text"), thing("red", "circle")]
    assert named(MASKS, things) == things
    assert named("detect all on the white background", things) == things
    assert named("detect the white text", things) == things[:1]
    assert named("detect the white one", things) == things[:1]


def test_a_schema_goes_before_the_words(four: standin.Picture) -> None:
    asked = standin.Question("Detect the red circle", [four], {"type": "integer"}, wants_json=True)
    assert standin.answer(asked) == "1"


class TestLooking:
    def test_importing_loads_no_library_for_pixels(self) -> None:
        code = (
            "import sys, visionspec_mockserver.standin as s; s.answer(s.Question('hi', []));"
            "print([m for m in ('cv2', 'numpy', 'PIL') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_the_same_bytes_are_looked_at_once(
        self, four: standin.Picture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = standin.Standin()
        first = own.look(four.data)
        monkeypatch.setattr("visionspec_mockserver.standin.looking.look", None)
        assert own.look(bytes(four.data)) is first

    def test_what_is_kept_is_bounded_and_the_oldest_goes_first(
        self, draw: Callable[..., bytes], four: standin.Picture
    ) -> None:
        pictures = [draw(40 + number, 40) for number in range(4)]
        size = standin.look(pictures[0]).size_bytes
        own = standin.Standin(kept_bytes=2 * size + size // 2)
        for data in (pictures[0], pictures[1], pictures[0], pictures[2]):
            own.look(data)
        assert set(own._kept) == {hashlib.sha256(data).digest() for data in (pictures[0], pictures[2])}
        assert own._size_bytes == sum(scene.size_bytes for scene in own._kept.values())
        small = standin.Standin(kept_bytes=1)
        small.look(four.data)
        assert (len(small._kept), small._size_bytes) == (0, 0)

    def test_threads_may_share_it(self, draw: Callable[..., bytes]) -> None:
        own = standin.Standin(kept_bytes=20_000)
        asked = [
            standin.Question("detect", [standin.Picture(draw(50 + n % 4, 50), "image/png")])
            for n in range(24)
        ]
        with ThreadPoolExecutor(6) as pool:
            told = list(pool.map(own.answer, asked))
        assert told == [standin.Standin().answer(question) for question in asked[:4]] * 6
        assert own._size_bytes == sum(scene.size_bytes for scene in own._kept.values()) <= 20_000

    @pytest.mark.parametrize("data", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
    def test_what_is_no_picture_is_refused(self, data: bytes) -> None:
        with pytest.raises(InvalidMedia):
            standin.answer(standin.Question("hi", [standin.Picture(data, "image/png")]))
