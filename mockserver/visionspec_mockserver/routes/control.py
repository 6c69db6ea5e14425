"""The control plane under ``/_mock/``: for whoever runs the server, never for a page in a browser."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pydantic_core
from starlette.routing import Mount, Route

from visionspec.rules.limits import MAX_URL_INPUT_BYTES
from visionspec.rules.media import decode_base64
from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault, json_response, origin, read_json
from visionspec_mockserver.routes import inspector, journal, plans

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

_MAX_ADVANCE_S = 10 * 365 * 24 * 3600


def routes() -> list[Mount]:
    """The control plane, once for all versions of the API."""
    return [
        Mount(
            "/_mock",
            routes=[
                Route("/health", _guarded(health), methods=["GET"]),
                Route("/reset", _guarded(reset), methods=["POST"]),
                Route("/clock", _guarded(clock), methods=["GET", "POST"]),
                Route("/urls", _guarded(urls), methods=["GET", "PUT"]),
                Route("/openapi.json", _guarded(openapi), methods=["GET"]),
                *journal.routes(_guarded),
                *plans.routes(_guarded),
                *inspector.routes(_guarded),
            ],
        )
    ]


def _guarded(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Refuse a request that a foreign page, or a foreign name for this machine, brought here."""

    async def guarded(request: Request) -> Response:
        hosts = [f"//{request.headers.get('host', '')}"]
        if origin := request.headers.get("origin"):
            hosts.append(origin)
        if not all(_is_loopback(urlsplit(host).hostname) for host in hosts):
            raise ApiFault(403, "The control plane answers on loopback names only.")
        return await endpoint(request)

    return guarded


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


async def health(request: Request) -> Response:
    """Whether it is up."""
    return json_response(request, {"status": "ok"})


async def openapi(request: Request) -> Response:
    """The API in the words of OpenAPI, as it is served here."""
    from visionspec import spec  # noqa: PLC0415 - only who asks for it waits for it
    from visionspec_mockserver.openapi import document  # noqa: PLC0415

    return json_response(request, document(spec.manifest().version, url=origin(request)))


async def reset(request: Request) -> Response:
    """Forget files, interactions, the log and what ``PUT /_mock/urls`` mapped."""
    await mock_of(request).reset()
    return json_response(request, {})


async def clock(request: Request) -> Response:
    """The server's time; a POST of ``{"advance_s": 3600}`` lets time pass."""
    mock = mock_of(request)
    if request.method == "POST":
        body = await read_json(request)
        seconds = body.get("advance_s") if isinstance(body, dict) else None
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _MAX_ADVANCE_S:
            raise ApiFault(400, 'The clock takes {"advance_s": SECONDS}, SECONDS >= 0.')
        mock.clock.advance(seconds)
    return json_response(request, {"now": mock.clock.now().isoformat()})


async def urls(request: Request) -> Response:
    """What stands behind ``https://`` image URIs: ``{"https://example.com/a.jpg": "<base64>"}``."""
    mock = mock_of(request)
    if request.method == "PUT":
        body = await read_json(request, limit_bytes=2 * MAX_URL_INPUT_BYTES)
        mock.urls = {**mock.settings.url_map, **_decoded(body)}
    return json_response(request, pydantic_core.to_json({"urls": sorted(mock.urls)}))


def _decoded(body: Any) -> dict[str, bytes]:
    if not isinstance(body, dict):
        raise ApiFault(400, 'The map is {"https://example.com/image.jpg": "<base64 of the file>"}.')
    found = {}
    for url, data in body.items():
        if not isinstance(data, str) or not url.startswith(("https://", "http://")):
            raise ApiFault(400, f"{url[:80]!r}: a URL of http or https maps to base64 in a string.")
        try:
            found[url] = decode_base64(data)
        except ValueError as error:
            raise ApiFault(400, f"{url[:80]!r}: {error}") from None
    return found
