"""Makes the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from visionspec_mockserver.journal import ENTER, FACTS, MOCK, RECEIVE
from visionspec_mockserver.journal.record import Record
from visionspec_mockserver.verdict.seen import Seen

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from visionspec_mockserver.core import Mock


class JournalMiddleware:
    """Enters every request of the API once its answer has begun, or cannot begin any more."""

    def __init__(self, app: ASGIApp, mock: Mock) -> None:
        self._app = app
        self._mock = mock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the server that it came to; take down what goes by."""
        mock = self._mock
        scope[MOCK] = mock
        scope[RECEIVE] = receive
        if scope["type"] != "http" or scope["path"].startswith("/_mock"):
            await self._app(scope, receive, send)
            return
        facts: dict[str, Any] = scope.setdefault(FACTS, {})
        record = Record(scope, receive, facts)
        journal = mock.journal
        journal.under_way += 1

        def over(seen: Seen) -> None:
            mock.verdict.saw(seen)
            journal.ends(record, seen)
            mock.metrics.saw(record, seen)

        seen = Seen(scope, record.receive, over)

        def enter(status: int | None) -> None:
            if record.n:
                return
            record.operation = seen.operation
            journal.enter(record, status)
            seen.n = record.n

        scope[ENTER] = enter

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                enter(message["status"])
            record.sends(message)
            seen.answered(message)
            if message["type"] == "http.response.start" and seen.failed:
                await seen.drain()
            if message["type"] == "http.response.body" and not message.get("more_body"):
                seen.end()  # before the client can ask again
            await send(message)

        try:
            await self._app(scope, seen.receive, noting)
        finally:
            enter(None)  # if there was no answer
            seen.end()
            journal.under_way -= 1
