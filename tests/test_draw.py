"""Pictures: what is where, in which colour, never outside of the frame; opened as displayed."""

from __future__ import annotations

import io
import json
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from visionspec import Answer, decode_answer, draw, errors, image_tokens, read_info
from visionspec.draw import _labels, _open, _style
from visionspec.rules.boxes import PixelBox

if TYPE_CHECKING:
    from pathlib import Path

GREY = (128, 128, 128)
SQUARE = [[250, 250], [750, 250], [750, 750], [250, 750]]


def picture(width: int = 400, height: int = 300) -> Image.Image:
    return Image.new("RGB", (width, height), GREY)


def answer_of(*items: dict[str, Any], width: int = 400, height: int = 300) -> Answer:
    return decode_answer(json.dumps(items), width_px=width, height_px=height)


def changed(drawing: Image.Image) -> np.ndarray:
    return (np.asarray(drawing) != GREY).any(axis=2)


ITEM = {
    "box_2d": [200, 200, 800, 800],
    "label": "cat",
    "mask": SQUARE,
}  # 80..320 x 60..240, 100..300 x 75..225
FUNCTIONS = (draw.draw_answer, draw.draw_boxes, draw.draw_masks, draw.draw_points)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_a_new_rgb_picture_of_the_same_size_is_made(function: Any, mode: str) -> None:
    original = picture().convert(mode)
    before = original.tobytes()
    drawing = function(original, answer_of(ITEM, {"point": [500, 500], "label": "x"}))
    assert (drawing.mode, drawing.size) == ("RGB", (400, 300))
    assert original.tobytes() == before


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_same_is_drawn_again(function: Any) -> None:
    answer = answer_of(ITEM, {"point": [500, 500], "label": "x"}, ITEM)
    assert function(picture(), answer).tobytes() == function(picture(), answer).tobytes()


class TestBoxes:
    def test_are_outlined_on_their_own_pixels(self) -> None:
        pixels = np.asarray(draw.draw_boxes(picture(), answer_of(ITEM), labels=False))
        colour = _style.colour_of(0)
        line = _style.sizes(400, 300).line_px
        for y, x in ((60, 80), (60, 319), (239, 80), (239, 319), (60 + line - 1, 200), (150, 319)):
            assert tuple(pixels[y, x]) == colour
        assert tuple(pixels[150, 200]) == GREY
        assert not changed(Image.fromarray(pixels))[:58].any()

    def test_have_a_label_above(self) -> None:
        plain = draw.draw_boxes(picture(), answer_of(ITEM), labels=False)
        labelled = draw.draw_boxes(picture(), answer_of(ITEM))
        rows = np.flatnonzero((np.asarray(plain) != np.asarray(labelled)).any(axis=(1, 2)))
        assert 30 < rows.min() < rows.max() < 60

    def test_without_a_label_have_none(self) -> None:
        item = {"box_2d": ITEM["box_2d"], "label": " \n"}
        for objects in (answer_of(item), answer_of({"box_2d": ITEM["box_2d"]})):
            assert draw.draw_boxes(picture(), objects) == draw.draw_boxes(picture(), objects, labels=False)

    def test_take_any_items(self) -> None:
        answer = answer_of(ITEM, {**ITEM, "box_2d": [0, 0, 100, 100]})
        one = draw.draw_boxes(picture(), iter(answer.items[1:]), labels=False)
        assert tuple(np.asarray(one)[0, 0]) == _style.colour_of(1)
        assert tuple(np.asarray(one)[60, 80]) == GREY


class TestMasks:
    def test_colour_their_pixels_and_no_others(self) -> None:
        drawing = draw.draw_masks(picture(), answer_of(ITEM), labels=False)
        expected = np.zeros((300, 400), bool)
        expected[75:225, 100:300] = True
        assert np.array_equal(changed(drawing), expected)

    def test_are_half_transparent_inside_and_solid_at_the_edge(self) -> None:
        pixels = np.asarray(draw.draw_masks(picture(), answer_of(ITEM), labels=False)).astype(int)
        colour = np.array(_style.colour_of(0))
        assert tuple(pixels[75, 100]) == tuple(colour)
        assert np.abs(pixels[150, 200] - (0.45 * colour + 0.55 * 128)).max() <= 1

    def test_that_are_missing_are_not_drawn(self) -> None:
        assert not changed(draw.draw_masks(picture(), answer_of({**ITEM, "mask": None}))).any()


def test_points_are_drawn_where_they_are() -> None:
    answer = answer_of({"point": [250, 750], "label": ""})
    drawing = draw.draw_points(picture(), answer)
    assert tuple(np.asarray(drawing)[75, 300]) == _style.colour_of(0)
    rows, columns = np.nonzero(changed(drawing))
    assert (rows.min() + rows.max(), columns.min() + columns.max()) == (150, 600)


