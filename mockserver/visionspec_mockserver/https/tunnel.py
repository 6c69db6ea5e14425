"""The proxy: it leads connections to their host, ours or not, and reads none of them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from visionspec_mockserver.https.hosts import HTTPS_PORT, Host

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD_S = 30
_PIECE_BYTES = 64 * 1024
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_LEFT = (
    OSError,
    RuntimeError,
)  # what asyncio raises at a connection whose other end left, and what uvloop does

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """What a connection to the proxy meets.

    Args:
        inside: where a host that is ours is served; None for one that is not.
        upstream: the URL of the proxy by which another host is to be reached; None: there is none.
        passing: told every host to which a connection goes out.
    """

    def __init__(
        self,
        *,
        inside: Callable[[Host], Host | None],
        upstream: Callable[[Host], str | None],
        passing: Callable[[Host], object],
    ) -> None:
        self._inside = inside
        self._upstream = upstream
        self._passing = passing
        self._open: set[asyncio.Task[Any]] = set()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, from its CONNECT to its end."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this as one
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client left, or never was one, or we are at the end
        finally:
            self._open.discard(task)
            writer.close()

    def close(self) -> None:
        """End what is still open."""
        for task in self._open:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_S):
            head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.decode("latin-1").partition(" ")
        host = _host(rest.partition(" ")[0])
        if method != "CONNECT" or host is None:
            await _refuse(writer, 405, "this is a proxy for https:// alone: it knows CONNECT HOST:PORT")
            return
        try:
            far_reader, far_writer = await self._reach(host, writer)
        except (OSError, ValueError) as error:
            await _refuse(
                writer, 502, f"{host.name}:{host.port} is not mapped, nor can it be reached: {error}"
            )
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pour(reader, far_writer))
                both.create_task(_pour(far_reader, writer))
        finally:
            far_writer.close()

    async def _reach(self, host: Host, writer: asyncio.StreamWriter) -> Streams:
        """A connection to ``host``, the client being told so; a proxy on the way tells it itself."""
        inside = self._inside(host)
        if inside is None:
            self._passing(host)
            if upstream := self._upstream(host):
                return await _ask(upstream, host)
        streams = await asyncio.open_connection(*(inside or host))
        writer.write(_ESTABLISHED)
        return streams


async def _ask(upstream: str, host: Host) -> Streams:
    """A connection to the proxy ``upstream`` that has asked for ``host``; the reply is still to come."""
    proxy = urlsplit(upstream if "//" in upstream else f"http://{upstream}")
    if proxy.scheme not in ("http", "https") or not proxy.hostname:
        raise ValueError(f"HTTPS_PROXY={upstream} is no proxy of a kind that is known here")
    secure = proxy.scheme == "https"
    port = proxy.port or (HTTPS_PORT if secure else 80)
    context = ssl.create_default_context() if secure else None
    reader, writer = await asyncio.open_connection(proxy.hostname, port, ssl=context)
    lines = [f"CONNECT {host.name}:{host.port} HTTP/1.1", f"Host: {host.name}:{host.port}"]
    if proxy.username:
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode()}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    return reader, writer


def _host(target: str) -> Host | None:
    name, _, port = target.rpartition(":")
    if not name or not port.isdecimal() or int(port) > 65535:
        return None
    return Host(name.strip("[]").lower(), int(port))


async def _refuse(writer: asyncio.StreamWriter, status: int, why: str) -> None:
    body = f"visionspec: {why}\n".encode()
    head = f"HTTP/1.1 {status} visionspec: {why}\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1", "replace") + body)
    await writer.drain()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(*_LEFT):  # one of the two: the other one is told below
        while piece := await reader.read(_PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(*_LEFT):  # both
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
