"""What libraries built on this API put on the wire and Google's own SDKs do not: every case was seen in one."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

from visionspec_mockserver.standin import prompted

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from visionspec_mockserver import MockServer

GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
BOX = [250, 250, 750, 750]  # the middle half of the picture, in thousandths of its sides
ITEM = {
    "type": "object",
    "properties": {"label": {"type": "string"}, "box_2d": {"type": "array", "items": {"type": "integer"}}},
    "required": ["label", "box_2d"],
}
ITEMS = {"type": "object", "properties": {"items": {"type": "array", "items": ITEM}}, "required": ["items"]}
EXAMPLE = (
    'For the schema {"properties": {"foo": {"type": "array", "items": {"type": "string"}}}} the object '
    '{"foo": ["bar"]} is right, {"properties": {"foo": ["bar"]}} is not. '
)
FOUND = {"items": [{"label": "red rectangle", "box_2d": BOX}]}


@pytest.fixture
def ask(api: httpx.Client, png: str) -> Callable[..., Any]:
    """Ask about the picture; return the first part of the answer."""

    def asked(text: str, *, system: str = "", **body: Any) -> Any:
        parts = [{"text": text}, {"inlineData": {"mimeType": "image/png", "data": png}}]
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        answer = api.post(GENERATE, json={"contents": [{"role": "user", "parts": parts}], **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["candidates"][0]["content"]["parts"][0]

    return asked


class TestBaseUrls:
    """A base URL with a version, where a library adds one, and without, where it adds none."""

    @pytest.mark.parametrize(
        "path",
        [
            "/models/gemini-2.5-flash:generateContent",  # LiteLLM's api_base without a version
            "/v1beta/v1beta/models/gemini-2.5-flash:generateContent",  # Google's SDKs, a base URL with one
            "/v1beta/v1/models/gemini-2.5-flash:generateContent",
            "//v1beta/models/gemini-2.5-flash:generateContent",  # a base URL that ends in a slash
            "/v1beta//models/gemini-2.5-flash:generateContent",
        ],
    )
    def test_contents(self, api: httpx.Client, server: MockServer, path: str) -> None:
        answer = api.post(server.url + path, json={"contents": [{"parts": [{"text": "Hello"}]}]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["candidates"][0]["finishReason"] == "STOP"

    @pytest.mark.parametrize("base", ["", "/v1beta", "/v1"])
    def test_files(self, api: httpx.Client, draw: Callable[..., bytes], base: str) -> None:
        # LiteLLM appends these to the base that it appends /models/... to
        data = draw()
        start = {"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start"}
        start["X-Goog-Upload-Header-Content-Type"] = "image/png"
        begun = api.post(f"{base}/upload/v1beta/files", headers=start, json={})
        finish = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}
        ended = api.post(begun.headers["X-Goog-Upload-URL"], headers=finish, content=data)
        file = ended.json()["file"]
        assert int(file["sizeBytes"]) == len(data)
        assert api.get(f"{base}/v1beta/{file['name']}").json() == file
        assert api.get(f"{base}/{file['name']}").json() == file
        assert [one["name"] for one in api.get(f"{base}/files").json()["files"]] == [file["name"]]

    def test_interactions_keep_their_dialect(self, api: httpx.Client) -> None:
        made = api.post("/interactions", json={"model": "gemini-3-flash-preview", "input": "Hello"})
        assert made.json()["status"] == "completed"
        gone = api.get("/v1beta/v1/interactions/v1_nothing")
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")

    @pytest.mark.parametrize(
        ("path", "meant"),
        [
            ("/models", "/v1beta/models"),
            ("//v1/models", "/v1/models"),
            ("/v1beta/v1/models", "/v1/models"),
            ("/v1/files//", "/v1/files"),
        ],
    )
    def test_the_log_has_the_path_that_was_meant(
        self, api: httpx.Client, server: MockServer, path: str, meant: str
    ) -> None:
        api.get(server.url + path)
        (entry,) = api.get("/_mock/log").json()["requests"]
        assert entry["path"] == meant

    @pytest.mark.parametrize(
        "path", ["/v2/models", "/v1/nothing", "/v1beta", "/v1/v1", "/modelsX", "/upload"]
    )
    def test_what_is_none_of_the_services_is_not_found(self, api: httpx.Client, path: str) -> None:
        answer = api.get(path)
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


class TestNumbersOfEnums:
    """google-generativeai (its ``rest`` transport) sends the numbers of an enum, as protobuf's JSON may."""

    def test_a_schema(self, ask: Callable[..., Any]) -> None:
        label, box = {"type": 1}, {"type": 5, "items": {"type": 3}}
        item = {"type": 6, "properties": {"label": label, "box_2d": box}, "required": ["label", "box_2d"]}
        config = {"responseMimeType": "application/json", "responseSchema": {"type": 5, "items": item}}
        assert json.loads(ask("Detect the items.", generationConfig=config)["text"]) == FOUND["items"]

    def test_a_function(self, ask: Callable[..., Any]) -> None:
        parameters = {"type": 6, "properties": {"label": {"type": 1}}, "required": ["label"]}
        part = ask(
            "Detect the items.",
            tools=[{"functionDeclarations": [{"name": "report", "parameters": parameters}]}],
            toolConfig={"functionCallingConfig": {"mode": 2}},
        )
        assert part["functionCall"] == {"name": "report", "args": {"label": "red rectangle"}}

    def test_safety_and_resolution(self, ask: Callable[..., Any]) -> None:
        ask(
            "Hello", safetySettings=[{"category": 7, "threshold": 4}], generationConfig={"mediaResolution": 0}
        )

    @pytest.mark.parametrize("number", [3, 12, -1, True, 7.5])
    def test_a_number_that_is_none(self, api: httpx.Client, number: float) -> None:
        body = {"contents": [{"parts": [{"text": "x"}]}], "safetySettings": [{"category": number}]}
        answer = api.post(GENERATE, json=body)
        assert answer.status_code == 400
        assert "safety_settings[0].category" in answer.json()["error"]["message"]


