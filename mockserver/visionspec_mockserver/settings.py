"""What a server can be told when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

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
        seed: makes ids repeat from run to run; None: they never do.
        lenient: unknown fields are dropped with a warning in the log instead of refused.
        max_body_bytes: the largest JSON body that is read; more is refused.
        store: the directory in which files and interactions are kept; None: in memory.
        host: what to listen on.
        port: what to listen on; 0 picks a free one.
        background_s: how long a background interaction stays in progress, by the server's clock.
        continuation_tokens: a longer answer of an interaction ends in ``requires_continuation``; None: never.
        processing_s: how long an uploaded file stays ``PROCESSING``, by the server's clock.
        journal_bytes: how much of the request log is kept.
    """

    api_keys: tuple[str, ...] = ()
    basis: Basis | None = None
    url_map: UrlMap = field(default_factory=dict)
    seed: int | None = None
    lenient: bool = False
    max_body_bytes: int = MAX_INLINE_REQUEST_BYTES
    store: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    background_s: float = 0.5
    continuation_tokens: int | None = None
    processing_s: float = 0.0
    journal_bytes: int = 4 * 1024 * 1024
