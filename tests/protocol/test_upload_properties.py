"""The upload under faults: our flow, and a client as the SDKs are, against a server made of the table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from visionspec.client.flows import ConnectionLost, Flow, Read, Request, Sleep
from visionspec.client.response import Response
from visionspec.client.settings import Settings
from visionspec.client.source import open_source
from visionspec.client.uploads import UploadInterrupted, UploadToken, cancel_upload, send_file, upload
from visionspec.errors import APIError, TransportError, UploadError
from visionspec.models.files import File
from visionspec.protocol.upload import (
    Command,
    Plan,
    Session,
    before_body,
    chunk_headers,
    error_headers,
    parse_request,
    response_headers,
    step,
)

T = TypeVar("T")
Fault: TypeAlias = str | tuple[str, int]

GRANULARITY = 4
SETTINGS = Settings("http://x", None, "v1beta", 1.0, 2, 60.0, 2**20)


@dataclass
class Stored:
    session: Session
    content: bytearray = field(default_factory=bytearray)

    @property
    def received(self) -> bytes:
        return bytes(self.content[: self.session.received_bytes])

    def write(self, at: int, piece: bytes) -> None:
        self.content[at : at + len(piece)] = piece


class Server:
    """Every request goes through `before_body` and `step`, as a server's would."""

    def __init__(self) -> None:
        self.uploads: dict[str, Stored] = {}

    def handle(self, request: Request, *, arrived: int | None = None) -> Response:
        """Take ``request``; its body breaks off after ``arrived`` bytes, if that is given."""
        whole = arrived is None
        body = request.body if whole else request.body[:arrived]
        headers = {**request.headers, "Content-Length": str(len(request.body))}
        command = parse_request(headers)
        if command.verb == "start":
            if not whole:
                return Response(400, {})
            session, reply = step(Session(granularity_bytes=GRANULARITY), command)
            url = f"http://x/{len(self.uploads)}"
            self.uploads[url] = Stored(session)
            return self._response(reply.status, response_headers(session, url=url))
        stored = self.uploads[request.url]
        try:
            plan = before_body(stored.session, command)
        except UploadError as error:
            return self._response(error.status, error_headers(stored.session))
        kept = body[plan.skip_bytes : plan.skip_bytes + plan.room_bytes]
        stored.write(plan.write_at, kept)
        stored.session, reply = step(stored.session, command, arrived_bytes=len(body), whole=whole)
        file = {"file": {"name": "files/a", "sizeBytes": str(stored.session.received_bytes)}}
        return self._response(reply.status, reply.headers, file if reply.with_file else {})

    @staticmethod
    def _response(status: int, headers: dict[str, str], body: object = None) -> Response:
        return Response(status, {k.lower(): v for k, v in headers.items()}, json.dumps(body).encode())


FAULTS = st.one_of(
    st.sampled_from(
        ["ok", "lose request", "lose reply", "repeat", "503", "503 after", "no status", "cancel"]
    ),
    st.tuples(st.just("break"), st.integers(0, 100)),
    st.tuples(st.just("delay"), st.integers(1, 4)),
    st.tuples(st.just("delay broken"), st.integers(1, 4)),
)


