"""Paths of clients whose base URL was written in the other of two ways: with a version of the API, or without.

Some libraries append ``/v1beta/models/...`` to the base URL that they are given, others only ``/models/...``,
and one does either, by method. A base URL is all that a user changes to come here, so either way of writing it
leads to the same place: a version too many is dropped, so is a slash too many, a missing version is `_USUAL`.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from visionspec_mockserver.http import VERSIONS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_USUAL = "v1beta"
_VERSION = f"(?:{'|'.join(VERSIONS)})"
_PATH = re.compile(
    rf"(?:/+{_VERSION})??(?:/+(?P<way>upload|download))?(?:/+(?P<version>{_VERSION}))?"
    r"/+(?P<rest>(?:models|tunedModels|files|files:register|interactions)(?:/.*)?)"
)


@functools.lru_cache(maxsize=256)
def canonical(path: str) -> str | None:
    """``path`` as the service has it, with exactly one version; None if it is none of the service's."""
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    return "/".join(["", *filter(None, [match["way"]]), match["version"] or _USUAL, match["rest"]])


class OnePathMiddleware:
    """Gives every request the canonical form of its path, before anything else looks at it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a path that is none of the service's stays as it is."""
        if scope["type"] == "http":
            scope["path"] = canonical(scope["path"]) or scope["path"]
        await self._app(scope, receive, send)
