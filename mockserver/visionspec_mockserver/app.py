"""The server as an ASGI application, made of lists of routes."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from visionspec.errors import InvalidInput
from visionspec_mockserver.core import Mock
from visionspec_mockserver.faults.middleware import FaultMiddleware
from visionspec_mockserver.http import VERSIONS, ApiFault, fault_response
from visionspec_mockserver.journal import tell
from visionspec_mockserver.journal.middleware import JournalMiddleware
from visionspec_mockserver.paths import OnePathMiddleware
from visionspec_mockserver.routes import control, files, generate, interactions, models, upload
from visionspec_mockserver.settings import Settings
from visionspec_mockserver.sources import Ids, SteppingClock, SystemClock
from visionspec_mockserver.store.memory import MemoryStore
from visionspec_mockserver.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from visionspec_mockserver.sources import Clock
    from visionspec_mockserver.store.base import Store

ROOMS = (generate, interactions, upload, files, models)  # what is asked for most is found first

# The service answers pages of any origin, and asks for a key that is worth something. Here a page of somebody
# else's would read what lies in the store: those of this machine alone may.
_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"


def create_app(
    settings: Settings | None = None,
    *,
    store: Store | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
) -> Starlette:
    """Make a server. What is not given follows from ``settings``; with a seed the clock repeats itself too."""
    settings = settings or Settings()
    clock = clock or (SystemClock() if settings.seed is None else SteppingClock())
    ids = ids or Ids(settings.seed)
    mock = Mock(settings, store=store or _store(settings, clock), clock=clock, ids=ids)
    app = Starlette(
        routes=[
            *(route for version in VERSIONS for room in ROOMS for route in room.routes(version)),
            *control.routes(),
        ],
        middleware=[
            Middleware(
                _ForPages,
                allow_origin_regex=_PAGES,
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=["*"],  # an upload's URL comes in one
            ),
            Middleware(OnePathMiddleware),
            Middleware(JournalMiddleware, mock=mock),
            Middleware(FaultMiddleware, mock=mock),
        ],
        exception_handlers={
            ApiFault: _fault,
            HTTPException: _http,
            InvalidInput: _invalid,
            ClientDisconnect: _gone,
            Exception: _broken,
        },
        lifespan=_lifespan,
    )
    app.state.mock = mock
    return app


class _ForPages(CORSMiddleware):
    """What a browser asks for; who is none, and that is nearly everybody, does without the work."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the answer to a request that has an origin."""
        if scope["type"] == "http" and any(name == b"origin" for name, _ in scope["headers"]):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _store(settings: Settings, clock: Clock) -> Store:
    if settings.store is None:
        return MemoryStore(clock=clock)
    return SqliteStore(settings.store, clock=clock)


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    await app.state.mock.store.close()


async def _fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiFault)  # noqa: S101 - the handler is registered for nothing else
    if error.rule is not None:
        tell(request.scope, refused=(error.rule, error.message))
    return fault_response(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    """A rule of the library that a route did not put into the service's words."""
    status = error.status if isinstance(error, InvalidInput) else 400
    return fault_response(request, ApiFault(status, str(error)))


async def _http(request: Request, error: Exception) -> Response:
    """No such path or method: the service's own words, in JSON."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    return fault_response(request, ApiFault(404 if status == 405 else status, "Method not found."))


async def _gone(request: Request, error: Exception) -> Response:
    """The client left in the middle of its body: nobody reads this."""
    del request, error
    return Response(status_code=499)


async def _broken(request: Request, error: Exception) -> Response:
    del error  # it is in the log of the server; a client learns nothing of our insides
    return fault_response(request, ApiFault(500, "An internal error has occurred."))
