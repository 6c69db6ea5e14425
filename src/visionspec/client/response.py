"""What comes back from a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; names of headers are in lower case. ``raw`` is the driver's own, for a ``stream``."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    raw: Any = None
