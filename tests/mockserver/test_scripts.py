"""What a script answers, in both dialects, over a real socket."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from visionspec import decode_answer
from visionspec.models.generate import GenerateContentResponse
from visionspec.models.interactions import Interaction, InteractionEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from visionspec_mockserver import MockServer

FLASH = "/v1/models/gemini-2.5-flash"
ALL = {"answer": "scripted"}


@pytest.fixture
def scripts(server: MockServer, api: httpx.Client) -> Iterator[Any]:
    del api  # it has forgotten everything
    yield server.scripts
    server.scripts.clear()


@pytest.fixture
def generate(api: httpx.Client) -> Callable[..., httpx.Response]:
    def ask(*images: str, text: str = "Hello", method: str = "generateContent", **more: Any) -> Any:
        parts = [{"inlineData": {"mimeType": "image/png", "data": image}} for image in images]
        body = {"contents": [{"parts": [*parts, {"text": text}]}], **more}
        return api.post(f"{FLASH}:{method}", json=body)

    return ask


@pytest.fixture
def interact(api: httpx.Client) -> Callable[..., httpx.Response]:
    def ask(text: str = "Hello", **more: Any) -> Any:
        return api.post("/v1/interactions", json={"model": "gemini-3-flash-preview", "input": text, **more})

    return ask


def said(response: httpx.Response) -> str:
    response.raise_for_status()
    return GenerateContentResponse.model_validate(response.json(), extra="forbid").text


def events(response: httpx.Response) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")]
    found = [json.loads(line) for line in lines]
    for event in found:
        InteractionEvent.model_validate(event, extra="forbid")
    return found


class TestWhatIsSaid:
    def test_a_text_with_the_tokens_of_the_question_and_the_answer(self, scripts, generate, png) -> None:
        scripts.add(answer="A cat!")
        body = generate(png).json()
        assert body["candidates"][0]["content"]["parts"] == [{"text": "A cat!"}]
        assert body["candidates"][0]["finishReason"] == "STOP"
        usage = body["usageMetadata"]
        # 1548: the documents' six tiles; 2: "Hello" in quarters of its bytes; 2: "A cat!" likewise
        assert (usage["promptTokenCount"], usage["candidatesTokenCount"], usage["totalTokenCount"]) == (
            1550,
            2,
            1552,
        )

    def test_json_as_it_stands(self, scripts, generate) -> None:
        scripts.add(answer={"json": {"ä": [1, None, True]}})
        assert said(generate()) == '{"ä": [1, null, true]}'

    def test_null_is_json_too(self, scripts, generate) -> None:
        scripts.add(answer={"json": None})
        assert said(generate()) == "null"

    def test_it_is_cut_off_and_stopped_like_any_answer(self, scripts, generate) -> None:
        scripts.add(answer="one two three")
        body = generate(generationConfig={"maxOutputTokens": 1}).json()
        assert body["candidates"][0]["content"]["parts"] == [{"text": "one "}]
        assert body["candidates"][0]["finishReason"] == "MAX_TOKENS"
        assert said(generate(generationConfig={"stopSequences": [" three"]})) == "one two"

    def test_every_candidate_says_it(self, scripts, generate) -> None:
        scripts.add(**ALL)
        candidates = generate(generationConfig={"candidateCount": 2}).json()["candidates"]
        assert [one["content"]["parts"][0]["text"] for one in candidates] == ["scripted", "scripted"]

    def test_thoughts_come_first(self, scripts, generate, interact) -> None:
        scripts.add(answer={"thoughts": ["hm", "so"], "text": "yes"})
        body = generate().json()
        parts = body["candidates"][0]["content"]["parts"]
        assert parts == [
            {"text": "hm", "thought": True},
            {"text": "so", "thought": True},
            {"text": "yes"},
        ]
        assert body["usageMetadata"]["thoughtsTokenCount"] == 2
        steps = interact().json()["steps"]
        assert [step["type"] for step in steps] == ["thought", "thought", "model_output"]
        assert steps[1]["summary"] == [{"type": "text", "text": "so"}]

    def test_a_call_of_a_function(self, scripts, generate, interact) -> None:
        scripts.add(answer={"function_call": {"name": "keep", "arguments": {"n": 3}}})
        (part,) = generate().json()["candidates"][0]["content"]["parts"]
        assert part["functionCall"] == {"name": "keep", "args": {"n": 3}}
        body = interact().json()
        assert body["status"] == "requires_action"
        assert (body["steps"][0]["name"], body["steps"][0]["arguments"]) == ("keep", {"n": 3})

    def test_the_stand_in_itself(self, scripts, generate, png) -> None:
        scripts.add(when={"text": "look"}, answer={"stand_in": True, "thoughts": "I look."})
        scripts.add(answer="no")
        body = generate(png, text="look: which shapes?").json()
        parts = body["candidates"][0]["content"]["parts"]
        assert parts[0]["text"] == "I look."
        assert "red rectangle" in parts[1]["text"]

    def test_it_is_not_asked_for_a_count(self, scripts, generate) -> None:
        scripts.add(answer={"error": {"status": 503}}, times=1)
        assert generate(method="countTokens").status_code == 200
        assert generate().status_code == 503

    def test_it_is_noted_in_the_log(self, scripts, generate, api) -> None:
        scripts.add(name="mine", **ALL)
        generate()
        assert api.get("/_mock/log").json()["requests"][-1]["script"] == "mine"


class TestItems:
    """The expected numbers are by hand: 1000 of 960x540 px."""

    def test_boxes_points_and_more(self, scripts, generate, png) -> None:
        box = {"label": "cat", "box": [240, 135, 720, 405], "more": {"score": 0.5}}
        scripts.add(answer={"items": [box, {"label": "eye", "point": [480, 270]}], "wrap": "boxes"})
        assert json.loads(said(generate(png))) == {
            "boxes": [
                {"box_2d": [250, 250, 750, 750], "label": "cat", "score": 0.5},
                {"point": [500, 500], "label": "eye"},
            ]
        }

    @pytest.mark.parametrize("box", [(0, 0, 1, 1), (959, 539, 960, 540), (13, 7, 601, 333)])
    def test_a_box_comes_back_to_the_pixel(self, scripts, generate, png, box) -> None:
        scripts.add(answer={"items": [{"box": list(box)}]})
        (item,) = decode_answer(said(generate(png)), width_px=960, height_px=540).items
        assert item.box == box

    @pytest.mark.parametrize("form", ["png", "polygon"])
    @pytest.mark.parametrize("given", ["polygon", "mask", "array"])
    def test_a_mask_comes_back(self, scripts, generate, png, form, given) -> None:
        frame = np.zeros((540, 960), np.bool_)
        frame[135:405, 240:720] = True
        frame[135:200, 240:300] = False  # an L
        corners = [[300, 135], [720, 135], [720, 405], [240, 405], [240, 200], [300, 200]]
        out = io.BytesIO()
        Image.fromarray(frame).save(out, "PNG")
        data = {"data": base64.b64encode(out.getvalue()).decode()}
        shape = {"polygon": {"polygon": corners}, "mask": {"mask": data}, "array": {"mask": frame}}[given]
        scripts.add(answer={"masks": form, "items": [{"label": "L", **shape}]})
        (item,) = decode_answer(said(generate(png)), width_px=960, height_px=540).items
        assert item.issues == ()
        assert item.box == (240, 135, 720, 405)
        assert item.mask.form == form
        assert np.count_nonzero(item.mask.to_frame(960, 540) != frame) <= (0 if form == "png" else 1200)

    def test_the_form_of_masks_is_what_the_text_asks_for(self, scripts, generate, png) -> None:
        scripts.add(answer={"items": [{"polygon": [[0, 0], [480, 0], [480, 270]]}]})
        (masked,) = json.loads(said(generate(png, text="segmentation masks")))
        assert masked["mask"].startswith("data:image/png;base64,")
        (outlined,) = json.loads(said(generate(png, text="masks as polygons")))
        assert outlined["mask"] == [[0, 0], [500, 0], [500, 500]]

    def test_in_the_second_image(self, scripts, generate, png, draw) -> None:
        small = base64.b64encode(draw(200, 100)).decode()
        scripts.add(answer={"items": [{"box": [0, 0, 100, 50], "image": 1}]})
        assert json.loads(said(generate(png, small)))[0]["box_2d"] == [0, 0, 500, 500]

    def test_of_a_size_that_is_said(self, scripts, generate) -> None:
        scripts.add(answer={"items": [{"box": [0, 0, 100, 50]}], "size": [1000, 1000]})
        assert json.loads(said(generate()))[0]["box_2d"] == [0, 0, 50, 100]

    @pytest.mark.parametrize(
        ("item", "told"),
        [
            ({"box": [0, 0, 961, 10]}, "reaches to (961, 10), out of 960x540 px"),
            ({"box": [0, 0, 9, 9], "image": 1}, "is in image 1, and the question has 1"),
            ({"point": [0, 541]}, "reaches to (0, 541)"),
            ({"polygon": [[0, 0], [5, 5], [-1, 7]]}, "reaches to (-1, 7)"),
            ({"polygon": [[0, 0], [5, 0], [9, 0]]}, "has no area"),
            ({"mask": np.ones((2, 3))}, "has 3x2 px, its image 960x540"),
            ({"mask": np.zeros((540, 960))}, "is black all over"),
            ({"mask": {"data": "YWJj"}}, "cannot answer"),
        ],
    )
    def test_what_does_not_fit_the_image_is_said(self, scripts, generate, png, item, told) -> None:
        scripts.add(name="odd", answer={"items": [item]})
        error = generate(png).json()["error"]
        assert error["code"] == 500
        assert "script 'odd' cannot answer" in error["message"]
        assert told in error["message"]


class TestErrors:
    def test_of_generate_content(self, scripts, generate) -> None:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}]
        error = {"status": 429, "message": "Slow down.", "details": details, "headers": {"Retry-After": "3"}}
        scripts.add(answer={"error": error})
        response = generate()
        assert response.status_code == 429
        assert response.headers["retry-after"] == "3"
        assert response.json() == {
            "error": {
                "code": 429,
                "message": "Slow down.",
                "status": "RESOURCE_EXHAUSTED",
                "details": details,
            }
        }

    def test_of_interactions(self, scripts, interact) -> None:
        scripts.add(answer={"error": {"status": 429, "message": "Slow down."}}, times=1)
        scripts.add(answer={"error": {"status": 400, "code": "quota_exceeded", "message": "None left."}})
        response = interact()
        assert response.status_code == 429
        assert response.json() == {"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}
        assert interact().json()["error"]["code"] == "quota_exceeded"

    def test_a_stream_that_never_begins(self, scripts, generate) -> None:
        scripts.add(answer={"error": {"status": 503}})
        response = generate(method="streamGenerateContent?alt=sse")
        assert response.status_code == 503
        assert response.json()["error"]["status"] == "UNAVAILABLE"

    def test_a_stream_of_contents_that_breaks(self, scripts, generate) -> None:
        scripts.add(answer={"chunks": ["one ", "two"], "error": {"status": 500, "message": "Broken."}})
        first, second, end = generate(method="streamGenerateContent").json()
        assert [c["candidates"][0]["content"]["parts"][0]["text"] for c in (first, second)] == ["one ", "two"]
        assert "finishReason" not in second["candidates"][0]
        assert end == {"error": {"code": 500, "message": "Broken.", "status": "INTERNAL"}}
        lines = generate(method="streamGenerateContent?alt=sse").text.split("\r\n\r\n")
        assert lines[2].startswith('data: {"error":')
        assert generate().status_code == 500  # what is not streamed has no middle

    def test_a_stream_of_events_that_breaks(self, scripts, interact, api) -> None:
        scripts.add(answer={"chunks": ["one ", "two"], "error": {"status": 500, "message": "Broken."}})
        found = events(interact(stream=True))
        assert [e["delta"]["text"] for e in found if e["event_type"] == "step.delta"] == ["one ", "two"]
        assert found[-1]["event_type"] == "error"
        assert found[-1]["error"] == {"message": "Broken.", "code": "internal"}
        kept = api.get(f"/v1/interactions/{found[0]['interaction']['id']}").json()
        assert (kept["status"], kept["errors"]) == ("failed", [{"code": "internal", "message": "Broken."}])


class TestSafety:
    RATING: ClassVar = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}

    @pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "IMAGE_SAFETY"])
    def test_a_blocked_prompt(self, scripts, generate, reason) -> None:
        blocked = {"reason": reason, "message": "No."}
        scripts.add(answer={"blocked": blocked, "safety_ratings": [self.RATING]})
        body = generate().json()
        GenerateContentResponse.model_validate(body, extra="forbid")
        assert "candidates" not in body
        assert body["promptFeedback"] == {
            "blockReason": reason,
            "blockReasonMessage": "No.",
            "safetyRatings": [self.RATING],
        }
        assert body["usageMetadata"]["totalTokenCount"] == body["usageMetadata"]["promptTokenCount"] == 2
        assert "candidatesTokenCount" not in body["usageMetadata"]
        (chunk,) = generate(method="streamGenerateContent").json()
        assert chunk["promptFeedback"]["blockReason"] == reason

    @pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "IMAGE_SAFETY"])
    def test_an_answer_that_ends_early(self, scripts, generate, reason) -> None:
        answer = {"finish_reason": reason, "finish_message": "Stopped.", "safety_ratings": [self.RATING]}
        scripts.add(when={"text": "some"}, answer={"text": "Half a ", **answer})
        scripts.add(answer=answer)
        (some,) = generate(text="some").json()["candidates"]
        assert some["content"]["parts"] == [{"text": "Half a "}]
        assert (some["finishReason"], some["finishMessage"]) == (reason, "Stopped.")
        assert some["safetyRatings"] == [self.RATING]
        (none,) = generate().json()["candidates"]
        assert "content" not in none
        assert none["finishReason"] == reason
        (chunk,) = generate(method="streamGenerateContent").json()
        assert chunk["candidates"][0]["finishReason"] == reason

    def test_interactions(self, scripts, interact) -> None:
        scripts.add(when={"text": "block"}, answer={"blocked": "PROHIBITED_CONTENT"})
        scripts.add(when={"text": "half"}, answer={"text": "Half a ", "finish_reason": "SAFETY"})
        scripts.add(when={"text": "cut"}, answer={"text": "Half a ", "finish_reason": "MAX_TOKENS"})
        blocked, half, cut = (interact(text).json() for text in ("block", "half", "cut"))
        for body in (blocked, half, cut):
            Interaction.model_validate(body, extra="forbid")
        assert (blocked["status"], blocked["steps"]) == ("failed", [])
        assert blocked["errors"][0]["code"] == "prohibited_content"
        assert (half["status"], half["errors"][0]["code"]) == ("incomplete", "safety")
        assert half["steps"][0]["content"][0]["text"] == "Half a "
        assert cut["status"] == "incomplete"
        assert "errors" not in cut

    @pytest.mark.parametrize("status", ["failed", "incomplete", "budget_exceeded", "queued", "in_progress"])
    def test_any_status(self, scripts, interact, status) -> None:
        scripts.add(answer={"text": "so far", "status": status})
        assert interact().json()["status"] == status
        assert events(interact(stream=True))[-1]["interaction"]["status"] == status


class TestStreams:
    def test_the_pieces_are_those_of_the_script(self, scripts, generate, interact) -> None:
        scripts.add(answer={"chunks": ["a", {"text": "bc", "delay_s": 0.01}, "def"]})
        chunks = generate(method="streamGenerateContent").json()
        texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
        assert texts == ["a", "bc", "def"]
        assert said(generate()) == "abcdef"
        found = events(interact(stream=True))
        assert [e["delta"]["text"] for e in found if e["event_type"] == "step.delta"] == ["a", "bc", "def"]

    def test_a_resumed_stream_has_the_same_pieces(self, scripts, interact, api) -> None:
        scripts.add(answer={"chunks": ["a", "bc", "def"]})
        found = events(interact(stream=True))
        identity = found[0]["interaction"]["id"]
        again = api.get(f"/v1/interactions/{identity}?stream=true&last_event_id={found[3]['event_id']}")
        assert events(again) == found[4:]

    def test_pieces_are_cut_off_with_the_text(self, scripts, generate) -> None:
        scripts.add(answer={"chunks": ["one", " two", " three"]})
        chunks = generate(method="streamGenerateContent", generationConfig={"maxOutputTokens": 1}).json()
        texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
        assert texts == ["one", " "]
        assert chunks[-1]["candidates"][0]["finishReason"] == "MAX_TOKENS"

    def test_the_waits_are_waited(self, scripts, api, monkeypatch) -> None:
        waits: list[float] = []

        async def sleep(delay_s: float) -> None:
            waits.append(delay_s)

        monkeypatch.setattr("visionspec_mockserver.routes.generate.anyio.sleep", sleep)
        answer = {"delay_s": 600, "chunks": ["a", {"text": "b", "delay_s": 300}, "c"], "chunk_delay_s": 200}
        scripts.add(answer=answer)
        body = {"contents": [{"parts": [{"text": "x"}]}]}
        assert len(api.post(f"{FLASH}:streamGenerateContent", json=body).json()) == 3
        assert [wait for wait in waits if wait >= 200] == [600, 300, 200]


class TestState:
    def test_a_scripted_turn_is_kept_and_counted(self, scripts, interact, api) -> None:
        scripts.add(name="first", when={"previous": False}, answer="12345678")
        scripts.add(when={"previous": {"script": "first"}}, answer="second")
        scripts.add(when={"previous": True}, answer="third")
        first = interact("1234").json()
        second = interact("1234", previous_interaction_id=first["id"]).json()
        third = interact("1234", previous_interaction_id=second["id"]).json()
        texts = [one["steps"][-1]["content"][0]["text"] for one in (first, second, third)]
        assert texts == ["12345678", "second", "third"]
        # 1 for the text; then 1 + 2 of the first turn and 1
        assert [one["usage"]["total_input_tokens"] for one in (first, second)] == [1, 4]
        assert api.get(f"/v1/interactions/{first['id']}").json()["steps"] == first["steps"]

    def test_by_the_id_of_the_interaction_before(self, scripts, interact) -> None:
        first = interact().json()
        scripts.add(when={"previous": {"id": first["id"]}}, answer="after that one")
        second = interact(previous_interaction_id=first["id"]).json()
        assert second["steps"][-1]["content"][0]["text"] == "after that one"
        third = interact(previous_interaction_id=second["id"]).json()
        assert third["steps"][-1]["content"][0]["text"] != "after that one"

    @pytest.mark.parametrize("stored", [True, False])
    def test_a_long_answer_in_hops_is_used_once(self, scripts, interact, stored) -> None:
        held = scripts.add(answer={"text": "0123456789", "continue_after_tokens": 1}, times=1)
        hop = interact(store=stored).json()
        texts = []
        while True:
            texts.append(hop["steps"][-1]["content"][0]["text"])
            if hop["status"] != "requires_continuation":
                break
            more = {"continuation_token": hop["continuation_token"]}
            if stored:
                more |= {"input": None, "previous_interaction_id": hop["id"]}
            hop = interact(store=stored, **more).json()
        assert texts == ["0123", "4567", "89"]
        assert hop["status"] == "completed"
        assert held.used == 1

    def test_in_the_background(self, scripts, interact, api) -> None:
        scripts.add(answer={"text": "done", "status": "incomplete"})
        begun = interact(background=True).json()
        assert begun["status"] == "in_progress"
        api.post("/_mock/clock", json={"advance_s": 60})
        assert api.get(f"/v1/interactions/{begun['id']}").json()["status"] == "incomplete"
