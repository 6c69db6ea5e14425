"""Interactions: input, answers, state, streams, background."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from visionspec_mockserver import MockServer, standin
from visionspec_mockserver.sources import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


MODEL = "gemini-3-flash-preview"
PATH = "/v1/interactions"
LONG = "The quick brown fox jumps over the lazy dog, again and again and again."


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


def create(api: httpx.Client, given: object = "hi", **more: Any) -> dict[str, Any]:
    answer = api.post(PATH, json={"model": MODEL, "input": given, **more})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(api: httpx.Client, body: dict[str, Any]) -> tuple[int, str, str]:
    answer = api.post(PATH, json=body)
    error = answer.json()["error"]
    assert set(error) == {"code", "message"}
    return answer.status_code, error["code"], error["message"]


def text_of(body: dict[str, Any]) -> str:
    text: str = body["steps"][-1]["content"][0]["text"]  # what the documents read
    return text


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_every_version_alike(api: httpx.Client, version: str) -> None:
    body = api.post(f"/{version}/interactions", json={"model": MODEL, "input": "hi"}).json()
    assert api.get(f"/{version}/interactions/{body['id']}").json() == body


class TestInput:
    @pytest.fixture
    def image(self, png: str) -> dict[str, Any]:
        return {"type": "image", "data": png, "mime_type": "image/png"}

    @pytest.mark.parametrize("shape", ["bare", "wrapped", "steps", "mixed", "camel"])
    def test_every_shape_with_an_image(
        self, api: httpx.Client, says: Any, image: dict[str, Any], shape: str
    ) -> None:
        asked = says("x")
        contents = [{"type": "text", "text": "Caption this image."}, image]
        given: dict[str, Any] = {
            "bare": contents,
            "wrapped": [{"type": "user_input", "content": contents}],
            "steps": [
                {"type": "user_input", "content": [{"type": "text", "text": "before"}]},
                {"type": "model_output", "content": [{"type": "text", "text": "an answer"}]},
                {"type": "user_input", "content": contents},
            ],
            "mixed": [{"type": "model_output", "content": []}, *contents],
            "camel": [contents[0], {"type": "image", "data": image["data"], "mimeType": "image/png"}],
        }
        body = create(api, given[shape])
        assert asked[0].text == "Caption this image."
        assert len(asked[0].images) == 1
        assert {"modality": "image", "tokens": 1100} in body["usage"]["input_tokens_by_modality"]  # fact 1.7

    @pytest.mark.parametrize("given", ["hey", {"type": "text", "text": "hey"}])
    def test_text_alone(self, api: httpx.Client, says: Any, given: object) -> None:
        asked = says("x")
        create(api, given)
        assert (asked[0].text, list(asked[0].images)) == ("hey", [])

    def test_the_type_is_found_where_none_is_said(self, api: httpx.Client, png: str) -> None:
        create(api, [{"type": "image", "data": png}])

    @pytest.mark.parametrize(
        ("level", "tokens"), [("low", 264), ("medium", 527), ("high", 1100), ("ultra_high", 2205)]
    )
    def test_resolution(self, api: httpx.Client, image: dict[str, Any], level: str, tokens: int) -> None:
        body = create(api, [{**image, "resolution": level}])
        assert body["usage"]["input_tokens_by_modality"] == [{"modality": "image", "tokens": tokens}]

    def test_the_system_instruction_comes_first(self, api: httpx.Client, says: Any) -> None:
        asked = says("x")
        create(api, "hi", system_instruction="be brief")
        assert asked[0].text == "be brief\nhi"

    @pytest.mark.parametrize(
        ("body", "code", "message"),
        [
            ({"input": "hi"}, "invalid_request", "Missing required parameter 'model'."),
            ({"model": MODEL}, "invalid_request", "Missing required parameter 'input'."),
            (
                {"model": MODEL, "input": "hi", "config": {"thinking_level": "minimal"}},
                "parameter_unknown",
                "Unknown parameter 'config'. Did you mean 'generation_config'?",
            ),
            (
                {"model": MODEL, "input": [{"type": "image", "zzz": 1}]},
                "parameter_unknown",
                "Unknown parameter 'input[0].zzz'.",
            ),
            (
                {"model": MODEL, "input": [{"type": "text", "text": "hi", "zzz": 1}]},  # a key as the tag is
                "parameter_unknown",
                "Unknown parameter 'input[0].zzz'.",
            ),
            (
                {"model": MODEL, "input": {"type": "text", "text": "hi", "zzz": 1}},
                "parameter_unknown",
                "Unknown parameter 'input[0].zzz'.",
            ),
            (
                {"model": MODEL, "input": "hi", "contents": []},
                "parameter_unknown",
                "Unknown parameter 'contents'. Did you mean 'input'?",
            ),
            (
                {"model": MODEL, "input": "hi", "max_output_tokens": 5},
                "parameter_unknown",
                "Unknown parameter 'max_output_tokens'. Did you mean 'generation_config.max_output_tokens'?",
            ),
            (
                {"model": MODEL, "input": "hi", "generation_config": {"media_resolution": "low"}},
                "parameter_unknown",
                "Unknown parameter 'generation_config.media_resolution'. Did you mean 'resolution'?",
            ),
            (
                {"model": MODEL, "input": "hi", "generation_config": {"foo": 1}},
                "parameter_unknown",
                "Unknown parameter 'generation_config.foo'.",
            ),
            (
                {"model": MODEL, "input": [{"type": "text"}]},
                "invalid_request",
                "Missing required parameter 'input[0].text'.",
            ),
            (
                {"model": MODEL, "input": [{"type": "input_text", "text": "hi"}]},
                "invalid_request",
                "Invalid value for 'input[0].type': 'input_text'.",
            ),
            (
                {"model": MODEL, "input": [{"type": "image", "data": "aGk=", "resolution": "max"}]},
                "invalid_request",
                "Invalid value for 'input[0].content[0].resolution': 'max'.",
            ),
            (
                {"model": MODEL, "input": "hi", "generation_config": {"temperature": 2.5}},
                "invalid_request",
                "Invalid value for 'generation_config.temperature': it must be in the range [0.0, 2.0].",
            ),
            (
                {"model": MODEL, "input": "hi", "generation_config": {"top_p": 1.5}},
                "invalid_request",
                "Invalid value for 'generation_config.top_p': it must be in the range [0.0, 1.0].",
            ),
            (
                {
                    "model": MODEL,
                    "input": "hi",
                    "response_format": {"type": "text", "mime_type": "text/html"},
                },
                "invalid_request",
                "Invalid value for 'response_format.mime_type': 'text/html'.",
            ),
            (
                {"model": MODEL, "input": "hi", "response_format": {"type": "json_schema"}},
                "invalid_request",
                "Invalid value for 'response_format.type': 'json_schema'.",
            ),
            (
                {"model": MODEL, "input": "hi", "response_mime_type": "text/html"},
                "invalid_request",
                "Invalid value for 'response_mime_type': 'text/html'.",
            ),
            (
                {"model": MODEL, "input": "hi", "response_modalities": ["IMAGE"]},
                "invalid_request",
                "Invalid value for 'response_modalities': this server answers with text.",
            ),
            (
                {"model": MODEL, "input": "hi", "service_tier": "gold"},
                "invalid_request",
                (
                    "Invalid value for 'service_tier': Input should be 'flex', 'standard', 'priority' or "
                    "'deferred', got \"gold\"."
                ),
            ),
            (
                {"model": MODEL, "input": "hi", "tools": [{"name": "f"}]},
                "invalid_request",
                "Missing required parameter 'tools[0].type'.",
            ),
            (
                {"model": MODEL, "input": "hi", "tools": [{"type": "function"}]},
                "invalid_request",
                "Missing required parameter 'tools[0].name'.",
            ),
            (
                {"model": MODEL, "input": "hi", "tools": [{"type": "web_search"}]},
                "invalid_request",
                "Invalid value for 'tools[0].type': 'web_search'.",
            ),
            (
                {"model": MODEL, "input": "hi", "agent": "deep-research"},
                "invalid_request",
                "Only one of 'model' and 'agent' can be set.",
            ),
            (
                {"model": MODEL, "input": "hi", "response_format": {"$ref": "#/$defs/none"}},
                "invalid_request",
                "The schema has nothing that its reference '#/$defs/none' means.",
            ),
            (
                {"model": MODEL, "input": [{"type": "text", "text": "a"}, {"type": "image", "data": "!!"}]},
                "invalid_request",
                "Invalid value for 'input[1].data': Base64 decoding failed, got \"!!\".",
            ),
            (
                {"model": MODEL, "input": "hi", "generation_config": {"thinking_level": "deep"}},
                "invalid_request",
                (
                    "Invalid value for 'generation_config.thinking_level': Input should be 'minimal', 'low', "
                    "'medium', 'high' or 'xhigh', got \"deep\"."
                ),
            ),
            (
                {"model": MODEL, "input": [{"type": "audio", "data": "aGk=", "mime_type": "audio/wav"}]},
                "invalid_request",
                "Invalid value for 'input[0].content[0].type': 'audio'; this server reads text and images.",
            ),
            (
                {"model": MODEL, "input": [{"role": "user", "content": "hi"}]},
                "invalid_request",
                "Missing required parameter 'input[0].type'.",
            ),
            (
                {
                    "model": "gemini-3.8-flash",
                    "input": "hi",
                    "generation_config": {"thinking_level": "minimal"},
                },
                "invalid_request",
                "Thinking level MINIMAL is not supported for this model.",
            ),
            (
                {"model": MODEL, "input": "hi", "store": False, "background": True},
                "invalid_request",
                "'background' cannot be used if 'store' is false.",
            ),
            (
                {"model": MODEL, "input": "hi", "store": False, "previous_interaction_id": "v1_a"},
                "invalid_request",
                "'previous_interaction_id' cannot be used if 'store' is false.",
            ),
            (
                {"model": MODEL, "input": [{"type": "image", "data": "aGk=", "uri": "files/a"}]},
                "invalid_request",
                "'data' and 'uri' of input[0].content[0] exclude each other.",
            ),
            (
                {"model": MODEL, "input": [{"type": "image", "data": "aGk=", "mime_type": "image/jpg"}]},
                "invalid_request",
                "Unsupported MIME type: image/jpg",
            ),
        ],
    )
    def test_refusals(self, api: httpx.Client, body: dict[str, Any], code: str, message: str) -> None:
        assert refused(api, body) == (400, code, message)

    def test_an_unknown_model(self, api: httpx.Client) -> None:
        status, code, _ = refused(api, {"model": "gemini-nope", "input": "hi"})
        assert (status, code) == (404, "model_not_found")

    def test_a_missing_file(self, api: httpx.Client) -> None:
        uri = "https://generativelanguage.googleapis.com/v1beta/files/abc"
        status, code, message = refused(api, {"model": MODEL, "input": [{"type": "image", "uri": uri}]})
        assert (status, code) == (403, "permission_denied")
        assert message == "You do not have permission to access the File abc or it may not exist."

    def test_urls(self, api: httpx.Client, png: str) -> None:
        url = "https://example.com/image1.png"
        content = {"type": "image", "uri": url, "mime_type": "image/png"}
        status, code, message = refused(api, {"model": MODEL, "input": [content]})
        assert (status, code) == (400, "invalid_request")
        assert "--map URL=FILE" in message
        api.put("/_mock/urls", json={url: png})
        create(api, [content, {"type": "text", "text": "hi"}])


class TestRevision:
    @pytest.mark.parametrize("revision", [None, "", "2026-05-20", "2026-11-01"])
    def test_steps_with_and_without_the_header(self, api: httpx.Client, revision: str | None) -> None:
        headers = {} if revision is None else {"Api-Revision": revision}
        body = api.post(PATH, json={"model": MODEL, "input": "hi"}, headers=headers).json()
        assert "outputs" not in body
        assert body["steps"][-1]["type"] == "model_output"

    @pytest.mark.parametrize(
        "headers",
        [{"Api-Revision": "2026-05-07"}, {"x-goog-api-client": "google-genai-sdk/1.75.0 gl-python/3.11"}],
    )
    def test_the_legacy_one_is_told_so(self, api: httpx.Client, headers: dict[str, str]) -> None:
        answer = api.post(PATH, json={"model": MODEL, "input": "hi"}, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid_request"
        assert answer.json()["error"]["message"].startswith("The legacy Interactions API schema is no longer")


class TestAnswer:
    def test_shape(self, api: httpx.Client, says: Any) -> None:
        says("It is red.")
        body = create(api, "hi", labels={"a": "b"})
        assert body.pop("id").startswith("v1_")
        created, updated = body.pop("created"), body.pop("updated")
        assert created == updated
        assert len(created) == len("2026-11-20T08:00:00Z")
        assert body == {
            "object": "interaction",
            "status": "completed",
            "model": MODEL,
            "steps": [{"type": "model_output", "content": [{"type": "text", "text": "It is red."}]}],
            "usage": {
                "total_input_tokens": 1,
                "input_tokens_by_modality": [{"modality": "text", "tokens": 1}],
                "total_cached_tokens": 0,
                "total_output_tokens": 3,
                "output_tokens_by_modality": [{"modality": "text", "tokens": 3}],
                "total_tool_use_tokens": 0,
                "total_thought_tokens": 0,
                "total_tokens": 4,
            },
            "service_tier": "standard",
            "labels": {"a": "b"},
        }

    def test_a_thought_stands_before_the_output(self, api: httpx.Client, says: Any) -> None:
        says("four")
        body = create(api, "hi", generation_config={"thinking_summaries": "auto"})
        assert [step["type"] for step in body["steps"]] == ["thought", "model_output"]
        assert text_of(body) == "four"
        usage = body["usage"]
        assert usage["total_thought_tokens"] > 0
        assert usage["total_tokens"] == 1 + 1 + usage["total_thought_tokens"]

    def test_a_cut_answer_is_incomplete(self, api: httpx.Client, says: Any) -> None:
        says("twelve bytes and more")
        body = create(api, "hi", generation_config={"max_output_tokens": 3})
        assert (body["status"], text_of(body)) == ("incomplete", "twelve bytes")

    @pytest.mark.parametrize(
        ("given", "schema", "wants_json"),
        [
            ({"type": "text", "mime_type": "application/json"}, None, True),
            (
                {"type": "text", "mime_type": "application/json", "schema": {"type": "array"}},
                {"type": "array"},
                True,
            ),
            ([{"type": "text", "mime_type": "application/json"}], None, True),
            ({"type": "object", "properties": {}}, {"type": "object", "properties": {}}, True),
            ({"type": "text", "mime_type": "text/plain"}, None, False),
            (None, None, False),
        ],
    )
    def test_response_format(
        self,
        api: httpx.Client,
        says: Any,
        given: object,
        schema: object,
        wants_json: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        asked = says("{}")
        create(api, "hi", **({"response_format": given} if given else {}))
        assert (asked[0].schema, asked[0].wants_json) == (schema, wants_json)

    def test_an_image_that_a_function_returned(self, api: httpx.Client, says: Any, png: str) -> None:
        asked = says("x")
        image = {"type": "image", "data": png, "mime_type": "image/png", "resolution": "low"}
        result = [{"type": "text", "text": "hi"}, image]  # the text's 32 bytes of JSON are eight tokens
        body = create(api, [{"type": "function_result", "call_id": "c", "name": "f", "result": result}])
        assert body["usage"]["input_tokens_by_modality"] == [
            {"modality": "text", "tokens": 8},
            {"modality": "image", "tokens": 264},  # 22 x 12 patches of a budget of 280
        ]
        assert [len(question.images) for question in asked] == [1]
        result[1] = {**image, "data": "!!"}
        assert refused(
            api, {"model": MODEL, "input": [{"type": "function_result", "call_id": "c", "result": result}]}
        ) == (
            400,
            "invalid_request",
            "Invalid value for 'input[0].result[1].data': Base64 decoding failed.",
        )

    def test_a_function_is_called_when_one_must_be(self, api: httpx.Client, says: Any) -> None:
        says('{"n": 1}')
        tool = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"n": {}}}}
        body = create(api, "hi", tools=[tool], generation_config={"tool_choice": "any"})
        assert body["status"] == "requires_action"
        (step,) = body["steps"]
        assert (step["type"], step["name"], step["arguments"]) == ("function_call", "f", {"n": 1})
        says("done")
        result = {"type": "function_result", "call_id": step["id"], "name": "f", "result": "ok"}
        after = create(api, [result], tools=[tool], previous_interaction_id=body["id"])
        assert (after["status"], text_of(after)) == ("completed", "done")
        chosen = {"allowed_tools": {"mode": "any", "tools": ["f"]}}
        says("{}")
        body = create(api, "hi", tools=[tool], generation_config={"tool_choice": chosen})
        assert body["status"] == "requires_action"


class TestState:
    def test_get_delete(self, api: httpx.Client) -> None:
        body = create(api)
        path = f"{PATH}/{body['id']}"
        assert api.get(path, params={"stream": "false"}).json() == body
        gone = api.delete(path)
        assert (gone.status_code, gone.json()) == (200, {})
        for again in (api.get(path), api.delete(path), api.post(path + "/cancel")):
            assert again.status_code == 404
            assert again.json() == {
                "error": {"message": "Requested entity was not found.", "code": "not_found"}
            }

    def test_the_input_comes_back_when_asked_for(self, api: httpx.Client, png: str) -> None:
        body = create(api, [{"type": "text", "text": "hi"}, {"type": "image", "data": png}])
        got = api.get(f"{PATH}/{body['id']}", params={"include_input": "true"}).json()
        assert api.get(f"{PATH}/{body['id']}", params={"includeInput": "true"}).json() == got
        step = {
            "type": "user_input",
            "content": [{"type": "text", "text": "hi"}, {"type": "image", "data": png}],
        }
        assert got["input"] == [step]
        assert got["steps"] == [step, *body["steps"]]

    def test_history_is_counted_and_its_image_is_looked_at(
        self, api: httpx.Client, says: Any, png: str
    ) -> None:
        asked = says("four")  # one token
        first = create(api, [{"type": "text", "text": "hi"}, {"type": "image", "data": png}])
        second = create(api, "and?", previous_interaction_id=first["id"])  # one token
        third = create(api, "so", previous_interaction_id=second["id"], system_instruction="brief")  # 1 + 2
        assert [usage["usage"]["total_input_tokens"] for usage in (first, second, third)] == [
            1 + 1100,
            1101 + 1 + 1,
            1103 + 1 + 3,
        ]
        assert third["usage"]["input_tokens_by_modality"] == [
            {"modality": "text", "tokens": 7},
            {"modality": "image", "tokens": 1100},
        ]
        assert third["previous_interaction_id"] == second["id"]
        assert [len(question.images) for question in asked] == [1, 1, 1]
        assert asked[2].text == "brief\nso"

    def test_an_instruction_and_tools_are_no_part_of_the_history(self, api: httpx.Client, says: Any) -> None:
        """Each turn has to bring them again, and pays for its own."""
        says("four")  # one token
        tools = [{"type": "function", "name": "f"}]  # 35 bytes as JSON: nine tokens
        first = create(api, "hi", system_instruction="be brief", tools=tools)  # 1 + 2 + 9
        again = {"previous_interaction_id": first["id"], "system_instruction": "be brief", "tools": tools}
        second = create(api, "and?", **again)
        third = create(api, "so", previous_interaction_id=second["id"])
        totals = [body["usage"]["total_input_tokens"] for body in (first, second, third)]
        assert totals == [1 + 11, 1 + 1 + 1 + 11, 1 + 1 + 1 + 1 + 1]

    def test_a_conversation_has_an_end(self, api: httpx.Client, says: Any) -> None:
        """As observed: so many tokens and no more, those of the turns before among them."""
        says("four")
        long = "a" * 4 * 1_048_570
        first = create(api, long)["id"]
        assert refused(api, {"model": MODEL, "input": "b" * 24, "previous_interaction_id": first}) == (
            400,
            "invalid_request",
            "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
        )
        create(api, "b" * 20, previous_interaction_id=first)

    def test_the_newest_image_of_the_history(
        self, api: httpx.Client, says: Any, draw: Callable[..., bytes]
    ) -> None:
        asked = says("x")
        before = None
        for side in (20, 30):
            content = {"type": "image", "data": base64.b64encode(draw(side, side)).decode()}
            more = {"previous_interaction_id": before} if before else {}
            before = create(api, [content], **more)["id"]
        create(api, "and now?", previous_interaction_id=before)
        assert [picture.data for picture in asked[-1].images] == [draw(30, 30)]

    @pytest.mark.parametrize("why", ["unknown", "deleted", "unstored"])
    def test_a_previous_one_that_is_not_there(self, api: httpx.Client, why: str) -> None:
        previous = "v1_nothing"
        if why != "unknown":
            previous = create(api, store=why != "unstored")["id"]
        if why == "deleted":
            api.delete(f"{PATH}/{previous}")
        status, code, _ = refused(api, {"model": MODEL, "input": "hi", "previous_interaction_id": previous})
        assert (status, code) == (404, "not_found")

    def test_unstored_ones_are_not_kept(self, api: httpx.Client) -> None:
        body = create(api, store=False)
        assert body["status"] == "completed"
        assert api.get(f"{PATH}/{body['id']}").status_code == 404

    def test_a_file_that_went_is_an_error_of_the_next_turn_about_it(self, api: httpx.Client) -> None:
        # an image of the history is looked at again, so it has to be there
        body = {"model": MODEL, "input": [{"type": "image", "uri": "files/gone"}]}
        assert refused(api, body)[0] == 403


class TestStream:
    def events(self, answer: httpx.Response) -> list[dict[str, Any]]:
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        frames = answer.text.split("\n\n")
        assert frames.pop() == ""
        assert frames.pop() == "event: done\ndata: [DONE]"
        events = []
        for frame in frames:
            name, data = frame.split("\n")
            events.append(json.loads(data.removeprefix("data: ")))
            assert name == f"event: {events[-1]['event_type']}"
        return events

    def stream(self, api: httpx.Client, given: object = "hi", **more: Any) -> list[dict[str, Any]]:
        return self.events(api.post(PATH, json={"model": MODEL, "input": given, "stream": True, **more}))

    def test_events(self, api: httpx.Client, says: Any) -> None:
        says(LONG)
        events = self.stream(api, generation_config={"thinking_summaries": "auto"})
        kinds = [event["event_type"] for event in events]
        deltas = kinds.count("step.delta") - 2
        assert deltas >= 2
        assert kinds == [
            "interaction.created",
            "interaction.status_update",
            *("step.start", "step.delta", "step.delta", "step.stop"),
            *("step.start", *["step.delta"] * deltas, "step.stop"),
            "interaction.completed",
        ]
        ids = [event["event_id"] for event in events]
        assert len(set(ids)) == len(ids)
        created, update = events[0], events[1]
        assert created["interaction"]["status"] == update["status"] == "in_progress"
        assert created["interaction"]["id"] == update["interaction_id"]
        assert [event["delta"]["type"] for event in events[3:5]] == ["thought_summary", "thought_signature"]
        assert events[6] | {"event_id": ""} == {
            "event_type": "step.start",
            "index": 1,
            "step": {"type": "model_output"},
            "event_id": "",
        }
        texts = [event["delta"]["text"] for event in events if event.get("delta", {}).get("type") == "text"]
        assert "".join(texts) == LONG
        end = events[-1]["interaction"]
        assert end["status"] == "completed"
        assert "steps" not in end
        assert end["usage"]["total_output_tokens"] == 18  # 71 bytes

    def test_it_is_stored_and_can_be_resumed_behind_any_event(self, api: httpx.Client, says: Any) -> None:
        says(LONG)
        events = self.stream(api)
        path = f"{PATH}/{events[0]['interaction']['id']}"
        assert text_of(api.get(path).json()) == LONG
        assert self.events(api.get(path, params={"stream": "true"})) == events
        for at, event in enumerate(events):
            resumed = api.get(path, params={"stream": "true", "last_event_id": event["event_id"]})
            assert self.events(resumed) == events[at + 1 :]

    @pytest.mark.parametrize("query", ["stream=true&last_event_id=x", "last_event_id=e1", "stream=maybe"])
    def test_a_resumption_that_makes_no_sense(self, api: httpx.Client, query: str) -> None:
        path = f"{PATH}/{create(api)['id']}?{query}"
        answer = api.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_request")

    def test_a_function_call(self, api: httpx.Client, says: Any) -> None:
        says('{"n": 1}')
        events = self.stream(
            api, tools=[{"type": "function", "name": "f"}], generation_config={"tool_choice": "any"}
        )
        start = events[2]["step"]
        assert (start["type"], start["name"], start["arguments"]) == ("function_call", "f", {})
        assert json.loads(events[3]["delta"]["arguments"]) == {"n": 1}
        assert events[-1]["interaction"]["status"] == "requires_action"

    def test_an_error_before_the_first_event_is_no_stream(self, api: httpx.Client) -> None:
        body = {"model": MODEL, "input": "hi", "stream": True, "config": {}}
        assert refused(api, body)[1] == "parameter_unknown"

    def test_it_comes_in_pieces(self, api: httpx.Client, says: Any) -> None:
        says(LONG)
        body = {"model": MODEL, "input": "hi", "stream": True}
        with api.stream("POST", PATH, json=body) as answer:
            assert len(list(answer.iter_raw())) >= 5


class TestBackground:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def slow(self, clock: ManualClock) -> Iterator[httpx.Client]:
        with (
            MockServer(clock=clock, background_s=10) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}, timeout=60) as client,
        ):
            yield client

    def test_it_is_in_progress_until_its_time(self, slow: httpx.Client, clock: ManualClock) -> None:
        body = create(slow, background=True)
        assert body["status"] == "in_progress"
        assert "steps" not in body
        path = f"{PATH}/{body['id']}"
        clock.advance(9)
        assert slow.get(path).json() == body
        clock.advance(1)
        done = slow.get(path).json()
        assert done["status"] == "completed"
        assert done["steps"]
        assert done["updated"] > body["updated"]

    def test_cancel(self, slow: httpx.Client, clock: ManualClock) -> None:
        path = f"{PATH}/{create(slow, background=True)['id']}"
        cancelled = slow.post(path + "/cancel")
        assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
        clock.advance(100)
        assert slow.get(path).json() == cancelled.json()
        assert slow.post(path + "/cancel").json() == cancelled.json()

    def test_only_what_is_in_progress_can_be_cancelled(self, slow: httpx.Client) -> None:
        answer = slow.post(f"{PATH}/{create(slow)['id']}/cancel")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "failed_precondition")

    def test_nothing_goes_on_from_what_is_in_progress(self, slow: httpx.Client) -> None:
        before = create(slow, background=True)["id"]
        body = {"model": MODEL, "input": "hi", "previous_interaction_id": before}
        assert refused(slow, body)[:2] == (400, "failed_precondition")

    def test_a_stream_waits_for_it(self, slow: httpx.Client, clock: ManualClock) -> None:
        body = {"model": MODEL, "input": "hi", "background": True, "stream": True}
        with slow.stream("POST", PATH, json=body) as answer:
            lines = answer.iter_lines()
            seen = [next(lines) for _ in range(5)]
            assert seen[3] == "event: interaction.status_update"
            clock.advance(11)
            rest = list(lines)
        assert "event: interaction.completed" in rest

    def test_a_stream_ends_when_it_is_cancelled(self, slow: httpx.Client) -> None:
        path = f"{PATH}/{create(slow, background=True)['id']}"
        with slow.stream("GET", path, params={"stream": "true"}) as answer:
            lines = answer.iter_lines()
            next(lines)
            with httpx.Client(base_url=slow.base_url, headers={"x-goog-api-key": "any"}, timeout=60) as other:
                other.post(path + "/cancel")
            rest = "\n".join(lines)
        assert '"status":"cancelled"' in rest
        assert "step.start" not in rest


@pytest.fixture(scope="module")
def short() -> Iterator[httpx.Client]:
    with (
        MockServer(continuation_tokens=5) as server,
        httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}, timeout=60) as client,
    ):
        yield client


class TestContinuation:
    @pytest.mark.parametrize("store", [True, False])
    def test_hops_give_the_whole_answer(
        self,
        short: httpx.Client,
        says: Any,
        store: bool,  # noqa: FBT001 - a parameter
    ) -> None:
        text = "x" + "ä" * 30  # the 20th and the 21st byte are one character
        says(text)
        body = create(short, "hi", store=store)
        texts = [text_of(body)]
        while body["status"] == "requires_continuation":
            hop: dict[str, Any] = {"model": MODEL, "continuation_token": body["continuation_token"]}
            if store:
                hop["previous_interaction_id"] = body["id"]
            else:
                hop |= {"input": "hi", "store": False}
            answer = short.post(PATH, json=hop)
            assert answer.status_code == 200, answer.text
            assert answer.json().get("previous_interaction_id") == hop.get("previous_interaction_id")
            body = answer.json()
            texts.append(text_of(body))
            assert len(texts) < 20
        assert body["status"] == "completed"
        assert "".join(texts) == text
        assert len(texts) == 3  # 61 bytes, 20 a hop, the first one more

    def test_a_token_that_nobody_gave(self, short: httpx.Client) -> None:
        for token in ("x", "eA==", base64.urlsafe_b64encode(b"visionspec-continue:").decode()):
            status, code, _ = refused(short, {"model": MODEL, "input": "hi", "continuation_token": token})
            assert (status, code) == (400, "invalid_request")


def test_a_seed_repeats_its_ids_and_never_overwrites(tmp_path: Path) -> None:
    def run(name: str) -> list[dict[str, Any]]:
        with (
            MockServer(seed=7, clock=ManualClock(), store=tmp_path / name) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}, timeout=60) as api,
        ):
            made = [create(api), create(api)]
            assert api.get(f"{PATH}/{made[0]['id']}").json() == made[0]
            return made

    first, second, later = run("one"), run("other"), run("one")
    assert first == second
    assert len({one["id"] for one in [*first, *later]}) == 4
