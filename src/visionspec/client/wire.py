"""What both drivers share of httpx: its errors in our words, bodies with a bound, URLs fit to be shown."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import httpx

from visionspec.client.flows import ConnectionLost, Request
from visionspec.errors import TransportError

if TYPE_CHECKING:
    from visionspec.client.settings import Settings

USER_AGENT = f"visionspec/{version('visionspec')}"

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NEVER_USABLE = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError)
FAULTS = (httpx.RequestError, httpx.InvalidURL)


def lost(error: Exception, url: str) -> TransportError:
    """What an error of httpx means. The URL is shown without its query: an upload's query is a capability."""
    message = f"{url.partition('?')[0]}: {str(error) or type(error).__name__}"
    if isinstance(error, _NEVER_USABLE):
        return TransportError(message)
    return ConnectionLost(message, sent=not isinstance(error, _NEVER_SENT))


def arguments(request: Request, settings: Settings) -> dict[str, Any]:
    """What httpx builds its request of."""
    return {
        "method": request.method,
        "url": request.url,
        "headers": {"User-Agent": USER_AGENT, **request.headers},
        "content": request.body,
        "timeout": settings.timeout_s,
    }


class Body:
    """The body of a response, gathered up to the bound."""

    def __init__(self, settings: Settings) -> None:
        self.data = bytearray()
        self._most = settings.max_response_bytes

    def take(self, piece: bytes) -> None:
        """Keep the next piece.

        Raises:
            TransportError: if the body is larger than ``max_response_bytes``.
        """
        self.data += piece
        if len(self.data) > self._most:
            raise TransportError(f"a response of more than {self._most} bytes")
