"""generateContent, streamGenerateContent, countTokens and models."""

from __future__ import annotations

import base64
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from visionspec_mockserver import MockServer, standin

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

FLASH = "/v1/models/gemini-2.5-flash"
THREE = "/v1/models/gemini-3-flash-preview"
HI = {"contents": [{"parts": [{"text": "hi"}]}]}


def image(data: str, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": data}, **more}


def ask(*parts: dict[str, Any], **config: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}], "generationConfig": config}


def ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"
    body: dict[str, Any] = answer.json()
    return body


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the stand-in say one thing, and keep what it was asked."""
    asked: list[Any] = []

    def use(text: str) -> list[Any]:
        def answer(question: Any) -> str:
            asked.append(question)
            return text

        monkeypatch.setattr(standin, "answer", answer)
        return asked

    return use


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
@pytest.mark.parametrize("path", ["/models/gemini-2.5-flash:generateContent", "/models", "/files"])
def test_every_version_alike(api: httpx.Client, version: str, path: str) -> None:
    method = "POST" if ":" in path else "GET"
    assert api.request(method, f"/{version}{path}", json=HI if method == "POST" else None).status_code == 200


class TestAnswer:
    def test_shape(self, api: httpx.Client, says: Any) -> None:
        says("It is red.")
        body = ok(api.post(FLASH + ":generateContent", json=HI))
        assert body["candidates"] == [
            {
                "content": {"role": "model", "parts": [{"text": "It is red."}]},
                "finishReason": "STOP",
                "index": 0,
            }
        ]
        # "hi" has 2 bytes, the answer 10: one and three quarters-of-four, rounded up
        assert body["usageMetadata"] == {
            "promptTokenCount": 1,
            "candidatesTokenCount": 3,
            "totalTokenCount": 4,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1}],
        }
        assert body["modelVersion"] == "gemini-2.5-flash"
        assert body["responseId"]

    def test_max_output_tokens_cuts(self, api: httpx.Client, says: Any) -> None:
        says("twelve bytes and more")
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, maxOutputTokens=3)))
        assert body["candidates"][0]["content"]["parts"] == [{"text": "twelve bytes"}]
        assert body["candidates"][0]["finishReason"] == "MAX_TOKENS"
        assert body["usageMetadata"]["candidatesTokenCount"] == 3

    def test_a_cut_never_splits_a_character(self, api: httpx.Client, says: Any) -> None:
        says("abcééé")  # the fourth and the fifth byte are one character
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, maxOutputTokens=1)))
        assert body["candidates"][0]["content"]["parts"] == [{"text": "abc"}]

    def test_an_answer_that_fits_is_whole(self, api: httpx.Client, says: Any) -> None:
        says("12345678")
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, maxOutputTokens=2)))
        assert body["candidates"][0]["finishReason"] == "STOP"

    def test_stop_sequences(self, api: httpx.Client, says: Any) -> None:
        says("one, two; three")
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, stopSequences=[";", ","])))
        assert body["candidates"][0]["content"]["parts"] == [{"text": "one"}]

    def test_candidates(self, api: httpx.Client, says: Any) -> None:
        says("four")
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, candidateCount=3)))
        assert [candidate["index"] for candidate in body["candidates"]] == [0, 1, 2]
        assert body["usageMetadata"]["candidatesTokenCount"] == 3

    def test_thoughts_only_when_asked(self, api: httpx.Client, says: Any) -> None:
        says("four")
        thinking = {"includeThoughts": True}
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, thinkingConfig=thinking)))
        thought, answer = body["candidates"][0]["content"]["parts"]
        assert thought["thought"] is True
        assert answer == {"text": "four"}
        usage = body["usageMetadata"]
        assert usage["thoughtsTokenCount"] > 0
        assert usage["totalTokenCount"] == 1 + 1 + usage["thoughtsTokenCount"]
        off = {"includeThoughts": True, "thinkingBudget": 0}
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, thinkingConfig=off)))
        assert body["candidates"][0]["content"]["parts"] == [{"text": "four"}]
        assert "thoughtsTokenCount" not in body["usageMetadata"]

    def test_what_the_stand_in_is_asked(self, api: httpx.Client, says: Any, png: str) -> None:
        asked = says("{}")
        schema = {
            "type": "OBJECT",
            "properties": {"a": {"type": "INTEGER", "nullable": True}},
            "required": ["a"],
        }
        config = {"responseMimeType": "application/json", "responseSchema": schema}
        body = {
            "contents": [
                {"role": "user", "parts": [image(png), {"text": "first"}]},
                {"role": "model", "parts": [{"text": "an answer"}]},
                {"role": "user", "parts": [{"text": "second"}, {"text": "third"}]},
            ],
            "systemInstruction": {"parts": [{"text": "system"}]},
            "generationConfig": config,
        }
        ok(api.post(FLASH + ":generateContent", json=body))
        (question,) = asked
        assert question.text == "system\nsecond\nthird"
        assert [base64.b64encode(picture.data).decode() for picture in question.images] == [png]
        assert question.schema == {
            "type": "object",
            "properties": {"a": {"type": ["integer", "null"]}},
            "required": ["a"],
        }
        assert question.wants_json is True

    def test_the_pictures_of_the_turn_are_asked_about(
        self, api: httpx.Client, says: Any, draw: Callable[..., bytes]
    ) -> None:
        asked = says("x")
        first, second = (base64.b64encode(draw(side, side)).decode() for side in (20, 30))
        body = {
            "contents": [
                {"role": "user", "parts": [image(first), {"text": "first"}]},
                {"role": "model", "parts": [{"text": "an answer"}]},
                {"role": "user", "parts": [{"text": "second"}, image(second)]},
            ]
        }
        ok(api.post(FLASH + ":generateContent", json=body))
        assert [base64.b64encode(picture.data).decode() for picture in asked[0].images] == [second]

    def test_an_enum_without_quotes(self, api: httpx.Client, says: Any) -> None:
        says('"red"')
        config = {
            "responseMimeType": "text/x.enum",
            "responseSchema": {"type": "STRING", "enum": ["red", "blue"]},
        }
        body = ok(api.post(FLASH + ":generateContent", json=ask({"text": "hi"}, **config)))
        assert body["candidates"][0]["content"]["parts"] == [{"text": "red"}]


class TestFunctions:
    DECLARED = (
        {"name": "weather", "description": "the weather of a city"},
        {
            "name": "record_boxes",
            "description": "keep boxes of items",
            "parameters": {"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]},
        },
    )

    def body(
        self, mode: str, *, allowed: list[str] | None = None, text: str = "find the boxes"
    ) -> dict[str, Any]:
        calling = {"mode": mode, **({"allowedFunctionNames": allowed} if allowed else {})}
        return {
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "tools": [{"functionDeclarations": list(self.DECLARED)}],
            "toolConfig": {"functionCallingConfig": calling},
        }

    def part(self, api: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
        answer = ok(api.post(THREE + ":generateContent", json=body))
        (part,) = answer["candidates"][0]["content"]["parts"]
        assert answer["candidates"][0]["finishReason"] == "STOP"
        return part

    def test_any_calls_one_with_arguments_of_its_schema(self, api: httpx.Client, says: Any) -> None:
        asked = says('{"n": 3}')
        part = self.part(api, self.body("ANY"))
        assert part["functionCall"] == {"name": "record_boxes", "args": {"n": 3}}
        assert asked[0].schema == {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "required": ["n"],
        }

    def test_only_an_allowed_one(self, api: httpx.Client, says: Any) -> None:
        says("{}")
        assert self.part(api, self.body("ANY", allowed=["weather"]))["functionCall"]["name"] == "weather"

    @pytest.mark.parametrize("mode", ["AUTO", "NONE"])
    def test_other_modes_answer_in_text(self, api: httpx.Client, says: Any, mode: str) -> None:
        says("text")
        assert self.part(api, self.body(mode)) == {"text": "text"}

    def test_one_that_has_answered_is_not_called_again(self, api: httpx.Client, says: Any) -> None:
        says("{}")
        body = self.body("ANY")
        body["contents"] += [
            {"role": "model", "parts": [{"functionCall": {"name": "record_boxes", "args": {"n": 1}}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "record_boxes", "response": {"ok": True}}}],
            },
        ]
        assert self.part(api, body)["functionCall"]["name"] == "weather"

    def test_a_call_is_cut_as_a_text_is(self, api: httpx.Client, says: Any) -> None:
        says('{"size": 5}')  # 11 bytes: three tokens
        for most, reason in ((3, "STOP"), (2, "MAX_TOKENS")):
            body = {**self.body("ANY"), "generationConfig": {"maxOutputTokens": most}}
            (candidate,) = ok(api.post(FLASH + ":generateContent", json=body))["candidates"]
            assert candidate["finishReason"] == reason
            assert ("functionCall" in candidate["content"]["parts"][0]) == (reason == "STOP")

    def test_an_image_that_one_returned_is_looked_at(self, api: httpx.Client, says: Any, png: str) -> None:
        asked = says("x")
        returned = {
            "name": "f",
            "response": {},
            "parts": [{"inlineData": {"mimeType": "image/png", "data": png}}],
        }
        contents = [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},  # 13 bytes as JSON: four tokens
            {"role": "user", "parts": [{"functionResponse": returned}]},  # 29 bytes without the image: eight
        ]
        answer = api.post("/v1/models/gemini-3-flash-preview:generateContent", json={"contents": contents})
        assert answer.json()["usageMetadata"]["promptTokensDetails"] == [
            {"modality": "TEXT", "tokenCount": 1 + 4 + 8},
            {"modality": "IMAGE", "tokenCount": 1100},
        ]
        assert [len(question.images) for question in asked] == [1]

    def test_a_name_that_nobody_declares(self, api: httpx.Client) -> None:
        answer = api.post(THREE + ":generateContent", json=self.body("ANY", allowed=["nope"]))
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")

    def test_streamed_in_one_piece(self, api: httpx.Client, says: Any) -> None:
        says('{"n": 3}')
        chunks = ok(api.post(THREE + ":streamGenerateContent", json=self.body("ANY")))
        assert len(chunks) == 1


class TestTokens:
    """Counts of the recorded table and of the documents' formula, not of our own function."""

    @pytest.mark.parametrize(
        ("model", "level", "tokens"),
        [
            ("gemini-2.5-flash", None, 1548),  # documents: 960x540 is 3 * 2 tiles of 258
            ("gemini-3-flash-preview", None, 1100),  # fact 1.7
            ("gemini-3-flash-preview", "MEDIA_RESOLUTION_LOW", 264),
            ("gemini-3-flash-preview", "MEDIA_RESOLUTION_MEDIUM", 527),
            ("gemini-2.5-flash", "MEDIA_RESOLUTION_LOW", 66),
        ],
    )
    def test_of_an_image(
        self, api: httpx.Client, png: str, model: str, level: str | None, tokens: int
    ) -> None:
        config = {"mediaResolution": level} if level else {}
        body = ok(api.post(f"/v1/models/{model}:generateContent", json=ask(image(png), **config)))
        assert body["usageMetadata"]["promptTokensDetails"] == [{"modality": "IMAGE", "tokenCount": tokens}]
        assert body["usageMetadata"]["promptTokenCount"] == tokens

    def test_a_part_overrides_the_request(self, api: httpx.Client, png: str) -> None:
        part = image(png, mediaResolution={"level": "MEDIA_RESOLUTION_ULTRA_HIGH"})
        config = {"mediaResolution": "MEDIA_RESOLUTION_LOW"}
        body = ok(api.post(THREE + ":generateContent", json=ask(part, image(png), **config)))
        assert body["usageMetadata"]["promptTokenCount"] == 2205 + 264  # fact 1.7

    def test_a_budget_of_its_own(self, api: httpx.Client, png: str) -> None:
        # Python's SDK sends num_tokens; by fact 1.5.1 sqrt(70 * 16/9) = 11.2 and sqrt(70 * 9/16) = 6.3
        part = image(png, mediaResolution={"num_tokens": 70})
        body = ok(api.post(THREE + ":generateContent", json=ask(part)))
        assert body["usageMetadata"]["promptTokenCount"] == 11 * 6
        assert api.post(FLASH + ":generateContent", json=ask(part)).status_code == 400
        none = image(png, mediaResolution={"num_tokens": 0})
        assert api.post(THREE + ":generateContent", json=ask(none)).status_code == 400

    def test_basis(self, png: str) -> None:
        import httpx  # noqa: PLC0415 - a server of its own

        with MockServer(basis="observed") as server:
            answer = httpx.post(
                server.url + FLASH + ":countTokens",
                json={"contents": [{"parts": [image(png)]}]},
                headers={"x-goog-api-key": "any"},
            )
            assert answer.json()["totalTokens"] == 258  # fact 1.6, rows 22 to 24: flat on the Developer API

    def test_count_equals_usage(self, api: httpx.Client, png: str) -> None:
        contents = [
            {"role": "user", "parts": [{"text": "What is this?"}, image(png)]},
            {"role": "model", "parts": [{"text": "Ein Bild für dich."}]},
            {"role": "user", "parts": [{"text": "And now?"}]},
        ]
        request = {
            "contents": contents,
            "systemInstruction": {"parts": [{"text": "be brief"}]},
            "tools": [{"functionDeclarations": [{"name": "f", "description": "g"}]}],
            "generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"},
        }
        usage = ok(api.post(FLASH + ":generateContent", json=request))["usageMetadata"]
        whole = {"generateContentRequest": {"model": "models/gemini-2.5-flash", **request}}
        counted = ok(api.post(FLASH + ":countTokens", json=whole))
        assert counted["totalTokens"] == usage["promptTokenCount"]
        assert counted["promptTokensDetails"] == usage["promptTokensDetails"]
        usage = ok(api.post(FLASH + ":generateContent", json={"contents": contents}))["usageMetadata"]
        assert (
            ok(api.post(FLASH + ":countTokens", json={"contents": contents}))["totalTokens"]
            == (usage["promptTokenCount"])
        )

    def test_count_takes_contents_or_a_whole_request(self, api: httpx.Client) -> None:
        both = {**HI, "generateContentRequest": HI}
        assert api.post(FLASH + ":countTokens", json=both).status_code == 400
        assert api.post(FLASH + ":countTokens", json={**HI, "systemInstruction": {}}).status_code == 400
        answer = api.post(FLASH + ":countTokens", json={})
        assert (
            answer.json()["error"]["message"] == "* CountTokensRequest.contents: contents is not specified\n"
        )


