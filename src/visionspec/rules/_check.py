"""What several rules ask of an argument, whatever type it turns out to have."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from visionspec.errors import InvalidInput, show

if TYPE_CHECKING:
    from collections.abc import Collection


def check_word(value: Any, words: Collection[str], what: str, rule_id: str | None) -> None:
    """Check that ``value`` is one of ``words``.

    Raises:
        InvalidInput: if it is another one, or no string.
    """
    if not (isinstance(value, str) and value in words):
        raise InvalidInput(f"{what} {show(value)} is none of {', '.join(words)}", rule=rule_id, given=value)


def is_number(value: object) -> bool:
    """Whether it is an integer or a finite float; a bool is none."""
    return type(value) is int or (isinstance(value, float) and isfinite(value))
