"""What is said about images and requests before they are sent, and what is let be."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import time
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from visionspec import spec
from visionspec.errors import InvalidInput
from visionspec.rules import advice, sharpness
from visionspec.rules.advice import Finding, cheaper_size, lint_image, lint_request
from visionspec.rules.tokens import image_tokens

if TYPE_CHECKING:
    import numpy.typing as npt

ORIENTATION = 0x0112


def encode(image: Image.Image, name: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    if name == "HEIC":
        pillow_heif.from_pillow(image).save(out, quality=80)
    else:
        image.save(out, name, **options)
    return out.getvalue()


def tagged(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def rules_of(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


def tiny(colour: int = 0) -> str:
    return base64.b64encode(encode(Image.new("L", (3, 2), colour))).decode()


def inline(data: str, mime_type: str = "image/png") -> dict[str, Any]:
    return {"inline_data": {"mime_type": mime_type, "data": data}}


def contents(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


class TestVectors:
    @pytest.mark.parametrize(
        "case", [pytest.param(case, id=case.id) for case in spec.vectors()["advice"].cases]
    )
    def test_advice(self, case: spec.Case) -> None:
        if case.result == "invalid":
            with pytest.raises(InvalidInput) as caught:
                lint_request(**case.input)
            assert {"error": type(caught.value).__name__} == case.expected
            return
        found = lint_request(**case.input)
        assert case.expected == [
            {"rule": finding.rule, "level": finding.level, "where": finding.where}
            for finding in sorted(found, key=lambda finding: (finding.where, finding.rule))
        ]


def test_levels_are_those_of_the_rules() -> None:
    rules = spec.rules()
    assert {rule_id: rules[rule_id].level for rule_id in advice._LEVELS} == dict(advice._LEVELS)


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(2, 9))
    def test_every_orientation_but_1_is_pointed_out_with_the_displayed_size(self, orientation: int) -> None:
        data = encode(Image.new("L", (30, 20)), "JPEG", exif=tagged(orientation))
        (finding,) = lint_image(data)
        assert (finding.rule, finding.level) == ("advice.orientation", "SHOULD")
        assert f"orientation {orientation}" in finding.message
        assert ("20x30 px" if orientation > 4 else "30x20 px") in finding.message

    def test_upright_images_are_let_be(self) -> None:
        assert lint_image(encode(Image.new("L", (30, 20)), "JPEG")) == []
        assert lint_image(encode(Image.new("L", (30, 20)), "JPEG", exif=tagged(1))) == []


def scene(seed: int, *, noise: float = 0.0) -> Image.Image:
    """Something like a photo: overlapping shapes of many greys, texture, a gradient behind them."""
    random = np.random.default_rng(seed)
    width, height = 640, 480
    ramp = np.linspace(60, 190, width)[None, :] + np.linspace(-30, 30, height)[:, None]
    image = Image.fromarray(ramp.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y = random.integers(0, width), random.integers(0, height)
        w, h = random.integers(10, 120, 2)
        shape = (draw.ellipse, draw.rectangle)[random.integers(2)]
        shape([int(x), int(y), int(x + w), int(y + h)], fill=int(random.integers(0, 256)))
    # a lens and a sensor never resolve a single pixel: what they deliver is as soft as a Gaussian of 0.6 px
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    grain = random.normal(0, noise, (height, width)) if noise else 0
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def moved(image: Image.Image, pixels: int) -> Image.Image:
    """Motion blur along x."""
    columns = np.cumsum(np.pad(np.asarray(image, dtype=np.float64), ((0, 0), (pixels, 0)), "edge"), axis=1)
    mean = (columns[:, pixels:] - columns[:, :-pixels]) / pixels
    return Image.fromarray(mean.clip(0, 255).astype(np.uint8))


class TestSharpness:
    @pytest.mark.parametrize(
        ("seed", "name", "options"),
        [
            (0, "PNG", {}),
            (1, "PNG", {}),
            (2, "PNG", {}),
            (3, "JPEG", {"quality": 30}),
            (4, "JPEG", {"quality": 90}),
            (5, "WEBP", {}),
            (6, "HEIC", {}),
        ],
    )
    def test_sharp_and_blurred_are_told_apart_in_every_format(
        self, seed: int, name: str, options: dict[str, Any]
    ) -> None:
        sharp = scene(seed, noise=3)
        assert lint_image(encode(sharp, name, **options)) == []
        for radius in (1.6, 3):
            blurred = sharp.filter(ImageFilter.GaussianBlur(radius))
            assert rules_of(lint_image(encode(blurred, name, **options))) == ["advice.sharpness"], radius

    def test_the_finding_says_what_was_measured_where(self) -> None:
        blurred = encode(scene(0).filter(ImageFilter.GaussianBlur(3)))
        (finding,) = lint_image(blurred, where="a.png")
        assert (finding.where, finding.level) == ("a.png", "SHOULD")
        said = (
            r"looks blurred: the steepest step of its strongest edges covers 0\.\d\d of their height; "
            rf"sharp pictures reach {sharpness.BLURRED_BELOW:.2f} and more"
        )
        assert re.fullmatch(said, finding.message)

    @pytest.mark.parametrize("seed", range(4))
    def test_motion_along_one_side_is_blur(self, seed: int) -> None:
        assert rules_of(lint_image(encode(moved(scene(seed), 9)))) == ["advice.sharpness"]
        assert rules_of(lint_image(encode(moved(scene(seed), 9).transpose(Image.Transpose.TRANSPOSE)))) == [
            "advice.sharpness"
        ]

    def test_blur_that_scaling_down_removes_is_no_blur(self) -> None:
        large = scene(0).resize((2560, 1920), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(2))
        assert lint_image(encode(large, "JPEG", quality=90)) == []
        assert rules_of(lint_image(encode(large.crop((0, 0, 700, 700))))) == ["advice.sharpness"]

    @pytest.mark.parametrize(
        ("profile", "share"),
        [
            # by hand: the steepest step over the whole rise
            ([0, 200], 1.0),
            ([0, 100, 200], 0.5),
            ([0, 50, 100, 150, 200], 0.25),
            ([0, 40, 80, 120, 160, 200], 0.2),
            ([0, 20, 140, 200], 0.6),
        ],
    )
    def test_the_share_of_a_ramp(self, profile: list[int], share: float) -> None:
        assert sharpness.edge_step(_grid(profile, profile)) == pytest.approx(share, abs=1e-9)

    def test_the_softer_side_counts(self) -> None:
        soft, hard = [0, 50, 100, 150, 200], [0, 200]
        assert sharpness.edge_step(_grid(soft, hard)) == pytest.approx(0.25)
        assert sharpness.edge_step(_grid(hard, soft)) == pytest.approx(0.25)

    @pytest.mark.parametrize(
        "image",
        [
            pytest.param(Image.new("L", (300, 300), 128), id="flat"),
            pytest.param(Image.linear_gradient("L"), id="gradient"),
            pytest.param(scene(0).filter(ImageFilter.GaussianBlur(3)).crop((0, 0, 63, 300)), id="narrow"),
            pytest.param(scene(0).point(lambda grey: 100 + grey / 16), id="faint"),
        ],
    )
    def test_pictures_without_edges_are_not_judged(self, image: Image.Image) -> None:
        assert sharpness.sharpness(encode(image)) is None
        assert "advice.sharpness" not in rules_of(lint_image(encode(image)))

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
    def test_every_mode_of_png_is_judged(self, mode: str) -> None:
        sharp = scene(1)
        picture = (
            Image.fromarray(np.asarray(sharp).astype(np.uint16) * 257)
            if mode == "I;16"
            else sharp.convert(mode)
        )
        share = sharpness.sharpness(encode(picture))
        assert share is not None
        assert share > sharpness.BLURRED_BELOW

    def test_sixteen_bits_blurred(self) -> None:
        soft = np.asarray(scene(1).filter(ImageFilter.GaussianBlur(3))).astype(np.uint16) * 257
        assert rules_of(lint_image(encode(Image.fromarray(soft)))) == ["advice.sharpness"]

    def test_damaged_pixels_are_corrupt(self) -> None:
        data = bytearray(encode(scene(0)))
        start = data.index(b"IDAT") + 40
        data[start : start + 200] = bytes(200)
        (finding,) = lint_image(bytes(data))
        assert (finding.rule, finding.level) == ("media.corrupt", "MUST")
        assert "cannot be decoded" in finding.message

    def test_a_file_that_no_decoder_knows_is_corrupt(self) -> None:
        whole = encode(Image.new("L", (100, 100)), "JPEG")
        (finding,) = lint_image(
            whole.replace(b"\xff\xc0\0\x0b\x08", b"\xff\xc0\0\x0b\x10")
        )  # 16 bits a sample
        assert finding.rule == "media.corrupt"
        assert finding.message == "the pixels cannot be decoded: cannot identify image file"

    def test_stripes_have_edges_along_one_side_only(self) -> None:
        stripes = np.tile(np.repeat(np.array([0, 200], np.uint8), 10), (200, 10))
        assert sharpness.edge_step(stripes) is None
        assert sharpness.edge_step(stripes.T) is None

    def test_sixty_four_pixels_are_enough(self) -> None:
        assert sharpness.sharpness(encode(scene(0).crop((0, 0, 64, 300)))) is not None

    def test_the_rule_states_the_numbers(self) -> None:
        ambiguity = spec.rules()["advice.sharpness"].ambiguity
        assert ambiguity is not None
        for phrase in (
            f"at {sharpness.WORKING_SIDE_PX} px on the longer side",
            f"all {sharpness._WINDOW_PX} px windows",
            f"at least {sharpness._CONTRAST} of 255",
            f"blurred below {sharpness.BLURRED_BELOW:.2f}",
        ):
            assert phrase in ambiguity.text
        assert sharpness._STRONGEST == 90  # "the tenth with the most contrast"

    def test_pixels_that_are_none_are_corrupt(self) -> None:
        small = png_bomb(200)
        (finding,) = lint_image(small)
        assert finding.rule == "media.corrupt"
        assert "0x" not in finding.message

    def test_a_bomb_is_not_decoded(self) -> None:
        start = time.perf_counter()
        assert lint_image(png_bomb(30_000)) == []  # its pixels would be corrupt
        assert time.perf_counter() - start < 60  # no measurement: without its bound it would not end


def png_bomb(side_px: int) -> bytes:
    """A square in 57 bytes: a header, pixels that are none, an end."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def _grid(along_x: list[int], along_y: list[int]) -> npt.NDArray[np.uint8]:
    """Every row rises once along one profile, every column once along the other; both from 0 to 100."""
    x = np.array([0] * 20 + along_x[1:-1] + [200] * 20)
    y = np.array([0] * 20 + along_y[1:-1] + [200] * 20)
    return ((x[None, :] + y[:, None]) // 2).astype(np.uint8)


class TestTileBoundary:
    @pytest.mark.parametrize(
        ("size", "less"),
        [
            # by hand: unit = floor(short / 1.5), tiles = ceil(w / unit) * ceil(h / unit); 1 tile up to 384
            ((385, 385), (384, 384, 258)),
            ((400, 384), (384, 384, 258)),
            ((1024, 512), (1023, 512, 6 * 258)),  # unit 341: 4 x 2 -> 3 x 2
            ((512, 1024), (512, 1023, 6 * 258)),
            ((2000, 1000), (1998, 1000, 6 * 258)),  # unit 666
            ((801, 600), (800, 600, 4 * 258)),  # unit 400: 3 x 2 -> 2 x 2
        ],
    )
    def test_the_nearest_smaller_size_is_named(
        self, size: tuple[int, int], less: tuple[int, int, int]
    ) -> None:
        found = cheaper_size(*size)
        assert found is not None
        assert (found.width_px, found.height_px, found.tokens) == less

    @pytest.mark.parametrize(
        "size", [(1, 1), (384, 384), (401, 384), (960, 540), (640, 480), (1023, 512), (385, 1)]
    )
    def test_nothing_near_is_nothing_said(self, size: tuple[int, int]) -> None:
        found = cheaper_size(*size)
        assert found is None or size == (385, 1)  # one pixel high: any narrower strip has fewer tiles

    def test_how_near_can_be_chosen(self) -> None:
        assert cheaper_size(385, 385, within_px=1) is None
        assert cheaper_size(401, 384, within_px=17) is not None

    @pytest.mark.parametrize("model", ["gemini-3-flash-preview", "gemini-3.5-flash-lite"])
    def test_patches_have_no_boundary(self, model: str) -> None:
        assert cheaper_size(385, 385, model=model) is None

    def test_the_clamp_of_1_5_is_another_formula(self) -> None:
        # unit 768: 1537 px are 3 tiles, 1536 are 2
        found = cheaper_size(1537, 1537, model="gemini-1.5-pro")
        assert found is not None
        assert (found.width_px, found.height_px, found.tiles) == (1537, 1536, 6)

    def test_the_finding_names_both_sizes_and_the_displayed_one(self) -> None:
        data = encode(Image.new("L", (512, 1024)), "JPEG", exif=tagged(6))
        (_, finding) = lint_image(data)
        assert (finding.rule, finding.level) == ("advice.tile-boundary", "MAY")
        assert "1024x512 px are 8 tiles, 2064 tokens" in finding.message
        assert "1023x512 px they are 6, 1548 tokens" in finding.message

    def test_a_resolution_that_does_not_exist_is_not_ours_to_refuse(self) -> None:
        data = encode(Image.new("L", (385, 385)))
        assert lint_image(data, model="gemini-2.5-flash", resolution="enormous") == []

    def test_an_unknown_model_counts_by_the_documented_formula(self) -> None:
        data = encode(Image.new("L", (385, 385)))
        assert rules_of(lint_image(data, model="my-own-model")) == ["advice.tile-boundary"]


@pytest.mark.prop
@pytest.mark.rule("advice.tile-boundary")
class TestCheaperSize:
    """What is named is smaller, near, cheaper, and nothing nearer is cheaper."""

    @given(st.integers(1, 1200), st.integers(1, 1200), st.integers(1, 6))
    def test_it_is_the_nearest(self, width_px: int, height_px: int, within_px: int) -> None:
        now = image_tokens(width_px, height_px)
        found = cheaper_size(width_px, height_px, within_px=within_px)
        cheaper = [
            dx + dy
            for dx in range(min(within_px + 1, width_px))
            for dy in range(min(within_px + 1 - dx, height_px))
            if image_tokens(width_px - dx, height_px - dy).tokens < now.tokens
        ]
        if now.tiles == 1:
            assert found is None
        elif found is None:
            assert cheaper == []
        else:
            assert found.tokens < now.tokens
            assert (width_px - found.width_px) + (height_px - found.height_px) == min(cheaper)


class TestRequests:
    def test_two_findings_of_one_image(self) -> None:
        found = lint_request(contents({"text": "What is this?"}, inline(tiny(), "image/jpg")))
        assert [(finding.rule, finding.where) for finding in found] == [
            ("advice.text-order", "contents[0]"),
            ("media.declared-type", "contents[0].parts[1].inline_data"),
        ]
        assert "for generateContent it is advised to stand after it" in found[0].message

    def test_what_an_earlier_turn_was_told_stays(self) -> None:
        body = contents({"text": "What is this?"}, inline(tiny()))
        body["contents"] += [{"role": "user", "parts": [{"text": "And now?"}]}]
        assert [(finding.rule, finding.where) for finding in lint_request(body)] == [
            ("advice.text-order", "contents[0]")
        ]

    def test_the_other_dialect_is_advised_the_other_way(self) -> None:
        body = {
            "input": [
                {"type": "image", "data": tiny(), "mime_type": "image/png"},
                {"type": "text", "text": "?"},
            ]
        }
        (finding,) = lint_request(body)
        assert "for interactions it is advised to stand before it" in finding.message

    def test_a_dialect_can_be_named(self) -> None:
        assert lint_request({"input": "hi"}, dialect="generateContent") == []

    @pytest.mark.parametrize("role", ["model"])
    def test_the_models_own_turn_is_not_judged(self, role: str) -> None:
        body = contents({"text": "Here:"}, inline(tiny()))
        body["contents"][0]["role"] = role
        assert lint_request(body) == []

    def test_model_output_of_an_interaction_is_not_judged(self) -> None:
        image = {"type": "image", "data": tiny(), "mime_type": "image/png"}
        step = {"type": "model_output", "content": [image, {"type": "text", "text": "A cat."}]}
        assert lint_request({"input": [step]}) == []

    def test_too_many_images(self) -> None:
        part = {
            "file_data": {"mime_type": "image/png", "file_uri": "https://generativelanguage.googleapis.com/f"}
        }
        assert lint_request(contents(*[part] * 3600)) == []
        (finding,) = lint_request(contents(*[part] * 3601))
        assert (finding.rule, finding.level, finding.where) == ("limits.image-count", "MUST", "body")
        assert "fewer than 3600 images" in finding.message

    def test_gemini_1_0_takes_sixteen(self) -> None:
        part = {"file_data": {"mime_type": "image/png", "file_uri": "files/a"}}
        found = lint_request(contents(*[part] * 17), model="gemini-1.0-pro-vision")
        assert rules_of(found) == ["limits.image-count-1-0"]

    def test_a_large_body_goes_to_the_files_api(self) -> None:
        body = contents(inline(tiny()), {"text": "x" * (20 * 1024 * 1024)})
        (finding,) = lint_request(body)
        assert (finding.rule, finding.level) == ("limits.inline-request", "MUST")
        assert "upload the images with the Files API" in finding.message

    def test_the_size_is_that_of_the_utf_8(self) -> None:
        body = contents(inline(tiny()), {"text": "é" * (10 * 1024 * 1024)})
        assert len(json.dumps(body, ensure_ascii=False)) < 20 * 1024 * 1024
        assert rules_of(lint_request(body)) == ["limits.inline-request"]
        assert lint_request(contents(inline(tiny()), {"text": "é" * (6 * 1024 * 1024)})) == []

    def test_a_large_image_alone_goes_to_the_files_api(self) -> None:
        large = encode(Image.new("L", (3, 2))) + bytes(15 * 1024 * 1024)
        (finding,) = lint_image(large)
        assert (finding.rule, finding.level, finding.where) == ("advice.files-api", "SHOULD", "image")
        assert finding.message.endswith(" as base64, prompt not counted: upload it with the Files API")
        assert rules_of(lint_image(large[: 15 * 1024 * 1024 + 1])) == ["advice.files-api"]
        just_fits = large[: 15 * 1024 * 1024]  # 20 MiB of base64
        assert lint_image(just_fits) == []

    def test_somebody_else_may_look_at_the_images(self) -> None:
        asked: list[tuple[bytes, dict[str, Any]]] = []

        def look(data: bytes, **how: Any) -> list[Finding]:
            asked.append((data, how))
            return [Finding("x.y", "MAY", "as before", how["where"])]

        other = base64.b64decode(tiny(9))
        parts = [
            inline(tiny()),
            inline(tiny()),
            {"file_data": {"mime_type": "image/png", "file_uri": "files/a"}},
        ]
        body = {**contents(*parts, inline(tiny(9))), "generation_config": {"media_resolution": "LOW"}}
        found = lint_request(body, model="gemini-2.5-flash", basis="documented", look=look)
        assert rules_of(found) == ["x.y", "advice.files-api", "x.y"]
        assert [data for data, _ in asked] == [base64.b64decode(tiny()), other]
        assert asked[1][1] == {
            "where": "contents[0].parts[3].inline_data",
            "mime_type": "image/png",
            "model": "gemini-2.5-flash",
            "resolution": "LOW",
            "basis": "documented",
        }

    def test_the_same_image_twice_is_judged_once(self) -> None:
        found = lint_request(
            contents(inline(tiny(), "image/jpeg"), inline(tiny(), "image/jpeg"), {"text": "?"})
        )
        assert rules_of(found) == ["media.declared-matches", "advice.files-api"]
        assert "contents[0].parts[0].inline_data" in found[1].message

    @pytest.mark.parametrize(
        ("uri", "mime_type", "model", "rules"),
        [
            ("https://example.com/a.png", "image/png", "gemini-2.5-flash", []),
            ("https://example.com/a.bmp", "image/bmp", "gemini-2.5-flash", []),
            ("https://example.com/a.heic", "image/heic", "gemini-2.5-flash", ["limits.url-input-type"]),
            ("https://example.com/a.jpg", "image/jpg", "gemini-2.5-flash", ["media.declared-type"]),
            ("https://example.com/a.png", "image/png", "gemini-2.0-flash", ["limits.url-input-family"]),
            ("https://example.com/a.png", None, "gemini-2.5-flash", []),
            ("gs://bucket/a.heic", "image/heic", "gemini-2.0-flash", []),
            (
                "https://generativelanguage.googleapis.com/v1beta/files/a",
                "image/heic",
                "gemini-2.0-flash",
                [],
            ),
            (
                "https://generativelanguage.googleapis.com/v1beta/files/a",
                "image/bmp",
                None,
                ["media.declared-type"],
            ),
            ("http://[", "image/heic", "gemini-2.0-flash", []),
        ],
    )
    def test_images_by_reference(
        self, uri: str, mime_type: str | None, model: str | None, rules: list[str]
    ) -> None:
        image = {"type": "image", "uri": uri, "mime_type": mime_type}
        assert (
            rules_of(lint_request({"model": model, "input": [{"type": "text", "text": "?"}, image]})) == rules
        )

    def test_a_resolution_decides_how_tokens_are_counted(self) -> None:
        data = base64.b64encode(encode(Image.new("L", (385, 385)))).decode()
        body = contents(inline(data)) | {"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"}}
        assert lint_request(body, model="gemini-2.5-flash") == []
        del body["generationConfig"]
        assert rules_of(lint_request(body, model="gemini-2.5-flash")) == ["advice.tile-boundary"]
        body["contents"][0]["parts"][0]["mediaResolution"] = {"level": "MEDIA_RESOLUTION_LOW"}
        assert lint_request(body, model="gemini-2.5-flash") == []

    @pytest.mark.parametrize("strange", [["low"], {"level": "low"}, 7])
    def test_a_resolution_of_another_kind_is_passed_over(self, strange: Any) -> None:
        data = base64.b64encode(encode(Image.new("L", (385, 385)))).decode()
        body = contents(inline(data)) | {"generationConfig": {"mediaResolution": strange}, "model": strange}
        assert rules_of(lint_request(body)) == ["advice.tile-boundary"]

    def test_what_is_no_image_is_not_judged_as_one(self) -> None:
        pdf = {"inline_data": {"mime_type": "application/pdf", "data": "JVBERi0="}}
        audio = {"type": "audio", "data": "////", "mime_type": "audio/mp3"}
        assert lint_request(contents(pdf, {"text": "Summarise."})) == []
        assert lint_request({"input": [audio, {"type": "text", "text": "?"}]}) == []

    def test_a_bare_name_is_an_image_with_a_bad_name(self) -> None:
        found = lint_request(contents(inline(tiny(), "png")))
        assert rules_of(found) == ["media.declared-type"]

    def test_inline_data_without_a_type_is_judged_by_content(self) -> None:
        assert lint_request(contents({"inline_data": {"data": tiny()}})) == []
        assert rules_of(lint_request(contents({"inline_data": {"data": "R0lGODlhAQABAA=="}}))) == [
            "media.refused-by-name"
        ]

    @pytest.mark.parametrize(
        ("body", "found"),
        [
            ({}, r"only \[\]"),
            ({"prompt": "hi", "model": "x"}, r"only \['model', 'prompt'\]"),
            ({"input": "hi", "contents": []}, "both"),
        ],
    )
    def test_what_is_no_request_is_said_to_be_none(self, body: dict[str, Any], found: str) -> None:
        with pytest.raises(
            InvalidInput, match=rf"either 'input' \(interactions\) or 'contents'.*this has {found}"
        ):
            lint_request(body)


KEYS = [
    *("parts", "role", "text", "inlineData", "inline_data", "data", "mime_type", "mimeType", "fileData"),
    *("file_uri", "type", "content", "uri", "resolution", "mediaResolution", "media_resolution", "level"),
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner | st.sampled_from(["image", "text", "image/png", "user_input", "http://[", "-__-", "a/b"]),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@pytest.mark.prop
class TestAnyRequest:
    """No body makes the linter raise, and every finding names a rule with its level."""

    @given(st.sampled_from(["input", "contents"]), json_values, json_values)
    def test_any_json(self, key: str, value: Any, config: Any) -> None:
        rules = spec.rules()
        for finding in lint_request({key: value, "model": config, "generationConfig": config}):
            assert rules[finding.rule].level == finding.level
            assert finding.where
            assert "[rule" not in finding.message

    @given(st.binary(max_size=60))
    def test_any_bytes(self, data: bytes) -> None:
        assert all(finding.message for finding in lint_image(data, mime_type="image/png"))
