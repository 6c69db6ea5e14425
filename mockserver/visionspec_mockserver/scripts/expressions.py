"""Patterns that end in time: Rust's regular expressions, which pydantic brings along, are linear in the text."""

from __future__ import annotations

import fnmatch
import functools
import re

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

MAX_PATTERN_CHARS = 1_000
MAX_TEXT_CHARS = 20_000
"""So much of a text is searched."""


def check_pattern(pattern: str) -> None:
    """Compile it.

    Raises:
        ValueError: if it is no expression, or one that this engine does not know.
    """
    _compiled(pattern, ignore_case=False)


def found(pattern: str, text: str, *, ignore_case: bool) -> bool:
    """Whether the expression is found anywhere in the text."""
    try:
        _compiled(pattern, ignore_case=ignore_case).validate_python(text[:MAX_TEXT_CHARS])
    except ValidationError:
        return False
    return True


def globbed(glob: str, name: str) -> bool:
    """Whether ``name`` fits a pattern in which * stands for any characters."""
    return bool(_glob(glob).fullmatch(name))


@functools.lru_cache(maxsize=1024)
def _glob(glob: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(glob))


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str, *, ignore_case: bool) -> SchemaValidator:
    whole = f"(?i){pattern}" if ignore_case else pattern
    try:
        return SchemaValidator(core_schema.str_schema(pattern=whole, regex_engine="rust-regex"))
    except SchemaError as error:
        told = re.findall(r"^error: (.+)$|(Compiled regex exceeds.+)$", str(error), re.MULTILINE)
        reason = "".join(told[-1]) if told else "it cannot be compiled"
        raise ValueError(f"regex {pattern[:80]!r}: {reason}") from None