class TestStream:
    LONG = "The quick brown fox jumps over the lazy dog, again and again and again."

    def raw(self, server: MockServer, path: str) -> list[bytes]:
        """The pieces of the body as they come in, each with its own chunk header."""
        split = urlsplit(server.url)
        body = json.dumps(HI).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nx-goog-api-key: k\r\nConnection: close\r\n"
        with socket.create_connection((split.hostname, split.port), timeout=10) as line:
            line.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            received = b""
            while piece := line.recv(65536):
                received += piece
        head_, _, rest = received.partition(b"\r\n\r\n")
        assert b" 200 " in head_.splitlines()[0]
        pieces = []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            pieces.append(rest[:length])
            rest = rest[length + 2 :]
        return [piece for piece in pieces if piece]

    def test_events_exactly_as_the_python_sdk_parses_them(self, server: MockServer, says: Any) -> None:
        says(self.LONG)
        pieces = self.raw(server, FLASH + ":streamGenerateContent?alt=sse")
        assert len(pieces) >= 3
        chunks = []
        for piece in pieces:
            assert piece.startswith(b"data: {")
            assert piece.endswith(b"}\r\n\r\n")
            assert piece.count(b"\n") == 2  # no event:, no comment, no [DONE]
            chunks.append(json.loads(piece[6:]))
        texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
        assert "".join(texts) == self.LONG
        assert ["finishReason" in chunk["candidates"][0] for chunk in chunks] == [
            *[False] * (len(chunks) - 1),
            True,
        ]
        assert len({chunk["responseId"] for chunk in chunks}) == 1
        assert chunks[-1]["usageMetadata"]["candidatesTokenCount"] == 18  # 71 bytes
        assert "candidatesTokenCount" not in chunks[0]["usageMetadata"]

    def test_an_array_without_alt(self, server: MockServer, says: Any) -> None:
        says(self.LONG)
        pieces = self.raw(server, FLASH + ":streamGenerateContent")
        assert len(pieces) >= 3
        chunks = json.loads(b"".join(pieces))
        texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
        assert "".join(texts) == self.LONG

    def test_an_error_without_alt_is_in_an_array_too(self, api: httpx.Client) -> None:
        answer = api.post(FLASH + ":streamGenerateContent", json={})
        assert answer.status_code == 400
        assert answer.json()[0]["error"]["status"] == "INVALID_ARGUMENT"
        assert "error" in api.post(FLASH + ":streamGenerateContent?alt=sse", json={}).json()

    def test_even_a_short_answer_comes_in_pieces(self, api: httpx.Client, says: Any) -> None:
        says("Hi!")
        assert len(ok(api.post(FLASH + ":streamGenerateContent", json=HI))) == 2

    def test_an_empty_answer_is_one_chunk(self, api: httpx.Client, says: Any) -> None:
        says("")
        (chunk,) = ok(api.post(FLASH + ":streamGenerateContent", json=HI))
        assert chunk["candidates"][0]["finishReason"] == "STOP"


