"""File names from labels. A label is text from outside: it may say ``../../etc/passwd``, or nothing."""

from __future__ import annotations

import re
import unicodedata

from visionspec._registry import rule
from visionspec.errors import InvalidInput, show

MAX_NAME_LENGTH = (
    48  # with an index and an ending still short on every file system, also in four-byte letters
)

_UNSAFE = re.compile(r"[^\w-]+")
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|(?:com|lpt)\d)", re.IGNORECASE
)  # devices on Windows, with any ending


@rule("answers.file-names")
def safe_name(label: str | None) -> str:
    """Make a part of a file name from ``label``: letters and digits of any script, ``_`` and ``-``.

    It has 1 to `MAX_NAME_LENGTH` characters, no dot, no separator, and is no device name; without a letter or
    digit to keep it is "object". Different labels may give the same name, so an index belongs beside it.

    Raises:
        InvalidInput: if the label is neither a string nor None.
    """
    if not isinstance(label, str | None):
        raise InvalidInput(f"label {show(label)} is no string", rule="answers.file-names", given=label)
    normal = unicodedata.normalize("NFKC", (label or "")[: 4 * MAX_NAME_LENGTH])
    name = _UNSAFE.sub("_", normal)[:MAX_NAME_LENGTH].strip("_-")
    return f"{name}_" if _RESERVED.fullmatch(name) else name or "object"
