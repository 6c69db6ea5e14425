"""The two sockets: TLS for our hosts, and the proxy that leads to it."""

from __future__ import annotations

import asyncio
import mimetypes
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import getproxies, proxy_bypass

import trustme
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

from visionspec.rules.media import sniff
from visionspec_mockserver.https import environment
from visionspec_mockserver.https.hosts import API_HOST, Host, behind, ours
from visionspec_mockserver.https.tunnel import Proxy
from visionspec_mockserver.threaded import listen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from starlette.types import Receive, Scope, Send

    from visionspec_mockserver.threaded import MockServer

_LOOPBACK = "127.0.0.1"
_OCTETS = "application/octet-stream"


class Front:
    """The ``https://`` side of a running server, as a context manager.

    Args:
        server: the mock server behind it.
        passing: told the name of a host, once, when a connection to it goes out.
    """

    def __init__(self, server: MockServer, *, passing: Callable[[str], object]) -> None:
        self._server = server
        self._mock = server.app.state.mock
        self._authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._passing = passing
        self._passed: set[str] = set()
        self._proxy = Proxy(inside=self._lead, upstream=self._by, passing=self._tell)
        tls, door = listen(_LOOPBACK, 0), listen(_LOOPBACK, 0)
        self._inside = Host(_LOOPBACK, tls.getsockname()[1])
        self._proxy_url = f"http://{_LOOPBACK}:{door.getsockname()[1]}"
        self._open = [
            server.call(server.open(tls, self._app, self._context(API_HOST))),
            server.call(asyncio.start_server(self._proxy.meet, sock=door)),
        ]
        self._directory = tempfile.TemporaryDirectory(prefix="visionspec-")

    def env(self, before: Mapping[str, str]) -> dict[str, str]:
        """What has to change in the environment ``before`` so that our hosts are met here."""
        way = environment.Way(
            directory=Path(self._directory.name),
            authority_pem=self._authority.cert_pem.bytes(),
            proxy_url=self._proxy_url,
            tls=self._inside,
            hosts=ours(self._mock.urls),
        )
        return environment.changes(before, way)

    def close(self) -> None:
        """Close both sockets, and remove what `env` wrote."""
        self._server.call(self._end())
        self._directory.cleanup()

    async def _end(self) -> None:
        for listening in self._open:
            listening.close()
        self._proxy.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # TLS

    def _context(self, name: str) -> ssl.SSLContext:
        """What shows a certificate for ``name``."""
        context = self._contexts.get(name)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            context.sni_callback = self._named
            self._authority.issue_cert(name).configure_cert(context)
            self._contexts[name] = context
        return context

    def _named(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name and any(name == host.name for host in ours(self._mock.urls)):
            connection.context = self._context(name)

    # what is behind it

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.url.hostname == API_HOST:
            await self._server.app(scope, receive, send)
        else:
            await self._mapped(request)(scope, receive, send)

    def _mapped(self, request: Request) -> Response:
        found = behind(self._mock, str(request.url))
        if found is None:
            return PlainTextResponse(f"visionspec: nothing is mapped to {request.url}\n", status_code=404)
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("visionspec: a mapped file can be read\n", status_code=405)
        if isinstance(found, bytes):
            return Response(found, media_type=_media_type(found, str(request.url.path)))
        with found.open("rb") as file:
            head = file.read(64)
        return FileResponse(found, media_type=_media_type(head, found.name))

    # the proxy

    def _lead(self, host: Host) -> Host | None:
        return self._inside if host == self._inside or host in ours(self._mock.urls) else None

    def _by(self, host: Host) -> str | None:
        """The proxy that this process would take to ``host``: the one of its programs is ours."""
        if proxy_bypass(f"{host.name}:{host.port}"):
            return None
        known = getproxies()
        return known.get("https", known.get("all"))

    def _tell(self, host: Host) -> None:
        if host.name not in self._passed:
            self._passed.add(host.name)
            self._passing(host.name)


def _media_type(head: bytes, name: str) -> str:
    return sniff(head) or mimetypes.guess_type(name)[0] or _OCTETS
