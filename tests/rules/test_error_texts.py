"""What errors say and carry, word for word, where no other test does: the sentence, the rule, what was given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from visionspec import decode_answer
from visionspec.errors import InvalidInput, InvalidSize
from visionspec.rules import advice, conduct, grids, limits, media, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec.rules.masks import Mask

NAN = float("nan")
IMAGE = {"inlineData": {"mimeType": "image/png", "data": ""}}
SUPPORTED = "supported are image/png, image/jpeg, image/webp, image/heic, image/heif"
NO_JSON: dict[str, Any] = {"contents": [{"parts": [IMAGE]}], "labels": {"a set"}}


def mask() -> Mask:
    text = '[{"box_2d": [0, 0, 500, 500], "mask": [[0, 0], [1000, 0], [1000, 1000]]}]'
    (item,) = decode_answer(text, width_px=40, height_px=20).items
    assert item.mask is not None
    return item.mask


@pytest.mark.parametrize(
    ("call", "error", "said", "given"),
    [
        (
            lambda: limits.expiration_s(NAN),
            InvalidInput,
            "time nan is no finite number of seconds [rule limits.file-lifetime]",
            NAN,
        ),
        (
            lambda: mask().to_frame(19, 20),
            InvalidSize,
            "the box (0, 0, 20, 10) does not fit into 19x20 px",
            (19, 20),
        ),
        (
            lambda: names.safe_name(17),  # type: ignore[arg-type] # on purpose
            InvalidInput,
            "label 17 is no string [rule answers.file-names]",
            17,
        ),
        (
            lambda: conduct.least_wait_s(0),
            InvalidInput,
            "0 is no number of failures: 1 or more [rule errors.back-off]",
            0,
        ),
        (
            lambda: conduct.least_wait_s(1, told_s=-2),
            InvalidInput,
            "-2 is no time in seconds [rule errors.back-off]",
            -2,
        ),
        (
            lambda: grids.check_size(np.int64(0), 5),
            InvalidSize,
            "width np.int64(0) is no whole number of pixels in 1..4294967295 [rule tokens.size]",
            np.int64(0),
        ),
        (
            lambda: media.check_declared(17),  # type: ignore[arg-type] # on purpose
            InvalidInput,
            "Unsupported MIME type: 17 is no string [rule media.declared-type]",
            17,
        ),
        (
            lambda: media.check_declared(".JPG"),
            InvalidInput,
            "Unsupported MIME type: .JPG (the registered name is image/jpeg) [rule media.declared-type]",
            ".JPG",
        ),
        (
            lambda: media.check_declared("x" * 80),
            InvalidInput,
            f"Unsupported MIME type: {'x' * 80} ({SUPPORTED}) [rule media.declared-type]",
            "x" * 80,
        ),
        (
            lambda: media.check_declared("x" * 81),
            InvalidInput,
            (f"Unsupported MIME type: '{'x' * 37}...{'x' * 38}' ({SUPPORTED}) [rule media.declared-type]"),
            "x" * 81,
        ),
        (
            lambda: media.check_matches("image/png", b"hello"),
            InvalidInput,
            "declared as image/png, but the content is of no known type [rule media.declared-matches]",
            "image/png",
        ),
        (
            lambda: decode_answer("n" * 90, width_px=4, height_px=4),
            InvalidInput,
            None,
            "n" * 80,
        ),
        (
            lambda: advice.lint_request(NO_JSON, dialect="generateContent"),
            InvalidInput,
            "the body is no JSON: Object of type set is not JSON serializable",
            NO_JSON,
        ),
    ],
)
def test_an_error(
    call: Callable[[], object], error: type[InvalidInput], said: str | None, given: object
) -> None:
    with pytest.raises(error) as caught:
        call()
    assert said in (None, str(caught.value))
    assert caught.value.given is given or caught.value.given == given


def test_sizes_of_numpy_are_held_to_the_same_limits() -> None:
    ends = np.uint64(1), np.uint64(2**32 - 1)
    assert grids.check_size(*ends) == (1, 2**32 - 1)


def test_a_point_outside_says_which() -> None:
    answer = decode_answer('[{"point": [1100, 500]}]', width_px=40, height_px=20)
    (rejected,) = answer.rejected
    assert (rejected.reason, rejected.detail) == ("outside", "point [1100, 500] lies outside of the frame")


def test_a_frame_of_a_mask_is_of_truth_values() -> None:
    assert mask().to_frame(40, 20).dtype == np.bool_


def test_the_body_counts_as_its_most_compact_json() -> None:
    """Neither blanks nor escapes: 20 MiB are reached by one more character, not before."""
    prompt = {"text": "é"}
    body = {"contents": [{"parts": [prompt, IMAGE]}]}
    fill = limits.MAX_INLINE_REQUEST_BYTES - len(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    )
    prompt["text"] += "x" * fill
    over = "limits.inline-request"
    assert over not in {found.rule for found in advice.lint_request(body, dialect="generateContent")}
    prompt["text"] += "x"
    assert over in {found.rule for found in advice.lint_request(body, dialect="generateContent")}


def request(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"contents": [{"parts": list(parts)}]}


def by_reference(uri: str, mime_type: str | None = None) -> dict[str, Any]:
    return request({"file_data": {"file_uri": uri, "mime_type": mime_type}})


FETCHED = "image/bmp, image/jpeg, image/png, image/webp"
AT = "contents[0].parts[0].file_data"


@pytest.mark.parametrize(
    ("body", "model", "expected"),
    [
        (
            request({"text": "data:image/png;base64," + "A" * 1000}),
            None,
            [
                advice.Finding(
                    "advice.base64-in-text",
                    "SHOULD",
                    "a base64 image stands in a text, where it is read as text and costs about a token per 3 bytes",
                    "contents[0].parts[0]",
                )
            ],
        ),
        (
            by_reference("http://example.com/a.heic", "image/heic"),
            "gemini-2.5-flash",
            [
                advice.Finding(
                    "limits.url-input-type",
                    "MUST",
                    f"'image/heic' is not fetched from a URL: {FETCHED} are",
                    AT,
                )
            ],
        ),
        (
            by_reference("https://example.com/a.png", "image/png"),
            "gemini-2.0-flash",
            [
                advice.Finding(
                    "limits.url-input-family",
                    "MUST",
                    "'gemini-2.0-flash': Gemini 2.0 takes no URLs of the web as input",
                    AT,
                )
            ],
        ),
        (by_reference("https://example.com/a.bmp", "image/bmp"), "gemini-2.5-flash", []),
        (by_reference("gs://bucket/a.heic", "image/heic"), "gemini-2.0-flash", []),
        (
            by_reference("https://generativelanguage.googleapis.com/v1beta/files/a", "image/heic"),
            "gemini-2.0-flash",
            [],
        ),
        (by_reference("https://[", "image/png"), "gemini-2.0-flash", []),
        (
            request(
                {"text": "What is this?"},
                {"file_data": {"file_uri": "files/a", "mime_type": "image/png"}},
                {"text": "And this?"},
            ),
            None,
            [],
        ),
        (
            request(
                {"text": "What is this?"}, {"file_data": {"file_uri": "files/a", "mime_type": "image/png"}}
            ),
            None,
            [
                advice.Finding(
                    "advice.text-order",
                    "SHOULD",
                    "the prompt stands before the single image; for generateContent it is advised to stand after it",
                    "contents[0]",
                )
            ],
        ),
        (
            {"input": [{"type": "image", "uri": "files/a"}, {"type": "text", "text": "What is this?"}]},
            None,
            [
                advice.Finding(
                    "advice.text-order",
                    "SHOULD",
                    "the prompt stands after the single image; for interactions it is advised to stand before it",
                    "input",
                )
            ],
        ),
    ],
)
def test_a_finding(body: dict[str, Any], model: str | None, expected: list[advice.Finding]) -> None:
    assert advice.lint_request(body, model=model) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[{box_2d: [1, 2, 3, 4]}]", "not JSON at character 2: 'box_2d: [1, 2, 3, 4]}]'"),
        (
            "[{'box_2d': 1}]",
            "not JSON at character 2: \"'box_2d': 1}]\"; strings in JSON stand in double quotes",
        ),
    ],
)
def test_an_answer_that_cannot_be_read(text: str, why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_answer(text, width_px=4, height_px=4)
    said = f"{text!r} holds no item that could be read: {why} [rule answers.no-answer]"
    assert (str(caught.value), caught.value.given) == (said, text)
