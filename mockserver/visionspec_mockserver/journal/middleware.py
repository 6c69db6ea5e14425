"""Makes the records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visionspec_mockserver.journal import MOCK, RECEIVE, RECORD
from visionspec_mockserver.journal.record import Record

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

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
        record = scope[RECORD] = Record(scope, receive, send, mock)
        mock.journal.under_way += 1
        try:
            await self._app(scope, record.receive, record.send)
        finally:
            record.leave()
            mock.journal.under_way -= 1
