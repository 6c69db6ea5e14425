"""The requests of google.golang.org/genai 1.77.0 and com.google.genai:google-genai 1.70.0, as they were captured.

They differ from those of Python and JavaScript in headers, in the order of keys and in how they upload; written
down byte for byte they are tested where neither Go nor Java is installed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import socket
from base64 import b64decode
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

CHUNK_BYTES = 8 * 1024 * 1024
MODEL = "gemini-3-flash-preview"

# Between the request line and the body; Go's net/http writes names in title case, OkHttp as the SDK spells them.
GO = """\
Host: {host}
User-Agent: google-genai-sdk/1.77.0 gl-go/go1.26.8
Content-Length: {length}
Content-Type: application/json
X-Goog-Api-Client: google-genai-sdk/1.77.0 gl-go/go1.26.8
X-Goog-Api-Key: any
Accept-Encoding: gzip
"""
GO_INTERACTION = GO + "Accept: application/json;q=1, text/event-stream;q=0\nApi-Revision: 2026-05-20\n"
JAVA = """\
user-agent: google-genai-sdk/1.70.0 gl-java/17.0.15
x-goog-api-client: google-genai-sdk/1.70.0 gl-java/17.0.15
x-goog-api-key: any
Content-Length: {length}
Host: {host}
Connection: Keep-Alive
Accept-Encoding: gzip
"""
JAVA_JSON = JAVA + "Content-Type: application/json; charset=utf-8\n"
JAVA_INTERACTION = (
    JAVA
    + "api-revision: 2026-05-20\ncontent-type: application/json\n"
    + "accept: application/json;q=1, text/event-stream;q=0\n"
)
both = pytest.mark.parametrize("headers", [GO_INTERACTION, JAVA_INTERACTION], ids=["go", "java"])


class Said(NamedTuple):
    """What the server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def say(api: httpx.Client) -> Callable[..., Said]:
    """Send a request as it was captured, over a connection of its own, and unpack the answer."""
    url = urlsplit(str(api.base_url))

    def run(line: str, headers: str, body: bytes | str | dict[str, Any] = b"") -> Said:
        data = json.dumps(body) if isinstance(body, dict) else body
        data = data.encode() if isinstance(data, str) else data
        head = f"{line} HTTP/1.1\n{headers.format(host=url.netloc, length=len(data))}\n".replace("\n", "\r\n")
        with socket.create_connection((url.hostname, url.port), timeout=60) as connection:
            connection.sendall(head.encode() + data)
            with HTTPResponse(connection) as answer:
                answer.begin()
                got = answer.read()
            names = {name.lower(): value for name, value in answer.getheaders()}
        return Said(
            answer.status, names, gzip.decompress(got) if names.get("content-encoding") == "gzip" else got
        )

    return run