class TestSchemasInPrompts:
    """The sentences are ours, the places are those of the libraries."""

    @pytest.mark.parametrize(
        "before",
        [
            "Answer with JSON that matches this schema:\n",  # pydantic-ai, in the system instruction
            "The output is JSON and keeps to this schema:\n\n```\n",  # Genkit, after the picture
            EXAMPLE + "The output schema:\n```\n",  # LangChain
        ],
    )
    @pytest.mark.parametrize("indent", [None, 2])
    def test_a_schema(self, ask: Callable[..., Any], before: str, indent: int | None) -> None:
        told = before + json.dumps(ITEMS, indent=indent) + "\n```\nAnd no other word."
        assert json.loads(ask("Detect the items.", system=told)["text"]) == FOUND
        assert json.loads(ask("Detect the items.\n" + told)["text"]) == FOUND

    def test_a_schema_of_references(self, ask: Callable[..., Any]) -> None:
        schema = {"$defs": {"Items": ITEMS}, "$ref": "#/$defs/Items"}
        assert json.loads(ask(f"Detect the items. The schema: {json.dumps(schema)}")["text"]) == FOUND

    def test_fields_without_their_object(self, ask: Callable[..., Any]) -> None:
        fields = {
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "$defs": {"Item": ITEM["properties"]},
        }  # Agno
        assert json.loads(ask(f"The fields of the JSON: {json.dumps(fields)}")["text"]) == FOUND

    def test_the_schema_of_the_request_goes_first(self, ask: Callable[..., Any]) -> None:
        config = {
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "array", "items": ITEM},
        }
        text = ask(f"Detect the items. The schema: {json.dumps(ITEMS)}", generationConfig=config)["text"]
        assert json.loads(text) == FOUND["items"]

    def test_what_a_schema_allows_is_not_what_is_asked_for(self, api: httpx.Client) -> None:
        image = Image.new("RGB", (960, 540), "white")
        ImageDraw.Draw(image).rectangle((96, 54, 287, 269), fill="red")
        ImageDraw.Draw(image).rectangle((480, 270, 767, 485), fill="blue")
        out = io.BytesIO()
        image.save(out, "PNG")
        colour = {"type": "string", "enum": ["blue", "green", "other"]}
        schema = {"type": "array", "items": {"type": "object", "properties": {"colour": colour}}}
        picture = {"mimeType": "image/png", "data": base64.b64encode(out.getvalue()).decode()}
        parts = [{"text": f"The JSON schema: {json.dumps(schema)}"}, {"inlineData": picture}]
        answer = api.post(GENERATE, json={"contents": [{"parts": parts}]}).json()
        assert len(json.loads(answer["candidates"][0]["content"]["parts"][0]["text"])) == 2

    @pytest.mark.parametrize(
        "text",
        [
            'Caption this image. Tool arguments: {"query": {"type": "string"}}',  # CrewAI's agents
            'Caption this image, not {"type": "picture"}.',
            'Caption this image. {"properties": 1, "type": "object"}',
            'Caption this image. {"label": {"type": "shape"}}',
            'Caption this image. {"label": 1, "type": "string"}',
        ],
    )
    def test_other_json_is_no_schema(self, ask: Callable[..., Any], text: str) -> None:
        assert ask(text)["text"].startswith("An image of")

    @pytest.mark.parametrize(
        "text", ['{"type":' * 20_000, '{ "type" ' * 20_000, '{"type":[' * 5_000, "{" * 100_000]
    )
    def test_hostile_braces_end(self, ask: Callable[..., Any], text: str) -> None:
        assert ask(text)["text"].startswith("An image of")

    def test_few_braces_are_tried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tried: list[int] = []

        class Counting(json.JSONDecoder):
            def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
                tried.append(idx)
                return super().raw_decode(s, idx)

        monkeypatch.setattr(prompted, "_DECODER", Counting())
        assert prompted.prompted_schema('{"type" ' * 20_000)[0] is None
        assert len(tried) == 200
