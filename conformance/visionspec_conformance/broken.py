"""Negative controls: an honest server with exactly one rule broken, for every check there is.

A check that nobody has seen fail is not a check. Each control names the checks that must catch it, and the
rules that cannot be kept beside it, each with the reason. The breaks themselves stand in ``breaks/``, a file
per area; `trial` tries them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qs

from visionspec.errors import VisionSpecError
from visionspec_conformance.judge import same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_START_S = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to the honest server; names of headers are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def parts(self) -> list[str]:
        """``["upload", "v1beta", "files"]``."""
        return self.path.strip("/").split("/")

    @property
    def command(self) -> str:
        """The upload's command, spelled plainly; empty if there is none."""
        words = self.headers.get("x-goog-upload-command", "").lower().split(",")
        return ", ".join(word.strip() for word in words)

    @property
    def offset(self) -> int:
        """The upload's offset; 0 if there is none."""
        text = self.headers.get("x-goog-upload-offset", "")
        return int(text) if text.isdecimal() else 0

    @property
    def upload_id(self) -> str:
        """Which upload is meant; empty at its start."""
        return parse_qs(self.query).get("upload_id", [""])[0]

    def json(self) -> Any:
        """The body as JSON; None if it is none."""
        with contextlib.suppress(ValueError):
            return json.loads(self.body)
        return None

    def but(self, *, json_body: Any = None, **changes: Any) -> Call:
        """The same call with other fields; a JSON body that says the same stays as it was spelled."""
        return dataclasses.replace(self, **changes, **_written(json_body, self))

    def said(self, **headers: str | None) -> Call:
        """The same call with other headers; None leaves one out. An underscore is spelled as a dash."""
        return self.but(headers=_changed(self.headers, headers))


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON; None if it is none."""
        with contextlib.suppress(ValueError):
            return json.loads(self.body)
        return None

    def but(self, *, json_body: Any = None, **changes: Any) -> Answer:
        """The same answer with other fields; a JSON body that says the same stays as it was spelled."""
        return dataclasses.replace(self, **changes, **_written(json_body, self))

    def said(self, **headers: str | None) -> Answer:
        """The same answer with other headers; None leaves one out. An underscore is spelled as a dash."""
        return self.but(headers=_changed(self.headers, headers))


def edited(answer: Answer, change: Callable[[Any], None]) -> Answer:
    """The answer with its JSON body changed in place; anything but JSON stays as it is."""
    body = answer.json()
    if body is None:
        return answer
    change(body)
    return answer.but(json_body=body)


def each(value: Any, change: Callable[[dict[str, Any]], None]) -> None:
    """Call ``change`` with every object inside ``value``, innermost first."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in list(inside):
        each(one, change)
    if isinstance(value, dict):
        change(value)


def _written(value: Any, before: Call | Answer) -> dict[str, Any]:
    return {} if value is None or same(value, before.json()) else {"body": json.dumps(value).encode()}