def test_polygons_are_drawn_with_labels() -> None:
    triangle = [(100, 100), (300, 100), (200, 250)]
    drawing = draw.draw_polygons(picture(), [triangle, [(0, 290), (9, 290), (9, 299)]], labels=["a", None])
    assert tuple(np.asarray(drawing)[100, 200]) == _style.colour_of(0)
    assert tuple(np.asarray(drawing)[150, 200]) != GREY
    assert tuple(np.asarray(drawing)[250, 100]) == GREY
    assert changed(drawing)[80:98, 100:110].any()


def test_an_answer_about_another_size_is_not_drawn() -> None:
    with pytest.raises(errors.InvalidSize, match=r"400x300 px, the picture has 300x400"):
        draw.draw_answer(picture(300, 400), answer_of(ITEM))


def test_everything_can_be_at_the_edge_of_a_tiny_picture() -> None:
    objects = [
        {"box_2d": [0, 0, 1000, 1000], "label": "a label that is far too long", "mask": SQUARE},
        {"box_2d": [999, 999, 1000, 1000], "label": "x"},
        {"point": [1000, 1000], "label": "y"},
    ]
    for size in ((1, 1), (3, 200), (200, 3), (12, 12)):
        answer = answer_of(*objects, width=size[0], height=size[1])
        assert draw.draw_answer(picture(*size), answer).size == size


class TestTiles:
    def test_are_cut_where_the_formula_cuts(self) -> None:
        """960 x 540: crop unit 360, so lines at 360 and 720 and at 360."""
        drawing = np.asarray(draw.draw_tiles(picture(960, 540), image_tokens(960, 540)))
        white = (drawing == 255).all(axis=2)
        assert np.flatnonzero(white[5]).tolist() == [359, 360, 719, 720] or set(np.flatnonzero(white[5])) >= {
            360,
            720,
        }
        assert len(np.flatnonzero(white[5])) <= 6
        assert 360 in np.flatnonzero(white[:, 5])

    def test_are_shaded_like_a_board(self) -> None:
        drawing = np.asarray(draw.draw_tiles(picture(960, 540), image_tokens(960, 540)))
        light, dark = drawing[20, 20, 0], drawing[20, 400, 0]
        assert light > dark
        assert drawing[400, 20, 0] == dark
        assert drawing[400, 400, 0] == light

    @pytest.mark.parametrize(
        "options",
        [{}, {"model": "gemini-3-flash-preview"}, {"model": "gemini-2.5-flash", "basis": "observed"}],
    )
    @pytest.mark.parametrize("size", [(960, 540), (300, 200), (1, 1), (5000, 40)])
    def test_of_any_estimate_are_drawn(self, options: dict[str, Any], size: tuple[int, int]) -> None:
        drawing = draw.draw_tiles(picture(*size), image_tokens(*size, **options))
        assert drawing.size == size

    def test_scale_with_the_picture(self) -> None:
        drawing = np.asarray(draw.draw_tiles(picture(480, 270), image_tokens(960, 540)))
        assert (drawing[5, 180] == 255).all()

    def test_say_the_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[str] = []
        monkeypatch.setattr(_labels.Labels, "at_corner", lambda _self, lines, _colour: said.extend(lines))
        draw.draw_tiles(picture(960, 540), image_tokens(960, 540))
        draw.draw_tiles(picture(960, 540), image_tokens(960, 540, model="gemini-3-flash-preview"))
        assert said == [
            "1,548 tokens: 3 x 2 tiles, crop unit 360 px",
            "documented, tokens.tile-count",
            "1,100 tokens: 44 x 25 patches",
            "gemini-3-flash-preview, observed, tokens.patch-grid",
        ]


boxes = st.builds(
    lambda x, y, w, h: PixelBox(x, y, x + w, y + h),
    st.integers(0, 380),
    st.integers(0, 280),
    st.integers(1, 20),
    st.integers(1, 20),
)


def labels(width: int = 400, height: int = 300) -> _labels.Labels:
    return _labels.Labels(ImageDraw.Draw(picture(width, height)), width, height, _style.sizes(width, height))


@pytest.mark.prop
class TestLabels:
    """A label lies inside the frame; it covers no other one where there is room."""

    @given(
        st.lists(st.tuples(boxes, st.text(max_size=80)), max_size=12),
        st.integers(1, 500),
        st.integers(1, 300),
    )
    def test_stay_inside_the_frame(self, placed: list[tuple[PixelBox, str]], width: int, height: int) -> None:
        under_test = labels(width, height)
        for box, text in placed:
            under_test.at_box(box, text, GREY)
        for x0, y0, x1, y1 in under_test._taken:
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height

    @given(st.lists(boxes, min_size=2, max_size=5))
    def test_of_few_objects_cover_none(self, placed: list[PixelBox]) -> None:
        under_test = labels()
        for box in placed:
            under_test.at_box(box, "a label", GREY)
        for a, b in combinations(under_test._taken, 2):
            beside, below = min(a[2], b[2]) <= max(a[0], b[0]), min(a[3], b[3]) <= max(a[1], b[1])
            assert beside or below


