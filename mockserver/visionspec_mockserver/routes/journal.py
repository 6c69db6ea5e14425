"""The log, and what is drawn from it.

::

    GET  /_mock/log                       entries, filtered and in pages
    GET  /_mock/log/N                     one entry with headers, bodies and what the answer says about places
    GET  /_mock/log/N/images/I            the thumbnail of an image; ?full=true: the image, where it is kept
    GET  /_mock/log/N/images/I/masks      the masks of the answer as a PNG to be laid over it
    GET  /_mock/log.har                   entries as an HTTP archive
    GET  /_mock/metrics                   counts, bytes, tokens and times for Prometheus
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.responses import Response
from starlette.routing import Route

from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault, json_response, origin
from visionspec_mockserver.journal import entries, har, pages
from visionspec_mockserver.journal.images import THUMBNAIL_TYPE
from visionspec_mockserver.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Endpoint = Callable[[Request], Awaitable[Response]]

_WORDS = ("operation", "model", "status", "test", "script", "fault", "text")
_NUMBERS = ("after", "before", "limit")
_FLAGS = ("findings", "bodies")
_SAFE = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def routes(guarded: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """The routes of the log."""
    one = "/log/{n:int}"
    paths: dict[str, Endpoint] = {
        "/log": log,
        "/log.har": archive,
        one: entry,
        f"{one}/images/{{index:int}}": image,
        f"{one}/images/{{index:int}}/masks": masks,
        "/metrics": metrics,
    }
    return [Route(path, guarded(endpoint), methods=["GET"]) for path, endpoint in paths.items()]


async def log(request: Request) -> Response:
    """The last requests to the API, each with what was wrong or unwise about it."""
    asked = _asked(request)
    found = await anyio.to_thread.run_sync(partial(pages.page, mock_of(request), **asked))
    return json_response(request, found)


async def archive(request: Request) -> Response:
    """The same with bodies, as an HTTP archive."""
    from visionspec import spec  # noqa: PLC0415 - only who asks for it waits for it

    asked: dict[str, Any] = {**_asked(request), "bodies": True}
    url = origin(request)

    def make() -> dict[str, Any]:
        found = pages.page(mock_of(request), **asked)["requests"]
        return har.archive(found, version=spec.manifest().version, url=url)

    return json_response(request, await anyio.to_thread.run_sync(make))


async def entry(request: Request) -> Response:
    """One request with all that there is to it."""
    return json_response(request, await _entry(request))


async def image(request: Request) -> Response:
    """An image of a request: small, or itself."""
    mock, index = mock_of(request), request.path_params["index"]
    record = mock.journal.find(request.path_params["n"])
    if record is None or index >= len(record.images):
        raise ApiFault(404, "There is no such image in the log, or no longer.")
    full = _flag(request, "full")
    if full and not mock.journal.keep_pixels:
        raise ApiFault(404, "Images are not kept. (visionspec serve --keep-pixels keeps them)")
    facts = record.images[index]
    kept = await anyio.to_thread.run_sync(mock.journal.images.get, facts["sha256"])
    data = kept and (kept.data if full else kept.thumbnail)
    if not data:
        raise ApiFault(404, "This image made room for others, or its pixels cannot be decoded.")
    return Response(data, media_type=facts["mime_type"] if full else THUMBNAIL_TYPE, headers=_SAFE)


async def masks(request: Request) -> Response:
    """The masks of the answer for one of the images."""
    from visionspec_mockserver.journal.marks import masks_png  # noqa: PLC0415 - loads numpy

    found, index = await _entry(request), request.path_params["index"]
    data = None
    if index < len(found.get("images") or ()):
        data = await anyio.to_thread.run_sync(masks_png, found, index)
    if data is None:
        raise ApiFault(404, "The answer has no masks for such an image.")
    return Response(data, media_type="image/png", headers=_SAFE)


async def metrics(request: Request) -> Response:
    """Numbers about all requests since the start."""
    mock = mock_of(request)
    text = await anyio.to_thread.run_sync(mock.metrics.text, mock.journal)
    return Response(text, headers={"Content-Type": CONTENT_TYPE})


async def _entry(request: Request) -> entries.Entry:
    found = await anyio.to_thread.run_sync(pages.one, mock_of(request), request.path_params["n"])
    if found is None:
        raise ApiFault(404, f"There is no request {request.path_params['n']} in the log, or no longer.")
    return found


def _asked(request: Request) -> dict[str, Any]:
    """The arguments of `pages.page` in a query."""
    query = request.query_params
    unknown = sorted(set(query) - {*_WORDS, *_NUMBERS, *_FLAGS})
    if unknown:
        known = ", ".join([*_WORDS, *_FLAGS, *_NUMBERS])
        raise ApiFault(400, f"The log knows no {unknown[0][:40]!r}; it knows {known}.")
    words: dict[str, Any] = {name: query[name] for name in _WORDS if query.get(name)}
    if "findings" in query:
        words["findings"] = _flag(request, "findings")
    numbers = {name: _number(name, query[name]) for name in _NUMBERS if name in query}
    return {"wanted": entries.Wanted(**words), "bodies": _flag(request, "bodies"), **numbers}


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ApiFault(400, f"{name!r} is a whole number, not {text[:40]!r}.")
    return int(text)


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false").lower()
    if value not in ("true", "false", "1", "0", ""):
        raise ApiFault(400, f"{name!r} is true or false, not {value[:40]!r}.")
    return value in ("true", "1")