class TestFilesAndUrls:
    def upload(self, api: httpx.Client, data: bytes) -> dict[str, Any]:
        start = api.post(
            "/upload/v1/files",
            headers={
                "X-Goog-Upload-Protocol": "resumable",
                "X-Goog-Upload-Command": "start",
                "X-Goog-Upload-Header-Content-Length": str(len(data)),
                "X-Goog-Upload-Header-Content-Type": "image/png",
            },
            json={"file": {}},
        )
        headers = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
        file: dict[str, Any] = api.post(
            start.headers["x-goog-upload-url"], headers=headers, content=data
        ).json()
        return file["file"]

    def test_every_spelling_of_a_file(
        self, api: httpx.Client, server: MockServer, draw: Callable[..., bytes]
    ) -> None:
        file = self.upload(api, draw())
        name = file["name"]
        for uri in (
            file["uri"],
            name,
            f"https://generativelanguage.googleapis.com/v1/{name}",
            f"{server.url}/v1beta/{name}",
            f"https://generativelanguage.googleapis.com/v1beta/{name}:download?alt=media",
        ):
            part = {"fileData": {"fileUri": uri}}
            answer = api.post(FLASH + ":generateContent", json=ask(part, {"text": "hi"}))
            assert answer.status_code == 200, (uri, answer.text)
            assert answer.json()["usageMetadata"]["promptTokensDetails"][1]["tokenCount"] == 1548

    def test_a_file_on_another_host_is_not_ours(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        name = self.upload(api, draw())["name"]
        part = {"fileData": {"fileUri": f"https://example.com/v1beta/{name}"}}
        assert api.post(FLASH + ":generateContent", json=ask(part)).status_code == 400

    def test_a_file_that_is_still_processed(self, draw: Callable[..., bytes]) -> None:
        import httpx  # noqa: PLC0415 - a server of its own

        with (
            MockServer(processing_s=60) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}, timeout=60) as api,
        ):
            file = self.upload(api, draw())
            part = {"fileData": {"fileUri": file["uri"]}}
            answer = api.post(FLASH + ":generateContent", json=ask(part))
            file_id = file["name"].removeprefix("files/")
            assert answer.status_code == 400
            assert answer.json()["error"] == {
                "code": 400,
                "message": f"The File {file_id} is not in an ACTIVE state and usage is not allowed.",
                "status": "FAILED_PRECONDITION",
            }
            api.post("/_mock/clock", json={"advance_s": 61})
            assert api.post(FLASH + ":generateContent", json=ask(part)).status_code == 200

    def test_a_mapped_url(self, api: httpx.Client, png: str) -> None:
        url = "https://example.com/image.png"
        assert api.put("/_mock/urls", json={url: png}).json() == {"urls": [url]}
        part = {"fileData": {"fileUri": url, "mimeType": "image/png"}}
        body = ok(api.post(FLASH + ":generateContent", json=ask(part)))
        assert body["usageMetadata"]["promptTokenCount"] == 1548
        answer = api.post("/v1/models/gemini-2.0-flash:generateContent", json=ask(part))
        assert answer.status_code == 400  # fact 3.8: not on 2.0
        api.post("/_mock/reset")
        assert api.post(FLASH + ":generateContent", json=ask(part)).status_code == 400


