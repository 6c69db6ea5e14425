"""How a scripted answer is given, beyond what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visionspec_mockserver.http import ApiFault


@dataclass(frozen=True, slots=True)
class Directions:
    """What a dialect takes from a script instead of working it out.

    Attributes:
        script: the name of the script that answered.
        finish_reason: in the words of generateContent; interactions make a status of it.
        finish_message: goes with it.
        block_reason: why the prompt was blocked; then there is no answer.
        block_message: goes with it.
        safety_ratings: of the candidate, or of a blocked prompt.
        status: of the interaction.
        chunks: the pieces of a stream, each with the seconds to wait before it; empty: as usual.
        fault: what a stream ends in, after its pieces.
        hop_tokens: a longer answer of an interaction ends in ``requires_continuation``.
    """

    script: str
    finish_reason: str | None = None
    finish_message: str | None = None
    block_reason: str | None = None
    block_message: str | None = None
    safety_ratings: tuple[dict[str, Any], ...] = ()
    status: str | None = None
    chunks: tuple[tuple[str, float], ...] = ()
    fault: ApiFault | None = None
    hop_tokens: int | None = None
