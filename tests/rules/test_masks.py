"""Masks: the vectors, Pillow as the judge of pixels, exact fractions as that of polygons, hostile images."""

from __future__ import annotations

import base64
import contextlib
import io
import struct
import sys
import tracemalloc
import zlib
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from visionspec import errors, spec
from visionspec.rules import _base64, _maps, _native, _polygon, masks
from visionspec.rules._resample import Span, binarise
from visionspec.rules.boxes import PixelBox, PixelPoint
from visionspec.rules.masks import Mask, decode_mask

FRAME = {"width_px": 100, "height_px": 100}
BOX = PixelBox(10, 20, 14, 22)


def rows_of(crop: np.ndarray) -> list[str]:
    return ["".join("01"[int(pixel)] for pixel in row) for row in crop]


def encode(image: Image.Image, form: str = "PNG", **options: Any) -> str:
    out = io.BytesIO()
    image.save(out, form, **options)
    return base64.b64encode(out.getvalue()).decode()


def reason(error: pytest.ExceptionInfo[errors.InvalidMask]) -> str:
    return (error.value.rule or "").partition(".")[2]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(params=["kornia", "own"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With kornia-rs and pybase64, and without them."""
    if request.param == "own":
        monkeypatch.setattr(_native, "_decoder", lambda: None)
        monkeypatch.setattr(_base64, "b64decode", None)
    else:
        assert _native._decoder() is not None, "install kornia-rs, or it is not tested"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in spec.vectors()["masks"].cases])
def test_vector(case: spec.Case) -> None:
    given_ = dict(case.input)
    value, box = given_.pop("mask"), PixelBox(*given_.pop("box"))
    if case.result == "invalid":
        with pytest.raises(errors.InvalidMask) as caught:
            decode_mask(value, box=box, **given_)
        assert reason(caught) == case.expected["reason"]
        return
    mask = decode_mask(value, box=box, **given_)
    expected = case.expected
    assert (mask.form, list(mask.box), mask.area_px) == (
        expected["form"],
        expected["box"],
        expected["area_px"],
    )
    if "rows" in expected:
        assert rows_of(mask.crop) == expected["rows"]


@st.composite
def maps(draw: st.DrawFn) -> np.ndarray:
    """Small maps: anything, values near the threshold, or two values only."""
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    values = draw(
        st.sampled_from([st.integers(0, 255), st.integers(124, 131), st.sampled_from([0, 127, 128, 255])])
    )
    pixels = draw(st.lists(values, min_size=height * width, max_size=height * width))
    return np.array(pixels, np.uint8).reshape(height, width)


@st.composite
def spans(draw: st.DrawFn, *, longest: int = 150) -> Span:
    size = draw(st.integers(1, longest))
    start = draw(st.integers(0, size - 1))
    return Span(size, start, draw(st.integers(start + 1, size)))


@pytest.mark.prop
@pytest.mark.rule("masks.resize")
@pytest.mark.rule("masks.threshold")
class TestResize:
    """Maps are resized as Pillow's BILINEAR does on 8 bits, then cropped, then compared to the threshold."""

    @given(maps(), spans(), spans(), st.sampled_from([0, 126, 127, 128, 254]) | st.integers(0, 255))
    @example(np.array([[0, 255]], np.uint8), Span(2, 0, 2), Span(1, 0, 1), 127)
    def test_every_pixel_is_pillows(self, values: np.ndarray, x: Span, y: Span, threshold: int) -> None:
        whole = np.asarray(Image.fromarray(values).resize((x.size, y.size), Image.Resampling.BILINEAR))
        expected = whole[y.start : y.stop, x.start : x.stop] > threshold
        assert np.array_equal(binarise(values, x=x, y=y, threshold=threshold), expected)

    @given(maps(), st.integers(0, 255), st.integers(1, 24), st.integers(2000, 9000), st.data())
    def test_beyond_what_is_resized_as_a_whole_too(
        self, values: np.ndarray, threshold: int, rows: int, size: int, data: st.DataObject
    ) -> None:
        """One side is long, the other grows or shrinks."""
        start = data.draw(st.integers(0, size - 50))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("visionspec.rules._resample._WHOLE_PX", 0)
            check_window(values, Span(size, start, start + 50), Span(rows, 0, rows), threshold)


@pytest.mark.parametrize("rows", [1, 12, 24])
def test_a_window_of_a_very_long_side_is_pillows(rows: int) -> None:
    values = np.random.default_rng(4).integers(0, 256, (12, 11), np.uint8)
    check_window(values, Span(400_000, 399_000, 400_000), Span(rows, 0, rows), 127)


def check_window(values: np.ndarray, long: Span, short: Span, threshold: int) -> None:
    for x, y in ((long, short), (short, long)):
        whole = np.asarray(Image.fromarray(values).resize((x.size, y.size), Image.Resampling.BILINEAR))
        expected = whole[y.start : y.stop, x.start : x.stop] > threshold
        assert np.array_equal(binarise(values, x=x, y=y, threshold=threshold), expected)


@pytest.mark.parametrize("size", [(300, 400), (256, 256), (255, 400), (400, 255), (200, 100), (1900, 900)])
def test_a_map_of_the_usual_size_is_pillows(size: tuple[int, int]) -> None:
    y, x = np.mgrid[:256, :256] / 255 - 0.5
    noise = np.random.default_rng(1).normal(0, 9, (256, 256))
    values = np.clip(300 - 550 * np.hypot(x, y) + noise, 0, 255).astype(np.uint8)
    expected = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR)) > 127
    spans_ = {"x": Span(size[0], 0, size[0]), "y": Span(size[1], 0, size[1])}
    assert np.array_equal(binarise(values, **spans_, threshold=127), expected)


