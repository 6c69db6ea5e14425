"""Negative controls: an honest server with exactly one rule broken, for every check there is.

A check that nobody has seen fail is not a check. Each control names the checks that must catch it;
``visionspec check controls`` runs them all and says how many were caught. The breaks themselves stand in
``breaks/``, a file per area.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shlex
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import parse_qs

import anyio
import uvicorn

from visionspec.errors import VisionSpecError
from visionspec_mockserver import create_app
from visionspec_mockserver.threaded import config, listen, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from visionspec_conformance.report import Result
    from visionspec_conformance.run import Run

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
        """The same call with other fields."""
        if json_body is not None:
            changes["body"] = json.dumps(json_body).encode()
        return dataclasses.replace(self, **changes)

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
        """The same answer with other fields."""
        if json_body is not None:
            changes["body"] = json.dumps(json_body).encode()
        return dataclasses.replace(self, **changes)

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
        related: rules, or topics, that cannot be kept when this one is broken; their checks may catch it too.
        where: whether a call is touched at all; others pass through unbuffered.
        make: gives the break, with a state of its own; None for a client that breaks the rule itself.
        faults: whether such a client shows it only when something fails.
    """

    rule: str
    name: str
    checks: tuple[str, ...]
    related: frozenset[str] = frozenset()
    where: Callable[[Call], bool] = lambda _: True
    make: Callable[[], Break] | None = None
    faults: bool = False


CONTROLS: list[Control] = []


def remembering(
    rule: str,
    *checks: str,
    related: tuple[str, ...] = (),
    where: Callable[[Call], bool] = lambda _: True,
) -> Callable[[Callable[[], Break]], Callable[[], Break]]:
    """Enter a break for ``rule``, which the tests ``checks`` must catch; the function makes it."""

    def enter(make: Callable[[], Break]) -> Callable[[], Break]:
        name = make.__name__.strip("_").replace("_", "-")
        CONTROLS.append(Control(rule, name, checks, frozenset(related), where, make))
        return make

    return enter


def breaks(
    rule: str,
    *checks: str,
    related: tuple[str, ...] = (),
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


def client_control(
    rule: str, name: str, *checks: str, related: tuple[str, ...] = (), faults: bool = False
) -> None:
    """Enter a client of ``breaks/clients.py`` that breaks ``rule``, when something fails or anyway."""
    CONTROLS.append(Control(rule, name, checks, frozenset(related), faults=faults))


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


class Verdict(NamedTuple):
    """What became of a control.

    Attributes:
        missed: the checks that should have caught it and did not.
        others: results of unrelated rules that failed too.
    """

    control: Control
    missed: list[str]
    others: list[Result]

    @property
    def caught(self) -> bool:
        """Caught by every check that should."""
        return not self.missed


def try_control(control: Control, *, alone: bool) -> Verdict:
    """Run the checks against a server, or with a client, that is broken so.

    Args:
        control: what is broken.
        alone: run only the checks of its rule, which is quick, and tells nothing about the others.
    """
    options = ["--effort=quick", *([f"--only-rule={control.rule}"] if alone else [])]
    run = _run_client(control, options) if control.make is None else _run_server(control, options)
    bad = [result for result in run.results if _is_caught(result)]
    caught = {name_of(result) for result in bad if result.rule == control.rule}
    missed = [name for name in control.checks if name not in caught]
    related = {control.rule, *control.related}
    others = [one for one in bad if not {one.rule, one.rule.partition(".")[0]} & related]
    return Verdict(control, missed, others)


def _run_server(control: Control, options: list[str]) -> Run:
    from visionspec_conformance.run import run_checks  # noqa: PLC0415 - a broken server alone needs no pytest

    assert control.make is not None
    with serve(Wrapped(create_app(), control.make(), control.where)) as url:
        return run_checks("server", [f"--target-url={url}", "--target-timeout=5", *options])


def _run_client(control: Control, options: list[str]) -> Run:
    from visionspec_conformance.run import run_checks  # noqa: PLC0415

    command = [sys.executable, "-m", "visionspec_conformance.breaks.clients", control.name]
    faults = ["--faults"] if control.faults else []
    return run_checks("client", [f"--target-command={shlex.join(command)}", *faults, *options])


def _is_caught(result: Result) -> bool:
    """A broken MAY is noted with what was expected; a note of an allowed behaviour expects nothing."""
    return result.outcome in {"failed", "warned", "error"} or (
        result.outcome == "noted" and result.expected is not None
    )


def name_of(result: Result) -> str:
    """The name of a check's function."""
    return result.check.partition("::")[2].partition("[")[0]
