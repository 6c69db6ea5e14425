"""What is done to a client, run by run: the fault plans of the mock server."""

from __future__ import annotations

from typing import Any, NamedTuple

ASKS = ("generateContent", "streamGenerateContent", "countTokens", "interactions.create")


class Plan(NamedTuple):
    """One run of the client.

    Attributes:
        name: what a report calls it.
        faults: as the mock server takes them.
        processing_s: how long an uploaded file is not yet ACTIVE.
    """

    name: str
    faults: tuple[dict[str, Any], ...] = ()
    processing_s: float = 0.0


PLAIN = Plan("no fault")


def _each(**effect: Any) -> tuple[dict[str, Any], ...]:
    """The same to an upload and to every way of asking, each in its turn."""
    return tuple({"operation": [one], **effect} for one in ("upload.chunk", *ASKS))


FAULTS = (
    Plan("a lost reply", _each(lose_reply=True, times=1)),
    Plan("a reset connection", _each(reset="before", times=1)),
    Plan("a broken upload", ({"operation": ["upload.chunk"], "break_upload": 1000, "times": 1},)),
    Plan("503 twice", _each(error={"status": 503}, times=2)),
    Plan("429 with RetryInfo of 1 s", _each(error={"status": 429, "retry_after_s": 1}, times=1)),
    Plan("a file PROCESSING for 1 s", processing_s=1.0),
)
"""What ``--faults`` adds: a run of the client for each."""
