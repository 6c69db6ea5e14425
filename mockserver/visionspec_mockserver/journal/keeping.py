"""The last records, in at most so many bytes."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from visionspec_mockserver.journal.images import Images
from visionspec_mockserver.journal.record import Record
from visionspec_mockserver.journal.short import is_small, short_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BODIES_BYTES = 8 * 1024 * 1024
_BODIES = 2000
_BODY_BYTES = 1000  # of what a parsed body is made of, beside its characters
_PACKED_BYTES = 100  # beside its characters
_SLOW_BYTES = 256 * 1024  # from here on making a body short keeps others waiting, unless it is all images
_IMAGES_SHARE = 4  # of the limit is for images; where they are kept as they came, half of it is
_BEHIND = 4  # so many times more bodies may wait for who has asked to look into each of them


@dataclass
class _State:
    """One generation of requests, from reset to reset.

    All that are kept are in ``records``, their numbers without a gap; which of them are still to be made short
    is in ``bodies`` and ``slow``.
    """

    images: Images
    records: deque[Record | bytes] = field(default_factory=deque)
    unread: deque[int] = field(default_factory=deque)
    bodies: deque[Record] = field(default_factory=deque)
    slow: deque[Record] = field(default_factory=deque)
    size_bytes: int = 0
    bodies_bytes: int = 0
    count: int = 0
    missed: int = 0

    @property
    def first(self) -> int:
        """The number of the oldest."""
        return self.count - len(self.records) + 1

    def take(self, record: Record) -> None:
        """Give it the next number."""
        self.count = record.n = self.count + 1
        record.kept = True
        self.records.append(record)


class Journal:
    """The last requests, oldest first. Safe to use from any thread.

    What has ended is packed without the images in its body: those are held once each, and in the end as
    thumbnails. A long body without images that could be read stays as it is until there are too many.

    Args:
        limit_bytes: how much memory they may take, about; the oldest make room.
        keep_pixels: whether the images are kept, and not only their thumbnails.
        tally: who counts every request that has ended.
    """

    def __init__(
        self,
        limit_bytes: int,
        *,
        keep_pixels: bool = False,
        tally: Callable[[Record], object] = bool,
    ) -> None:
        self._tally = tally
        self._limit_bytes = limit_bytes
        self.keep_pixels = keep_pixels
        self._bodies_bytes = min(_BODIES_BYTES, limit_bytes // 4)
        self._lock = threading.Lock()
        self._working = threading.Lock()
        self._state = self._fresh()
        self.under_way = 0
        self.reader: Callable[[], object] | None = None
        """Who wants to look into every body, and does so with `unread`, before it is let go of."""

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
    def missed(self) -> int:
        """How many made room before they were taken from `unread`."""
        return self._state.missed

    @property
    def images(self) -> Images:
        """What there is of the images."""
        return self._state.images

    def records(self) -> tuple[list[Record], int]:
        """Those that are kept, oldest first, and how many are no longer."""
        with self._lock:
            records, dropped = list(self._state.records), self._state.first - 1
        return [_opened(one) for one in records], dropped

    def find(self, n: int) -> Record | None:
        """The one with this number."""
        with self._lock:
            state = self._state
            return _opened(state.records[n - state.first]) if state.first <= n <= state.count else None

    def unread(self) -> Iterator[Record]:
        """Those that have ended and were not given out here before, in the order in which they ended."""
        state = self._state
        while True:
            with self._lock:
                if not state.unread:
                    return
                at = state.unread.popleft() - state.first
                record = _opened(state.records[at]) if at >= 0 else None
                state.missed += record is None
            if record is not None:
                yield record

    def enter(self, record: Record) -> None:
        """Enter a request the body of whose answer begins."""
        with self._lock:
            self._state.take(record)

    def ends(self, record: Record) -> None:
        """Its answer has ended, or never will begin."""
        work: object = None
        with self._lock:
            self._tally(record)
            state = self._state
            if not record.n:
                state.take(record)
            elif not record.kept:
                return
            state.unread.append(record.n)
            if record.facts.get("images") or (record.body is not None and not record.asked):
                work = self._has_long(state, record)
            else:
                _pack(state, record)
            if state.size_bytes + state.images.size_bytes > self._limit_bytes:
                self._drop(state)
        if work and not self._working.locked():
            threading.Thread(target=self._work, args=(state,), name="visionspec-journal").start()

    def _has_long(self, state: _State, record: Record) -> object:
        """Make room for a body, or for images; whether there is work for a thread."""
        if pictures := record.facts.get("images"):
            record.facts["images"] = [state.images.hold(one) for one in pictures]
        if record.body is None or (pictures and is_small(record.body)):
            _shorten(record)
            _pack(state, record)
        else:
            record.cost_bytes = record.light_bytes + record.asked_bytes + _BODY_BYTES
            state.size_bytes += record.cost_bytes
            state.bodies.append(record)
            state.bodies_bytes += record.asked_bytes
        behind = _BEHIND if self.reader else 1
        if state.bodies_bytes > self._bodies_bytes * behind or len(state.bodies) > _BODIES * behind:
            self._let_go(state)
        return state.slow or state.images.due or (self.reader and state.bodies_bytes > self._bodies_bytes)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            for record in self._state.records:
                if isinstance(record, Record):
                    record.kept = False
            self._state = self._fresh()

    def _let_go(self, state: _State) -> None:
        """Let go of the oldest bodies, but never of the last one."""
        while len(state.bodies) > 1 and (
            state.bodies_bytes > self._bodies_bytes or len(state.bodies) > _BODIES
        ):
            record = state.bodies.popleft()
            state.bodies_bytes -= record.asked_bytes
            if not record.kept:
                continue
            images_bytes = sum([one["size_bytes"] for one in record.images]) * 4 // 3
            if record.asked_bytes - images_bytes > _SLOW_BYTES:
                state.slow.append(record)
            else:
                _shorten(record)
                _pack(state, record)

    def _drop(self, state: _State) -> None:
        """Let go of the oldest."""
        while state.records and state.size_bytes + state.images.size_bytes > self._limit_bytes:
            oldest = state.records.popleft()
            if isinstance(oldest, bytes):
                state.size_bytes -= len(oldest) + _PACKED_BYTES
            else:
                oldest.kept, oldest.body, oldest.facts = False, None, {}  # it may still stand in a queue
                state.size_bytes -= oldest.cost_bytes
        while state.unread and state.unread[0] < state.first:
            state.unread.popleft()
            state.missed += 1

    def _work(self, state: _State) -> None:
        """What takes time, in a thread."""
        with self._working:
            if self.reader:
                self.reader()
                with self._lock:
                    self._let_go(state)
            while state.slow:
                record = state.slow.popleft()
                _shorten(record)
                with self._lock:
                    _pack(state, record)
            state.images.shrink()


def _opened(record: Record | bytes) -> Record:
    return Record.unpacked(record) if isinstance(record, bytes) else record


def _shorten(record: Record) -> None:
    if record.body is not None:
        record.short = short_json(record.body)
        record.let_go = True
        record.body, record.asked = None, b""  # in this order: others are reading


def _pack(state: _State, record: Record) -> None:
    if not record.kept:
        return
    packed = record.packed()
    state.size_bytes -= record.cost_bytes
    if packed is None:
        record.let_go, record.body = True, None
        record.cost_bytes = record.light_bytes
        state.size_bytes += record.cost_bytes
    else:
        state.records[record.n - state.first] = packed
        state.size_bytes += len(packed) + _PACKED_BYTES
