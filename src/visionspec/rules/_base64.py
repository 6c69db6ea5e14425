"""Base64 sooner, where pybase64 is installed; nothing here changes a result."""

from __future__ import annotations

import binascii

try:
    from pybase64 import b64decode
except ImportError:
    b64decode = None  # type: ignore[assignment]  # so that it need not be installed


TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def from_base64(text: str | bytes, *, url_safe: bool = False) -> bytes:
    """Decode base64 in the standard or the URL-safe alphabet, padded and with nothing else in it.

    Raises:
        ValueError: if it is anything else.
    """
    if b64decode is not None:
        return b64decode(text, altchars=b"-_" if url_safe else None, validate=True)
    if url_safe:
        text = (text if isinstance(text, bytes) else text.encode("ascii")).translate(TO_STANDARD)
    return binascii.a2b_base64(text, strict_mode=True)
