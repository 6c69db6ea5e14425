"""When two JSON values are the same, and what a check says about two that are not."""

from __future__ import annotations

from typing import Any

import pytest

from visionspec_conformance.judge import Broken, expect, expect_that, holds, plain, same


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ("1", 1, False),
        ([1, [2]], [1, [2.0]], True),
        ([1], [True], False),
        ([1, 2], [1], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": [True]}, {"a": [1]}, False),
        ({}, [], False),
    ],
)
def test_values_are_the_same_if_their_json_is(left: Any, right: Any, equal: bool) -> None:  # noqa: FBT001 - a table
    assert same(left, right) is equal
    assert same(right, left) is equal


def test_an_object_may_have_more_than_was_expected() -> None:
    assert holds({"a": 1, "b": 2}, {"a": 1})
    assert not holds({"a": 1}, {"a": 1, "b": 2})
    assert not holds({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}})  # only the outermost


def test_what_differs_is_shown_as_json() -> None:
    with pytest.raises(Broken) as caught:
        expect({"code": None}, {"code": 5}, "error")
    assert (caught.value.expected, caught.value.actual) == ('error = {"code": 5}', 'error = {"code": null}')
    with pytest.raises(Broken, match="expected less than 3, got 4"):
        expect_that(False, "less than 3", 4)  # noqa: FBT003 - the condition itself


def test_long_values_are_shortened() -> None:
    assert len(plain("x" * 10_000)) < 2100
    assert plain({1, 2}) == "{1, 2}"
