"""What faults do to a connection, between the log and the routes."""

from __future__ import annotations

import math
import socket
import struct
from typing import TYPE_CHECKING

import anyio
from starlette.requests import Request

from visionspec_mockserver.faults.errors import exhausted, failure
from visionspec_mockserver.http import fault_response
from visionspec_mockserver.journal import RECORD, unanswered

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from visionspec_mockserver.core import Mock
    from visionspec_mockserver.faults.plan import Planned
    from visionspec_mockserver.http import ApiFault

_POLL_S = 0.05
_ABORTIVE = struct.pack("ii", 1, 0)  # SO_LINGER: a close sends RST instead of FIN


async def happens(mock: Mock, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let a request through to ``app``, or let the first planned fault that is for it happen."""
    if mock.scripts.filed:
        await mock.scripts.refresh()
    passed: list[Planned] = []
    while mock.faults.active and (one := mock.faults.take(scope, hostile=False, passed=passed)):
        if await _Happening(mock, app, one, scope, receive, send).run():
            return
        passed.append(one)
    await app(scope, receive, send)


class _Happening:
    """One fault and the request that it happens to."""

    def __init__(
        self, mock: Mock, app: ASGIApp, one: Planned, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._mock = mock
        self._app = app
        self._one = one
        self._scope = scope
        self._receive = receive
        self._send = send
        self._transport = scope[RECORD].transport
        self._fired = self._released = False
        self._sent_bytes = 0
        self._over = False

    async def run(self) -> bool:
        """Let it happen; False where the request goes on its way."""
        fault = self._one.fault
        try:
            if fault.delay_s:
                await anyio.sleep(fault.delay_s)
            return await self._happened()
        finally:
            self._release()

    async def _happened(self) -> bool:
        fault = self._one.fault
        if fault.quota is not None:
            reached = self._mock.faults.enter(self._one)
            if reached is None:
                return False
            await self._refuse(exhausted(*reached))
        elif fault.error is not None:
            await self._refuse(failure(fault.error))
        elif fault.reset == "before":
            self._fires()
            await self._break()
        elif fault.lose_reply:
            await self._app(self._scope, self._receive, _swallow)
            self._fires()
            await self._break()
        elif fault.break_upload is not None:
            await self._app(self._scope, self._broken_body, self._quietly)
        elif fault.cut or fault.stall or fault.reset:
            await self._app(self._scope, self._receive, self._disturbed)
        else:  # a delay alone
            self._fires()
            return False
        return True

    def _fires(self) -> None:
        if not self._fired:
            self._fired = True
            self._mock.faults.fires(self._one, self._scope)

    def _release(self) -> None:
        """Leave the fault to the next request if it did not happen to this one."""
        if not self._fired and not self._released:
            self._released = True
            self._mock.faults.untake(self._one)

    async def _refuse(self, error: ApiFault) -> None:
        """Answer with an error; what the client still sends of its body is the server's to read."""
        self._fires()
        response = fault_response(Request(self._scope), error)
        await response(self._scope, self._receive, self._send)

    async def _broken_body(self) -> Message:
        """The request's body, until the connection breaks in it."""
        at = self._one.fault.break_upload
        if self._over or at is None:
            return {"type": "http.disconnect"}
        message = await self._receive()
        body = message.get("body", b"")
        if message["type"] != "http.request" or self._sent_bytes + len(body) <= at.after_bytes:
            self._sent_bytes += len(body)
            return message
        self._over = True
        self._fires()
        return {**message, "body": body[: at.after_bytes - self._sent_bytes], "more_body": True}

    async def _quietly(self, message: Message) -> None:
        """What is answered to a broken upload reaches nobody: the connection goes first."""
        if not self._over:
            self._release()
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._break()

    async def _disturbed(self, message: Message) -> None:
        """The answer, until it is cut off, stalls or breaks in its body."""
        fault = self._one.fault
        if self._over:
            return
        if message["type"] != "http.response.body":
            if fault.cut is not None:  # it will not be as long as it says
                kept = [
                    (name, value) for name, value in message["headers"] if name.lower() != b"content-length"
                ]
                message = {**message, "headers": kept}
            await self._send(message)
            return
        body = message.get("body", b"")
        at = fault.cut or fault.stall or fault.reset
        limit = getattr(at, "after_bytes", math.inf)
        if self._fired or self._sent_bytes + len(body) < max(limit, 1):
            self._sent_bytes += len(body)
            if not message.get("more_body"):
                self._release()  # before the client can ask again
            await self._send(message)
            return
        before, after = body[: limit - self._sent_bytes], body[limit - self._sent_bytes :]
        self._fires()
        if fault.stall is not None:
            await self._send({**message, "body": before, "more_body": True})
            await self._wait(fault.stall.for_s)
            await self._send({**message, "body": after})
            return
        self._over = True
        await self._send({**message, "body": before, "more_body": fault.cut is None})
        if fault.cut is None:
            await self._break()

    async def _wait(self, seconds: float) -> None:
        """Wait, but not for somebody who has left."""
        left_s = seconds
        while left_s > 0 and not (self._transport is not None and self._transport.is_closing()):
            await anyio.sleep(min(_POLL_S, left_s))
            left_s -= _POLL_S

    async def _break(self) -> None:
        """Reset the connection."""
        unanswered(self._scope)
        transport = self._transport
        if transport is None:  # in-process: there is no connection
            raise ConnectionResetError("a fault resets the connection")
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE)
        transport.abort()
        await anyio.sleep(
            _POLL_S
        )  # until the server has noticed: it would call an answer that never came an error


async def _swallow(message: Message) -> None:
    """An answer that is lost."""
    del message
