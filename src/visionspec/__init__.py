"""The documented rules of Gemini image understanding, as pure functions, models and a client.

Names are imported when they are first used, so ``import visionspec`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visionspec.client import AsyncClient, Client
    from visionspec.errors import (
        APIError,
        CorruptMedia,
        InvalidAnswer,
        InvalidBox,
        InvalidInput,
        InvalidMask,
        InvalidMedia,
        InvalidModel,
        InvalidResolution,
        InvalidSize,
        LimitExceeded,
        MissingExtra,
        SpecError,
        TransportError,
        TruncatedMedia,
        UnsupportedMedia,
        UploadError,
        VisionSpecError,
    )
    from visionspec.rules.answers import Answer, Item, Rejected, decode_answer
    from visionspec.rules.boxes import NormBox, PixelBox, to_norm, to_pixels
    from visionspec.rules.masks import Mask
    from visionspec.rules.media import ImageInfo, read_info, sniff
    from visionspec.rules.tokens import TokenEstimate, image_tokens

_HOMES = {
    "visionspec.client": ("AsyncClient", "Client"),
    "visionspec.errors": (
        "APIError",
        "CorruptMedia",
        "InvalidAnswer",
        "InvalidBox",
        "InvalidInput",
        "InvalidMask",
        "InvalidMedia",
        "InvalidModel",
        "InvalidResolution",
        "InvalidSize",
        "LimitExceeded",
        "MissingExtra",
        "SpecError",
        "TransportError",
        "TruncatedMedia",
        "UnsupportedMedia",
        "UploadError",
        "VisionSpecError",
    ),
    "visionspec.rules.answers": ("Answer", "Item", "Rejected", "decode_answer"),
    "visionspec.rules.boxes": ("NormBox", "PixelBox", "to_norm", "to_pixels"),
    "visionspec.rules.masks": ("Mask",),
    "visionspec.rules.media": ("ImageInfo", "read_info", "sniff"),
    "visionspec.rules.tokens": ("TokenEstimate", "image_tokens"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022, PLE0604 - derived, so that a name has one place
    *sorted(_HOME_OF)
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'visionspec' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
