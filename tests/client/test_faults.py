"""Errors, retries and waits, redirects, bounds, and the key that must not get out; over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest

from visionspec.client import AsyncClient, Client, UploadToken
from visionspec.errors import APIError, InvalidInput, TransportError

if TYPE_CHECKING:
    from visionspec.models.files import File

BUSY = {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
FILE = {"name": "files/abc"}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_tried_again(
    client: Any, fake: Any, answer: Any, waits: list[float], status: int
) -> None:
    fake.answers = [answer(status, BUSY), answer(status, BUSY), answer(body=FILE)]
    assert client.get_file("abc").name == "files/abc"
    assert waits == [0.5, 1.0]  # measured in the official SDKs: 0.5 * 2^n, at most 8 s


def test_the_waits_double_up_to_eight_seconds(
    client: Any, fake: Any, answer: Any, waits: list[float]
) -> None:
    fake.answers = [answer(503, BUSY)] * 7
    with pytest.raises(APIError, match="503 UNAVAILABLE: busy"):
        client.with_options(retries=6).get_file("abc")
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


@pytest.mark.usefixtures("waits")
def test_four_retries_are_five_requests(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(503, BUSY)] * 9
    with pytest.raises(APIError):
        client.interact("m", "hi")
    assert len(fake.seen) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 416])
def test_what_does_not_pass_is_not_tried_again(
    client: Any, fake: Any, answer: Any, waits: list[float], status: int
) -> None:
    fake.answers = [answer(status, {"error": {"code": status, "message": "no", "status": "NO"}})]
    with pytest.raises(APIError) as caught:
        client.get_file("abc")
    assert caught.value.status == status
    assert len(fake.seen) == 1
    assert waits == []


RETRY_INFO = {
    "error": {
        "code": 429,
        "message": "Resource exhausted.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            {"@type": "type.googleapis.com/google.rpc.Help"},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"},
        ],
    }
}


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"Retry-After": "7"}, BUSY, 7.0),
        ({"retry-after-ms": "50"}, BUSY, 0.05),
        ({"retry-after-ms": "50", "Retry-After": "7"}, BUSY, 0.05),
        (
            {"Retry-After": "Fri, 20 Nov 2026 10:00:09 GMT", "Date": "Fri, 20 Nov 2026 10:00:00 GMT"},
            BUSY,
            9.0,
        ),
        (
            {"Retry-After": "Fri, 20 Nov 2026 09:00:00 GMT", "Date": "Fri, 20 Nov 2026 10:00:00 GMT"},
            BUSY,
            0.0,
        ),
        ({}, RETRY_INFO, 1.5),
        ({}, [RETRY_INFO], 1.5),
        ({"Retry-After": "2"}, RETRY_INFO, 2.0),
        ({"Retry-After": "soon"}, BUSY, 0.5),
        ({"Retry-After": "-1"}, BUSY, 0.5),
        ({"Retry-After": "inf"}, BUSY, 0.5),
    ],
)
def test_the_wait_is_what_the_server_asks_for(
    client: Any,
    fake: Any,
    answer: Any,
    waits: list[float],
    *,
    headers: dict[str, str],
    body: Any,
    wait: float,
) -> None:
    fake.answers = [answer(429, body, headers), answer(body=FILE)]
    client.get_file("abc")
    assert waits == [wait]


def test_a_wait_that_is_too_long_is_not_waited_for(
    client: Any, fake: Any, answer: Any, waits: list[float]
) -> None:
    fake.answers = [answer(429, RETRY_INFO, {"Retry-After": "3600"})]
    with pytest.raises(APIError) as caught:
        client.get_file("abc")
    assert caught.value.details == RETRY_INFO["error"]["details"]
    assert waits == []


@pytest.mark.usefixtures("waits")
def test_a_lost_reply_is_asked_for_again(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(hang_up=True), answer(body=FILE, cut=True), answer(body=FILE)]
    assert client.get_file("abc").name == "files/abc"
    assert len(fake.seen) == 3


@pytest.mark.parametrize(
    ("method", "arguments"), [("interact", ("m", "hi")), ("generate_content", ("m", "hi"))]
)
def test_what_costs_is_not_sent_twice_because_a_reply_was_lost(
    client: Any, fake: Any, answer: Any, method: str, arguments: tuple[str, ...]
) -> None:
    fake.answers = [answer(hang_up=True)]
    with pytest.raises(TransportError, match=r"http://127\.0\.0\.1:\d+/v1beta/"):
        getattr(client, method)(*arguments)
    assert len(fake.seen) == 1


def test_nobody_listens(client: Any, waits: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(TransportError, match=f"{url}/v1beta/interactions: "):
            client.with_options(base_url=url).interact("m", "hi")
    assert waits == [0.5, 1.0, 2.0, 4.0]  # nothing was sent, so nothing is sent twice


def test_an_answer_that_does_not_come(client: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        patient = client.with_options(base_url=url, timeout_s=0.05, retries=0)
        with pytest.raises(TransportError, match=f"{url}/v1beta/files/abc: "):
            patient.get_file("abc")


@pytest.mark.parametrize(
    ("status", "body", "code", "message"),
    [
        (
            400,
            {"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}},
            "INVALID_ARGUMENT",
            "m",
        ),
        (404, {"error": {"message": "m", "code": "not_found"}}, "not_found", "m"),
        (404, [{"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}], "NOT_FOUND", "m"),
        (400, "plain words", "INVALID_ARGUMENT", "plain words"),
        (400, "", "INVALID_ARGUMENT", "no message"),
        (404, {"detail": "Not Found"}, "NOT_FOUND", "Not Found"),
        (413, "<!doctype html><html><TITLE>\n413 Too Large </title>", "INVALID_ARGUMENT", "413 Too Large"),
        (403, "<html>", "PERMISSION_DENIED", "a page instead of JSON"),
        (400, b"\xff\xfe", "INVALID_ARGUMENT", "\ufffd\ufffd"),
        (400, "x" * 1000, "INVALID_ARGUMENT", "x" * 500),
        (400, "[" * 100_000, "INVALID_ARGUMENT", "[" * 500),
    ],
)
def test_every_kind_of_error(
    client: Any, fake: Any, answer: Any, *, status: int, body: Any, code: str, message: str
) -> None:
    fake.answers = [answer(status, body)]
    with pytest.raises(APIError) as caught:
        client.get_file("abc")
    error = caught.value
    assert (error.status, error.code, error.message, error.details) == (status, code, message, [])
    assert str(error) == f"{status} {code}: {message}"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"name": 7}', b"\xff"])
def test_a_success_that_is_not_of_this_api(client: Any, fake: Any, answer: Any, body: Any) -> None:
    fake.answers = [answer(body=body)]
    with pytest.raises(TransportError, match="no File: "):
        client.get_file("abc")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_so_the_key_stays_here(
    client: Any, fake: Any, answer: Any, status: int
) -> None:
    fake.answers = [answer(status, headers={"Location": f"{fake.url}/elsewhere"}), answer(body=FILE)]
    with pytest.raises(APIError, match=r"a redirect to .*elsewhere.*not followed"):
        client.get_file("abc")
    assert fake.targets == ["GET /v1beta/files/abc"]


def test_a_redirect_is_not_followed_by_a_given_client_either(fake: Any, answer: Any) -> None:
    import httpx  # noqa: PLC0415 - the one test that gives a client of httpx

    fake.answers = [answer(302, headers={"Location": f"{fake.url}/elsewhere"}), answer(body=FILE)]
    with httpx.Client(follow_redirects=True) as given:
        with (
            Client(fake.url, "k", http_client=given) as client,
            pytest.raises(APIError, match="not followed"),
        ):
            client.get_file("abc")
        assert not given.is_closed


def test_a_response_has_a_bound(client: Any, fake: Any, answer: Any) -> None:
    small = client.with_options(max_response_bytes=1000, retries=0)
    fake.answers = [answer(body={"name": "x" * 2000})]
    with pytest.raises(TransportError, match="a response of more than 1000 bytes"):
        small.get_file("abc")


def test_the_bound_is_of_what_was_unpacked(client: Any, fake: Any, answer: Any) -> None:
    bomb = gzip.compress(b"[" + b" " * 10_000_000)
    fake.answers = [answer(body=bomb, headers={"Content-Encoding": "gzip"})]
    with pytest.raises(TransportError, match="a response of more than 100000 bytes"):
        client.with_options(max_response_bytes=100_000, retries=0).get_file("abc")


def test_a_compressed_answer(client: Any, fake: Any, answer: Any) -> None:
    packed = gzip.compress(json.dumps(FILE).encode())
    fake.answers = [answer(body=packed, headers={"Content-Encoding": "gzip"})]
    assert client.get_file("abc").name == "files/abc"


def test_an_answer_that_cannot_be_unpacked(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body=b"no gzip", headers={"Content-Encoding": "gzip"})] * 2
    with pytest.raises(TransportError, match="/v1beta/files/abc: "):
        client.with_options(retries=0).get_file("abc")


def test_the_key_is_in_no_log_error_or_repr(
    client: Any, fake: Any, answer: Any, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.answers = [
        answer(400, {"error": {"code": 400, "message": "no", "status": "NO"}}),
        answer(hang_up=True),
    ]
    with pytest.raises(APIError) as refused:
        client.get_file("abc")
    with pytest.raises(TransportError) as lost:
        client.interact("m", "hi")
    told = [caplog.text, repr(refused.value), repr(lost.value), repr(Client(fake.url, key)._settings)]
    assert [text for text in told if key in text] == []


def test_the_url_of_an_upload_is_in_no_error_or_repr(client: Any, fake: Any) -> None:
    token = UploadToken(f"{fake.url}/upload?upload_id=capability", 3, 1)
    fake.faults = ["lose request"] * 9
    with pytest.raises(TransportError) as lost:
        client.with_options(retries=0).resume_upload(token, b"abc")
    assert "capability" not in f"{lost.value} {lost.value!r} {token!r}"


class TestSettings:
    """Arguments win over the environment, and GOOGLE_API_KEY over GEMINI_API_KEY, as in the SDKs."""

    def test_environment(self, monkeypatch: pytest.MonkeyPatch, fake: Any, answer: Any) -> None:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", fake.url + "/")
        monkeypatch.setenv("GEMINI_API_KEY", "second")
        for key, expected in [("first", "first"), ("", "second")]:
            monkeypatch.setenv("GOOGLE_API_KEY", key)
            fake.answers = [answer(body=FILE)]
            with Client() as client:
                client.get_file("abc")
            assert fake.seen[-1].headers["x-goog-api-key"] == expected

    def test_arguments_win(self, monkeypatch: pytest.MonkeyPatch, fake: Any, answer: Any) -> None:
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("GOOGLE_API_KEY", "other")
        fake.answers = [answer(body=FILE)]
        with Client(fake.url, "mine") as client:
            client.get_file("abc")
        assert fake.seen[-1].headers["x-goog-api-key"] == "mine"

    def test_a_client_of_httpx_need_not_be_given(self, fake: Any, answer: Any) -> None:
        async def run() -> File:
            async with AsyncClient(fake.url) as client:
                return await client.get_file("abc")

        fake.answers = [answer(body=FILE)]
        assert asyncio.run(run()).name == "files/abc"

    @pytest.mark.parametrize("kind", [Client, AsyncClient])
    def test_the_real_service_needs_a_key(self, kind: Any) -> None:
        with pytest.raises(InvalidInput, match="GEMINI_API_KEY"):
            kind()

    @pytest.mark.parametrize("key", ["secret\n", " secret", "sécret", "sec ret"])
    def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(self, key: str) -> None:
        with pytest.raises(InvalidInput, match="api_key has a space") as caught:
            Client("http://127.0.0.1:1", key)
        assert "ret" not in str(caught.value)

    def test_a_server_of_ones_own_needs_none(self, fake: Any, answer: Any) -> None:
        fake.answers = [answer(body=FILE)]
        with Client(fake.url) as client:
            client.get_file("abc")
        assert "x-goog-api-key" not in fake.seen[-1].headers

    @pytest.mark.parametrize(
        "url", ["127.0.0.1:8000", "ftp://x", "http://", "http://x?a=b", "http://[", "http://x#y"]
    )
    def test_no_url(self, url: str) -> None:
        with pytest.raises(InvalidInput, match="no http"):
            Client(url, "k")