def path_of(url: str) -> str:
    """What a client that knows the host asks for."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


class TestUpload:
    def test_a_reader_of_go_tells_no_size(self, say: Any) -> None:
        """And what is a multiple of its chunk ends in an empty one, for only then does the reader end."""
        declared = (
            "X-Goog-Upload-Protocol: resumable\nX-Goog-Upload-Header-Content-Type: image/png\n"
            "X-Goog-Upload-Command: {command}\n"
        )
        start = GO + declared.format(command="start")
        begun = say("POST /upload/v1beta/files", start, '{"file":{"mimeType":"image/png"}}\n')
        assert begun.status == 200
        path = path_of(begun.headers["x-goog-upload-url"])
        data = bytes(range(256)) * (CHUNK_BYTES // 256)
        chunk = GO + declared.format(command="upload") + "X-Goog-Upload-Offset: 0\n"
        first = say(f"POST {path}", chunk, data)
        assert (first.status, first.headers["x-goog-upload-status"]) == (200, "active")
        end = GO + declared.format(command="upload, finalize") + f"X-Goog-Upload-Offset: {CHUNK_BYTES}\n"
        last = say(f"POST {path}", end)
        assert (last.status, last.headers["x-goog-upload-status"]) == (200, "final")
        file = last.json["file"]
        assert (file["sizeBytes"], file["mimeType"]) == (str(CHUNK_BYTES), "image/png")
        assert b64decode(file["sha256Hash"]).decode() == hashlib.sha256(data).hexdigest()

    def test_a_reader_of_go_without_a_type_sends_an_empty_one(self, say: Any, draw: Any) -> None:
        headers = GO + "X-Goog-Upload-Protocol: resumable\nX-Goog-Upload-Header-Content-Type: \n"
        begun = say("POST /upload/v1beta/files", headers + "X-Goog-Upload-Command: start\n", '{"file":{}}\n')
        assert begun.status == 200
        whole = headers + "X-Goog-Upload-Command: upload, finalize\nX-Goog-Upload-Offset: 0\n"
        done = say(f"POST {path_of(begun.headers['x-goog-upload-url'])}", whole, draw())
        assert done.headers["x-goog-upload-status"] == "final"
        assert done.json["file"]["mimeType"] == "image/png"  # there is nothing but the bytes to go by

    def test_java_says_so_of_the_start_alone(self, say: Any, draw: Any) -> None:
        """Its chunks are octets, with neither protocol nor size."""
        data = draw()
        start = (
            JAVA_JSON
            + "X-Goog-Upload-Protocol: resumable\nX-Goog-Upload-Command: start\n"
            + f"X-Goog-Upload-Header-Content-Length: {len(data)}\n"
            + "X-Goog-Upload-Header-Content-Type: image/png\nX-Goog-Upload-File-Name: scene.png\n"
        )
        body = '{"file":{"name":"files/my","displayName":"scène","mimeType":"image/png"}}'
        begun = say("POST /upload/v1beta/files", start, body)
        chunk = (
            JAVA
            + "Content-Type: application/octet-stream\n"
            + "X-Goog-Upload-Command: upload, finalize\nX-Goog-Upload-Offset: 0\n"
        )
        done = say(f"POST {path_of(begun.headers['x-goog-upload-url'])}", chunk, data)
        assert done.headers["x-goog-upload-status"] == "final"
        file = done.json["file"]
        assert (file["name"], file["displayName"]) == ("files/my", "scène")
        assert file["sizeBytes"] == str(len(data))

    @pytest.mark.parametrize("headers", [GO, JAVA + "Content-Type: application/json\n"], ids=["go", "java"])
    def test_delete_has_a_type_and_no_body(self, say: Any, api: httpx.Client, headers: str) -> None:
        start = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}
        begun = api.post("/upload/v1beta/files", json={"file": {"name": "files/my"}}, headers=start)
        end = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
        api.post(begun.headers["x-goog-upload-url"], content=b"x", headers=end).raise_for_status()
        bare = headers.replace("Content-Length: {length}\n", "")
        assert say("GET /v1beta/files/my", bare).json["name"] == "files/my"
        assert (say("DELETE /v1beta/files/my", bare).status, say("GET /v1beta/files/my", bare).status) == (
            200,
            403,
        )


class TestContents:
    def test_java_always_sends_a_generation_config(self, say: Any, png: str) -> None:
        body = (
            '{"contents":[{"parts":[{"inlineData":{"data":"' + png + '","mimeType":"image/png"}},'
            '{"text":"Detect the items, with box_2d."}],"role":"user"}],"generationConfig":{}}'
        )
        said = say("POST /v1beta/models/gemini-2.5-flash:generateContent", JAVA_JSON, body)
        (item,) = json.loads(said.json["candidates"][0]["content"]["parts"][0]["text"])
        assert item["box_2d"] == [250, 250, 750, 750]

    @pytest.mark.parametrize("headers", [GO, JAVA_JSON], ids=["go", "java"])
    def test_settings(self, say: Any, headers: str) -> None:
        """A whole number that is a float, an enumeration in capitals, and a schema that is the user's own."""
        body = (
            '{"contents":[{"parts":[{"text":"How many?"}],"role":"user"}],"tools":[{"functionDeclarations":'
            '[{"name":"keep","parametersJsonSchema":{"properties":{"n":{"type":"integer"}},"type":"object",'
            '"required":["n"]}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY"}},"generationConfig":'
            '{"temperature":0.0,"topK":2.0,"mediaResolution":"MEDIA_RESOLUTION_HIGH",'
            '"thinkingConfig":{"thinkingLevel":"MINIMAL"}}}'
        )
        said = say(f"POST /v1beta/models/{MODEL}:generateContent", headers, body)
        calls = [part["functionCall"] for part in said.json["candidates"][0]["content"]["parts"]]
        assert [call["name"] for call in calls] == ["keep"]

    @pytest.mark.parametrize("headers", [GO, JAVA_JSON], ids=["go", "java"])
    def test_a_stream_is_nothing_but_lines_of_data(self, say: Any, headers: str) -> None:
        """Go refuses every other line, comments and event: among them, and both refuse [DONE]."""
        body = '{"contents":[{"parts":[{"text":"Tell me what you see."}],"role":"user"}]}'
        said = say("POST /v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", headers, body + "\n")
        blocks = re.split(r"\r\n\r\n|\n\n", said.body.decode())
        assert blocks.pop() == ""  # the last one is ended too
        pieces = [json.loads(block.removeprefix("data: ")) for block in blocks]
        assert len(pieces) >= 2
        assert all("candidates" in piece for piece in pieces)