@pytest.mark.parametrize("size", [(300, 400), (398, 212), (256, 1000)])
def test_every_level_of_a_growing_map_is_pillows(size: tuple[int, int]) -> None:
    """At each threshold, and with even sides: there are ties then, which the last of 22 bits decides."""
    values = np.random.default_rng(3).integers(0, 256, (37, 41), np.uint8)
    levels = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR))
    x, y = Span(size[0], 0, size[0]), Span(size[1], 0, size[1])
    wrong = [
        threshold
        for threshold in range(256)
        if not np.array_equal(binarise(values, x=x, y=y, threshold=threshold), levels > threshold)
    ]
    assert wrong == []


def test_shrinking_one_side_below_a_window_of_a_huge_other_side_is_done_in_two_steps() -> None:
    """Too large for Pillow as a whole, but all columns are equal: one of them says what to expect."""
    values = np.array([[0], [255], [255], [0]], np.uint8)
    wide, two = Span(1 << 40, 1 << 39, (1 << 39) + 5), Span(2, 0, 2)
    expected = np.asarray(Image.fromarray(values).resize((1, 2), Image.Resampling.BILINEAR))
    for threshold in (int(expected[0, 0]) - 1, int(expected[0, 0])):
        wanted = np.repeat(expected > threshold, 5, axis=1)
        assert np.array_equal(binarise(values, x=wide, y=two, threshold=threshold), wanted)
        assert np.array_equal(binarise(values.T.copy(), x=two, y=wide, threshold=threshold), wanted.T)


def is_inside(ring: list[tuple[int, int]], x: Fraction, y: Fraction) -> bool:
    """Count the edges left of a point, in fractions."""
    left = 0
    for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (ay > y) != (by > y):
            left += ax + (y - ay) * Fraction(bx - ax, by - ay) <= x
    return left % 2 == 1


corners = st.tuples(st.integers(-6, 16), st.integers(-6, 16))
small_boxes = st.builds(
    lambda x, y, w, h: PixelBox(x, y, x + w, y + h),
    st.integers(-4, 9),
    st.integers(-4, 9),
    st.integers(1, 9),
    st.integers(1, 9),
)


