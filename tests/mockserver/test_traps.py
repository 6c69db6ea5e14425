"""The twenty traps that a naive mock of this API falls into, one test each, on the wire as the SDKs see it.

What the SDKs send and need back was captured from them; nothing here is computed by the library.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image

from visionspec_mockserver import MockServer

FLASH = "/v1/models/gemini-2.5-flash"
INTERACTIONS = "/v1/interactions"
MODEL = "gemini-3-flash-preview"
KEY = {"x-goog-api-key": "any"}
HI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
START = {
    "X-Goog-Upload-Protocol": "resumable",
    "X-Goog-Upload-Command": "start",
    "X-Goog-Upload-Header-Content-Length": "3",
    "X-Goog-Upload-Header-Content-Type": "image/png",
}
END = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"}


def start(api: httpx.Client, **headers: str) -> str:
    answer = api.post("/upload/v1/files", headers={**START, **headers}, json={"file": {}})
    assert answer.status_code == 200, answer.text
    return answer.headers["x-goog-upload-url"]


def upload(api: httpx.Client, data: bytes = b"abc") -> dict[str, Any]:
    url = start(api, **{"X-Goog-Upload-Header-Content-Length": str(len(data))})
    file: dict[str, Any] = httpx.post(url, headers=END, content=data).json()["file"]
    return file


def interact(api: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = api.post(INTERACTIONS, json={"model": MODEL, "input": "hi", **body})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def frames(text: str) -> list[dict[str, str]]:
    """The events of a stream, each as its fields."""
    blocks = [block for block in text.split("\n\n") if block]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]  # type: ignore[misc] # pairs


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_01_every_version_of_every_path(api: httpx.Client, version: str) -> None:
    assert api.post(f"/{version}/models/gemini-2.5-flash:generateContent", json=HI).status_code == 200
    assert api.post(f"/{version}/interactions", json={"model": MODEL, "input": "hi"}).status_code == 200
    assert api.get(f"/{version}/files").status_code == 200
    answer = api.post(f"/upload/{version}/files", headers=START)
    assert urlsplit(answer.headers["x-goog-upload-url"]).path == f"/upload/{version}/files"
    assert httpx.post(answer.headers["x-goog-upload-url"], headers=END, content=b"abc").status_code == 200


def test_02_base64_of_the_other_alphabet_is_not_thinned_out(api: httpx.Client) -> None:
    """A decoder that drops ``-`` and ``_`` still finds an image in this one, but another one."""
    comment = base64.urlsafe_b64decode("-_-_" * 50)
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG", comment=comment)
    data = base64.urlsafe_b64encode(out.getvalue()).decode()
    assert "-_-" in data
    part = {"inlineData": {"mime_type": "image/jpeg", "data": data}}
    assert api.post(FLASH + ":generateContent", json={"contents": [{"parts": [part]}]}).status_code == 200
    (entry,) = api.get("/_mock/log").json()["requests"]
    assert entry["images"][0]["size_bytes"] == len(out.getvalue())


def test_03_either_case_in_and_each_dialects_own_case_out(api: httpx.Client, png: str) -> None:
    mixed = {
        "contents": [{"parts": [{"inlineData": {"data": png, "mime_type": "image/png"}}, {"text": "hi"}]}],
        "generation_config": {
            "responseMimeType": "application/json",
            "response_schema": {"type": "ARRAY", "minItems": 1, "items": {"type": "OBJECT", "any_of": []}},
            "thinkingConfig": {"thinking_budget": 0},
        },
        "toolConfig": {"function_calling_config": {"mode": "AUTO"}},
        "safety_settings": [],
    }
    body = api.post(FLASH + ":generateContent", json=mixed).json()
    assert {"candidates", "usageMetadata", "modelVersion", "responseId"} == set(body)
    assert set(body["usageMetadata"]) >= {"promptTokenCount", "candidatesTokenCount", "totalTokenCount"}
    given = [{"type": "image", "data": png, "mimeType": "image/png"}, {"type": "text", "text": "hi"}]
    made = interact(api, input=given, generationConfig={"maxOutputTokens": 5}, systemInstruction="x")
    assert {"total_input_tokens", "output_tokens_by_modality"} <= set(made["usage"])
    assert not [key for key in (*made, *made["usage"]) if key != key.lower()]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (FLASH + ":generateContent", """{"contents": [{"parts":[{"text": "What is this?"},\n]}]}"""),
        (FLASH + ":countTokens", """{'contents': [{'parts': [{'text': "it's"}]}]}"""),
        (INTERACTIONS, f"""{{'model': '{MODEL}', 'input': [{{'type': 'text', 'text': 'hi'}},],}}"""),
    ],
)
def test_04_the_json_of_the_documents_curl(api: httpx.Client, path: str, body: str) -> None:
    answer = api.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text


def test_04_the_single_quotes_of_the_documents_upload(api: httpx.Client) -> None:
    answer = api.post("/upload/v1beta/files", headers=START, content="{'file': {'display_name': 'IMAGE'}}")
    file = httpx.post(answer.headers["x-goog-upload-url"], headers=END, content=b"abc").json()["file"]
    assert (file["displayName"], file["mimeType"], file["sizeBytes"]) == ("IMAGE", "image/png", "3")


def test_05_status_in_lower_case_and_a_url_on_the_host_that_was_asked(api: httpx.Client) -> None:
    answer = api.post("/upload/v1/files", headers=START)
    assert answer.headers["X-Goog-Upload-Status"] == "active"
    url = urlsplit(answer.headers["X-Goog-Upload-URL"])
    assert (url.scheme, url.netloc) == ("http", api.base_url.netloc.decode())
    began = time.monotonic()
    assert httpx.post(url.geturl(), headers=END, content=b"abc").headers["X-Goog-Upload-Status"] == "final"
    assert time.monotonic() - began < 6  # two repeats of a chunk without a status would take 7 s
    other = start(api, Host="generativelanguage.googleapis.com")
    assert other.startswith("http://generativelanguage.googleapis.com/upload/v1/files?upload_id=")


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_06_a_chunk_has_no_key_and_its_type_says_nothing(kind: str) -> None:
    with MockServer(api_keys=("secret",)) as server:
        answer = httpx.post(
            f"{server.url}/upload/v1/files", headers={**START, "x-goog-api-key": "secret"}, json={}
        )
        sent = {**END, "Content-Type": kind}
        file = httpx.post(answer.headers["x-goog-upload-url"], headers=sent, content=b"{'x").json()["file"]
        assert (file["mimeType"], file["sizeBytes"]) == ("image/png", "3")


def test_07_a_chunk_may_come_again_and_a_refusal_has_no_status(api: httpx.Client) -> None:
    unit = 256 * 1024
    url = start(api, **{"X-Goog-Upload-Header-Content-Length": str(2 * unit)})
    chunk = {"X-Goog-Upload-Command": "upload", "X-Goog-Upload-Offset": "0"}
    for _ in range(2):
        answer = httpx.post(url, headers=chunk, content=b"a" * unit)
        assert (answer.status_code, answer.headers["X-Goog-Upload-Status"]) == (200, "active")
    ahead = httpx.post(url, headers={**chunk, "X-Goog-Upload-Offset": str(2 * unit)}, content=b"a")
    assert ahead.status_code >= 400
    assert "X-Goog-Upload-Status" not in ahead.headers
    rest = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": str(unit)}
    assert httpx.post(url, headers=rest, content=b"b" * unit).json()["file"]["sizeBytes"] == str(2 * unit)


def test_07_a_failure_of_ours_has_no_status(api: httpx.Client, server: MockServer, monkeypatch: Any) -> None:
    url = start(api)
    with monkeypatch.context() as broken:
        broken.setattr(server.app.state.mock.store, "commit", None)
        answer = httpx.post(url, headers=END, content=b"abc")
    assert answer.status_code == 500
    assert "X-Goog-Upload-Status" not in answer.headers
    assert httpx.post(url, headers=END, content=b"abc").headers["X-Goog-Upload-Status"] == "final"


def test_08_success_is_200_with_json(api: httpx.Client) -> None:
    file = upload(api)
    made = interact(api, background=True)
    answers = [
        api.delete(f"/v1/{file['name']}"),
        api.post(f"{INTERACTIONS}/{made['id']}/cancel"),
        api.delete(f"{INTERACTIONS}/{made['id']}"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/json")
        assert isinstance(answer.json(), dict)
    assert answers[0].content == b"{}"


TEXT = {"type": "text", "text": "What is this?"}


@pytest.mark.parametrize("shape", ["text", "one", "bare", "wrapped", "steps", "mixed"])
def test_09_every_shape_of_input_is_the_same_question(api: httpx.Client, shape: str) -> None:
    wrapped = {"type": "user_input", "content": [TEXT]}
    shapes: dict[str, Any] = {
        "text": TEXT["text"],
        "one": TEXT,
        "bare": [TEXT],
        "wrapped": [wrapped],
        "steps": [wrapped, {"type": "model_output", "content": [{"type": "text", "text": ""}]}],
        "mixed": [{"type": "user_input", "content": []}, TEXT],
    }
    made = interact(api, input=shapes[shape])
    assert made["usage"]["total_input_tokens"] == 4  # 13 bytes
    assert made["status"] == "completed"


def test_10_a_stream_of_contents_is_data_alone(api: httpx.Client) -> None:
    answer = api.post(FLASH + ":streamGenerateContent?alt=sse", json=HI)
    assert answer.text.endswith("\r\n\r\n")
    lines = [line for line in answer.text.split("\r\n") if line]
    assert len(lines) > 1
    assert [line[:7] for line in lines] == ["data: {"] * len(lines)
    assert all("candidates" in json.loads(line[6:]) for line in lines)


def test_10_a_stream_of_an_interaction_has_its_types_inside(api: httpx.Client) -> None:
    answer = api.post(INTERACTIONS, json={"model": MODEL, "input": "hi", "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, done = frames(answer.text)
    assert done == {"event": "done", "data": "[DONE]"}
    assert [json.loads(event["data"])["event_type"] for event in events] == [e["event"] for e in events]


def test_11_the_output_is_the_last_step(api: httpx.Client) -> None:
    made = interact(api, generation_config={"thinking_summaries": "auto"})
    assert "outputs" not in made
    assert [step["type"] for step in made["steps"]] == ["thought", "model_output"]
    assert made["steps"][-1]["content"][0]["text"]


def test_12_a_uri_that_pythons_sdk_can_take_apart(api: httpx.Client) -> None:
    for file in (upload(api) for _ in range(20)):
        head, _, file_id = file["uri"].partition("/v1beta/files/")
        assert head == "https://generativelanguage.googleapis.com"
        assert file_id.isalnum()
        assert file_id == file_id.lower() == file["name"].removeprefix("files/")
        assert len(file_id) == 12


def test_13_sizes_are_strings_and_usage_is_camel_case(api: httpx.Client) -> None:
    assert upload(api)["sizeBytes"] == "3"
    body = api.post(FLASH + ":generateContent", json=HI).json()
    assert body["usageMetadata"]["promptTokenCount"] == 1
    assert "usage_metadata" not in body


@pytest.mark.parametrize("headers", [{}, {"Api-Revision": "2026-05-20"}, {"Api-Revision": "2026-11-20"}])
def test_14_steps_with_and_without_a_revision(api: httpx.Client, headers: dict[str, str]) -> None:
    made = api.post(INTERACTIONS, json={"model": MODEL, "input": "hi"}, headers=headers).json()
    assert made["steps"][-1]["type"] == "model_output"


def test_15_an_injected_failure_says_when_to_come_again(api: httpx.Client) -> None:
    """The SDKs ask interactions five times, and wait as long as ``retry-after-ms`` says."""
    busy = {"error": {"status": 429, "headers": {"retry-after-ms": "5"}}}
    script = {"name": "busy", "answer": busy, "times": 1}
    put = api.put("/_mock/scripts", json=[script])
    assert put.status_code == 200, put.text
    answer = api.post(INTERACTIONS, json={"model": MODEL, "input": "hi"})
    assert (answer.status_code, answer.headers["retry-after-ms"]) == (429, "5")
    assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    assert interact(api)["status"] == "completed"


def test_16_two_dialects_of_errors(api: httpx.Client) -> None:
    contents = api.post("/v1/models/none:generateContent", json=HI).json()["error"]
    assert (contents["code"], contents["status"]) == (404, "NOT_FOUND")
    interactions = api.post(INTERACTIONS, json={"model": "none", "input": "hi"}).json()["error"]
    assert (set(interactions), interactions["code"]) == ({"message", "code"}, "model_not_found")


@pytest.mark.parametrize(("stream", "kind"), [("false", "application/json"), ("true", "text/event-stream")])
def test_17_stream_is_read_not_looked_for(api: httpx.Client, stream: str, kind: str) -> None:
    answer = api.get(f"{INTERACTIONS}/{interact(api)['id']}?include_input=true&stream={stream}")
    assert answer.headers["content-type"].startswith(kind)


def test_18_a_body_with_delete_and_a_type_with_get(api: httpx.Client) -> None:
    path = f"/v1/{upload(api)['name']}"
    typed = {"Content-Type": "application/json"}
    assert api.get(path, headers=typed).status_code == 200
    assert api.request("DELETE", path, headers=typed, content="{}").json() == {}
    split = urlsplit(start(api))
    line = http.client.HTTPConnection(split.hostname or "", split.port, timeout=20)
    line.putrequest("POST", f"{split.path}?{split.query}")
    for name, value in {**END, "Content-Length": "3", "Expect": "100-continue"}.items():
        line.putheader(name, value)
    line.endheaders()
    line.send(b"abc")
    assert json.loads(line.getresponse().read())["file"]["sizeBytes"] == "3"
    line.close()


def test_19_an_image_of_the_web_comes_from_the_map_or_not_at_all(api: httpx.Client, png: str) -> None:
    url = "https://example.com/image1.jpg"
    given = [{"type": "image", "uri": url, "mime_type": "image/png"}]
    part = {"fileData": {"fileUri": url, "mimeType": "image/png"}}
    unmapped = api.post(INTERACTIONS, json={"model": MODEL, "input": given})
    assert (unmapped.status_code, unmapped.json()["error"]["code"]) == (400, "invalid_request")
    contents = {"contents": [{"parts": [part]}]}
    foreign = api.post(FLASH + ":generateContent", json=contents).json()["error"]
    assert (foreign["code"], foreign["status"]) == (400, "INVALID_ARGUMENT")
    for error in (foreign, unmapped.json()["error"]):
        assert error["message"].startswith("Cannot fetch content from the provided URL.")
    assert api.put("/_mock/urls", json={url: png}).status_code == 200
    assert interact(api, input=given)["usage"]["input_tokens_by_modality"][-1]["modality"] == "image"
    assert api.post(FLASH + ":generateContent", json=contents).status_code == 200


def test_20_gzip_and_a_top_k_with_a_point(api: httpx.Client) -> None:
    config = {"topK": 2.0, "seed": 3, "candidateCount": 8}
    body = json.dumps({**HI, "generationConfig": config})
    assert "2.0" in body
    packed = api.post(FLASH + ":generateContent", content=body, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.json()["candidates"]) == 8
    plain = api.post(FLASH + ":generateContent", content=body, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json()["candidates"] == packed.json()["candidates"]


class TestValidation:
    """What the service refuses, in either dialect; ``--lenient`` drops what can be dropped, and notes it."""

    @pytest.mark.parametrize("declared", ["image/jpeg", "image/webp"])
    def test_a_declared_type_that_is_not_that_of_the_bytes_is_let_pass(
        self, api: httpx.Client, png: str, declared: str
    ) -> None:
        """As observed: PNG bytes declared as image/jpeg are understood."""
        part = {"inlineData": {"mimeType": declared, "data": png}}
        assert api.post(FLASH + ":generateContent", json={"contents": [{"parts": [part]}]}).status_code == 200
        interact(api, input=[{"type": "image", "mime_type": declared, "data": png}])

    @pytest.mark.parametrize(
        ("field", "value", "shown"),
        [
            ("generationConfig", {"maxOutputTokens": 2**31}, "max_output_tokens' (TYPE_INT32), 2147483648"),
            ("generationConfig", {"seed": True}, "seed' (TYPE_INT32), true"),
            ("generationConfig", {"temperature": False}, "temperature' (TYPE_FLOAT), false"),
            ("generationConfig", {"responseLogprobs": 1}, "response_logprobs' (TYPE_BOOL), 1"),
            ("generationConfig", {"responseLogprobs": "yes"}, 'response_logprobs\' (TYPE_BOOL), "yes"'),
        ],
    )
    def test_numbers_and_truths_are_not_mixed_up(
        self, api: httpx.Client, field: str, value: dict[str, Any], shown: str
    ) -> None:
        error = api.post(FLASH + ":generateContent", json={**HI, field: value}).json()["error"]
        assert error["message"] == f"Invalid value at 'generation_config.{shown}"
        violation = error["details"][0]["fieldViolations"][0]
        assert violation["field"] == "generation_config." + shown.partition("'")[0]

    @pytest.mark.parametrize(
        "body", [{"store": 0}, {"stream": "yes"}, {"generation_config": {"seed": 2**31}}]
    )
    def test_so_in_interactions(self, api: httpx.Client, body: dict[str, Any]) -> None:
        answer = api.post(INTERACTIONS, json={"model": MODEL, "input": "hi", **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")

    def test_an_image_in_a_system_instruction_is_not_lost_silently(self, api: httpx.Client, png: str) -> None:
        part = {"inlineData": {"mimeType": "image/png", "data": png}}
        answer = api.post(FLASH + ":generateContent", json={**HI, "systemInstruction": {"parts": [part]}})
        assert answer.status_code == 400
        assert "system_instruction.parts[0]" in answer.json()["error"]["message"]

    @pytest.mark.parametrize("given", [[{"type": {}}], [{"type": "thought", "summary": [{}]}]])
    def test_an_item_without_a_type(self, api: httpx.Client, given: list[Any]) -> None:
        answer = api.post(INTERACTIONS, json={"model": MODEL, "input": given})
        assert answer.json()["error"]["message"].startswith("Missing required parameter 'input[0].")

    @pytest.mark.parametrize("path", ["/v1/models", "/v1/files"])
    def test_an_empty_page_token_is_the_first_page(self, api: httpx.Client, path: str) -> None:
        assert api.get(f"{path}?pageToken=&pageSize=").json() == api.get(path).json()
        refused = api.get(f"{path}?pageSize=2147483648")
        assert refused.json()["error"]["message"] == "Invalid value at 'page_size' (TYPE_INT32), '2147483648'"

    @pytest.mark.parametrize("headers", [{"X-Goog-Upload-Protocol": "raw"}, {}])
    def test_a_way_to_upload_that_there_is_not(self, api: httpx.Client, headers: dict[str, str]) -> None:
        query = "" if headers else "?uploadType=media"
        answer = api.post(f"/upload/v1/files{query}", headers={**START, **headers})
        assert answer.status_code == 400

    def test_a_file_that_is_not_active_in_either_dialect(self) -> None:
        with MockServer(processing_s=3600) as server, httpx.Client(base_url=server.url, headers=KEY) as api:
            file = upload(api)
            part = {"fileData": {"fileUri": file["uri"], "mimeType": "image/png"}}
            contents = api.post(FLASH + ":generateContent", json={"contents": [{"parts": [part]}]})
            given = [{"type": "image", "uri": file["uri"], "mime_type": "image/png"}]
            interaction = api.post(INTERACTIONS, json={"model": MODEL, "input": given})
        said = f"The File {file['name'][6:]} is not in an ACTIVE state and usage is not allowed."
        assert contents.json()["error"]["message"] == interaction.json()["error"]["message"] == said
        assert contents.json()["error"]["status"] == "FAILED_PRECONDITION"
        assert (interaction.status_code, interaction.json()["error"]["code"]) == (400, "failed_precondition")

    def test_leniency(self) -> None:
        config = {"media_resolution": "low", "responseModalities": ["SMELL", "TEXT"], "zzz": 1}
        with (
            MockServer(lenient=True) as server,
            httpx.Client(base_url=server.url, headers=KEY) as api,
        ):
            kept = api.post(FLASH + ":generateContent", json={**HI, "generationConfig": config})
            assert kept.status_code == 200, kept.text
            interact(api, generation_config={"thinking_level": "deep"}, config={"a": 1})
            log = [entry["warnings"] for entry in api.get("/_mock/log").json()["requests"]]
            assert api.post(FLASH + ":generateContent", json={"contents": "hi"}).status_code == 400
        assert [[line.rpartition(": ")[2] for line in lines] for lines in log] == [
            [
                "generation_config.media_resolution",
                "generation_config.response_modalities[0]",
                "generation_config.zzz",
            ],
            ["generation_config.thinking_level", "config"],
        ]