class TestModels:
    def test_pages(self, api: httpx.Client) -> None:
        everything = [model["name"] for model in ok(api.get("/v1/models"))["models"]]
        paged, token = [], None
        while True:
            query = {"pageSize": 10, **({"pageToken": token} if token else {})}
            page = ok(api.get("/v1beta/models", params=query))
            assert len(page["models"]) <= 10
            paged += [model["name"] for model in page["models"]]
            token = page.get("nextPageToken")
            if token is None:
                break
        assert paged == everything
        assert {"models/gemini-2.5-flash", "models/gemini-3-flash-preview"} <= set(everything)

    def test_one(self, api: httpx.Client) -> None:
        body = ok(api.get("/v1/models/gemini-2.5-flash"))
        assert body["name"] == "models/gemini-2.5-flash"
        assert {"generateContent", "countTokens"} <= set(body["supportedGenerationMethods"])

    @pytest.mark.parametrize(
        "name", ["gemini-2.5-flash-preview-09-2025", "gemini-2.0-flash-001", "gemini-2.5-pro-preview-05-06"]
    )
    def test_a_release_of_a_known_model(self, api: httpx.Client, name: str) -> None:
        assert ok(api.get(f"/v1/models/{name}"))["name"] == f"models/{name}"
        body = ok(api.post(f"/v1/models/{name}:generateContent", json=HI))
        assert body["modelVersion"] == name

    @pytest.mark.parametrize("name", ["gemini-2.5-flsh", "gpt-4", "gemini-2.5-flash-"])
    def test_none_such(self, api: httpx.Client, name: str) -> None:
        assert api.get(f"/v1/models/{name}").status_code == 404
        assert api.post(f"/v1/models/{name}:generateContent", json=HI).status_code == 404

    @pytest.mark.parametrize("query", ["pageSize=x", "pageToken=-1", "pageSize=9999999999999"])
    def test_a_page_that_is_none(self, api: httpx.Client, query: str) -> None:
        assert api.get(f"/v1/models?{query}").status_code == 400

    def test_tuned_models(self, api: httpx.Client) -> None:
        assert ok(api.get("/v1/tunedModels")) == {}
        assert api.post("/v1/tunedModels/x:generateContent", json=HI).status_code == 404