class Network:
    """Carries requests to the server, and harms one after the other as its schedule says; then it is fine."""

    def __init__(self, server: Server, schedule: list[Fault]) -> None:
        self.server = server
        self.schedule = list(schedule)
        self.late: list[tuple[int, Request, int | None]] = []
        self.sent = 0

    def send(self, request: Request) -> Response:
        self.sent += 1
        assert self.sent < 500, "the client goes on for ever"
        self._deliver_late()
        fault, much = self._next()
        if fault == "503":
            return Response(503, {}, b"")
        if fault == "break":
            self.server.handle(request, arrived=len(request.body) * much // 100)
        if fault.startswith("delay"):
            half = len(request.body) // 2 if fault == "delay broken" else None
            self.late.append((self.sent + much, request, half))
        if fault in ("lose request", "break", "delay", "delay broken"):
            raise ConnectionLost("lost", sent=True)
        return self._answered(request, fault)

    def _answered(self, request: Request, fault: str) -> Response:
        known = request.url in self.server.uploads
        if fault == "cancel" and known:
            self.server.handle(Request("POST", request.url, chunk_headers("cancel")))
        response = self.server.handle(request)
        if fault == "repeat":
            response = self.server.handle(request)
        if fault == "lose reply":
            raise ConnectionLost("lost", sent=True)
        if fault == "503 after":
            return Response(503, {}, b"")
        if fault == "no status" and known:
            return Response(response.status, {}, b"")
        return response

    def _deliver_late(self) -> None:
        due = [late for late in self.late if late[0] <= self.sent]
        self.late = [late for late in self.late if late[0] > self.sent]
        for _, request, arrived in due:
            self.server.handle(request, arrived=arrived)

    def _next(self) -> tuple[str, int]:
        fault = self.schedule.pop(0) if self.schedule else "ok"
        return (fault, 0) if isinstance(fault, str) else fault

    def run(self, flow: Flow[T]) -> T:
        """A driver that waits for nothing."""
        try:
            at = next(flow)
            while True:
                if isinstance(at, Request):
                    try:
                        response = self.send(at)
                    except TransportError as error:
                        at = flow.throw(error)
                    else:
                        at = flow.send(response)
                elif isinstance(at, Read):
                    at = flow.send(at.source.read(at.offset, at.size))
                else:
                    assert isinstance(at, Sleep)
                    at = flow.send(0.0)
        except StopIteration as end:
            return end.value


def up(network: Network, data: bytes, chunk_bytes: int) -> tuple[str, File | None]:
    """Upload until it is final or cancelled, going on after every interruption."""
    source = open_source(data)
    options = {"chunk_bytes": chunk_bytes, "progress": None}
    flow = upload(SETTINGS, source, File(mime_type="image/png"), **options)
    while True:
        try:
            return "final", network.run(flow)
        except UploadInterrupted as broken:
            event("interrupted and resumed")
            flow = send_file(SETTINGS, broken.token, source, **options)
        except APIError as error:
            if error.status == 410:
                return "cancelled", None
            if error.status != 503:
                raise
            event("the start gave up")
            flow = upload(SETTINGS, source, File(mime_type="image/png"), **options)
        except ConnectionLost:
            flow = upload(SETTINGS, source, File(mime_type="image/png"), **options)


DATA = st.binary(max_size=64)
SCHEDULE = st.lists(FAULTS, max_size=25)


@pytest.mark.prop
@pytest.mark.rule("upload.client-offsets")
class TestClientAndServer:
    """After finitely many faults an upload ends final with exactly its bytes, or cancelled with a prefix."""

    @given(DATA, st.integers(1, 20), SCHEDULE)
    def test_exactly_the_bytes(self, data: bytes, chunk_bytes: int, schedule: list[Fault]) -> None:
        server = Server()
        network = Network(server, schedule)
        state, file = up(network, data, chunk_bytes)
        event(state)
        for stored in server.uploads.values():
            assert data.startswith(stored.received)
        ended = [stored for stored in server.uploads.values() if stored.session.state == state]
        assert ended
        if file is not None:
            assert file.size_bytes == len(data)
            assert [stored.received for stored in ended] == [data]
        else:
            assert "cancel" in schedule

    @given(DATA, st.integers(1, 20), SCHEDULE)
    def test_what_is_late_changes_nothing(self, data: bytes, chunk_bytes: int, schedule: list[Fault]) -> None:
        server = Server()
        network = Network(server, schedule)
        up(network, data, chunk_bytes)
        before = {
            url: (s.session, s.received) for url, s in server.uploads.items() if s.session.state == "final"
        }
        for _, late, arrived in network.late:
            server.handle(late, arrived=arrived)
        for url, ended in before.items():
            assert (server.uploads[url].session, server.uploads[url].received) == ended

    @given(DATA, st.integers(0, 6), SCHEDULE)
    def test_cancelled_by_the_client(self, data: bytes, requests_before: int, schedule: list[Fault]) -> None:
        server = Server()
        started = server.handle(Request("POST", "http://x", {"X-Goog-Upload-Command": "start"}))
        token = UploadToken(started.headers["x-goog-upload-url"], len(data), GRANULARITY)
        for n in range(requests_before):
            piece = data[n * 4 : n * 4 + 4]
            if len(piece) == 4:
                server.handle(Request("POST", token.url, chunk_headers("upload", offset_bytes=n * 4), piece))
        network = Network(server, [fault for fault in schedule if fault != "cancel"])
        while True:
            try:
                network.run(cancel_upload(SETTINGS, token))
            except (APIError, ConnectionLost):
                continue
            break
        stored = server.uploads[token.url]
        assert stored.session.state == "cancelled"
        assert data.startswith(stored.received)


def sdk(network: Network, url: str, data: bytes, chunk_bytes: int) -> str | None:
    """The Python SDK's upload: the same chunk again until a reply has a status, three times at most."""
    offset = 0
    while True:
        piece = data[offset : offset + chunk_bytes]
        verb = "upload, finalize" if offset + len(piece) >= len(data) else "upload"
        status = None
        for _ in range(3):
            try:
                response = network.send(Request("POST", url, chunk_headers(verb, offset_bytes=offset), piece))
            except ConnectionLost:
                continue  # the SDK itself raises here; a user's retry around it looks like this
            if status := response.headers.get("x-goog-upload-status"):
                break
        offset += len(piece)
        if status != "active":
            return status
        assert offset < len(data), "all was sent, and the upload is not final"


@pytest.mark.prop
@pytest.mark.rule("upload.repeated-chunk")
class TestSdkAndServer:
    """A client that only sends a chunk again, and never asks, ends with exactly its bytes as well."""

    @given(DATA, st.integers(1, 5), st.lists(FAULTS.filter(lambda fault: fault != "cancel"), max_size=12))
    def test_exactly_the_bytes(self, data: bytes, chunks: int, schedule: list[Fault]) -> None:
        spread = [fault for bad in schedule for fault in (bad, "ok")]  # no chunk fails three times
        server = Server()
        start = {"X-Goog-Upload-Command": "start", "X-Goog-Upload-Header-Content-Length": str(len(data))}
        url = server.handle(Request("POST", "http://x", start)).headers["x-goog-upload-url"]
        assert sdk(Network(server, spread), url, data, chunks * GRANULARITY) == "final"
        assert server.uploads[url].received == data


@pytest.mark.prop
@pytest.mark.rule("upload.final-closed")
class TestTable:
    """The bytes received never become fewer, and an upload that is over stays as it is."""

    COMMANDS = st.builds(
        Command,
        st.sampled_from(["start", "upload", "upload, finalize", "finalize", "query", "cancel"]),
        st.none() | st.integers(0, 20),
        st.none() | st.integers(0, 20),
        st.none() | st.integers(0, 40),
    )
    SESSIONS = st.builds(
        lambda state, received, more, granularity, spare: Session(
            state,
            received,
            None if more is None else received + more,
            granularity,
            received + (more or 0) + spare,
        ),
        st.sampled_from(["new", "active", "final", "cancelled"]),
        st.integers(0, 20),
        st.none() | st.integers(0, 10),
        st.sampled_from([1, 4]),
        st.integers(0, 10),
    )

    @given(session=SESSIONS, command=COMMANDS, arrived=st.none() | st.integers(0, 25), whole=st.booleans())
    def test_step(self, session: Session, command: Command, arrived: int | None, *, whole: bool) -> None:
        after, reply = step(session, command, arrived_bytes=arrived, whole=whole)
        assert after.received_bytes >= session.received_bytes
        assert after.received_bytes <= session.limit_bytes
        if after.declared_bytes is not None:
            assert after.received_bytes <= max(session.received_bytes, after.declared_bytes)
        if session.state in ("final", "cancelled"):
            assert after == session
        assert (reply.error is None) == (reply.status == 200)
        status = reply.headers.get("X-Goog-Upload-Status")
        assert status == after.state or (reply.error and status is None and after.state in ("new", "active"))
        assert reply.with_file == (after.state == "final" and reply.status == 200)

    @given(SESSIONS, COMMANDS)
    def test_before_body_and_step_agree(self, session: Session, command: Command) -> None:
        try:
            plan = before_body(session, command)
        except UploadError as error:
            refused = error
        else:
            self.check_plan(session, command, plan)
            return
        after, reply = step(session, command)
        assert (after, reply.status, str(reply.error)) == (session, refused.status, str(refused))

    def check_plan(self, session: Session, command: Command, plan: Plan) -> None:
        assert min(plan) >= 0
        arrived = plan.skip_bytes + plan.room_bytes
        if command.uploads and (command.length_bytes is None or command.length_bytes > arrived):
            _, reply = step(session, command, arrived_bytes=arrived + 1)
            assert reply.error is not None
            assert command.length_bytes is None, "a body that is too long is refused before it is read"


@pytest.mark.prop
@pytest.mark.rule("upload.repeated-chunk")
class TestTwoBodiesAtOnce:
    """Two bodies of one upload that come at the same time leave a file that is a prefix of what was sent."""

    @given(st.binary(min_size=8, max_size=40), st.data())
    def test_interleaved(self, data: bytes, draw: st.DataObject) -> None:
        stored = Stored(Session("active", 0, len(data), 1))
        under_way: list[list] = []
        for _ in range(draw.draw(st.integers(1, 25))):
            if len(under_way) < 2 and draw.draw(st.booleans()):
                offset = draw.draw(st.integers(0, stored.session.received_bytes))
                size = draw.draw(st.integers(0, len(data) - offset))
                verb = "upload, finalize" if offset + size == len(data) else "upload"
                command = Command(verb, offset, size)
                under_way.append([command, before_body(stored.session, command), 0])
            elif under_way:
                body = draw.draw(st.sampled_from(under_way))
                command, plan, came = body
                piece = data[command.offset_bytes + came : command.offset_bytes + command.length_bytes][
                    : draw.draw(st.integers(1, 9))
                ]
                skip = max(0, plan.skip_bytes - came)
                stored.write(plan.write_at + max(0, came - plan.skip_bytes), piece[skip:])
                body[2] += len(piece)
                if body[2] == command.length_bytes or draw.draw(st.booleans()):
                    stored.session, _ = step(stored.session, command, arrived_bytes=body[2])
                    under_way.remove(body)
            assert data.startswith(stored.received)
        assert stored.session.state != "final" or stored.received == data