@pytest.mark.prop
@pytest.mark.rule("masks.polygon-fill")
class TestPolygon:
    """A pixel belongs to a polygon if its centre lies inside, by the even-odd rule."""

    @given(st.lists(corners, min_size=3, max_size=8), small_boxes)
    def test_every_pixel_is_that_of_exact_fractions(self, ring: list[tuple[int, int]], box: PixelBox) -> None:
        half = Fraction(1, 2)
        expected = [
            [is_inside(ring, x + half, y + half) for x in range(box.x0, box.x1)]
            for y in range(box.y0, box.y1)
        ]
        assert _polygon.fill([PixelPoint(*corner) for corner in ring], box).tolist() == expected

    @given(corners, corners)
    def test_a_rectangle_has_its_area(self, a: tuple[int, int], b: tuple[int, int]) -> None:
        ring = [PixelPoint(*a), PixelPoint(b[0], a[1]), PixelPoint(*b), PixelPoint(a[0], b[1])]
        area = _polygon.fill(ring, PixelBox(-6, -6, 16, 16)).sum()
        assert area == abs(a[0] - b[0]) * abs(a[1] - b[1])

    @given(st.lists(corners, min_size=3, max_size=8), small_boxes)
    def test_crossings_are_counted_as_they_are_made(self, ring: list[tuple[int, int]], box: PixelBox) -> None:
        points = [PixelPoint(*corner) for corner in ring]
        rows = [Fraction(2 * y + 1, 2) for y in range(box.y0, box.y1)]
        pairs = list(zip(ring, ring[1:] + ring[:1], strict=True))
        made = sum((a[1] > y) != (b[1] > y) for y in rows for a, b in pairs)
        assert _polygon.crossings(points, box) == made


def test_a_polygon_of_many_corners_is_filled_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = [PixelPoint(x, (x * 37) % 50) for x in range(60)] + [PixelPoint(60, 50), PixelPoint(0, 50)]
    box = PixelBox(0, 0, 60, 50)
    whole = _polygon.fill(ring, box)
    monkeypatch.setattr(_polygon, "_BAND_CROSSINGS", 1)
    assert np.array_equal(_polygon.fill(ring, box), whole)
    assert 0 < whole.sum() < 3000


def test_a_growing_map_is_resized_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(2).integers(0, 256, (9, 7), np.uint8)
    expected = np.asarray(Image.fromarray(values).resize((30, 40), Image.Resampling.BILINEAR)) > 127
    monkeypatch.setattr("visionspec.rules._resample._BAND_PX", 70)
    assert np.array_equal(binarise(values, x=Span(30, 0, 30), y=Span(40, 0, 40), threshold=127), expected)


@st.composite
def rows_of_bytes(draw: st.DrawFn) -> tuple[int, int, bytes]:
    """Width, height and the filtered rows of a grey PNG, every row with a filter of its own; some do not exist."""
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    filters = st.integers(0, 4) | st.integers(0, 6)
    rows = draw(
        st.lists(
            st.tuples(filters, st.binary(min_size=width, max_size=width)), min_size=height, max_size=height
        )
    )
    return width, height, b"".join(bytes([kind]) + row for kind, row in rows)


def grey_png(width: int, height: int, *compressed: bytes) -> bytes:
    pixels = b"".join(chunk(b"IDAT", part) for part in compressed)
    return PNG + header(width, height) + pixels + chunk(b"IEND", b"")


def pillows(png: bytes) -> list[list[int]] | None:
    try:
        with Image.open(io.BytesIO(png)) as image:
            return np.asarray(image).tolist()
    except (OSError, SyntaxError):
        return None


