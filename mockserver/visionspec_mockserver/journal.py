"""The request log: bounded in bytes, without keys and without pixels."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

import pydantic_core

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEY = "visionspec.journal"
_MAX_PATH_CHARS = 400


class Journal:
    """The last requests, oldest first, in at most ``limit_bytes`` of JSON."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._entries: deque[bytes] = deque()
        self._size_bytes = 0
        self.count = 0

    def add(self, entry: dict[str, Any]) -> None:
        """Enter a request; the oldest ones make room."""
        self.count += 1
        line = pydantic_core.to_json({"n": self.count, **entry})
        if len(line) > self._limit_bytes:
            return
        self._entries.append(line)
        self._size_bytes += len(line)
        while self._size_bytes > self._limit_bytes:
            self._size_bytes -= len(self._entries.popleft())

    def clear(self) -> None:
        """Forget all of them."""
        self._entries.clear()
        self._size_bytes = self.count = 0

    def dump(self) -> bytes:
        """``{"requests": [...], "dropped": n}`` as JSON."""
        dropped = self.count - len(self._entries)
        return b'{"requests":[' + b",".join(self._entries) + b'],"dropped":%d}' % dropped


def note(scope: Scope, **facts: Any) -> None:
    """Add what a route knows to the entry of its request."""
    scope.setdefault(_KEY, {}).update(facts)


class JournalMiddleware:
    """Enters every request of the API once its answer has begun."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; note its status and time."""
        if scope["type"] != "http" or scope["path"].startswith("/_mock"):
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        facts: dict[str, Any] = scope.setdefault(_KEY, {})

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry = {
                    "method": scope["method"],
                    "path": scope["path"][:_MAX_PATH_CHARS],
                    "status": message["status"],
                    "ms": round((time.perf_counter() - start) * 1000, 2),
                }
                self._journal.add({**entry, **facts})
            await send(message)

        await self._app(scope, receive, noting)