class TestInteractions:
    @both
    def test_the_first_versions_know_steps(self, say: Any, headers: str) -> None:
        """1.x is an old SDK in Python and JavaScript, whose interactions had no steps; here it is the newest."""
        said = say("POST /v1beta/interactions", headers, f'{{"input":"x","model":"{MODEL}"}}')
        assert said.status == 200
        assert said.json["steps"][-1]["type"] == "model_output"

    @both
    def test_a_stream_that_its_accept_header_does_not_ask_for(self, say: Any, headers: str) -> None:
        said = say("POST /v1beta/interactions", headers, f'{{"input":"x","model":"{MODEL}","stream":true}}')
        assert said.headers["content-type"].startswith("text/event-stream")
        # for Go a stream that ends without it has been cut off
        assert said.body.decode().rstrip().splitlines()[-1] == "data: [DONE]"

    @both
    def test_get_and_resume(self, say: Any, headers: str) -> None:
        """Java names every parameter of a get, whatever its value is."""
        made = say("POST /v1beta/interactions", headers, f'{{"input":"x","model":"{MODEL}"}}').json
        path = f"GET /v1beta/interactions/{made['id']}"
        bare = headers.replace("Content-Length: {length}\n", "")
        got = say(f"{path}?include_input=false&stream=false", bare).json
        assert got == made == say(path, bare).json
        events = say(f"{path}?include_input=false&stream=true", bare).body.decode()
        rest = say(f"{path}?include_input=false&last_event_id=e3&stream=true", bare).body.decode()
        third = re.search(r'^data: .*"event_id": ?"e3".*\n\n', events, re.MULTILINE)
        assert third
        assert rest == events[third.end() :]

    @both
    def test_cancel_has_a_length_of_nothing(self, say: Any, headers: str) -> None:
        body = f'{{"background":true,"input":"x","model":"{MODEL}"}}'
        made = say("POST /v1beta/interactions", headers, body).json
        plain = headers.replace("application/json;q=1, text/event-stream;q=0", "application/json")
        said = say(f"POST /v1beta/interactions/{made['id']}/cancel", plain)
        assert (said.status, said.json["status"]) == (200, "cancelled")

    @both
    def test_the_code_of_an_error_is_a_string(self, say: Any, headers: str) -> None:
        """Go's error holds nothing of the body if it is a number."""
        refused = [
            say("POST /v1beta/interactions", headers, '{"input":"x","model":"gemini-none"}'),
            say("POST /v1beta/interactions", headers, f'{{"input":"x","model":"{MODEL}","config":{{}}}}'),
            say("POST /v1beta/interactions", headers, "{"),
            say("GET /v1beta/interactions/v1_none", headers),
        ]
        assert [said.status for said in refused] == [404, 400, 400, 404]
        assert [type(said.json["error"]["code"]) for said in refused] == [str] * 4
