"""What a body may look like: the documents' broken JSON, both key cases, both base64 alphabets, too large."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import zlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable

GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
KEY = {"x-goog-api-key": "any"}


def test_the_trailing_commas_of_the_documents_curl(api: httpx.Client, png: str) -> None:
    # document 001, lines 83-84: a comma after the last part
    body = (
        f'{{"contents": [{{"parts":[{{"inline_data": {{"mime_type":"image/png","data": "{png}"}}}},'
        '{"text": "Caption this image."},]}]}'
    )
    answer = api.post(GENERATE, content=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["usageMetadata"]["promptTokensDetails"][1] == {
        "modality": "IMAGE",
        "tokenCount": 1548,
    }


def test_single_quotes(api: httpx.Client) -> None:
    assert api.post(GENERATE, content="{'contents': [{'parts': [{'text': 'hi'}]}]}").status_code == 200


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 500 + b"]" * 500, b"hello"])
def test_what_is_no_json_at_all(api: httpx.Client, body: bytes) -> None:
    answer = api.post(GENERATE, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("Invalid JSON payload received. ")


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"5", b"null"])
def test_a_root_that_is_no_message(api: httpx.Client, body: bytes) -> None:
    error = api.post(GENERATE, content=body).json()["error"]
    assert (
        error["message"] == 'Invalid JSON payload received. Unknown name "": Root element must be a message.'
    )


def test_an_empty_body_is_an_empty_message(api: httpx.Client) -> None:
    answer = api.post(GENERATE, content=b"")
    assert answer.status_code == 400
    assert (
        answer.json()["error"]["message"] == "* GenerateContentRequest.contents: contents is not specified\n"
    )


def test_keys_of_either_case_at_every_level(api: httpx.Client, png: str) -> None:
    body = {
        "contents": [
            {
                "parts": [
                    {"inlineData": {"data": png, "mime_type": "image/png"}},  # as the Python SDK mixes them
                    {"inline_data": {"data": png, "mimeType": "image/png"}},
                    {"text": "hi"},
                ]
            }
        ],
        "generation_config": {
            "maxOutputTokens": 3,
            "thinkingConfig": {"include_thoughts": True},
            "topK": 2.0,
        },
        "systemInstruction": {"parts": {"text": "be brief"}},
    }
    answer = api.post(GENERATE, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["usageMetadata"]["promptTokensDetails"][1]["tokenCount"] == 2 * 1548
    assert answer.json()["candidates"][0]["content"]["parts"][0]["thought"] is True


def test_the_users_own_keys_are_left_alone(api: httpx.Client) -> None:
    schema = {
        "type": "OBJECT",
        "properties": {"bounding_box": {"type": "STRING"}, "camelCase": {"type": "STRING"}},
    }
    config = {
        "responseMimeType": "application/json",
        "responseSchema": {**schema, "required": ["bounding_box"]},
    }
    answer = api.post(GENERATE, json={"contents": [{"parts": [{"text": "hi"}]}], "generationConfig": config})
    text = answer.json()["candidates"][0]["content"]["parts"][0]["text"]
    assert set(json.loads(text)) <= {"bounding_box", "camelCase"}
    assert "bounding_box" in json.loads(text)


class TestInlineData:
    def _urlsafe_png(self, draw: Callable[..., bytes]) -> bytes:
        for side in range(300, 400):
            data = draw(side, side)
            if {b"-"[0], b"_"[0]} <= set(base64.urlsafe_b64encode(data)):
                return data
        raise AssertionError("no picture whose base64 needs both characters")

    @pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
    @pytest.mark.parametrize("padding", [True, False])
    def test_both_alphabets_arrive_whole(
        self,
        api: httpx.Client,
        draw: Callable[..., bytes],
        encode: object,
        padding: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        data = self._urlsafe_png(draw)
        text = encode(data).decode()  # type: ignore[operator]  # one of two functions
        if not padding:
            text = text.rstrip("=")
        part = {"inline_data": {"mime_type": "image/png", "data": text}}
        assert api.post(GENERATE, json={"contents": [{"parts": [part]}]}).status_code == 200
        (entry,) = api.get("/_mock/log").json()["requests"]
        assert entry["images"][0]["sha256"] == hashlib.sha256(data).hexdigest()

    def test_what_is_not_base64_is_named(self, api: httpx.Client) -> None:
        # the sentence is observed: the path in snake_case, the value in quotes
        part = {"inlineData": {"mimeType": "image/png", "data": "data:image/png;base64,"}}
        error = api.post(GENERATE, json={"contents": [{"parts": [{"text": "a"}, part]}]}).json()["error"]
        sentence = (
            "Invalid value at 'contents[0].parts[1].inline_data.data' (TYPE_BYTES), "
            'Base64 decoding failed for "data:image/png;base64,"'
        )
        assert error == {
            "code": 400,
            "message": sentence,
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [
                        {"field": "contents[0].parts[1].inline_data.data", "description": sentence}
                    ],
                }
            ],
        }

    def test_nothing_is_dropped_silently(self, api: httpx.Client, png: str) -> None:
        part = {"inlineData": {"mimeType": "image/png", "data": png[:40] + "*" + png[40:]}}
        assert api.post(GENERATE, json={"contents": [{"parts": [part]}]}).status_code == 400


class TestSize:
    def test_a_body_over_the_limit_is_refused_in_the_services_words(self) -> None:
        with MockServer(max_body_bytes=1000) as server:
            answer = httpx.post(server.url + GENERATE, content=b" " * 1001, headers=KEY)
            assert (answer.status_code, answer.json()["error"]["message"]) == (
                400,
                "Request payload size exceeds the limit: 1000 bytes.",
            )
            fits = b'{"contents": [{"parts": [{"text": "hi"}]}]}'.ljust(1000)
            assert httpx.post(server.url + GENERATE, content=fits, headers=KEY).status_code == 200

    def test_the_limit_is_twenty_megabytes(self, api: httpx.Client) -> None:
        answer = api.post(GENERATE, content=b" " * (20 * 1024 * 1024 + 1))
        assert answer.json()["error"]["message"] == "Request payload size exceeds the limit: 20971520 bytes."

    def test_the_rest_is_read_so_that_the_answer_arrives(self) -> None:
        with MockServer(max_body_bytes=1000) as server:
            split = urlsplit(server.url)
            connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=20)
            connection.request("POST", GENERATE, body=b"x" * 8_000_000, headers=KEY)
            assert connection.getresponse().status == 400
            connection.close()


def test_gzip_when_asked(api: httpx.Client) -> None:
    with httpx.Client(base_url=api.base_url, headers=KEY) as client:
        plain = client.get("/v1/models", headers={"accept-encoding": "identity"})
        packed = client.get("/v1/models", headers={"accept-encoding": "br, gzip"})
        refused = client.get("/v1/models", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 3


def test_the_same_answer_is_the_same_bytes_when_packed(server: MockServer) -> None:
    split = urlsplit(server.url)

    def body() -> bytes:
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=20)
        connection.request("GET", "/v1/models", headers={**KEY, "accept-encoding": "gzip"})
        data = connection.getresponse().read()
        connection.close()
        return data

    first = body()
    assert first == body()
    assert first[4:8] == b"\0\0\0\0"  # RFC 1952: no time stamp
    assert zlib.decompress(first, wbits=31).startswith(b'{"models":[')


def test_curl_waits_for_100_continue(server: MockServer) -> None:
    split = urlsplit(server.url)
    body = b'{"contents": [{"parts": [{"text": "hi"}]}]}'
    with socket.create_connection((split.hostname, split.port), timeout=10) as line:
        head = (
            f"POST {GENERATE} HTTP/1.1\r\nHost: {split.netloc}\r\nx-goog-api-key: any\r\n"
            f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        line.sendall(head.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 100 ")
        line.sendall(body)
        assert line.recv(100).startswith(b"HTTP/1.1 200 ")
