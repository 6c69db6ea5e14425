"""Where a server takes the time and its ids from: given from outside, so that a run can be repeated."""

from __future__ import annotations

import binascii
import random
import string
from datetime import UTC, datetime, timedelta
from typing import Protocol

_STEP_S = 0.1
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Clock(Protocol):
    """The time by which files expire and background work ends."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once."""
        ...


class SystemClock:
    """The machine's clock, which can be put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The machine's time and what it was put forward by."""
        return datetime.now(UTC) + self._ahead

    def advance(self, seconds: float) -> None:
        """Put it forward."""
        self._ahead += timedelta(seconds=seconds)

    def rewind(self) -> None:
        """Back to the machine's time."""
        self._ahead = timedelta()


class ManualClock:
    """A clock that stands still until it is told."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        """Where it stands."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Put it forward."""
        self._now += timedelta(seconds=seconds)


class SteppingClock(ManualClock):
    """A clock that moves on whenever it is asked, and only then.

    So the same questions meet the same times in every run, and who waits by asking sees what he waits for.
    """

    def now(self) -> datetime:
        """Where it stands, a tenth of a second after the last time."""
        self.advance(_STEP_S)
        return super().now()


class Ids:
    """Names for new things; with a seed the same ones in every run."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - names, no secrets; without a seed the system gives one

    def file_id(self) -> str:
        """Twelve of ``[a-z0-9]``: a dash would end the id in the eyes of Python's SDK."""
        return "".join(self._random.choices(string.ascii_lowercase + string.digits, k=12))

    def interaction_id(self) -> str:
        """``v1_`` and URL-safe base64, as observed."""
        return "v1_" + self._token(24)

    def upload_id(self) -> str:
        """What makes an upload's URL hard to guess."""
        return self._token(48)

    def response_id(self) -> str:
        """The id of one answer of generateContent."""
        return self._token(16).rstrip("=")

    def call_id(self) -> str:
        """The id of one function call."""
        return self._token(6)

    def _token(self, size_bytes: int) -> str:
        # what random.randbytes and base64.urlsafe_b64encode do: their detours show in every answer's time
        token = self._random.getrandbits(8 * size_bytes).to_bytes(size_bytes, "little")
        return binascii.b2a_base64(token, newline=False).translate(_URL_SAFE).decode("ascii")
