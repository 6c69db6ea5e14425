"""The measure of sharpness on real photos, those that come with scikit-image: cameras, lenses, microscopes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, ImageFilter
from skimage import data

from visionspec.rules.advice import lint_image
from visionspec.rules.sharpness import WORKING_SIDE_PX

SHARP = (
    "astronaut",
    "brick",
    "camera",
    "cat",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "page",
    "retina",
    "rocket",
)


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def findings(image: Image.Image, name: str = "PNG", **options: Any) -> list[str]:
    out = io.BytesIO()
    image.save(out, name, **options)
    return [found.rule for found in lint_image(out.getvalue(), model="gemini-3-flash-preview")]


@pytest.mark.parametrize("name", SHARP)
class TestPhotos:
    def test_a_sharp_one_is_let_be(self, name: str) -> None:
        assert findings(photo(name)) == []

    @pytest.mark.parametrize("quality", [30, 75, 95])
    def test_compression_is_no_blur(self, name: str, quality: int) -> None:
        assert findings(photo(name), "JPEG", quality=quality) == []

    @pytest.mark.parametrize("radius_px", [1.5, 2, 4])
    def test_a_blurred_one_is_pointed_out(self, name: str, radius_px: float) -> None:
        """By so many pixels at the size at which a model sees it."""
        sharp = photo(name)
        scale = max(1, max(sharp.size) / WORKING_SIDE_PX)
        blurred = sharp.filter(ImageFilter.GaussianBlur(radius_px * scale))
        assert findings(blurred) == ["advice.sharpness"]
        assert findings(blurred, "JPEG", quality=75) == ["advice.sharpness"]


def test_one_that_the_photographer_blurred_is_pointed_out() -> None:
    """A clock, photographed while the camera moved."""
    assert findings(photo("clock")) == ["advice.sharpness"]
