"""``/_mock/``: a page over the log, from three files that need nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    Endpoint = Callable[[Request], Awaitable[Response]]

_FOLDER = Path(__file__).parents[1] / "inspector"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/inspector.css": ("inspector.css", "text/css; charset=utf-8"),
    "/inspector.js": ("inspector.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    # What is shown was sent by whoever: nothing of it may run, and nothing is fetched from elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def routes(guarded: Callable[[Endpoint], Endpoint]) -> list[Route]:
    """The page and what belongs to it."""
    return [
        Route(path, guarded(_file(name, media_type)), methods=["GET"])
        for path, (name, media_type) in _FILES.items()
    ]


def _file(name: str, media_type: str) -> Endpoint:
    place = _FOLDER / name

    async def file(request: Request) -> Response:
        del request
        data = await anyio.to_thread.run_sync(place.read_bytes)
        return Response(data, media_type=media_type, headers=_HEADERS)

    return file
