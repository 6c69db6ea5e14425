"""What a server can be told when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from visionspec.rules.limits import MAX_INLINE_REQUEST_BYTES

Basis: TypeAlias = Literal["documented", "observed"]
UrlMap: TypeAlias = Mapping[str, Path | bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything about a server that does not change while it runs.

    Attributes:
        api_keys: the keys that are let in; none: any key is, but there has to be one.
        basis: how image tokens are counted; None is the default of the model's family.
        url_map: what stands behind an ``https://`` image URI: a file, or its bytes.
        seed: makes ids and times repeat from run to run that begins with an empty store; None: they never do.
        lenient: unknown fields, and values that an enum does not have, are dropped with a warning in the log
            instead of refused.
        max_body_bytes: the largest JSON body that is read; more is refused.
        store: the directory in which files and interactions are kept; None: in memory.
        background_s: how long a background interaction stays in progress, by the server's clock.
        continuation_tokens: a longer answer of an interaction ends in ``requires_continuation``; None: never.
        processing_s: how long an uploaded file stays ``PROCESSING``, by the server's clock.
        journal_bytes: how much memory the request log may take; the oldest requests make room.
        keep_pixels: whether the log keeps the images that come, and not only thumbnails.
        scripts: files of scripts, and scripts as mappings: answers that are given instead of the stand-in's.
        strict: a question that no script matches is refused.
        faults: failures on purpose, as mappings.
    """

    api_keys: tuple[str, ...] = ()
    basis: Basis | None = None
    url_map: UrlMap = field(default_factory=dict)
    seed: int | None = None
    lenient: bool = False
    max_body_bytes: int = MAX_INLINE_REQUEST_BYTES
    store: Path | None = None
    background_s: float = 0.5
    continuation_tokens: int | None = None
    processing_s: float = 0.0
    journal_bytes: int = 24 * 1024 * 1024
    keep_pixels: bool = False
    scripts: Sequence[Path | str | Mapping[str, Any]] = ()
    strict: bool = False
    faults: Sequence[Mapping[str, Any]] = ()
