"""A server in a thread of this process, over a real socket."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import uvicorn

from visionspec.errors import VisionSpecError
from visionspec_mockserver.app import create_app
from visionspec_mockserver.asserting import Asserting
from visionspec_mockserver.http1 import Http1
from visionspec_mockserver.settings import Settings

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine
    from types import TracebackType
    from typing import Self

    from visionspec_mockserver.faults.plan import Faults
    from visionspec_mockserver.scripts.book import Scripts
    from visionspec_mockserver.sources import Clock, Ids

T = TypeVar("T")

_START_S = 10.0
_STOP_S = 10.0


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket.

    Raises:
        VisionSpecError: if the address cannot be had.
    """
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise VisionSpecError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """``http://HOST:PORT`` of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def config(app: Any) -> uvicorn.Config:
    """How uvicorn runs the server: quiet, and without a name of its own in the answers."""
    return uvicorn.Config(
        app,
        interface="asgi3",
        lifespan="on",
        http=Http1,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # who needs what a proxy says reads it
        timeout_graceful_shutdown=3,
    )


class MockServer(Asserting):
    """The mock server as a context manager; it listens once it is made.

    ::

        with MockServer() as server:
            client = visionspec.Client(base_url=server.url, api_key="any")

    Args:
        settings: all settings; ``options`` replace single ones.
        host: what to listen on.
        port: 0 picks a free one.
        clock: a clock of your own, for tests of what expires.
        ids: a source of ids of your own.
        options: fields of `Settings`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        ids: Ids | None = None,
        **options: Any,
    ) -> None:
        self.settings = dataclasses.replace(settings or Settings(), **options)
        self.app = create_app(self.settings, clock=clock, ids=ids)
        self.scripts: Scripts = self.app.state.mock.scripts
        self.faults: Faults = self.app.state.mock.faults
        self._listener = listen(host, port)
        self.url = url_of(self._listener)
        self._up = threading.Event()
        self._server = Server(config(self.app), when_up=self._up.set)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="visionspec-mock", daemon=True)
        self._thread.start()
        if not self._up.wait(_START_S) or not self._server.started:
            self.close()
            raise VisionSpecError(f"the mock server did not start: {self._failure or 'its thread ended'}")

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except BaseException as error:  # noqa: BLE001 - it is raised again where the server was asked for
            self._failure = error
        finally:
            self._up.set()

    def close(self) -> None:
        """Stop, and wait until it has."""
        self._server.should_exit = True
        self._thread.join(_STOP_S)
        self._listener.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` where the server runs, and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._server.loop).result(_START_S)

    async def open(self, listener: socket.socket, app: Any, context: ssl.SSLContext) -> asyncio.Server:
        """Serve ``app`` by TLS on one more listening socket; to be run by `call`."""
        return await self._server.open(listener, app, context)

    def env(self) -> dict[str, str]:
        """What the environment of a program has to say so that it comes here: see `environment`."""
        return environment(self.url, (*self.settings.api_keys, "any")[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def environment(url: str, key: str) -> dict[str, str]:
    """What sends SDKs, and libraries built on them, to the server at ``url``."""
    return {
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_API_BASE": url,
        "GEMINI_API_KEY": key,
        "GOOGLE_API_KEY": key,  # where it is set it wins, and some libraries read no other
        "GOOGLE_GENERATIVE_AI_API_KEY": key,
        "LLM_GEMINI_KEY": key,
        "GOOGLE_GENAI_USE_ENTERPRISE": "",
        "GOOGLE_GENAI_USE_VERTEXAI": "",
    }


class Server(uvicorn.Server):
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config, *, when_up: Callable[[], object]) -> None:
        super().__init__(config)
        self._when_up = when_up
        self.loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so if it worked."""
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:  # an older uvicorn returns from a start that failed
            self._when_up()

    async def open(self, listener: socket.socket, app: Any, context: ssl.SSLContext) -> asyncio.Server:
        """Serve ``app`` by TLS on one more listening socket; its connections end with all others."""
        more = config(app)
        more.load()

        make: Any = more.http_protocol_class  # as uvicorn makes them itself

        def protocol() -> asyncio.Protocol:
            made: asyncio.Protocol = make(
                config=more, server_state=self.server_state, app_state=self.lifespan.state
            )
            return made

        return await self.loop.create_server(protocol, sock=listener, ssl=context)