class TestNative:
    """What kornia-rs and pybase64 do changes no result."""

    @pytest.mark.prop
    @given(rows_of_bytes(), st.integers(-9, 9), st.integers(0, 400), st.integers(0, 255), st.integers(0, 400))
    def test_kornia_decodes_as_pillow_does_or_not_at_all(
        self, image: tuple[int, int, bytes], more: int, at: int, damage: int, part: int
    ) -> None:
        """It forgives one thing, a wrong checksum of the compressed data; with the right one Pillow agrees."""
        width, height, rows = image
        rows = rows[:more] if more < 0 else rows + bytes(more)
        stream = bytearray(zlib.compress(rows))
        if at < len(stream):
            stream[at] ^= damage
        png = grey_png(width, height, bytes(stream[:part]), bytes(stream[part:]))
        found = _native.decode_grey(png, width_px=width, height_px=height)
        expected = pillows(png)
        if found is not None and expected is None:
            data = zlib.decompressobj(-15).decompress(stream[2:])
            assert zlib.adler32(data) != int.from_bytes(stream[-4:], "big")
            expected = pillows(grey_png(width, height, zlib.compress(data)))
        assert found is None or found.tolist() == expected
        sound = more >= 0 and not damage and not any(kind > 4 for kind in rows[:: width + 1][:height])
        assert found is not None or not sound

    @pytest.mark.parametrize(("width", "height"), [(3, 2), (2, 3), (1, 6), (6, 1)])
    def test_kornia_is_told_the_size(self, width: int, height: int) -> None:
        png = base64.b64decode(encode(Image.new("L", (3, 2), 7)))
        found = _native.decode_grey(png, width_px=width, height_px=height)
        assert (None if found is None else found.tolist()) == (
            [[7, 7, 7], [7, 7, 7]] if (width, height) == (3, 2) else None
        )

    def test_kornia_need_not_be_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "kornia_rs.io", None)
        assert _native.decode_grey(grey_png(1, 1, zlib.compress(bytes(2))), width_px=1, height_px=1) is None

    @pytest.mark.parametrize(
        "text", ["AAAA", "AA==", "_-_-", "AA", "A A=", "AA\n==", "*", "AA==AA==", "ä", "", "A"]
    )
    def test_pybase64_decodes_the_same(self, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Or it refuses what binascii refuses, or what `decode_base64` reads in the second attempt."""
        assert _base64.b64decode is not None, "install pybase64, or it is not tested"
        results = []
        for decoder in (_base64.b64decode, None):
            monkeypatch.setattr(_base64, "b64decode", decoder)
            try:
                results.append(_maps._bytes(text))
            except errors.InvalidMask:
                results.append(None)
        assert results[0] == results[1]


class TestMask:
    def test_keeps_its_crop_packed(self) -> None:
        crop = np.array([[1, 0, 0], [0, 1, 1], [1, 1, 1]], bool)
        mask = Mask.from_crop(crop, box=PixelBox(1, 2, 4, 5), form="png")
        assert mask.packed == bytes([0b10001111, 0b10000000])  # by hand: 100 011 111, then 7 bits of nothing
        assert (mask.area_px, mask.cut) == (6, False)
        assert np.array_equal(mask.crop, crop)
        assert mask.crop.dtype == bool

    def test_fills_a_frame(self) -> None:
        mask = Mask.from_crop(np.array([[True, False]]), box=PixelBox(1, 1, 3, 2), form="png")
        assert rows_of(mask.to_frame(4, 3)) == ["0000", "0100", "0000"]

    @pytest.mark.parametrize("size", [(2, 3), (4, 1), (0, 3)])
    def test_does_not_fill_a_frame_that_is_too_small(self, size: tuple[int, int]) -> None:
        mask = Mask.from_crop(np.array([[True, False]]), box=PixelBox(1, 1, 3, 2), form="png")
        with pytest.raises(errors.InvalidSize):
            mask.to_frame(*size)

    def test_does_not_take_a_crop_of_another_size(self) -> None:
        with pytest.raises(errors.InvalidMask, match=r"\(2, 1\)"):
            Mask.from_crop(np.ones((2, 1), bool), box=PixelBox(0, 0, 2, 1), form="png")

    def test_does_not_print_its_pixels(self) -> None:
        mask = Mask.from_crop(np.ones((300, 300), bool), box=PixelBox(0, 0, 300, 300), form="png")
        assert len(repr(mask)) < 150

    def test_is_small(self) -> None:
        crop = np.ones((400, 300), bool)
        assert len(Mask.from_crop(crop, box=PixelBox(0, 0, 300, 400), form="png").packed) == 15_000


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_mode_is_read(mode: str) -> None:
    grey = Image.fromarray(np.array([[255, 255, 0, 0]], np.uint8))
    image = (
        Image.fromarray(np.array([[65535, 40000, 0, 300]], np.uint16))
        if mode == "I;16"
        else grey.convert(mode)
    )
    mask = decode_mask(encode(image), box=PixelBox(0, 0, 4, 1), **FRAME)
    assert rows_of(mask.crop) == ["1100"]


def test_a_jpeg_is_read_whatever_the_prefix_says() -> None:
    image = Image.new("L", (64, 64))
    image.paste(255, (0, 0, 32, 64))
    mask = decode_mask("data:image/png;base64," + encode(image, "JPEG"), box=PixelBox(0, 0, 64, 64), **FRAME)
    assert (mask.form, mask.area_px) == ("jpeg", 32 * 64)


def test_a_jpeg_that_ends_early_is_none() -> None:
    data = base64.b64decode(encode(Image.effect_noise((64, 64), 50), "JPEG"))
    with pytest.raises(errors.InvalidMask) as caught:
        decode_mask(base64.b64encode(data[:-300]).decode(), box=BOX, **FRAME)
    assert reason(caught) == "truncated-image"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "extra",
    [
        header(20_000, 20_000),
        chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)),
        chunk(b"iCCP", b"x"),
        chunk(b"tRNS", bytes(2)),
        chunk(b"IEND", b"") + b"trailing bytes",
    ],
    ids=["header", "text", "profile", "transparency", "end"],
)
def test_only_the_pixels_of_a_png_matter(extra: bytes) -> None:
    """A second header, a bomb in a text chunk, a damaged profile: Pillow would believe or refuse them."""
    pixels = chunk(b"IDAT", zlib.compress(bytes([0, 255, 0])))
    before, after = (b"", extra) if b"IEND" in extra else (extra, chunk(b"IEND", b""))
    data = PNG + header(2, 1) + before + pixels + after
    mask = decode_mask(base64.b64encode(data).decode(), box=PixelBox(0, 0, 2, 1), **FRAME)
    assert rows_of(mask.crop) == ["10"]


def test_a_wrong_crc_costs_neither_the_mask_nor_a_word_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    pixels = chunk(b"IDAT", zlib.compress(bytes([0, 255, 0])))[:-4] + b"oops"
    data = PNG + header(2, 1) + pixels + chunk(b"IEND", b"")
    mask = decode_mask(base64.b64encode(data).decode(), box=PixelBox(0, 0, 2, 1), **FRAME)
    assert rows_of(mask.crop) == ["10"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("frame", "side", "allowed"),
    [
        ((100, 100), 1024, True),
        ((100, 100), 1025, False),
        ((100, 100), (2048, 512), True),
        ((100, 100), (2048, 513), False),
        ((100, 100), (513, 2048), False),
        ((2000, 1000), 1414, True),
        ((2000, 1000), 1415, False),
        ((20_000, 20_000), 8193, False),
    ],
)
def test_the_size_that_an_image_declares_is_capped(
    frame: tuple[int, int],
    side: int | tuple[int, int],
    allowed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """1,048,576 px always, those of the frame (1414 * 1414 = 1,999,396), at most 67,108,864 = 8192 * 8192."""
    size = (side, side) if isinstance(side, int) else side
    data = PNG + header(*size) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(errors.InvalidMask) as caught:
        decode_mask(base64.b64encode(data).decode(), box=BOX, width_px=frame[0], height_px=frame[1])
    assert reason(caught) == ("corrupt-image" if allowed else "size-cap")


def test_an_error_shows_the_rule_once() -> None:
    with pytest.raises(errors.InvalidMask) as caught:
        decode_mask("*", box=BOX, **FRAME)
    assert str(caught.value) == "'*' is not base64 [rule masks.bad-base64]"


def test_too_many_corners_are_none() -> None:
    ring = [[x % 1000, x // 1000] for x in range(16_385)]
    assert decode_mask(ring[:-1], box=BOX, **FRAME).form == "polygon"
    with pytest.raises(errors.InvalidMask) as caught:
        decode_mask(ring, box=BOX, **FRAME)
    assert reason(caught) == "oversized-polygon"


@pytest.mark.parametrize(
    ("corner", "allowed"), [(536_870_912, True), (536_870_913, False), (-536_870_913, False)]
)
def test_a_corner_may_be_far_away_but_not_absurdly(
    corner: int,
    allowed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """In a frame of 1000 px a coordinate is a pixel."""
    for ring in ([[0, 0], [10, 0], [0, corner]], [[0, 0], [corner, 0], [0, 9]]):
        try:
            decode_mask(ring, box=BOX, width_px=1000, height_px=1000)
        except errors.InvalidMask as error:
            assert (error.rule, allowed) == ("masks.bad-points", False)  # noqa: PT017 - both outcomes are asserted
        else:
            assert allowed


def test_kornia_decodes_grey_of_a_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else: what it is not asked for, it cannot do differently."""
    asked: list[tuple[bytes, int, int]] = []

    def spy(png: bytes, *, width_px: int, height_px: int) -> None:
        asked.append((png, width_px, height_px))

    monkeypatch.setattr(_maps, "decode_grey", spy)
    grey = Image.new("L", (2, 1), 255)
    for image in (grey, grey.convert("RGB"), grey.convert("1"), grey.convert("P"), grey.convert("LA")):
        decode_mask(encode(image), box=PixelBox(0, 0, 2, 1), **FRAME)
    decode_mask(encode(grey, "JPEG", comment=b"\x08\0"), box=PixelBox(0, 0, 2, 1), **FRAME)
    assert asked == [(base64.b64decode(encode(grey)), 2, 1)]


@pytest.mark.parametrize(
    ("right", "bottom", "cut"), [(140, 220, False), (141, 220, True), (140, 221, True), (150, 230, True)]
)
def test_a_polygon_that_leaves_its_box_is_marked(
    right: int,
    bottom: int,
    cut: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The box is 100..140 x 200..220 of 1000; one side beyond it is enough."""
    ring = [[100, 200], [right, 200], [right, bottom], [100, bottom]]
    mask = decode_mask(ring, box=PixelBox(100, 200, 140, 220), width_px=1000, height_px=1000)
    assert (mask.cut, mask.area_px) == (cut, 800)


class TestBudget:
    """All masks of one answer together cost at most 64 times the frame, or 64 times 1,048,576 px."""

    def test_a_box_and_its_map_are_paid_for(self) -> None:
        budget = masks.Budget(width_px=100, height_px=100)
        assert budget.left == 64 * 1_048_576
        decode_mask(encode(Image.new("L", (30, 20))), box=PixelBox(0, 0, 10, 10), budget=budget, **FRAME)
        assert budget.left == 64 * 1_048_576 - 600 - 100

    def test_a_polygon_pays_for_pixels_and_crossings_of_every_ring(self) -> None:
        budget = masks.Budget(width_px=2000, height_px=1000)
        square = [[0, 0], [50, 0], [50, 100], [0, 100]]
        decode_mask(
            [square, square], box=PixelBox(0, 0, 100, 100), width_px=2000, height_px=1000, budget=budget
        )
        assert budget.left == 64 * 2_000_000 - 3 * 10_000 - 2 * 2 * 100

    def test_what_is_not_left_is_not_spent(self) -> None:
        budget = masks.Budget(width_px=10, height_px=10)
        budget.left = 99
        with pytest.raises(errors.InvalidMask) as caught:
            decode_mask([[0, 0], [9, 9], [0, 9]], box=PixelBox(0, 0, 10, 10), budget=budget, **FRAME)
        assert reason(caught) == "mask-budget"
        assert budget.left == 99


@pytest.mark.parametrize(
    "value",
    [
        base64.b64encode(PNG + header(30_000, 30_000) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")).decode(),
        encode(Image.new("L", (1, 1000), 255)),
        [[-1e6, -1e6], [1e6, -1e6], [1e6, 1e6], [-1e6, 1e6]],
    ],
    ids=["bomb", "map", "polygon"],
)
def test_nothing_beyond_the_frame_is_allocated(value: Any) -> None:
    """A box of a million pixels a side around 500 x 400 px: at most 64 bytes per pixel, and 16 MB."""
    box = PixelBox(-500_000, -500_000, 500_000, 500_000)
    tracemalloc.start()
    with contextlib.suppress(errors.InvalidMask):
        decode_mask(value, box=box, width_px=500, height_px=400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 500 * 400 + 16_000_000


def decode_or_refuse(value: Any) -> None:
    refused = None
    try:
        decode_mask(value, box=BOX, **FRAME)
    except errors.InvalidMask as error:
        refused = error.rule
    assert refused is None or refused in spec.rules()


whole = base64.b64decode(encode(Image.effect_noise((40, 30), 90)))


@pytest.mark.prop
@pytest.mark.rule("masks.corrupt-image")
class TestHostile:
    """What cannot be decoded raises InvalidMask and nothing else."""

    @given(st.integers(0, len(whole) - 1), st.binary(min_size=1, max_size=8))
    def test_damaged_images(self, position: int, damage: bytes) -> None:
        data = whole[:position] + damage + whole[position + len(damage) :]
        decode_or_refuse(base64.b64encode(data).decode())

    @given(st.integers(0, len(whole) - 1))
    def test_images_that_are_cut_off(self, length: int) -> None:
        with pytest.raises(errors.InvalidMask) as caught:
            decode_mask(base64.b64encode(whole[:length]).decode(), box=BOX, **FRAME)
        assert reason(caught) == "truncated-image"

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=30,
        )
    )
    def test_anything_else_that_json_can_say(self, value: Any) -> None:
        decode_or_refuse(value)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("wrong", [b"IDAT", b"IEND"])
def test_a_wrong_checksum_of_a_chunk_is_forgiven(wrong: bytes) -> None:
    """Pillow does not mind it, so it must not matter that another decoder does."""
    png = bytearray(base64.b64decode(encode(Image.linear_gradient("L"))))
    expected = decode_mask(base64.b64encode(png).decode(), box=BOX, **FRAME)
    at = png.index(wrong)
    png[at + 4 + int.from_bytes(png[at - 4 : at], "big")] ^= 1
    found = decode_mask(base64.b64encode(png).decode(), box=BOX, **FRAME)
    assert rows_of(found.crop) == rows_of(expected.crop)


CORNERS = [[0, 0], [1000, 0], [1000, 1000]]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "the mask is null [rule masks.null-mask]"),
        (7, "7 is neither a base64 string nor a polygon [rule masks.unknown-mask]"),
        (
            CORNERS[:2],
            "polygon [[0, 0], [1000, 0]] has 2 corners; three make an area [rule masks.too-few-points]",
        ),
        (
            [*CORNERS, [2**40, 0]],
            (
                "polygon [[0, 0], [1000, 0], [1000, 1000], [1099511627776, 0]] has a corner more than "
                "536,870,912 px away [rule masks.bad-points]"
            ),
        ),
        (
            [[x % 1000, 0] for x in range(16_385)],
            "16,385 corners, more than 16,384 [rule masks.oversized-polygon]",
        ),
        (
            "<seg_1><seg_2>",
            "'<seg_1><seg_2>' is made of segmentation tokens, not of pixels [rule masks.seg-tokens]",
        ),
        ("data:image/png;base64,!!!", "'!!!' is not base64 [rule masks.bad-base64]"),
        (
            encode(Image.new("L", (3, 3)), "WEBP"),
            "the mask is image/webp; PNG is documented, JPEG accepted [rule masks.unsupported-image]",
        ),
        (
            base64.b64encode(b"hello, world").decode(),
            "no known type of image begins with b'hello, world' [rule masks.unsupported-image]",
        ),
        (
            base64.b64encode(PNG + header(2, 2)[:12]).decode(),
            (
                "truncated image: PNG ends after 20 of the 33 bytes up to the end of IHDR "
                "[rule masks.truncated-image]"
            ),
        ),
        (
            base64.b64encode(PNG + header(2, 2)[:-4] + bytes(4)).decode(),
            (
                "corrupt image: the CRC of PNG's IHDR is wrong, so its width and height cannot be trusted "
                "[rule masks.corrupt-image]"
            ),
        ),
        (
            base64.b64encode(PNG + header(2, 2)).decode(),
            "the image of the mask lacks everything up to the IEND chunk [rule masks.truncated-image]",
        ),
        (
            base64.b64encode(
                PNG + header(30_000, 30_000) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
            ).decode(),
            "the mask declares 30000x30000 px, more than 1,048,576 in all [rule masks.size-cap]",
        ),
    ],
)
def test_what_is_said_of_what_is_no_mask(value: object, said: str) -> None:
    with pytest.raises(errors.InvalidMask) as caught:
        decode_mask(value, box=BOX, **FRAME)
    assert str(caught.value) == said


def test_what_is_said_of_a_box_or_a_threshold_is_what_was_given() -> None:
    png = encode(Image.new("L", (2, 2)))
    with pytest.raises(errors.InvalidBox) as caught:
        decode_mask(png, box=PixelBox(5, 5, 5, 9), **FRAME)
    assert caught.value.given == (5, 5, 5, 9)
    with pytest.raises(
        errors.InvalidMask, match=r"^threshold 256 is no integer in 0\.\.255 \[rule masks\.threshold\]$"
    ):
        decode_mask(png, box=BOX, **FRAME, threshold=256)