def test_what_a_label_would_cover_is_counted_in_pixels() -> None:
    under_test = labels()
    spots = [(0, 0, 10, 10), (8, 8, 12, 12), (15, 0, 20, 9)]
    assert under_test._hidden(spots).tolist() == [0, 0, 0]
    under_test._taken += [(0, 0, 10, 10), (5, 5, 15, 15)]
    assert under_test._hidden(spots).tolist() == [100 + 25, 4 + 16, 0]


@pytest.mark.parametrize("index", range(13))
def test_text_has_contrast_on_every_colour(index: int) -> None:
    """WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1."""

    def luminance(colour: tuple[int, int, int]) -> float:
        parts = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    colour = _style.colour_of(index)
    darker, lighter = sorted([luminance(colour), luminance(_style.text_colour_on(colour))])
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


class TestFonts:
    def test_show_what_they_have(self) -> None:
        assert _style.fitting_font("a cat, 100%", 20) == (_style.default_font(20), "a cat, 100%")

    def test_that_lack_letters_show_the_bare_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_style, "_fonts", lambda size_px: [_style.default_font(size_px)])
        assert _style.fitting_font("naïve чашка", 20)[1] == "naive ?????"

    def test_that_are_wider_are_taken_where_they_are_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wider = object()
        monkeypatch.setattr(_style, "_fonts", lambda size_px: [_style.default_font(size_px), wider])
        monkeypatch.setattr(_style, "_has", lambda font, letter: font is wider or letter < "\x7f")
        assert _style.fitting_font("чашка", 20) == (wider, "чашка")
        assert _style.fitting_font("cup", 20)[0] is not wider


class TestOpen:
    @pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
    def test_as_displayed(self, form: str, tmp_path: Path) -> None:
        stored = Image.new("RGB", (40, 20), "white")
        stored.paste((200, 0, 0), (0, 0, 20, 20))
        exif = Image.Exif()
        exif[0x0112] = 6  # the stored left side is displayed at the top
        path = tmp_path / "picture"
        stored.save(path, form, exif=exif, quality=95)
        opened = draw.open_image(path)
        assert (opened.mode, opened.size) == ("RGB", (20, 40))
        assert np.abs(np.asarray(opened)[5, 10].astype(int) - [200, 0, 0]).max() < 20
        assert np.asarray(opened)[35, 10].min() > 235

    def test_heif(self) -> None:
        """Its own rotation counts, and libheif applies it; its EXIF orientation does not count."""
        out = io.BytesIO()
        image = pillow_heif.from_pillow(Image.new("RGB", (40, 20), (200, 0, 0)))
        image.save(out, quality=95)
        opened = draw.open_image(out.getvalue())
        assert opened.size == read_info(out.getvalue()).displayed_size == (40, 20)
        assert np.abs(np.asarray(opened)[5, 10].astype(int) - [200, 0, 0]).max() < 20

    def test_transparent_on_white(self) -> None:
        out = io.BytesIO()
        Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(out, "PNG")
        assert draw.open_image(out.getvalue()).getpixel((0, 0)) == (255, 255, 255)

    def test_of_16_bits(self) -> None:
        out = io.BytesIO()
        Image.fromarray(np.array([[0, 32896, 65535]], np.uint16)).save(out, "PNG")
        assert np.asarray(draw.open_image(out.getvalue()))[0, :, 0].tolist() == [0, 128, 255]

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            (b"", errors.TruncatedMedia),
            (b"hello", errors.UnsupportedMedia),
            (b"GIF89a" + bytes(20), errors.UnsupportedMedia),
        ],
    )
    def test_what_is_no_picture_is_refused(self, data: bytes, error: type[Exception]) -> None:
        with pytest.raises(error):
            draw.open_image(data)

    def test_a_cut_or_damaged_one_is_refused(self) -> None:
        out = io.BytesIO()
        Image.effect_noise((60, 60), 80).save(out, "PNG")
        data = out.getvalue()
        with pytest.raises(errors.TruncatedMedia, match="IDAT"):
            draw.open_image(data[:-500])
        with pytest.raises(errors.CorruptMedia):
            draw.open_image(data[:60] + bytes(200) + data[260:])

    def test_a_huge_one_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        out = io.BytesIO()
        Image.new("L", (11, 10)).save(out, "PNG")
        monkeypatch.setattr(_open, "MAX_PICTURE_PX", 100)
        with pytest.raises(errors.LimitExceeded, match="11x10"):
            draw.open_image(out.getvalue())

    def test_a_missing_file_is_an_oserror(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            draw.open_image(tmp_path / "none.png")


def test_the_public_names_are_these() -> None:
    assert sorted(draw.__all__) == [
        "draw_answer",
        "draw_boxes",
        "draw_masks",
        "draw_points",
        "draw_polygons",
        "draw_tiles",
        "open_image",
        "safe_name",
    ]
    assert draw.safe_name("a/b") == "a_b"
