"""A server under test over raw HTTP: bounded in time, bytes and requests, and remembering what was said.

Not our client on purpose: what our client mends or refuses to send, a check must be able to send and see.
"""

from __future__ import annotations

import contextlib
import json as json_module
import time
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import httpx
import pytest

from visionspec_conformance import manners, shown
from visionspec_conformance.judge import Broken, Untestable, broken
from visionspec_conformance.report import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from visionspec_conformance.record import Record

MAX_BODY_BYTES = 16 * 1024 * 1024
"""An answer longer than this is a failure; the largest that the checks ask for is a tenth of it."""

MAX_WAIT_S = 60.0
"""A server that asks to wait longer before the next request counts as down."""

PAUSES_S = (1.0, 2.0, 4.0)
"""Between the tries of a request that is answered 429 or 503, where the answer does not say how long."""

DOWN_AFTER = 3
"""So many checks in a row without a complete answer, and the server counts as down for good."""

_USER_AGENT = "visionspec-conformance"
_START = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
_DOORS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/{v}/models", {}),
    ("GET", "/{v}/files", {}),
    ("POST", "/{v}/models/{model}:generateContent", {}),
    ("POST", "/{v}/interactions", {}),
    ("POST", "/upload/{v}/files", _START),
)
_BEGINNING_BYTES = 64 * 1024
_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, whatever is in it."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """The body as JSON; a failure of the check if it is none."""
        try:
            return json_module.loads(self.body)
        except (ValueError, RecursionError):
            kind = self.headers.get("content-type", "no content type")
            broken("a JSON body", f"{self.status} with {kind}: {self.text[:200]!r}")

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; a failure of the check if it is none."""
        value = self.json()
        if not isinstance(value, dict):
            broken("a JSON object as body", value)
        return value


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body comes piece by piece."""

    status: int
    headers: httpx.Headers
    pieces: Iterator[bytes]
    received: bytearray


@dataclass
class Spent:
    """What a run has sent so far."""

    requests: int = 0
    sent_bytes: int = 0


@dataclass
class Target:
    """A base URL with everything that is needed to speak to it."""

    url: str
    api_version: str = "v1beta"
    api_key: str = "conformance"
    model: str = "gemini-2.5-flash"
    timeout_s: float = 10.0
    max_requests: int | None = None
    max_bytes: int | None = None
    spent: Spent = field(default_factory=Spent)
    exchanges: list[Exchange] = field(default_factory=list)
    record: Record | None = None
    known: dict[str, bool] = field(default_factory=dict)  # what a check learnt of it and others need not ask
    _client: httpx.Client | None = None
    _silent_checks: int = 0
    _answered: bool = True
    _down: str | None = None

    def begin_check(self) -> None:
        """Forget the last check; refuse at once if the server is down.

        Raises:
            Untestable: if it was found to be down.
        """
        self.begin_example()
        self._silent_checks = 0 if self._answered else self._silent_checks + 1
        self._answered = True
        if self._silent_checks >= DOWN_AFTER and self._down is None:
            self._down = f"{DOWN_AFTER} checks in a row got no complete answer"
        if self._down:
            raise Untestable(self._down)

    def begin_example(self) -> None:
        """Forget what was said so far: the next failure belongs to what comes now."""
        self.exchanges.clear()

    def greet(self) -> None:
        """See whether somebody is there who speaks the API and takes the key.

        One door is knocked at, and the others only if what opens is none of ours: a server need not have all.

        Raises:
            Untestable: if not, now and for the rest of the run.
        """
        strange: list[str] = []
        for method, path, headers in _DOORS:
            found = self._knock(method, self.path(path).replace("{model}", self.model), headers)
            if found is None:
                return
            strange.append(found)
        self._give_up(strange[0])

    def probe(self) -> None:
        """See whether anything answers at all.

        Raises:
            Untestable: if nothing does, now and for the rest of the run.
        """
        self._knock("GET", self.path("/{v}/models"), {})

    def _knock(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        """What is strange about the answer at this path, if anything; without a request left, nobody knows."""
        if self.max_requests is not None and self.spent.requests >= self.max_requests:
            return None
        self.spent.requests += 1
        try:
            with self._http().stream(
                method,
                self.url + path,
                headers={**self._key(), **headers},
                json={} if method == "POST" else None,
            ) as response:
                body, whole = self._beginning(response)
                # what does not end, or breaks off, is for a check to say
                return manners.strange(f"{method} {path}", response, body) if whole else None
        except httpx.HTTPError as error:
            self._give_up(f"no answer from {self.url}: {_why(error)}", cause=error)

    def _give_up(self, reason: str, *, cause: Exception | None = None) -> NoReturn:
        """Nothing can be learnt of this server, now and for the rest of the run."""
        self._down = reason
        raise Untestable(reason) from cause

    def path(self, path: str) -> str:
        """``"/{v}/files"`` with the API version filled in."""
        return path.replace("{v}", self.api_version)

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: bool = True,
    ) -> Reply:
        """Send one request and read its whole answer.

        Args:
            method: the HTTP method.
            path: with ``{v}`` for the API version, or an absolute URL that the server gave out.
            json: a body to encode; or
            content: a body as it is.
            headers: more headers; they win.
            key: whether the API key goes along.
        """
        with self.stream(method, path, json=json, content=content, headers=headers, key=key) as reply:
            for _ in reply.pieces:
                pass
        return Reply(reply.status, reply.headers, bytes(reply.received))

    @contextlib.contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: bool = True,
    ) -> Iterator[Stream]:
        """Send one request and read its answer as it comes; who leaves early breaks the connection.

        Arguments are those of `send`.
        """
        body = json_module.dumps(json).encode() if json is not None else content
        kind = {"content-type": "application/json"} if json is not None else {}
        started = time.monotonic()
        received = bytearray()
        with self._open(method, path, body, {**kind, **(headers or {})}, key=key) as (response, exchange):

            def pieces() -> Iterator[bytes]:
                for piece in self._pieces(response, started, exchange):
                    received.extend(piece)
                    yield piece

            try:
                yield Stream(response.status_code, response.headers, pieces(), received)
            except BaseException:
                received.clear()  # a traceback keeps what it has seen
                raise
            self._remember(exchange, response, received)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _http(self) -> httpx.Client:
        if self._client is None:
            loopback = httpx.URL(self.url).host in {"127.0.0.1", "localhost", "::1"}
            self._client = httpx.Client(
                timeout=httpx.Timeout(self.timeout_s, connect=min(5.0, self.timeout_s)),
                headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
                trust_env=not loopback,  # a proxy of the environment is for the outer world
                limits=httpx.Limits(keepalive_expiry=1.0),  # sooner than any server closes an idle connection
                follow_redirects=False,
            )
        return self._client

    def _key(self) -> dict[str, str]:
        return {"x-goog-api-key": self.api_key}

    @contextlib.contextmanager
    def _open(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *, key: bool
    ) -> Iterator[tuple[httpx.Response, int]]:
        if self._down:
            raise Untestable(self._down)
        url = path if "://" in path else self.url + self.path(path)
        self._spend(len(body or b""))
        try:
            request = self._http().build_request(
                method, url, content=body, headers={**(self._key() if key else {}), **headers}
            )
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise Broken("a URL that can be requested", f"{url!r}: {error}") from error
        line = f"{method} {request.url.raw_path.decode('ascii')}"
        said = shown.message(line, request.headers.multi_items(), body or b"", size_bytes=len(body or b""))
        self.exchanges.append(Exchange(request=said, problem="no answer"))
        try:
            response = self._send_patiently(request)
        except httpx.HTTPError as error:
            self._fail(len(self.exchanges) - 1, _why(error), cause=error)
        try:
            yield response, len(self.exchanges) - 1
        finally:
            response.close()

    def _send_patiently(self, request: httpx.Request) -> httpx.Response:
        """Send, and again after as long as the server asks for if it is too busy."""
        said = ""
        for pause_s in (*PAUSES_S, None):
            response = self._send(request)
            if response.status_code not in manners.BUSY:
                return response
            body, _ = self._beginning(response)
            said = f"{response.status_code} {body[:300].decode('utf-8', errors='replace')}"
            asked_s = manners.asked_to_wait_s(response, body)
            if asked_s is not None and asked_s > MAX_WAIT_S:
                self._give_up(f"the server asks to wait {asked_s:.0f} s before the next request: {said}")
            if pause_s is not None:
                time.sleep(pause_s if asked_s is None else asked_s)
                self._spend(int(request.headers.get("content-length", "0")))
        said = f"too busy, {len(PAUSES_S) + 1} times in a row: {said}"
        if self._is_busy():
            self._give_up(said)
        raise Untestable(said)

    def _is_busy(self) -> bool:
        """Whether it is the whole server, and not one of its methods, that is too busy."""
        self._spend(0)
        with self._http().stream("GET", self.url + self.path("/{v}/models"), headers=self._key()) as response:
            return response.status_code in manners.BUSY

    def _beginning(self, response: httpx.Response) -> tuple[bytes, bool]:
        """What comes of a body in time, as far as anybody wants to read it; whether that is all of it."""
        body = bytearray()
        started = time.monotonic()
        with contextlib.closing(response), contextlib.suppress(httpx.HTTPError):
            for piece in _unpacked(response):
                body += piece
                if len(body) > _BEGINNING_BYTES or time.monotonic() - started > self.timeout_s:
                    return bytes(body), False
            return bytes(body), True
        return bytes(body), False

    def _send(self, request: httpx.Request) -> httpx.Response:
        """Send, and once more if a connection that was kept open turns out closed: nobody is to blame."""
        opened = False

        def trace(event: str, _: object) -> None:
            nonlocal opened
            opened = opened or event.startswith("connection.connect_tcp")

        request.extensions["trace"] = trace
        try:
            return self._http().send(request, stream=True)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            if opened:
                raise
        self._spend(int(request.headers.get("content-length", "0")))
        return self._http().send(request, stream=True)

    def _pieces(self, response: httpx.Response, started: float, exchange: int) -> Iterator[bytes]:
        total = 0
        try:
            for data in _unpacked(response):
                at_s = time.monotonic() - started
                total += len(data)
                if total > MAX_BODY_BYTES:
                    self._fail(exchange, f"a body of more than {MAX_BODY_BYTES} bytes")
                if at_s > 3 * self.timeout_s:
                    self._fail(exchange, f"a body that has not ended after {at_s:.0f} s")
                yield data
        except httpx.HTTPError as error:
            self._fail(exchange, _why(error), cause=error)

    def _fail(self, exchange: int, problem: str, *, cause: Exception | None = None) -> NoReturn:
        """No complete answer: the fault of this request if the server still answers others."""
        self._answered = False
        self.exchanges[exchange] = self.exchanges[exchange].model_copy(update={"problem": problem})
        self.probe()
        raise Broken("a complete answer", problem) from cause

    def _remember(self, exchange: int, response: httpx.Response, body: bytearray) -> None:
        line = f"{response.status_code} {response.reason_phrase}".rstrip()
        message = shown.message(line, response.headers.multi_items(), bytes(body), size_bytes=len(body))
        before = self.exchanges[exchange]
        problem = None if before.problem == "no answer" else before.problem
        self.exchanges[exchange] = before.model_copy(update={"response": message, "problem": problem})

    def _spend(self, body_bytes: int) -> None:
        if self.max_requests is not None and self.spent.requests >= self.max_requests:
            pytest.skip(f"not decided: the budget of {self.max_requests} requests is spent")
        if self.max_bytes is not None and self.spent.sent_bytes + body_bytes > self.max_bytes:
            pytest.skip(f"not decided: the budget of {self.max_bytes} bytes is spent")
        self.spent.requests += 1
        self.spent.sent_bytes += body_bytes


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    """The body as it comes, of a server that compresses unasked too; never much more at once than arrived."""
    if response.headers.get("content-encoding", "").lower() not in {"gzip", "x-gzip", "deflate"}:
        yield from response.iter_raw()
        return
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)  # of either format
    for packed in response.iter_raw():
        rest = packed
        while rest:
            try:
                piece = unpack.decompress(rest, _PIECE_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError(str(error), request=response.request) from error
            rest = unpack.unconsumed_tail
            yield piece


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
