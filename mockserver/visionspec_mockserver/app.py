"""The server as an ASGI application, made of lists of routes."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route

from visionspec.errors import InvalidInput
from visionspec_mockserver.core import Mock
from visionspec_mockserver.faults.happening import happens
from visionspec_mockserver.http import ApiFault, fault_response
from visionspec_mockserver.journal import HEADERS, MOCK, RECORD, tell
from visionspec_mockserver.journal.record import Record
from visionspec_mockserver.paths import VERSIONS, canonical
from visionspec_mockserver.rooms import ROOMS
from visionspec_mockserver.routes import control, discovery
from visionspec_mockserver.settings import Settings
from visionspec_mockserver.sources import Ids, SteppingClock, SystemClock
from visionspec_mockserver.store.memory import MemoryStore
from visionspec_mockserver.store.sqlite import SqliteStore
from visionspec_mockserver.unserved import absent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from starlette.routing import BaseRoute, Router
    from starlette.types import Receive, Scope, Send

    from visionspec_mockserver.sources import Clock
    from visionspec_mockserver.store.base import Store

# The service answers pages of any origin, and asks for a key that is worth something. Here a page of somebody
# else's would read what lies in the store: those of this machine alone may.
_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?"
_KEPT = 256
_KEPT_CHARS = 400


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
    return _App(Mock(settings, store=store or _store(settings, clock), clock=clock, ids=ids))


class _App(Starlette):
    """The routes, and in front of them one callable instead of a stack of middleware."""

    def __init__(self, mock: Mock) -> None:
        rooms = [route for version in VERSIONS for room in ROOMS for route in room.routes(version)]
        super().__init__(routes=[*rooms, *discovery.routes(), *control.routes()], lifespan=_lifespan)
        self.state.mock = mock
        self._way = _Way(self.router, mock)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Any:
        """Only a browser says where its page is from; nearly everybody is none. What is returned is to be awaited."""
        if scope["type"] != "http":
            return super().__call__(scope, receive, send)
        scope["app"] = self
        headers = scope[HEADERS] = dict(reversed(scope["headers"]))
        way = self._way.from_page if b"origin" in headers else self._way.enter
        return way(scope, receive, send)


class _Found(NamedTuple):
    """Where a path leads."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]] | None
    params: dict[str, Any]


class _Way:
    """The way of every request: its path, its record, the faults that are planned for it, its route.

    A request for a text takes as long as five layers of middleware do, so each step is a call here.
    """

    def __init__(self, router: Router, mock: Mock) -> None:
        self._router = router
        self._mock = mock
        self._find_again = functools.lru_cache(_KEPT)(self._find)
        self.from_page = CORSMiddleware(
            self.enter,
            allow_origin_regex=_PAGES,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["*"],  # an upload's URL comes in one
        )

    async def enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in."""
        mock, journal, path = self._mock, self._mock.journal, scope["path"]
        find = self._find_again if len(path) <= _KEPT_CHARS else self._find
        found = find(scope["method"], path)
        scope["path"] = found.path
        scope[MOCK] = mock
        if found.path.startswith("/_mock"):
            await self._answer(found, scope, receive, send)
            return
        record = scope[RECORD] = Record(scope, receive, send, journal)
        journal.under_way += 1
        try:
            if mock.scripts.filed or mock.faults.active:
                answer = functools.partial(self._answer, found)
                await happens(mock, answer, scope, record.receive, record.send)
            else:
                await self._answer(found, scope, record.receive, record.send)
        finally:
            record.leave()
            journal.under_way -= 1

    def _find(self, method: str, path: str) -> _Found:
        path = canonical(path) or path
        found = _matching(self._router.routes, {"type": "http", "method": method, "path": path})
        return _Found(path, *found) if found else _Found(path, None, {})

    async def _answer(self, found: _Found, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            if found.endpoint is None:  # the router says so, or leads on
                await self._router(scope, receive, send)
                return
            scope["path_params"] = found.params
            response = await found.endpoint(request)
        except ApiFault as fault:
            if fault.rule is not None:
                tell(scope, "refused", (fault.rule, fault.message))
            response = fault_response(request, fault)
        except HTTPException as error:
            response = fault_response(request, _not_found(error, found.path))
        except InvalidInput as error:  # a rule that a route did not put into the service's words
            response = fault_response(request, ApiFault(error.status, str(error)))
        except ClientDisconnect:  # in the middle of its body: nobody reads this
            response = Response(status_code=499)
        except Exception:
            broken = fault_response(request, ApiFault(500, "An internal error has occurred."))
            await broken(scope, receive, send)
            raise  # into the log of the server; a client learns nothing of our insides
        await response(scope, receive, send)


def _matching(
    routes: Sequence[BaseRoute], scope: Scope
) -> tuple[Callable[[Request], Awaitable[Response]], dict[str, Any]] | None:
    for route in routes:
        match, child = route.matches(scope)
        if match is Match.FULL and isinstance(route, Mount):
            return _matching(route.routes, {**scope, **child})
        if match is Match.FULL and isinstance(route, Route):
            return route.endpoint, child["path_params"]
    return None


def _not_found(error: HTTPException, path: str) -> ApiFault:
    """No such path or method: the service's own words, in JSON."""
    message = "Method not found."
    if name := absent(path):
        message += f" visionspec has no {name}: only the understanding of images is served here."
    return ApiFault(404 if error.status_code == 405 else error.status_code, message)


def _store(settings: Settings, clock: Clock) -> Store:
    if settings.store is None:
        return MemoryStore(clock=clock)
    return SqliteStore(settings.store, clock=clock)


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    await app.state.mock.store.close()
