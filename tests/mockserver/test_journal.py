"""What the log keeps of requests and answers, what it never shows, and how it is asked."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import jsonschema
import pytest
from PIL import Image, ImageDraw
from prometheus_client.parser import text_string_to_metric_families

from visionspec_mockserver import MockServer
from visionspec_mockserver.journal.record import Record
from visionspec_mockserver.journal.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GENERATE = "/v1/models/gemini-2.5-flash:generateContent"
STREAM = "/v1/models/gemini-2.5-flash:streamGenerateContent"
START = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}
FINISH = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
KEY = "a-key-of-some-length"
WAIT_S = 20


def asked(text: str, *images: str, mime_type: str = "image/png") -> dict[str, Any]:
    parts = [{"inlineData": {"mimeType": mime_type, "data": image}} for image in images]
    return {"contents": [{"parts": [*parts, {"text": text}]}]}


def noise(side_px: int, seed: int) -> str:
    """A PNG that hardly packs: more than three bytes per pixel in base64."""
    out = io.BytesIO()
    data = b"".join((seed * 7919 + n * n).to_bytes(8, "little")[:3] for n in range(side_px * side_px))
    Image.frombytes("RGB", (side_px, side_px), data).save(out, "PNG", compress_level=0)
    return base64.b64encode(out.getvalue()).decode()


def listed(client: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/_mock/log", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["requests"]
    return found


def one(client: httpx.Client, n: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/_mock/log/{n}").json()
    return found


def settled() -> None:
    """Wait until nothing is made short any more."""
    for thread in threading.enumerate():
        if thread.name == "visionspec-journal":
            thread.join(WAIT_S)


@contextmanager
def serving(**options: Any) -> Iterator[tuple[MockServer, httpx.Client]]:
    with (
        MockServer(**options) as server,
        httpx.Client(base_url=server.url, headers={"x-goog-api-key": KEY}, timeout=60) as client,
    ):
        yield server, client


class TestEntry:
    def test_request_and_answer(self, api: httpx.Client, png: str) -> None:
        answer = api.post(
            GENERATE, json=asked("Caption this image.", png), headers={"x-visionspec-test": "mine"}
        )
        entry = one(api)
        assert entry["request"]["body"]["contents"][0]["parts"][1] == {"text": "Caption this image."}
        assert ["content-type", "application/json"] in entry["request"]["headers"]
        assert entry["response"]["body"] == answer.json()
        assert entry["answer"]["text"] == answer.json()["candidates"][0]["content"]["parts"][0]["text"]
        assert (entry["request_bytes"], entry["response_bytes"]) == (
            int(answer.request.headers["content-length"]),
            int(answer.headers["content-length"]),
        )
        assert entry["test"] == "mine"
        assert 0 < entry["ms"] <= entry["total_ms"]

    @pytest.mark.parametrize("path", [GENERATE, STREAM, f"{STREAM}?alt=sse"])
    def test_tokens_are_those_of_the_answer(self, api: httpx.Client, png: str, path: str) -> None:
        body = asked("Caption this image.", png)  # 19 bytes: 5 tokens; 960x540: 6 tiles of 258
        body["generationConfig"] = {"candidateCount": 2}
        text = api.post(path, json=body).text
        entry = one(api)
        assert (entry["tokens"]["text"], entry["tokens"]["image"]) == (5, 6 * 258)
        assert f'"candidatesTokenCount":{entry["tokens"]["output"]},' in text
        assert entry["tokens"]["output"] == 2 * math.ceil(len(entry["answer"]["text"]) / 4)
        assert entry["images"][0]["rule"] == "tokens.tile-count"

    def test_tokens_of_an_interaction(self, api: httpx.Client) -> None:
        usage = api.post("/v1/interactions", json={"model": "gemini-2.5-flash", "input": "hi"}).json()[
            "usage"
        ]
        tokens = one(api)["tokens"]
        assert (tokens["text"], tokens["output"]) == (
            usage["total_input_tokens"],
            usage["total_output_tokens"],
        )

    def test_who_answered(self) -> None:
        with serving(faults=[{"name": "busy", "operation": "models.list", "error": 503}]) as (server, client):
            server.scripts.add(name="cat", when={"text": "cat"}, answer="A cat.")
            client.post(GENERATE, json=asked("a cat?"))
            client.get("/v1/models")
            first, second = listed(client)
            assert (first["script"], first.get("fault")) == ("cat", None)
            assert (second.get("script"), second["fault"], second["status"]) == (None, "busy", 503)

    def test_a_packed_answer_is_unpacked(self, api: httpx.Client) -> None:
        answer = api.get("/v1/models?pageSize=50", headers={"accept-encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert one(api)["response"]["body"] == answer.json()

    def test_an_answer_that_goes_on(self) -> None:
        with serving() as (server, client):
            server.scripts.add(answer={"chunks": ["a", {"text": "b", "delay_s": 600}]})
            with client.stream("POST", f"{STREAM}?alt=sse", json=asked("hi")) as answer:
                pieces = answer.iter_raw()  # the connection is closed with it
                assert next(pieces)
                with httpx.Client(base_url=server.url) as other:
                    assert listed(other)[0]["total_ms"] is None
                    assert listed(other)[0]["status"] == 200
            deadline = time.monotonic() + WAIT_S
            while listed(client)[0]["total_ms"] is None:
                assert time.monotonic() < deadline, "the client has left, and the entry never ends"

    def test_no_answer(self) -> None:
        with serving(faults=[{"reset": "before"}]) as (_, client):
            with pytest.raises(httpx.TransportError):
                client.get("/v1/models")
            entry = one(client)
            assert (entry["status"], entry["response"]["kind"]) == (None, "none")
            assert [found["n"] for found in listed(client, status="none")] == [1]

    def test_what_is_no_json(self, api: httpx.Client) -> None:
        api.post(GENERATE, content=b'{"contents": oops', headers={"content-type": "application/json"})
        api.post(GENERATE, content=b"\x89PNG\xff", headers={"content-type": "image/png"})
        assert one(api)["request"] | {"headers": []} == {
            "headers": [],
            "kind": "text",
            "body": '{"contents": oops',
            "whole": True,
        }
        assert (one(api, 2)["request"]["kind"], one(api, 2)["request"]["body"]) == ("binary", None)

    @pytest.mark.parametrize("n", [0, 2, 10**8])
    def test_there_is_none(self, api: httpx.Client, n: int) -> None:
        api.get("/v1/models")
        assert api.get(f"/_mock/log/{n}").status_code == 404

    def test_the_control_plane_is_not_in_it(self, api: httpx.Client) -> None:
        for path in ("", "log", "metrics", "health"):
            api.get(f"/_mock/{path}")
        assert listed(api) == []


class TestPixels:
    def test_they_are_not_shown(self, api: httpx.Client, png: str) -> None:
        api.post(GENERATE, json=asked("Caption this.", png))
        part = one(api)["request"]["body"]["contents"][0]["parts"][0]["inlineData"]
        assert part == {"mimeType": "image/png", "data": f"<{len(png)} characters of base64>"}

    def test_a_large_body_is_made_short(self) -> None:
        image = noise(200, 1)
        with serving(journal_bytes=600_000) as (server, client):
            for number in range(4):
                client.post(GENERATE, json=asked(f"number {number}", image))
                settled()
            assert len(image) > 160_000
            assert [entry["n"] for entry in listed(client)] == [1, 2, 3, 4]
            assert server.app.state.mock.journal.size_bytes < 300_000
            entry = one(client)
            assert entry["request"]["body"] == {
                "contents": [
                    {
                        "parts": [
                            {
                                "inlineData": {
                                    "mimeType": "image/png",
                                    "data": f"<{len(image)} characters of base64>",
                                }
                            },
                            {"text": "number 0"},
                        ]
                    }
                ]
            }
            assert client.get("/_mock/log/1/images/0").status_code == 200

    def test_a_thumbnail(self, api: httpx.Client) -> None:
        image = Image.new("RGB", (1600, 800), "white")
        ImageDraw.Draw(image).rectangle((0, 0, 799, 799), fill=(200, 0, 0))
        exif, out = Image.Exif(), io.BytesIO()
        exif[0x0112] = 6  # to be turned by 90 degrees clockwise: what is left comes to the top
        image.save(out, "JPEG", exif=exif)
        part = base64.b64encode(out.getvalue()).decode()
        api.post(GENERATE, json=asked("?", part, mime_type="image/jpeg"))
        answer = api.get("/_mock/log/1/images/0")
        assert answer.headers["content-type"] == "image/webp"
        assert len(answer.content) < 5000
        small = Image.open(io.BytesIO(answer.content)).convert("RGB")
        assert small.size == (160, 320)
        red, green, _ = small.getpixel((80, 40))
        assert (red > 180, green < 40) == (True, True)
        assert min(small.getpixel((80, 280))) > 230

    def test_pixels_on_request_only(self, api: httpx.Client, png: str) -> None:
        api.post(GENERATE, json=asked("?", png))
        assert api.get("/_mock/log/1/images/0?full=true").status_code == 404
        with serving(keep_pixels=True) as (_, client):
            client.post(GENERATE, json=asked("?", png))
            answer = client.get("/_mock/log/1/images/0?full=true")
            assert (answer.headers["content-type"], answer.content) == ("image/png", base64.b64decode(png))

    def test_pixels_of_large_images_are_kept_within_the_bound(self) -> None:
        images = [noise(200, seed) for seed in range(20)]
        with serving(keep_pixels=True, journal_bytes=1_000_000) as (server, client):
            for image in images:
                client.post(GENERATE, json=asked("?", image))
            settled()
            assert server.app.state.mock.journal.size_bytes <= 1_000_000
            n = listed(client)[-1]["n"]
            answer = client.get(f"/_mock/log/{n}/images/0?full=true")
            assert answer.content == base64.b64decode(images[-1])

    def test_a_file_that_was_uploaded(self, api: httpx.Client, png: str) -> None:
        url = api.post("/upload/v1beta/files", headers=START).headers["x-goog-upload-url"]
        file = api.post(url, headers=FINISH, content=base64.b64decode(png)).json()["file"]
        part = {"fileData": {"fileUri": file["uri"], "mimeType": "image/png"}}
        api.post(GENERATE, json={"contents": [{"parts": [part, {"text": "?"}]}]})
        assert one(api, 2)["request"]["kind"] == "binary"
        assert one(api, 3)["images"][0]["width_px"] == 960
        assert api.get("/_mock/log/3/images/0").status_code == 200

    @pytest.mark.parametrize("path", ["1/images/1", "2/images/0", "1/images/0/masks", "9/images/0"])
    def test_there_is_none(self, api: httpx.Client, png: str, path: str) -> None:
        api.post(GENERATE, json=asked("Caption this.", png))
        api.get("/v1/models")
        assert api.get(f"/_mock/log/{path}").status_code == 404

    def test_an_image_whose_pixels_cannot_be_decoded(self, api: httpx.Client, png: str) -> None:
        broken = base64.b64decode(png)[:60] + b"\0" * 100
        path = "/v1/models/gemini-2.5-flash:countTokens"
        assert api.post(path, json=asked("?", base64.b64encode(broken).decode())).status_code == 200
        assert api.get("/_mock/log/1/images/0").status_code == 404


class TestMarks:
    # The picture of the fixture: 960x540 with a rectangle over its middle half.
    BOX: ClassVar = [240, 135, 720, 405]

    @pytest.mark.parametrize("path", [GENERATE, STREAM, f"{STREAM}?alt=sse"])
    def test_boxes(self, api: httpx.Client, png: str, path: str) -> None:
        api.post(path, json=asked("Detect the objects.", png))
        (item,) = one(api)["answer"]["items"]
        assert (item["image"], item["box"], item["mask"]) == (0, self.BOX, None)

    @pytest.mark.parametrize("stream", [False, True])
    def test_boxes_of_an_interaction(self, api: httpx.Client, png: str, *, stream: bool) -> None:
        parts = [
            {"type": "image", "data": png, "mime_type": "image/png"},
            {"type": "text", "text": "Detect."},
        ]
        api.post("/v1/interactions", json={"model": "gemini-2.5-flash", "input": parts, "stream": stream})
        (item,) = one(api)["answer"]["items"]
        assert item["box"] == self.BOX

    def test_each_in_its_own_image(self, api: httpx.Client, draw: Callable[..., bytes], png: str) -> None:
        small = base64.b64encode(draw(400, 200)).decode()
        api.post(GENERATE, json=asked("Detect the objects.", small, png))
        first, second = one(api)["answer"]["items"]
        assert (first["image"], first["box"]) == (0, [100, 50, 300, 150])
        assert (second["image"], second["box"]) == (1, self.BOX)

    def test_points(self, api: httpx.Client, png: str) -> None:
        api.post(GENERATE, json=asked("Point to the objects.", png))
        (point,) = one(api)["answer"]["points"]
        x, y = point["point"]
        assert 240 <= x < 720
        assert 135 <= y < 405

    @pytest.mark.parametrize("form", ["masks", "polygon masks"])
    def test_masks(self, api: httpx.Client, png: str, form: str) -> None:
        api.post(GENERATE, json=asked(f"Give the segmentation {form}.", png))
        assert one(api)["answer"]["items"][0]["mask"] in ("png", "polygon")
        answer = api.get("/_mock/log/1/images/0/masks")
        image = Image.open(io.BytesIO(answer.content))
        assert (image.mode, image.size) == ("RGBA", (640, 360))
        alpha = image.getchannel("A")
        assert alpha.getpixel((320, 180)) > 0
        assert alpha.getpixel((150, 180)) == 0
        assert alpha.getpixel((320, 80)) == 0

    def test_an_answer_that_cannot_be_read(self) -> None:
        with serving() as (server, client):
            server.scripts.add(answer='[{"box_2d": [1, 2, "x"]}, <script>')
            client.post(GENERATE, json=asked("Detect.", noise(8, 1)))
            answer = one(client)["answer"]
            assert (answer["items"], answer["rejected"]) == ([], ["bad-box"])


class TestKeys:
    @pytest.mark.parametrize(
        "sent",
        [
            {"headers": {"x-goog-api-key": KEY}},
            {"params": {"key": KEY}},
            {"headers": {"authorization": f"Bearer {KEY}"}},
            {"headers": {"cookie": f"session={KEY}"}},
        ],
    )
    def test_where_they_are_sent(self, server: MockServer, sent: dict[str, Any]) -> None:
        httpx.post(f"{server.url}/_mock/reset")
        httpx.post(server.url + GENERATE, json=asked(f"my key is {KEY}"), **sent)
        for path in ("log?bodies=true", "log/1", "log.har"):
            text = httpx.get(f"{server.url}/_mock/{path}").text
            assert KEY not in text.replace("session=" + KEY, "")
            assert "REDACTED" in text
        assert server.requests[-1]["path"] == GENERATE

    def test_in_bodies_of_both_sides(self) -> None:
        with serving(api_keys=(KEY, "abc")) as (server, client):
            server.scripts.add(answer=f"you said {KEY}, abc and AIzaSyA1234567890abcdefghijklmnopqrstuv")
            body = {"contents": [{"parts": [{"text": "hi"}]}], "apiKey": "unknown-one", KEY: 1}
            client.post(f"{GENERATE}?key={KEY}", json=body)
            client.post(f"{GENERATE}?key={KEY}", json=asked("hi"))
            client.post(f"{GENERATE}?key={KEY}", content=f"abc {KEY}", headers={"content-type": "text/plain"})
            client.get(f"/v1/{KEY}")
            text = client.get("/_mock/log?bodies=true").text
            for secret in (KEY, "unknown-one", "AIza"):
                assert secret not in text
            assert "you said REDACTED, REDACTED and REDACTED" in text
            assert "REDACTED REDACTED" in text

    def test_a_short_word_that_was_sent_as_a_key_is_a_word(self, api: httpx.Client) -> None:
        api.post(GENERATE, json=asked("any objects?"))
        entry = one(api)
        assert entry["text"] == "any objects?"
        assert ["x-goog-api-key", "REDACTED"] in entry["request"]["headers"]

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            (f"the end is {KEY[:9]}", "the end is REDACTED"),
            ("the end is AIzaSyA12345", "the end is REDACTED"),
            ("the end", "the end"),
        ],
    )
    def test_half_of_one_at_a_cut(self, text: str, shown: str) -> None:
        async def never(*_: object) -> Any:
            raise AssertionError

        with MockServer() as server:
            mock = server.app.state.mock
        scope = {"method": "POST", "path": "/", "query_string": b"", "headers": []}
        assert Redaction(Record(scope, never, never, mock), [KEY]).text(text, whole=False) == shown


class TestBound:
    def test_the_oldest_make_room(self) -> None:
        limit_bytes = 100_000
        with serving(journal_bytes=limit_bytes) as (server, client):
            for number in range(120):
                told = hashlib.shake_256(b"%d" % number).hexdigest(600)  # which hardly packs
                client.post(GENERATE, json=asked(f"number {number}: {told}"))
            settled()
            found = client.get("/_mock/log").json()
            numbers = [entry["n"] for entry in found["requests"]]
            assert numbers == list(range(found["dropped"] + 1, 121))
            assert 0 < found["dropped"] < 120
            assert server.app.state.mock.journal.size_bytes <= limit_bytes

    def test_one_that_goes_on_keeps_none_of_the_others_from_being_bounded(self) -> None:
        with serving(journal_bytes=100_000) as (server, client):
            server.scripts.add(
                when={"text": "slowly"}, answer={"chunks": ["a", {"text": "b", "delay_s": 600}]}
            )
            with client.stream("POST", STREAM, json=asked("slowly")) as answer:
                pieces = answer.iter_raw()  # the connection is closed with it
                assert next(pieces)
                with httpx.Client(base_url=server.url, headers={"x-goog-api-key": KEY}) as other:
                    for number in range(100):
                        other.post(GENERATE, json=asked(f"number {number}"))
                    settled()
                    assert server.app.state.mock.journal.size_bytes <= 100_000
                    assert listed(other)[-1]["n"] == 101

    def test_what_never_fits_is_not_kept(self) -> None:
        with serving(journal_bytes=10_000) as (_, client):
            client.get("/v1/models/gemini-2.5-flash")
            client.post(GENERATE, json=asked("x" * 15_000))
            assert listed(client) == []
            client.get("/v1/models/gemini-2.5-flash")
            assert [entry["n"] for entry in listed(client)] == [3]

    def test_long_bodies_of_many_values_are_cut(self) -> None:
        with serving(journal_bytes=8_000_000) as (_, client):
            body = {**asked("hi"), "labels": [{"a": number} for number in range(200_000)]}
            client.post(GENERATE, json=body)
            settled()
            request = one(client)["request"]
            assert (request["kind"], request["whole"]) == ("text", False)
            assert len(request["body"]) <= 64 * 1024

    def test_reset_empties_it(self) -> None:
        with serving() as (server, client):
            client.post(GENERATE, json=asked("?", noise(100, 3)))
            client.post("/_mock/reset")
            assert listed(client) == []
            assert server.app.state.mock.journal.size_bytes == 0
            client.get("/v1/models")
            assert [entry["n"] for entry in listed(client)] == [1]


@pytest.fixture(scope="module")
def log() -> Iterator[httpx.Client]:
    with serving() as (server, client):
        server.scripts.add(name="cat", when={"text": "cat"}, answer='"A cat."')
        client.post(GENERATE, json=asked("a cat?"), headers={"x-visionspec-test": "one"})  # 1
        client.post(f"{STREAM}?alt=sse", json=asked("hi"))  # 2
        client.post("/v1/interactions", json={"model": "gemini-3-flash-preview", "input": "hi"})  # 3
        client.get("/v1/models/none")  # 4
        client.post(GENERATE, json=asked("?", "AAAA", mime_type="image/jpg"))  # 5
        client.get("/v1/models")  # 6
        yield client


class TestAsking:
    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ({}, [1, 2, 3, 4, 5, 6]),
            ({"operation": "generateContent"}, [1, 5]),
            ({"operation": "*enerateContent, models.list"}, [1, 2, 5, 6]),
            ({"model": "gemini-3*"}, [3]),
            ({"status": "404"}, [4]),
            ({"status": "4xx"}, [4, 5]),
            ({"status": "2XX,404"}, [1, 2, 3, 4, 6]),
            ({"test": "one"}, [1]),
            ({"script": "cat"}, [1]),
            ({"fault": "none"}, []),
            ({"text": "A CAT"}, [1]),
            ({"text": '"a cat."'}, [1]),
            ({"text": "Not Found"}, [4]),
            ({"findings": "true"}, [5]),
            ({"findings": "false", "operation": "generateContent"}, [1]),
            ({"limit": 2}, [5, 6]),
            ({"limit": 2, "before": 5}, [3, 4]),
            ({"limit": 2, "after": 2}, [3, 4]),
            ({"after": 5}, [6]),
            ({"after": 6}, []),
            ({"operation": "generateContent", "limit": 1}, [5]),
        ],
    )
    def test_filters_and_pages(self, log: httpx.Client, query: dict[str, Any], numbers: list[int]) -> None:
        assert [entry["n"] for entry in listed(log, **query)] == numbers

    @pytest.mark.parametrize(
        ("query", "more"),
        [
            ({"limit": 6}, False),
            ({"limit": 5}, True),
            ({"limit": 2, "after": 4}, False),
            ({"after": 1}, False),
        ],
    )
    def test_it_says_whether_there_is_more(
        self, log: httpx.Client, query: dict[str, Any], *, more: bool
    ) -> None:
        assert log.get("/_mock/log", params=query).json()["more"] is more

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("colour=red", "The log knows no 'colour'"),
            ("limit=-1", "'limit' is a whole number"),
            ("after=x", "'after' is a whole number"),
            ("findings=perhaps", "'findings' is true or false"),
        ],
    )
    def test_mistakes(self, log: httpx.Client, query: str, sentence: str) -> None:
        answer = log.get(f"/_mock/log?{query}")
        assert answer.status_code == 400
        assert answer.json()["error"]["message"].startswith(sentence)

    def test_bodies_come_when_asked_for(self, log: httpx.Client) -> None:
        assert "request" not in listed(log, text="a cat")[0]
        assert listed(log, bodies="true")[0]["request"]["kind"] == "json"


# Of HAR 1.2: the objects and the members that are not optional.
_PAIRS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "value"],
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
    },
}
_NUMBER = {"type": "number"}
_STRING = {"type": "string"}


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


_MESSAGE = {
    "httpVersion": _STRING,
    "cookies": _PAIRS,
    "headers": _PAIRS,
    "headersSize": _NUMBER,
    "bodySize": _NUMBER,
}
HAR = _object(
    log=_object(
        version={"const": "1.2"},
        creator=_object(name=_STRING, version=_STRING),
        entries={
            "type": "array",
            "items": _object(
                startedDateTime={"type": "string", "format": "date-time"},
                time={"type": "number", "minimum": 0},
                request=_object(
                    method=_STRING, url={"type": "string", "format": "uri"}, queryString=_PAIRS, **_MESSAGE
                ),
                response=_object(
                    status={"type": "integer"},
                    statusText=_STRING,
                    redirectURL=_STRING,
                    content=_object(size=_NUMBER, mimeType=_STRING),
                    **_MESSAGE,
                ),
                cache={"type": "object"},
                timings=_object(send=_NUMBER, wait=_NUMBER, receive=_NUMBER),
            ),
        },
    )
)
HAR["properties"]["log"]["properties"]["entries"]["items"]["properties"]["request"]["properties"][
    "postData"
] = _object(mimeType=_STRING, text=_STRING)


class TestArchive:
    def test_it_is_one(self, api: httpx.Client, server: MockServer, png: str) -> None:
        answer = api.post(f"{GENERATE}?key={KEY}&alt=json", json=asked("Caption this.", png))
        api.get("/v1/nothing")
        url = api.post("/upload/v1beta/files", headers=START).headers["x-goog-upload-url"]
        api.post(url, headers=FINISH, content=b"\x89PNG")
        archive = api.get("/_mock/log.har").json()
        jsonschema.Draft202012Validator(HAR, format_checker=jsonschema.FormatChecker()).validate(archive)
        first, second, _, fourth = archive["log"]["entries"]
        assert first["request"]["url"] == f"{server.url}{GENERATE}?key=REDACTED&alt=json"
        assert first["request"]["queryString"] == [
            {"name": "key", "value": "REDACTED"},
            {"name": "alt", "value": "json"},
        ]
        assert json.loads(first["response"]["content"]["text"]) == answer.json()
        assert first["request"]["postData"]["mimeType"] == "application/json"
        assert first["_images"][0]["width_px"] == 960
        times = first["timings"]
        assert times["send"] + times["wait"] + times["receive"] == pytest.approx(first["time"], abs=0.02)
        assert (second["response"]["status"], second["response"]["statusText"]) == (404, "Not Found")
        assert "postData" not in second["request"]
        assert fourth["request"]["bodySize"] == 4

    def test_only_what_is_meant(self, api: httpx.Client) -> None:
        api.get("/v1/models")
        api.get("/v1/nothing")
        (entry,) = api.get("/_mock/log.har?status=404").json()["log"]["entries"]
        assert entry["_n"] == 2


class TestMetrics:
    @staticmethod
    def read(client: httpx.Client) -> dict[tuple[str, ...], float]:
        """Samples by name and values of the labels."""
        answer = client.get("/_mock/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        return {
            (
                sample.name.removeprefix("visionspec_"),
                *(sample.labels[name] for name in sorted(sample.labels)),
            ): (sample.value)
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def test_counts_bytes_tokens_and_times(self, png: str) -> None:
        with serving() as (server, client):
            answer = client.post(GENERATE, json=asked("Caption this image.", png))
            client.get("/v1/models/none")
            client.get("/elsewhere")
            found = self.read(client)
            assert found["requests_total", "generateContent", "200"] == 1
            assert found["requests_total", "models.get", "404"] == 1
            assert found["requests_total", "other", "404"] == 1
            assert found["images_total", "generateContent"] == 1
            assert found["tokens_total", "image", "generateContent"] == 6 * 258
            assert found["tokens_total", "text", "generateContent"] == 5
            assert found["request_bytes_total", "generateContent"] == len(answer.request.content)
            assert found["response_bytes_total", "generateContent"] == int(answer.headers["content-length"])
            assert found["request_seconds_bucket", "+Inf", "generateContent"] == 1
            assert found["request_seconds_count", "generateContent"] == 1
            assert 0 < found["request_seconds_sum", "generateContent"] < WAIT_S
            assert (found["journal_entries",], found["journal_dropped",]) == (3, 0)
            assert found["journal_bytes",] == server.app.state.mock.journal.size_bytes > 0
            assert found["requests_under_way",] == 0

    def test_they_survive_a_reset(self) -> None:
        with serving() as (_, client):
            client.get("/v1/models")
            client.post("/_mock/reset")
            found = self.read(client)
            assert found["requests_total", "models.list", "200"] == 1
            assert found["journal_entries",] == 0

    @pytest.mark.parametrize(
        "last", [FINISH, {"X-Goog-Upload-Command": "cancel"}], ids=["finalized", "cancelled"]
    )
    def test_uploads_under_way(self, last: dict[str, str]) -> None:
        with serving() as (_, client):
            urls = [
                client.post("/upload/v1beta/files", headers=START).headers["x-goog-upload-url"] for _ in "ab"
            ]
            assert self.read(client)["uploads_under_way",] == 2
            part = {"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "0"}
            client.post(urls[1], headers=part, content=b"x" * 262_144)
            assert self.read(client)["uploads_under_way",] == 2
            client.post(urls[0], headers=last, content=b"")
            assert self.read(client)["uploads_under_way",] == 1
            client.post("/_mock/reset")
            assert self.read(client)["uploads_under_way",] == 0

    def test_a_request_under_way(self) -> None:
        with serving() as (server, client):
            server.scripts.add(answer={"chunks": ["a", {"text": "b", "delay_s": 600}]})
            with client.stream("POST", STREAM, json=asked("hi")) as answer:
                pieces = answer.iter_raw()  # the connection is closed with it
                assert next(pieces)
                with httpx.Client(base_url=server.url) as other:
                    assert self.read(other)["requests_under_way",] == 1


class TestClock:
    """What takes hours or days is there at once when the clock is put forward."""

    @staticmethod
    def passes(client: httpx.Client, seconds: float) -> None:
        assert client.post("/_mock/clock", json={"advance_s": seconds}).status_code == 200

    @staticmethod
    def uploaded(client: httpx.Client, png: str) -> dict[str, Any]:
        url = client.post("/upload/v1beta/files", headers=START).headers["x-goog-upload-url"]
        file: dict[str, Any] = client.post(url, headers=FINISH, content=base64.b64decode(png)).json()["file"]
        return file

    def test_a_file_expires_after_two_days(self, png: str) -> None:
        with serving() as (_, client):
            path = "/v1beta/" + self.uploaded(client, png)["name"]
            self.passes(client, 48 * 3600 - 60)
            assert client.get(path).json()["state"] == "ACTIVE"
            self.passes(client, 60)
            assert client.get(path).status_code == 403

    def test_a_file_is_processed(self, png: str) -> None:
        with serving(processing_s=600) as (_, client):
            file = self.uploaded(client, png)
            part = {"fileData": {"fileUri": file["uri"], "mimeType": "image/png"}}
            body = {"contents": [{"parts": [part, {"text": "?"}]}]}
            assert file["state"] == "PROCESSING"
            assert client.post(GENERATE, json=body).status_code == 400
            self.passes(client, 600)
            assert client.post(GENERATE, json=body).status_code == 200
            (found,) = listed(client, findings="true")
            assert [one["rule"] for one in found["findings"]] == ["files.not-active"]

    @pytest.mark.parametrize(("quota", "seconds"), [("per_minute", 60), ("per_day", 24 * 3600)])
    def test_a_quota_has_room_again(self, quota: str, seconds: int) -> None:
        with serving(faults=[{"quota": {quota: 2}}]) as (_, client):
            assert [client.get("/v1/models").status_code for _ in range(3)] == [200, 200, 429]
            self.passes(client, seconds)
            assert [client.get("/v1/models").status_code for _ in range(3)] == [200, 200, 429]

    def test_work_in_the_background_ends(self) -> None:
        with serving(background_s=3600) as (_, client):
            body = {"model": "gemini-2.5-flash", "input": "hi", "background": True}
            path = "/v1/interactions/" + client.post("/v1/interactions", json=body).json()["id"]
            assert client.get(path).json()["status"] == "in_progress"
            self.passes(client, 3600)
            assert client.get(path).json()["status"] == "completed"
