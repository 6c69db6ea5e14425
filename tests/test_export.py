"""Export: pycocotools as the judge, round trips, damaged input."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from visionspec import Answer, decode_answer, errors, export
from visionspec.rules import _polygon
from visionspec.rules.answers import Item
from visionspec.rules.boxes import NormBox, PixelBox, PixelPoint
from visionspec.rules.masks import Mask

# pycocotools 2.0 says so on every decode under numpy 2.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"
)

ITEMS = [
    {"box_2d": [100, 100, 500, 300], "label": "cat", "mask": [[100, 100], [300, 100], [300, 500]]},
    {"box_2d": [0, 0, 1000, 1000], "label": "dog"},
    {"box_2d": [200, 500, 700, 900], "label": "cat", "mask": [[0, 0], [10, 0], [0, 10]]},
]


@pytest.fixture
def answer() -> Answer:
    return decode_answer(json.dumps(ITEMS), width_px=100, height_px=50)


@st.composite
def placed_masks(draw: st.DrawFn) -> tuple[Mask, int, int]:
    """A mask somewhere in a small frame, with the sides of the frame."""
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x1, y1 = draw(st.integers(x0 + 1, width)), draw(st.integers(y0 + 1, height))
    count = (x1 - x0) * (y1 - y0)
    pixels = draw(st.lists(st.booleans(), min_size=count, max_size=count) | st.just([True] * count))
    crop = np.array(pixels, bool).reshape(y1 - y0, x1 - x0)
    return Mask.from_crop(crop, box=PixelBox(x0, y0, x1, y1), form="png"), width, height


@pytest.mark.prop
class TestRle:
    """A mask in its frame is the RLE that pycocotools makes of the frame, and comes back from it."""

    @given(placed_masks())
    def test_is_that_of_pycocotools(self, placed: tuple[Mask, int, int]) -> None:
        mask, width, height = placed
        frame = mask.to_frame(width, height)
        expected = coco_mask.encode(np.asfortranarray(frame.view(np.uint8)))
        rle = export.to_rle(mask, width_px=width, height_px=height)
        assert (rle["size"], rle["counts"]) == (expected["size"], expected["counts"].decode())
        assert np.array_equal(export.from_rle(rle), frame)
        assert np.array_equal(export.from_rle(expected), frame)

    @given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
    def test_any_counts_survive_their_code(self, counts: list[int]) -> None:
        assert export._decompress(export._compress(counts)) == counts

    @given(st.text(max_size=12) | st.binary(max_size=12))
    def test_damaged_codes_are_refused(self, counts: str | bytes) -> None:
        try:
            frame = export.from_rle({"size": [3, 4], "counts": counts})
        except errors.InvalidMask:
            return
        assert frame.shape == (3, 4)


@pytest.mark.prop
class TestPolygons:
    """The outline of a mask, filled by the even-odd rule, is the mask."""

    @given(placed_masks())
    def test_fill_to_the_mask(self, placed: tuple[Mask, int, int]) -> None:
        mask, width, height = placed
        filled = np.zeros((height, width), bool)
        for ring in export.to_polygons(mask):
            filled ^= _polygon.fill([PixelPoint(*corner) for corner in ring], PixelBox(0, 0, width, height))
            pairs = list(zip(ring, ring[1:] + ring[:1], strict=True))
            assert all((a[0] == b[0]) != (a[1] == b[1]) for a, b in pairs), "edges of pixels only"
            down = [a[0] == b[0] for a, b in pairs]
            assert all(one != next_ for one, next_ in zip(down, down[1:] + down[:1], strict=True)), (
                "no idle corner"
            )
        assert np.array_equal(filled, mask.to_frame(width, height))


def test_a_square_has_four_corners() -> None:
    mask = Mask.from_crop(np.ones((200, 200), bool), box=PixelBox(100, 50, 300, 250), form="png")
    assert export.to_polygons(mask) == [[(100, 50), (300, 50), (300, 250), (100, 250)]]


def test_a_hole_and_pixels_that_touch_at_a_corner_have_rings_of_their_own() -> None:
    crop = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]], bool)
    mask = Mask.from_crop(crop, box=PixelBox(0, 0, 4, 4), form="png")
    assert export.to_polygons(mask) == [
        [(0, 0), (3, 0), (3, 3), (0, 3)],
        [(1, 1), (1, 2), (2, 2), (2, 1)],
        [(3, 3), (4, 3), (4, 4), (3, 4)],
    ]


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [3, 4]},
        {"size": [3], "counts": [12]},
        {"size": [0, 4], "counts": [0]},
        {"size": [3, 4], "counts": [11]},
        {"size": [3, 4], "counts": [13, -1]},
        {"size": [3, 4], "counts": [12.0]},
        {"size": [3, 4], "counts": 12},
        {"size": [3, 4], "counts": "<" + "o" * 40},
        {"size": [3, 4], "counts": "\u017f"},
        {"size": [2**31, 2**31], "counts": [2**62]},
    ],
)
def test_a_damaged_rle_is_refused(rle: Any) -> None:
    with pytest.raises(errors.InvalidMask):
        export.from_rle(rle)


def test_a_mask_outside_of_the_frame_has_no_rle() -> None:
    mask = Mask.from_crop(np.ones((2, 2), bool), box=PixelBox(3, 3, 5, 5), form="png")
    with pytest.raises(errors.InvalidSize):
        export.to_rle(mask, width_px=4, height_px=5)


class TestCoco:
    def test_has_the_boxes_areas_and_masks(self, answer: Answer) -> None:
        document = export.to_coco(answer, file_name="a.jpg", image_id=7)
        assert document["images"] == [{"id": 7, "width": 100, "height": 50, "file_name": "a.jpg"}]
        assert document["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        first, second, third = document["annotations"]
        assert (first["bbox"], first["category_id"], first["image_id"]) == ([10, 5, 20, 20], 1, 7)
        assert (second["bbox"], second["category_id"], second["area"]) == ([0, 0, 100, 50], 2, 5000)
        assert (second["segmentation"], third["area"]) == ([], 0)
        decoded = coco_mask.decode(first["segmentation"])
        assert decoded.shape == (50, 100)
        assert decoded.sum() == first["area"] == coco_mask.area(first["segmentation"])

    def test_is_read_by_pycocotools(self, answer: Answer) -> None:
        from pycocotools.coco import COCO  # noqa: PLC0415 - prints when it is used

        coco = COCO()
        coco.dataset = json.loads(json.dumps(export.to_coco(answer)))
        coco.createIndex()
        assert sorted(coco.getAnnIds(catIds=[1])) == [1, 3]
        mask = answer.items[0].mask
        assert mask is not None
        assert np.array_equal(coco.annToMask(coco.loadAnns([1])[0]), mask.to_frame(100, 50))

    def test_comes_back(self, answer: Answer) -> None:
        back = export.from_coco(json.loads(json.dumps(export.to_coco(answer))))
        assert [(item.index, item.box, item.label) for item in back.items] == [
            (item.index, item.box, item.label) for item in answer.items
        ]
        assert [item.mask and item.mask.packed for item in back.items] == [
            item.mask and item.mask.packed for item in answer.items
        ]
        assert (back.width_px, back.height_px) == (100, 50)

    def test_of_others_is_read(self) -> None:
        """Fractions in boxes, polygons, another order of images."""
        document = {
            "images": [{"id": 1, "width": 9, "height": 9}, {"id": 2, "width": 10, "height": 8}],
            "categories": [{"id": 5, "name": "x"}],
            "annotations": [
                {"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 1, 1]},
                {
                    "id": 2,
                    "image_id": 2,
                    "category_id": 5,
                    "bbox": [1.5, 1.5, 3.0, 20.0],
                    "segmentation": [[2, 2, 4, 2, 4, 4, 2, 4], [4, 6, 5, 6, 5, 7, 4, 7]],
                },
            ],
        }
        (item,) = export.from_coco(document, image_id=2).items
        assert (item.index, item.box, item.label) == (0, PixelBox(1, 1, 5, 8), "x")
        assert item.mask is not None
        assert (item.mask.form, item.mask.area_px) == ("polygon", 5)

    def test_of_a_crowd_is_one_item(self) -> None:
        """As in COCO's own annotations: iscrowd, and counts that are not compressed."""
        segmentation = {"size": [3, 4], "counts": [1, 1, 1, 2, 7]}
        crowd = {"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 2, 3], "iscrowd": 1}
        document = {
            "images": [{"id": 1, "width": 4, "height": 3}],
            "categories": [{"id": 5, "name": "people"}],
            "annotations": [{**crowd, "segmentation": segmentation}],
        }
        (item,) = export.from_coco(document).items
        compressed = coco_mask.frPyObjects(segmentation, 3, 4)
        assert np.array_equal(item.mask.to_frame(4, 3), coco_mask.decode(compressed))
        assert item.mask.area_px == 3

    def test_of_several_parts_is_what_pycocotools_makes_of_it(self) -> None:
        """Parts that overlap are one object: no part is a hole in another."""
        parts = [[1, 1, 7, 1, 7, 6, 1, 6], [3, 2, 5, 2, 5, 4, 3, 4], [8, 0, 10, 0, 10, 8, 8, 8]]
        found = {"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 10, 8], "segmentation": parts}
        document = {
            "images": [{"id": 1, "width": 10, "height": 8}],
            "categories": [{"id": 5, "name": "x"}],
            "annotations": [found],
        }
        (item,) = export.from_coco(document).items
        merged = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(parts, 8, 10)))
        assert np.array_equal(item.mask.to_frame(10, 8), merged)
        assert item.mask.area_px == 6 * 5 + 2 * 8

    @pytest.mark.parametrize(
        "change",
        [
            {"images": []},
            {"images": [{"id": 1, "width": 0, "height": 5}]},
            {"images": [1]},
            {"categories": None},
            {"annotations": [{"image_id": 1}]},
            {"annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, float("nan"), 1]}]},
            {"annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 1e400, 1]}]},
            {"annotations": [{"image_id": 1, "category_id": 1, "bbox": [200, 0, 5, 5]}]},
            {"annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 5]}]},
            {
                "annotations": [
                    {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "segmentation": [[1, 2, 3, 4]]}
                ]
            },
            {
                "annotations": [
                    {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "segmentation": [[1e12] * 6]}
                ]
            },
            {
                "annotations": [
                    {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "segmentation": [["a"] * 6]}
                ]
            },
            {
                "annotations": [
                    {
                        "image_id": 1,
                        "category_id": 1,
                        "bbox": [0, 0, 5, 5],
                        "segmentation": {"size": [1, 1], "counts": [1]},
                    }
                ]
            },
        ],
    )
    def test_that_is_damaged_is_refused(self, change: dict[str, Any], answer: Answer) -> None:
        with pytest.raises(errors.InvalidInput):
            export.from_coco({**export.to_coco(answer), **change})

    def test_of_several_images_needs_an_id(self, answer: Answer) -> None:
        document = export.to_coco(answer)
        document["images"].append({**document["images"][0], "id": 2})
        with pytest.raises(errors.InvalidInput, match=r"^the document has 2 images; name one with image_id$"):
            export.from_coco(document)
        with pytest.raises(errors.InvalidInput, match=r"^the document has 0 images with the id 3$"):
            export.from_coco(document, image_id=3)


@pytest.mark.prop
class TestRoundTrips:
    """A mask of any pixels, with holes, in parts or empty, comes back from every form as it went."""

    @given(placed_masks())
    def test_through_coco(self, placed: tuple[Mask, int, int]) -> None:
        mask, width, height = placed
        item = Item(0, mask.box, NormBox(0, 0, 1, 1), "x", mask, ())
        answer = Answer((item,), (), truncated=False, issues=(), width_px=width, height_px=height)
        document = json.loads(json.dumps(export.to_coco(answer)))
        (back,) = export.from_coco(document).items
        assert (back.box, back.mask.packed, back.mask.area_px) == (mask.box, mask.packed, mask.area_px)
        decoded = coco_mask.decode(document["annotations"][0]["segmentation"])
        assert np.array_equal(decoded, mask.to_frame(width, height))

    @given(placed_masks())
    def test_through_packed_bits(self, placed: tuple[Mask, int, int]) -> None:
        mask, width, height = placed
        bits = "".join(f"{byte:08b}" for byte in mask.packed)[: mask.box.area_px]
        frame = [
            [
                x in range(mask.box.x0, mask.box.x1)
                and y in range(mask.box.y0, mask.box.y1)
                and bits[(y - mask.box.y0) * mask.box.width_px + x - mask.box.x0] == "1"
                for x in range(width)
            ]
            for y in range(height)
        ]
        assert mask.to_frame(width, height).tolist() == frame
        assert Mask.from_crop(mask.crop, box=mask.box, form="png") == mask


def test_json_is_the_contract(answer: Answer) -> None:
    document = export.to_json(answer)
    assert list(document) == ["items", "rejected", "truncated", "issues"]
    assert document["items"][1] == {"box": [0, 0, 100, 50], "label": "dog", "mask": None, "issues": []}
    assert json.loads(json.dumps(document)) == document
