"""Page tokens: opaque to a client, the number of the last row that it saw to us."""

from __future__ import annotations

import base64
import binascii
import re

from visionspec.errors import InvalidInput, show

_PLAIN = re.compile(rb"before:([1-9][0-9]{0,17})")


def make_page_token(last_row: int) -> str:
    """The token of the page that follows ``last_row``."""
    return base64.urlsafe_b64encode(b"before:%d" % last_row).decode("ascii").rstrip("=")


def read_page_token(token: str | None) -> int | None:
    """The row that ``token`` was made of; None for the first page.

    Raises:
        InvalidInput: if it is no token of ours.
    """
    if not token:
        return None
    try:
        match = _PLAIN.fullmatch(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError):
        match = None
    if match is None or make_page_token(int(match[1])) != token:
        raise InvalidInput(
            f"no page token of this service: {show(token)}", rule="files.list-paging", given=token
        )
    return int(match[1])
