"""Whatever is given to a function of the rules: a result, or an error of ours."""

from __future__ import annotations

import base64
import importlib
import io
import pkgutil
from contextlib import suppress
from math import inf, nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import visionspec.rules
from visionspec import _registry, errors
from visionspec.errors import VisionSpecError
from visionspec.rules import (
    advice,
    answers,
    boxes,
    conduct,
    grids,
    limits,
    masks,
    media,
    names,
    requests,
    sharpness,
    tokens,
    tokens_array,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("L", (2, 2), 255).save(out, "PNG")
    return out.getvalue()


PNG = _png()
MASK = base64.b64encode(PNG).decode()
SIZE = {"width_px": 40, "height_px": 30}
MODEL = {"model": "gemini-3-flash-preview", "resolution": "low"}
BOX = boxes.PixelBox(1, 2, 30, 20)
BODY = {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": MASK}}, {"text": "?"}]}]}

# Every function with arguments that it accepts; the first of two functions of one name says nothing more.
SOUND: dict[Callable[..., Any], dict[str, Any]] = {
    tokens.image_tokens: {**SIZE, **MODEL, "basis": "observed"},
    tokens.plan: {**MODEL, "basis": None},
    tokens.video_frame_tokens: {**SIZE, **MODEL},
    tokens.pdf_page_tokens: {"width_pt": 612, "height_pt": 792, **MODEL},
    tokens.video_tokens: {"duration_s": 6.5, **SIZE, **MODEL, "fps": 1},
    tokens.audio_tokens: {"duration_s": 6.5, "model": "gemini-3-flash-preview"},
    tokens.pdf_modality: {"model": "gemini-3-flash-preview"},
    tokens.family_of: {"model": "gemini-3-flash-preview"},
    tokens.check_resolution: {"family": "3", "level": "low", "scope": "part"},
    tokens_array.image_tokens_array: {
        "widths_px": np.array([40]),
        "heights_px": np.array([30]),
        **MODEL,
        "basis": "observed",
    },
    grids.check_size: SIZE,
    grids.tile_grid: {**SIZE, "reading": "ceil"},
    grids.patch_grid: {**SIZE, "budget": 70},
    boxes.to_pixels: {"box": [1, 2, 30, 20], **SIZE},
    boxes.to_pixels_float: {"box": [1, 2, 30, 20], **SIZE},
    boxes.to_norm: {"box": [1, 2, 30, 20], **SIZE},
    boxes.point_to_pixels: {"point": [1, 2], **SIZE},
    boxes.polygon_to_pixels: {"polygon": [[1, 2], [3, 4], [5, 9]], **SIZE},
    boxes.in_range: {"box": [1, 2, 30, 20]},
    boxes.sort_corners: {"box": BOX},
    boxes.clip: {"box": BOX, **SIZE},
    boxes.iou: {"a": BOX, "b": BOX},
    boxes.to_displayed: {"box": BOX, "orientation": 6, **SIZE},
    boxes.to_stored: {"box": BOX, "orientation": 6, **SIZE},
    limits.check_image_count: {"count": 1, "model": "gemini-3-flash-preview", "reading": "strict"},
    limits.check_inline_size: {"size_bytes": 1, "reading": "20-mib"},
    limits.check_pdf: {"size_bytes": 1, "pages": 1},
    limits.check_url_input: {"size_bytes": 1, "model": "gemini-3-flash-preview", "mime_type": "image/png"},
    limits.check_file_size: {"size_bytes": 1},
    limits.check_project_size: {"size_bytes": 1},
    limits.expiration_s: {"created_s": 1.5},
    limits.page_size: {"requested": 1},
    conduct.least_wait_s: {"failures": 2, "told_s": 1.5},
    limits.check_file_id: {"file_id": "a-1"},
    limits.check_display_name: {"name": "a photo"},
    media.sniff: {"data": PNG},
    media.read_info: {"data": PNG},
    media.check_declared: {"mime_type": "image/png"},
    media.check_matches: {"declared": "image/png", "data": PNG},
    media.decode_base64: {"text": "AAAA"},
    names.safe_name: {"label": "cat"},
    masks.decode_mask: {"value": MASK, "box": BOX, **SIZE, "threshold": 127},
    masks.check_threshold: {"threshold": 127},
    answers.decode_answer: {"text": "[]", **SIZE, "threshold": 127, "reversed_corners": "sort"},
    advice.lint_image: {"data": PNG, "where": "x", "mime_type": "image/png", **MODEL, "basis": "observed"},
    advice.lint_request: {
        "body": BODY,
        "dialect": "generateContent",
        "model": "gemini-2.5-flash",
        "basis": "observed",
        "size_bytes": 1,
    },
    advice.cheaper_size: {
        "width_px": 769,
        "height_px": 769,
        "within_px": 2,
        "model": "gemini-2.5-flash",
        "basis": None,
    },
    requests.detect_dialect: {"body": BODY},
    sharpness.sharpness: {"data": PNG},
}
# These take what other functions of ours have made, and no value from outside.
OF_OURS = {advice.check_text_order, masks.Budget.spend}

HOSTILE: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1 << 53,
    10**400,
    -(10**400),
    0.5,
    nan,
    inf,
    -inf,
    1e308,
    5e-324,
    1j,
    "",
    "x",
    "10",
    "\ud800",
    "\0" * 100,
    b"",
    b"\xff\xd8\xff",
    [],
    [None],
    [nan, inf, True, 1],
    [1, 2, 3],
    [10**400, -(10**400), 10**400, 10**400],
    [0.5, 0, 7.5, 9],
    [9, 9, 3, 3],
    [5, 5, 5, 9],
    [-9, -9, -1, -1],
    (-(1 << 60), 0, 1 << 60, 9),
    [[1, 2]] * 3,
    ["1", "2", "3", "4"],
    (),
    {},
    {"a": []},
    {"contents": 1},
    {"input": [[{"type": []}], None]},
    {1: 2, "contents": {}},
    {1, 2},
    object(),
    np.int64(7),
    np.array([1.5]),
    np.array([], np.int64),
    np.array([[0, -1]]),
    np.array(["x"]),
    int,
]


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def _public_functions() -> Iterator[str]:
    """The registered functions that anyone may call."""
    for module in pkgutil.walk_packages(visionspec.rules.__path__, "visionspec.rules."):
        importlib.import_module(module.name)
    for registered in _registry.functions().values():
        for name in registered:
            if name.startswith("visionspec.rules.") and "._" not in name:
                yield name


def _call(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    with suppress(VisionSpecError):
        result = function(**arguments)
        if hasattr(result, "__next__"):
            list(result)


def test_no_registered_function_is_forgotten() -> None:
    assert set(_public_functions()) <= {_name(function) for function in (*SOUND, *OF_OURS)}


@pytest.mark.parametrize("function", SOUND, ids=_name)
def test_sound_arguments_are_accepted(function: Callable[..., Any]) -> None:
    function(**SOUND[function])


@pytest.mark.parametrize("function", SOUND, ids=_name)
def test_one_hostile_argument(function: Callable[..., Any]) -> None:
    for argument in SOUND[function]:
        for value in HOSTILE:
            try:
                _call(function, {**SOUND[function], argument: value})
            except Exception as error:
                error.add_note(f"{argument}={value!r:.80}")
                raise


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.prop
class TestOnlyOurErrors:
    """Whatever arrives in whatever place, a rule answers or refuses in its own words; it never falls over."""

    @pytest.mark.parametrize("function", SOUND, ids=_name)
    @given(data=st.data())
    def test_any_arguments(self, function: Callable[..., Any], data: st.DataObject) -> None:
        sound = SOUND[function]
        hostile = st.sampled_from(HOSTILE) | _json
        _call(function, {name: data.draw(st.just(value) | hostile) for name, value in sound.items()})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: tokens.check_resolution("9", None),
            errors.InvalidModel,
            (
                "'9' names no family whose image tokens are known: 1.0, 1.5, 2.0, 2.5, 3, 4, gemma-4, lyria-3 "
                "[rule tokens.model-unknown]"
            ),
        ),
        (
            lambda: tokens.check_resolution("3", "low", scope="whole"),
            errors.InvalidInput,
            "scope 'whole' is none of part, request [rule tokens.resolution-per-part]",
        ),
        (
            lambda: answers.decode_answer("[]", **SIZE, reversed_corners="drop"),
            errors.InvalidInput,
            "reversed_corners 'drop' is none of sort, reject [rule answers.reversed-corners]",
        ),
        (
            lambda: advice.lint_request(BODY, dialect="rest"),
            errors.InvalidInput,
            "dialect 'rest' is none of interactions, generateContent",
        ),
        (
            lambda: advice.lint_request([1], dialect="generateContent"),
            errors.InvalidInput,
            "the body of a request is a JSON object, not [1]",
        ),
        (
            lambda: advice.lint_request({**BODY, "x": {1}}),
            errors.InvalidInput,
            "the body is no JSON: Object of type set is not JSON serializable",
        ),
        (
            lambda: advice.lint_request(BODY, size_bytes=-1),
            errors.InvalidInput,
            "-1 is no whole number >= 0 [rule limits.inline-request]",
        ),
        (
            lambda: advice.lint_image(PNG, basis="felt"),
            errors.InvalidInput,
            "basis 'felt' is none of documented, observed [rule tokens.basis-default]",
        ),
        (
            lambda: advice.lint_image("x.png"),
            errors.InvalidMedia,
            "an image is given as bytes, not as str",
        ),
        (
            lambda: advice.cheaper_size(769, 769, within_px=769),
            errors.InvalidInput,
            "within 769 px is no integer in 0..768 [rule advice.tile-boundary]",
        ),
        (
            lambda: advice.cheaper_size(769, 769, within_px=-1),
            errors.InvalidInput,
            "within -1 px is no integer in 0..768 [rule advice.tile-boundary]",
        ),
        (
            lambda: media.check_declared(None),
            errors.UnsupportedMedia,
            "Unsupported MIME type: None is no string [rule media.declared-type]",
        ),
        (
            lambda: media.decode_base64(b"AAAA"),
            errors.InvalidMedia,
            "base64 is text, not b'AAAA' [rule media.inline-base64]",
        ),
        (
            lambda: media.sniff(None),
            errors.InvalidMedia,
            "an image is given as bytes, not as NoneType",
        ),
        (
            lambda: masks.decode_mask(MASK, box=(40, 0, 50, 5), **SIZE),
            errors.InvalidBox,
            "box (40, 0, 50, 5) has no whole pixel in 40x30",
        ),
        (
            lambda: masks.decode_mask(MASK, box=(0.0, 0, 5, 5), **SIZE),
            errors.InvalidBox,
            "box (0.0, 0, 5, 5) has no whole pixel in 40x30",
        ),
        (
            lambda: limits.expiration_s(True),  # noqa: FBT003 - which is what must not pass as 1
            errors.InvalidInput,
            "time True is no finite number of seconds [rule limits.file-lifetime]",
        ),
        (
            lambda: names.safe_name(7),
            errors.InvalidInput,
            "label 7 is no string [rule answers.file-names]",
        ),
        (
            lambda: boxes.iou(BOX, (1, 2, 3)),
            errors.InvalidBox,
            "(1, 2, 3) is not 4 finite numbers [rule boxes.not-numbers]",
        ),
        (
            lambda: limits.check_url_input(1, mime_type=["image/png"]),
            errors.UnsupportedMedia,
            (
                "['image/png'] is not fetched from a URL: image/bmp, image/jpeg, image/png, image/webp are "
                "[rule limits.url-input-type]"
            ),
        ),
    ],
)
def test_an_error_says_what_was_expected(call: Callable[[], object], error: type, message: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        call()
    assert type(caught.value) is error
    assert str(caught.value) == message


def test_the_furthest_size_that_is_looked_for() -> None:
    assert advice.cheaper_size(768, 768, within_px=768)[1:3] == (384, 384)
    assert advice.cheaper_size(385, 385, within_px=0) is None


def test_a_buffer_is_as_good_as_bytes() -> None:
    assert media.sniff(bytearray(PNG)) == media.sniff(memoryview(PNG)) == "image/png"
