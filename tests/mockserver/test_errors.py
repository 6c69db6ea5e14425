"""Both error bodies, keys, and the sentences of the service."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


GENERATE = "/v1/models/gemini-2.5-flash:generateContent"
PAYLOAD = "Invalid JSON payload received."
PACKAGE = "type.googleapis.com/google.ai.generativelanguage.v1"
HI = {"contents": [{"parts": [{"text": "hi"}]}]}


def error(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    assert list(body) == ["error"]
    return body["error"]


def refused(api: httpx.Client, body: object, *, model: str = "gemini-2.5-flash") -> dict[str, Any]:
    answer = api.post(f"/v1/models/{model}:generateContent", json=body)
    found = error(answer)
    assert found["code"] == answer.status_code
    return found


@pytest.fixture(scope="module")
def locked() -> Iterator[MockServer]:
    with MockServer(api_keys=("right", "other")) as server:
        yield server


class TestKeys:
    @pytest.mark.parametrize(
        ("headers", "query"),
        [
            ({"x-goog-api-key": "right"}, ""),
            ({"x-goog-api-key": "other"}, ""),
            ({"authorization": "Bearer right"}, ""),
            ({}, "?key=right"),
            ({"authorization": "Bearer x", "x-goog-api-key": "right"}, ""),  # files.register sends both
        ],
    )
    def test_every_way_to_give_it(self, locked: MockServer, headers: dict[str, str], query: str) -> None:
        assert httpx.post(locked.url + GENERATE + query, json=HI, headers=headers).status_code == 200

    def test_a_wrong_key(self, locked: MockServer) -> None:
        answer = httpx.post(locked.url + GENERATE, json=HI, headers={"x-goog-api-key": "wrong"})
        found = error(answer)
        assert (answer.status_code, found["status"]) == (400, "INVALID_ARGUMENT")
        assert found["message"] == "API key not valid. Please pass a valid API key."
        assert found["details"][0] == {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        }

    @pytest.mark.parametrize("path", [GENERATE, "/v1/models/gemini-2.5-flash:countTokens"])
    def test_no_key_is_refused_even_where_any_would_do(self, server: MockServer, path: str) -> None:
        answer = httpx.post(server.url + path, json=HI)
        assert (answer.status_code, error(answer)["status"]) == (403, "PERMISSION_DENIED")
        assert error(answer)["message"].startswith("Method doesn't allow unregistered callers")

    @pytest.mark.parametrize("headers", [{}, {"x-goog-api-key": "wrong"}])
    def test_interactions_answer_with_their_own_code(
        self, locked: MockServer, headers: dict[str, str]
    ) -> None:
        answer = httpx.post(locked.url + "/v1/interactions", json={}, headers=headers)
        assert (answer.status_code, error(answer)["code"]) == (401, "authentication")

    def test_keys_are_not_in_the_log(self, locked: MockServer) -> None:
        httpx.post(locked.url + GENERATE + "?key=right", json=HI, headers={"x-goog-api-key": "other"})
        log = httpx.get(locked.url + "/_mock/log").text
        assert "right" not in log
        assert "other" not in log


class TestUnknown:
    def test_a_field_is_named_with_its_path(self, api: httpx.Client) -> None:
        found = refused(api, {"contents": [{"parts": [{"text": "hi", "txet": 1}]}], "reasoning": {}})
        sentences = [
            f"{PAYLOAD} Unknown name \"txet\" at 'contents[0].parts[0]': Cannot find field.",
            f'{PAYLOAD} Unknown name "reasoning": Cannot find field.',
        ]
        assert found["message"] == "\n".join(sentences)
        assert found["details"][0]["fieldViolations"] == [
            {"field": "contents[0].parts[0]", "description": sentences[0]},
            {"description": sentences[1]},
        ]

    def test_a_key_of_a_map_is_counted(self, api: httpx.Client) -> None:
        # observed: ...parameters.properties[8].value.any_of[0]
        properties = {"a": {"type": "STRING"}, "b": {"anyOf": [{"type": "STRING", "const": "x"}]}}
        declaration = {"name": "f", "parameters": {"type": "OBJECT", "properties": properties}}
        found = refused(api, {**HI, "tools": [{"functionDeclarations": [declaration]}]})
        where = "tools[0].function_declarations[0].parameters.properties[1].value.any_of[0]"
        assert (
            found["message"]
            == f"Invalid JSON payload received. Unknown name \"const\" at '{where}': Cannot find field."
        )

    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            (
                {"contents": "hi"},
                (f"Invalid value at 'contents' ({PACKAGE}.Content), \"hi\""),
            ),
            (
                {**HI, "generationConfig": {"mediaResolution": "low"}},
                (
                    "Invalid value at 'generation_config.media_resolution' "
                    f'({PACKAGE}.GenerationConfig.MediaResolution), "low"'
                ),
            ),
            (
                {**HI, "generationConfig": {"temperature": "warm"}},
                "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"warm\"",
            ),
            (
                {"contents": [{"parts": [{"text": ["a"]}]}]},
                (
                    "Invalid JSON payload received. Unknown name \"text\" at 'contents[0].parts[0]': "
                    "Proto field is not repeating, cannot start list."
                ),
            ),
            (
                {"contents": [{"parts": [{"text": 5}]}]},
                "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 5",
            ),
            (
                {**HI, "generationConfig": {"responseSchema": {"type": "text"}}},
                f"Invalid value at 'generation_config.response_schema.type' ({PACKAGE}.Type), \"text\"",
            ),
            (
                {**HI, "generationConfig": {"responseSchema": {"minItems": 1.5}}},
                "Invalid value at 'generation_config.response_schema.min_items' (TYPE_INT64), 1.5",
            ),
        ],
    )
    def test_a_value_of_the_wrong_type(self, api: httpx.Client, body: object, sentence: str) -> None:
        assert refused(api, body)["message"] == sentence

    def test_a_model(self, api: httpx.Client) -> None:
        found = refused(api, HI, model="gemini-pro")
        assert (found["code"], found["status"]) == (404, "NOT_FOUND")
        assert found["message"] == (
            "models/gemini-pro is not found for API version v1, or is not supported for generateContent. "
            "Call ListModels to see the list of available models and their supported methods."
        )

    @pytest.mark.parametrize("path", ["/v1/nothing", "/v2/models", "/", "/v1/models/gemini-2.5-flash:dream"])
    def test_a_path(self, api: httpx.Client, path: str) -> None:
        answer = api.post(path, json={})
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
        assert error(answer)["status"] == "NOT_FOUND"

    @pytest.mark.parametrize("path", ["/v1/models/", "/v1/files//", "/v1beta/interactions/"])
    def test_a_slash_too_many_at_the_end(self, api: httpx.Client, path: str) -> None:
        """And no redirection: few clients send a body again."""
        send = api.get if "interactions" not in path else api.post
        assert send(path).status_code == send(path.rstrip("/")).status_code != 307

    def test_lenient_drops_and_notes(self) -> None:
        with MockServer(lenient=True) as server:
            headers = {"x-goog-api-key": "any"}
            answer = httpx.post(server.url + GENERATE, json={**HI, "zzz": 1}, headers=headers)
            assert answer.status_code == 200
            entry = httpx.get(server.url + "/_mock/log").json()["requests"][0]
            assert entry["warnings"] == ["Extra inputs are not permitted: zzz"]
            content = {"type": "text", "text": "hi", "zzz": 1}  # whose tag is called as its text is
            body = {"model": "gemini-2.5-flash", "input": [content]}
            answer = httpx.post(server.url + "/v1/interactions", json=body, headers=headers)
            assert answer.json()["usage"]["total_input_tokens"] == 1
            answer = httpx.post(server.url + GENERATE, json={"contents": "x", "zzz": 1}, headers=headers)
            assert answer.status_code == 400


class TestMissing:
    @pytest.mark.parametrize(
        ("body", "sentence"),
        [
            ({}, "* GenerateContentRequest.contents: contents is not specified\n"),
            ({"contents": []}, "* GenerateContentRequest.contents: contents is not specified\n"),
            (
                {"contents": [{"role": "user"}]},
                "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n",
            ),
            (
                {"contents": [{"parts": [{"text": "a"}, {}]}]},
                (
                    "* GenerateContentRequest.contents[0].parts[1].data: "
                    "required oneof field 'data' must have one initialized field\n"
                ),
            ),
            (
                {"contents": [{"role": "system", "parts": [{"text": "a"}]}]},
                "Please use a valid role: user, model.",
            ),
        ],
    )
    def test_sentences(self, api: httpx.Client, body: object, sentence: str) -> None:
        assert refused(api, body)["message"] == sentence

    def test_two_of_a_oneof(self, api: httpx.Client) -> None:
        part = {"text": "a", "fileData": {"fileUri": "files/x"}}
        assert refused(api, {"contents": [{"parts": [part]}]})["message"] == (
            "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. "
            "Cannot set 'file_data'"
        )


class TestImages:
    def ask(self, part: dict[str, Any]) -> dict[str, Any]:
        return {"contents": [{"parts": [part, {"text": "Caption"}]}]}

    @pytest.mark.parametrize("mime_type", ["image/jpg", "png", "image/gif", "application/pdf"])
    def test_a_type_that_is_not_supported(self, api: httpx.Client, png: str, mime_type: str) -> None:
        found = refused(api, self.ask({"inlineData": {"mimeType": mime_type, "data": png}}))
        assert found["message"] == f"Unsupported MIME type: {mime_type}"

    @pytest.mark.parametrize("data", ["aGVsbG8=", "", "iVBORw0KGgo="])
    def test_what_is_no_image(self, api: httpx.Client, data: str) -> None:
        found = refused(api, self.ask({"inlineData": {"mimeType": "image/png", "data": data}}))
        assert found["message"].startswith("Unable to process input image. Please retry or report in ")

    def test_pixels_that_cannot_be_decoded(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        half = base64.b64encode(draw(form="JPEG")[:700]).decode()
        found = refused(api, self.ask({"inlineData": {"mimeType": "image/jpeg", "data": half}}))
        assert found["message"].startswith("Unable to process input image.")

    def test_more_than_3600(self, api: httpx.Client, draw: Callable[..., bytes]) -> None:
        part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(draw(8, 8)).decode()}}
        path = "/v1/models/gemini-2.5-flash:countTokens"
        assert (
            api.post(path, json={"contents": [{"parts": [part] * 3600}]}).json()["totalTokens"] == 3600 * 258
        )
        found = error(api.post(path, json={"contents": [{"parts": [part] * 3601}]}))
        assert (
            found["message"] == "Please use fewer than 3600 images in your request to models/gemini-2.5-flash"
        )

    def test_a_missing_file(self, api: httpx.Client) -> None:
        uri = "https://generativelanguage.googleapis.com/v1beta/files/abc123"
        found = refused(api, self.ask({"fileData": {"fileUri": uri, "mimeType": "image/png"}}))
        assert (found["code"], found["status"]) == (403, "PERMISSION_DENIED")
        assert found["message"] == "You do not have permission to access the File abc123 or it may not exist."

    @pytest.mark.parametrize(
        "uri", ["YOUR_FILE_URI", "gs://bucket/a.png", "files/UPPER", "file:///etc/passwd"]
    )
    def test_a_uri_of_no_use(self, api: httpx.Client, uri: str) -> None:
        found = refused(api, self.ask({"fileData": {"fileUri": uri, "mimeType": "image/png"}}))
        assert (found["code"], found["message"]) == (400, f"Invalid or unsupported file uri: {uri}")

    def test_an_unmapped_url_says_how_to_map_it(self, api: httpx.Client) -> None:
        url = "https://example.com/image1.jpg"
        found = refused(api, self.ask({"fileData": {"fileUri": url, "mimeType": "image/jpeg"}}))
        assert found["code"] == 400
        assert found["message"].startswith("Cannot fetch content from the provided URL. (visionspec: ")
        assert "serve --map URL=FILE" in found["message"]

    @pytest.mark.parametrize("level", ["MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_ULTRA_HIGH"])
    def test_a_resolution_per_part_on_a_family_without(self, api: httpx.Client, png: str, level: str) -> None:
        part = {"inlineData": {"mimeType": "image/png", "data": png}, "mediaResolution": {"level": level}}
        found = refused(api, self.ask(part))
        assert found["message"].startswith("Media resolution is not enabled for models/gemini-2.5-flash")


@pytest.mark.parametrize(
    ("config", "start"),
    [
        ({"candidateCount": 0}, "candidate_count"),
        ({"candidateCount": 9}, "candidate_count"),
        ({"maxOutputTokens": 0}, "max_output_tokens"),
        ({"temperature": 2.5}, "temperature"),
        ({"topP": 1.5}, "top_p"),
        ({"stopSequences": list("abcdef")}, "At most 5 stop_sequences"),
        ({"responseSchema": {"type": "STRING"}, "responseJsonSchema": {}}, "Only one of response_schema"),
        ({"thinkingConfig": {"thinkingLevel": "LOW"}}, "Thinking level is not supported for this model."),
        (
            {"responseSchema": {"type": "STRING"}},
            "Response_schema with a response mime type 'text/plain' is ",
        ),
        (
            {"responseJsonSchema": {}, "responseMimeType": "text/plain"},
            "Response_schema with a response mime ",
        ),
        ({"responseMimeType": "text/x.enum"}, "The response mime type 'text/x.enum' needs a schema with an "),
        ({"responseMimeType": "text/x.enum", "responseSchema": {"type": "OBJECT"}}, "The response mime type"),
        ({"responseMimeType": "image/png"}, "* GenerateContentRequest.generation_config.response_mime_type"),
        ({"responseModalities": ["IMAGE"]}, "This server answers with text"),
    ],
)
def test_a_config_that_cannot_be(api: httpx.Client, config: dict[str, Any], start: str) -> None:
    assert refused(api, {**HI, "generationConfig": config})["message"].startswith(start)


def test_a_thinking_level_that_the_model_lacks(api: httpx.Client) -> None:
    body = {**HI, "generationConfig": {"thinkingConfig": {"thinkingLevel": "MINIMAL"}}}
    found = refused(api, body, model="gemini-3.8-flash")
    assert found["message"] == "Thinking level MINIMAL is not supported for this model."
    assert api.post("/v1/models/gemini-3.6-flash:generateContent", json=body).status_code == 200


def test_a_thinking_level_and_a_budget(api: httpx.Client) -> None:
    body = {**HI, "generationConfig": {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}}}
    said = refused(api, body, model="gemini-3-flash-preview")["message"]
    assert said == "You can only set only one of thinking budget and thinking level."


def test_a_model_that_always_thinks(api: httpx.Client) -> None:
    body = {**HI, "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}
    said = refused(api, body, model="gemini-2.5-pro")["message"]
    assert said == "Budget 0 is invalid. This model only works in thinking mode."
    assert api.post(GENERATE, json=body).status_code == 200


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ({"thinkingConfig": {"thinkingLevel": "low"}}, {}),
        ({"responseModalities": ["Text"]}, {}),
        ({"responseMimeType": "application/json", "responseSchema": {"type": "object"}}, {}),
        ({}, {"toolConfig": {"functionCallingConfig": {"mode": "none"}}}),
    ],
)
def test_names_of_enums_in_any_case(api: httpx.Client, config: object, more: dict[str, Any]) -> None:
    """As many programs send them to the service."""
    body = {**HI, "generationConfig": config, **more}
    answer = api.post("/v1/models/gemini-3-flash-preview:generateContent", json=body)
    assert answer.status_code == 200, answer.text


def test_more_tokens_than_a_model_takes(api: httpx.Client) -> None:
    body = {"contents": [{"parts": [{"text": "a" * (4 * 1_048_576)}, {"text": "b"}]}]}
    assert refused(api, body)["message"] == (
        "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."
    )
    counted = api.post("/v1/models/gemini-2.5-flash:countTokens", json=body).json()["totalTokens"]
    assert counted == 1_048_577


class TestFunctions:
    @pytest.mark.parametrize("name", [None, "", "1a", "a b", "a/b", "a" * 65])
    def test_a_name_that_is_none(self, api: httpx.Client, name: str | None) -> None:
        declared = [{"name": "_a.b-c:d"}, {"name": name}]
        assert refused(api, {**HI, "tools": [{"functionDeclarations": declared}]})["message"] == (
            "* GenerateContentRequest.tools[0].function_declarations[1].name: Invalid function name. Must start "
            "with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.) or "
            "dashes (-), with a maximum length of 64.\n"
        )

    def test_two_of_one_name(self, api: httpx.Client) -> None:
        tools = [{"functionDeclarations": [{"name": "f"}]}] * 2
        assert refused(api, {**HI, "tools": tools})["message"] == "Duplicate function declaration found: f"

    def test_two_schemas_of_one(self, api: httpx.Client) -> None:
        declared = {"name": "f", "parameters": {"type": "OBJECT"}, "parametersJsonSchema": {}}
        assert refused(api, {**HI, "tools": [{"functionDeclarations": [declared]}]})["message"] == (
            "Only one of parameters and parameters_json_schema of tools[0].function_declarations[0] can be set."
        )

    def test_what_a_function_returned_stands_behind_its_call(self, api: httpx.Client) -> None:
        asked = {"role": "user", "parts": [{"text": "hi"}]}
        call = {"role": "model", "parts": [{"functionCall": {"name": "f"}}, {"functionCall": {"name": "g"}}]}
        returned = [
            {"role": "user", "parts": [{"functionResponse": {"name": name, "response": {}}}]} for name in "fg"
        ]
        for contents in ([asked, *returned], [asked, call, asked, *returned]):
            assert refused(api, {"contents": contents})["message"] == (
                "Please ensure that function response turn comes immediately after a function call turn."
            )
        assert api.post(GENERATE, json={"contents": [asked, call, *returned]}).status_code == 200


def test_a_cache_that_nobody_made(api: httpx.Client) -> None:
    found = refused(api, {**HI, "cachedContent": "cachedContents/x"})
    assert (found["code"], found["message"]) == (403, "CachedContent not found (or permission denied)")
    body = {"model": "gemini-2.5-flash", "input": "hi", "cached_content": "cachedContents/x"}
    assert api.post("/v1/interactions", json=body).json()["error"]["code"] == "permission_denied"


def test_functions_with_json_on_2_5(api: httpx.Client) -> None:
    body = {
        **HI,
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
        "generationConfig": {"responseMimeType": "application/json"},
    }
    assert (
        refused(api, body)["message"]
        == "Function calling with a response mime type: 'application/json' is unsupported"
    )
    assert api.post("/v1/models/gemini-3-flash-preview:generateContent", json=body).status_code == 200


def test_a_failure_of_ours_tells_nothing_of_our_insides(
    server: MockServer, api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.app.state.mock.ids, "response_id", lambda: 1 / 0)
    answer = api.post(GENERATE, json=HI)
    assert answer.status_code == 500
    assert error(answer) == {"code": 500, "message": "An internal error has occurred.", "status": "INTERNAL"}
    assert "Zero" not in json.dumps(answer.json())