def _changed(headers: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    merged = {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if value is not None}


def refuse(
    status: int, code: str = "INVALID_ARGUMENT", message: str = "Request contains an invalid argument."
) -> Answer:
    """An error as generateContent and files word it."""
    return Answer(
        status,
        {"content-type": "application/json"},
    ).but(json_body={"error": {"code": status, "message": message, "status": code}})


Server: TypeAlias = Callable[[Call], Awaitable[Answer]]
Break: TypeAlias = Callable[[Call, Server], Awaitable[Answer]]


class Control(NamedTuple):
    """One rule, broken.

    Attributes:
        rule: its id.
        name: what is broken, as a slug.
        checks: the names of the tests that must catch it.
        related: rules that cannot be kept when this one is broken, and why: their checks notice it too.
        where: whether a call is touched at all; others pass through unbuffered.
        make: gives the break, with a state of its own; None for a program that breaks the rule itself.
        faults: whether a client shows it only when something fails.
        kind: what is broken: a server, a client, or an adapter of the rules.
    """

    rule: str
    name: str
    checks: tuple[str, ...]
    related: Mapping[str, str] = {}
    where: Callable[[Call], bool] = lambda _: True
    make: Callable[[], Break] | None = None
    faults: bool = False
    kind: Literal["server", "client", "rules"] = "server"

    @property
    def key(self) -> tuple[str, str]:
        """Its rule and its name: no two have both in common."""
        return self.rule, self.name


CONTROLS: list[Control] = []


def because(reason: str, *rules: str) -> dict[str, str]:
    """These rules are related, all for one reason."""
    return dict.fromkeys(rules, reason)


def remembering(
    rule: str,
    *checks: str,
    related: Mapping[str, str] | None = None,
    where: Callable[[Call], bool] = lambda _: True,
) -> Callable[[Callable[[], Break]], Callable[[], Break]]:
    """Enter a break for ``rule``, which the tests ``checks`` must catch; the function makes it."""

    def enter(make: Callable[[], Break]) -> Callable[[], Break]:
        name = make.__name__.strip("_").replace("_", "-")
        CONTROLS.append(Control(rule, name, checks, related or {}, where, make))
        return make

    return enter


def breaks(
    rule: str,
    *checks: str,
    related: Mapping[str, str] | None = None,
    where: Callable[[Call], bool] = lambda _: True,
) -> Callable[[Break], Break]:
    """As `remembering`, for a function that is the break itself, because it has nothing to remember."""

    def enter(function: Break) -> Break:
        def make() -> Break:
            return function

        make.__name__ = getattr(function, "__name__", rule)
        remembering(rule, *checks, related=related, where=where)(make)
        return function

    return enter


def program_control(
    kind: Literal["client", "rules"],
    rule: str,
    name: str,
    *checks: str,
    related: Mapping[str, str] | None = None,
    faults: bool = False,
) -> None:
    """Enter a program that breaks ``rule``: of ``breaks/clients.py``, or of ``breaks/adapters.py``."""
    CONTROLS.append(Control(rule, name, checks, related or {}, faults=faults, kind=kind))


class Wrapped:
    """The honest application behind a break.

    Args:
        app: the application.
        breaks: what stands before it.
        where: whether a call is touched at all.
    """

    def __init__(self, app: ASGIApp, breaks: Break, where: Callable[[Call], bool] = lambda _: True) -> None:
        self._app = app
        self._break = breaks
        self._where = where

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the call to the break, which may ask the honest application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = Call(
            scope["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        )
        if not self._where(head):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                await self._app(scope, _broken_off(bytes(body)), send)
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer = await self._break(head.but(body=bytes(body)), lambda call: _ask(self._app, scope, call))
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        headers["content-length"] = str(len(answer.body))
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer.body})


def _broken_off(body: bytes) -> Receive:
    """What an application hears when a client leaves in the middle of its body."""
    messages: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": body, "more_body": True},
    ]

    async def receive() -> Message:
        return messages.pop() if len(messages) > 1 else messages[0]

    return receive


async def _ask(app: ASGIApp, scope: Scope, call: Call) -> Answer:
    headers = {**call.headers, "content-length": str(len(call.body))}
    honest: Scope = {
        **scope,
        "method": call.method,
        "path": call.path,
        "raw_path": call.path.encode(),
        "query_string": call.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
    }
    pending: list[Message] = [{"type": "http.request", "body": call.body, "more_body": False}]
    said: dict[str, Any] = {}
    body = bytearray()

    async def receive() -> Message:
        if pending:
            return pending.pop()
        import anyio  # noqa: PLC0415 - a client that breaks a rule imports this module, and no server

        await anyio.sleep_forever()  # the client stays; a stream watches for its leaving until it has ended
        raise AssertionError

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            said.update(message)
        elif message["type"] == "http.response.body":
            body.extend(message.get("body", b""))

    await app(honest, receive, send)
    return Answer(
        said["status"],
        {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in said["headers"]},
        bytes(body),
    )


@contextlib.contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve an application over a real socket, from a thread; gives its URL."""
    import uvicorn  # noqa: PLC0415

    from visionspec_mockserver.threaded import config, listen, url_of  # noqa: PLC0415

    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(config(app))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_S
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.002)
    try:
        if not server.started:
            raise VisionSpecError("the server of a negative control did not start")
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(_START_S)
        listener.close()
