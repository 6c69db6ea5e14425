"""The last records, in at most so many bytes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from visionspec_mockserver.journal.bodies import short_json
from visionspec_mockserver.journal.images import Images
from visionspec_mockserver.journal.record import HEAD_BYTES

if TYPE_CHECKING:
    from visionspec_mockserver.journal.record import Record
    from visionspec_mockserver.verdict.seen import Seen

_LONG_BYTES = 16 * 1024 * 1024
_IMAGES_SHARE = (
    4  # of the limit is for thumbnails; where the images themselves are kept, half of it is for both
)


@dataclass
class _State:
    """One generation of requests, from reset to reset."""

    images: Images
    records: deque[Record] = field(default_factory=deque)
    long: deque[tuple[Record, int]] = field(default_factory=deque)
    size_bytes: int = 0
    long_bytes: int = 0
    count: int = 0


class Journal:
    """The last requests, oldest first. Safe to use from any thread.

    Args:
        limit_bytes: how much memory they may take, about; the oldest make room.
        keep_pixels: whether the images are kept, and not only their thumbnails.
    """

    def __init__(self, limit_bytes: int, *, keep_pixels: bool = False) -> None:
        self._limit_bytes = limit_bytes
        self.keep_pixels = keep_pixels
        self._lock = threading.Lock()
        self._shortening = threading.Lock()
        self._state = self._fresh()
        self.under_way = 0

    def _fresh(self) -> _State:
        share = 2 if self.keep_pixels else _IMAGES_SHARE
        return _State(Images(self._limit_bytes // share, keep_pixels=self.keep_pixels))

    @property
    def count(self) -> int:
        """How many requests have come, those that are kept no longer included."""
        return self._state.count

    @property
    def size_bytes(self) -> int:
        """The memory that all of it takes, about."""
        return self._state.size_bytes + self._state.images.size_bytes

    @property
    def images(self) -> Images:
        """The thumbnails."""
        return self._state.images

    def records(self) -> tuple[list[Record], int]:
        """Those that are kept, oldest first, and how many are no longer."""
        with self._lock:
            records = list(self._state.records)
            return records, self._state.count - len(records)

    def find(self, n: int) -> Record | None:
        """The one with this number."""
        return next((one for one in self.records()[0] if one.n == n), None)

    def enter(self, record: Record, status: int | None) -> None:
        """Enter a request whose answer begins, or never will."""
        record.begins(status)
        with self._lock:
            state = self._state
            state.count += 1
            record.n = state.count
            record.kept = True
            state.records.append(record)

    def ends(self, record: Record, seen: Seen) -> None:
        """Its answer has ended; the oldest make room for it."""
        record.ends(seen)
        state = self._state
        long_bytes = record.long_bytes
        if long_bytes > HEAD_BYTES:
            record.facts["images"] = [state.images.known(one) for one in record.pictures]
            long_bytes = record.long_bytes
        with self._lock:
            if not record.kept:
                return
            self._weigh(state, record, record.light_bytes + long_bytes)
            if long_bytes > HEAD_BYTES:
                state.long.append((record, long_bytes))
                state.long_bytes += long_bytes
        if state.long_bytes > min(_LONG_BYTES, self._limit_bytes // 4) and not self._shortening.locked():
            threading.Thread(target=self._shorten, args=(state,), name="visionspec-journal").start()

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            for record in self._state.records:
                record.kept = False
            self._state = self._fresh()

    def _weigh(self, state: _State, record: Record, cost_bytes: int) -> None:
        """Count what it takes now, and let the oldest go."""
        state.size_bytes += cost_bytes - record.cost_bytes
        record.cost_bytes = cost_bytes
        while state.records and state.size_bytes + state.images.size_bytes > self._limit_bytes:
            oldest = state.records.popleft()
            oldest.kept = False
            state.size_bytes -= oldest.cost_bytes
            oldest.body, oldest.facts = None, {}  # it may still wait to be made short

    def _shorten(self, state: _State) -> None:
        with self._shortening:
            while state.long:
                record, long_bytes = state.long.popleft()
                body, pictures = record.body, record.pictures
                short = None if body is None else short_json(body)
                for one in pictures:
                    if not isinstance(one, dict):
                        state.images.put(one)
                with self._lock:
                    state.long_bytes -= long_bytes
                    if record.kept:
                        record.short, record.body = short, None
                        record.facts["images"] = [
                            one if isinstance(one, dict) else one.facts() for one in pictures
                        ]
                        self._weigh(state, record, record.light_bytes + record.long_bytes)
