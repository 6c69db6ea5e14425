"""What errors say and carry, word for word, where no other test does: the sentence, the rule, what was given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from visionspec import decode_answer
from visionspec.errors import InvalidInput, InvalidSize
from visionspec.rules import advice, conduct, grids, limits, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from visionspec.rules.masks import Mask

NAN = float("nan")
IMAGE = {"inlineData": {"mimeType": "image/png", "data": ""}}
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
            lambda: advice.lint_request(NO_JSON, dialect="generateContent"),
            InvalidInput,
            "the body is no JSON: Object of type set is not JSON serializable",
            NO_JSON,
        ),
    ],
)
def test_an_error(call: Callable[[], object], error: type[InvalidInput], said: str, given: object) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == said
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
