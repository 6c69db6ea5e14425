"""JSON without what is long in it: images first of all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pydantic_core

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT_BYTES = 64 * 1024
_MAX_TEXT_CHARS = 16 * 1024
_HEAD_CHARS = 1000  # of a text that is too long
_LEAST_DATA_CHARS = 64
_DATA = ("data", "bytesBase64Encoded", "imageBytes", "image_bytes")
_SMALL = 1000  # values
_LEFT_OUT = re.compile("<([0-9]{1,9}) characters of base64>")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{500,}={0,2}")


def shortened(value: Any) -> Any:
    """JSON values without images, and with the head of what else is long."""
    if isinstance(value, dict):
        return {
            name: _data(one) if name in _DATA and isinstance(one, str) else shortened(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [shortened(one) for one in value]
    if isinstance(value, str) and len(value) > _MAX_TEXT_CHARS:
        return f"{value[:_HEAD_CHARS]}... ({len(value)} characters)"
    return value


def refilled(value: Any, data: Callable[[int], str]) -> Any:
    """What was `shortened`, with images again: ``data`` gives the next one that has so many characters."""
    if isinstance(value, dict):
        return {
            name: data(int(found[1]))
            if name in _DATA and isinstance(one, str) and (found := _LEFT_OUT.fullmatch(one))
            else refilled(one, data)
            for name, one in value.items()
        }
    return [refilled(one, data) for one in value] if isinstance(value, list) else value


def is_small(value: Any) -> bool:
    """Whether it takes no time to make JSON values short, however long the strings in them are."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > _SMALL:
            return False
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one[:_SMALL]
    return True


def _data(text: str) -> str:
    if len(text) <= _LEAST_DATA_CHARS:
        return text
    return f"<{len(text)} characters of base64>"


def short_json(value: Any) -> bytes:
    """`shortened` as JSON, of which the end is missing if it is still too long."""
    return pydantic_core.to_json(shortened(value))[:SHORT_BYTES]


def without_base64(text: str) -> str:
    """A text that cannot be read as JSON, for its end is missing."""
    return _BASE64.sub(lambda found: _data(found[0]), text)
