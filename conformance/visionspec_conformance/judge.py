"""How a check says what it found: expected against actual, a note, or that it could not be tested.

``Broken`` is a failure that Hypothesis shrinks like any other. ``Untestable`` is none: an unreachable server
does not get any simpler, so `record.Record.watch` takes it past Hypothesis.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from visionspec_conformance.report import Exchange

_SHOWN = 2000  # characters of a value in a report


class Broken(AssertionError):
    """The rule was broken.

    Attributes:
        expected: what the rule demands, in words or as a value.
        actual: what was there instead.
        exchanges: what was said, where the check itself knows it better than the target.
    """

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, got {actual}")
        self.expected = expected
        self.actual = actual
        self.exchanges: list[Exchange] = []


class Untestable(Exception):
    """A prerequisite of the check failed: nothing was learnt about its rule."""


def plain(value: object) -> str:
    """A value as a report shows it: JSON where it is JSON, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def broken(expected: str, actual: object) -> NoReturn:
    """Say that the rule was broken; ``actual`` is shown as JSON unless it is a string."""
    __tracebackhide__ = True
    raise Broken(expected, actual if isinstance(actual, str) else plain(actual))


def expect(actual: Any, expected: Any, what: str) -> None:
    """``actual`` must equal ``expected``, of the same JSON type; ``what`` names the value."""
    __tracebackhide__ = True
    if not same(actual, expected):
        broken(f"{what} = {plain(expected)}", f"{what} = {plain(actual)}")


def expect_that(condition: object, expected: str, actual: object) -> None:
    """``condition`` must hold; ``expected`` says in words what it is."""
    __tracebackhide__ = True
    if not condition:
        broken(expected, actual)


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values: ``1`` equals ``1.0``, but ``true`` is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def holds(actual: Any, expected: Any) -> bool:
    """`same`, but an object may have more keys than were expected of it."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        return all(key in actual and same(actual[key], value) for key, value in expected.items())
    return same(actual, expected)
