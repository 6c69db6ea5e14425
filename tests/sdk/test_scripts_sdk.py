"""Scripted answers as google-genai for Python sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google import genai
from PIL import Image

from visionspec import decode_answer
from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sdk

FLASH = "gemini-2.5-flash"
THREE = "gemini-3-flash-preview"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def client(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in server.env().items():
        monkeypatch.setenv(name, value)
    with genai.Client() as made:
        yield made


@pytest.fixture
def scripts(server: MockServer) -> Iterator[Any]:
    yield server.scripts
    server.scripts.clear()


class TestSafety:
    def test_a_blocked_prompt(self, client: Any, scripts: Any) -> None:
        rating = {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH"}
        scripts.add(answer={"blocked": "PROHIBITED_CONTENT", "safety_ratings": [rating]})
        response = client.models.generate_content(model=FLASH, contents="x")
        assert response.text is None
        assert response.candidates is None
        assert response.prompt_feedback.block_reason.name == "PROHIBITED_CONTENT"
        assert response.prompt_feedback.safety_ratings[0].probability.name == "HIGH"
        (chunk,) = client.models.generate_content_stream(model=FLASH, contents="x")
        assert chunk.prompt_feedback.block_reason.name == "PROHIBITED_CONTENT"

    def test_an_answer_that_ends_early(self, client: Any, scripts: Any) -> None:
        scripts.add(answer={"text": "Half a ", "finish_reason": "SAFETY", "finish_message": "Stopped."})
        response = client.models.generate_content(model=FLASH, contents="x")
        (candidate,) = response.candidates
        assert (response.text, candidate.finish_reason.name) == ("Half a ", "SAFETY")
        assert candidate.finish_message is None  # sent, and dropped by the SDK
        *_, last = client.models.generate_content_stream(model=FLASH, contents="x")
        assert last.candidates[0].finish_reason.name == "SAFETY"

    def test_without_content(self, client: Any, scripts: Any) -> None:
        scripts.add(answer={"finish_reason": "IMAGE_SAFETY"})
        response = client.models.generate_content(model=FLASH, contents="x")
        assert response.text is None
        assert response.candidates[0].finish_reason.name == "IMAGE_SAFETY"

    @pytest.mark.parametrize(
        ("answer", "status", "code"),
        [
            ({"blocked": "SAFETY"}, "failed", "safety"),
            ({"finish_reason": "SAFETY"}, "incomplete", "safety"),
            ({"text": "Half", "status": "incomplete"}, "incomplete", None),
            ({"status": "budget_exceeded"}, "budget_exceeded", None),
        ],
    )
    def test_interactions(
        self, client: Any, scripts: Any, answer: Any, status: str, code: str | None
    ) -> None:
        scripts.add(answer=answer)
        interaction = client.interactions.create(model=THREE, input="x")
        assert interaction.status == status
        assert interaction.output_text == answer.get("text", "")
        assert [error.code for error in interaction.errors or []] == ([code] if code else [])
        *_, last = client.interactions.create(model=THREE, input="x", stream=True)
        assert (last.event_type, last.interaction.status) == ("interaction.completed", status)


class TestErrors:
    def test_of_generate_content(self, client: Any, scripts: Any) -> None:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}]
        scripts.add(answer={"error": {"status": 429, "message": "Slow down.", "details": details}})
        with pytest.raises(genai.errors.ClientError) as caught:
            client.models.generate_content(model=FLASH, contents="x")
        assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
        assert caught.value.message == "Slow down."
        assert caught.value.details["error"]["details"] == details

    def test_a_stream_that_breaks(self, client: Any, scripts: Any) -> None:
        scripts.add(answer={"chunks": ["one ", "two"], "error": {"status": 503, "message": "Gone."}})
        stream = client.models.generate_content_stream(model=FLASH, contents="x")
        assert [next(stream).text, next(stream).text] == ["one ", "two"]
        with pytest.raises(genai.errors.ServerError, match="Gone"):
            next(stream)
        *_, last = client.interactions.create(model=THREE, input="x", stream=True)
        assert (last.event_type, last.error.code) == ("error", "unavailable")

    def test_interactions_try_again(self, client: Any, scripts: Any) -> None:
        failing = scripts.add(answer={"error": {"status": 503, "headers": {"retry-after-ms": "5"}}}, times=2)
        scripts.add(answer="at last")
        assert client.interactions.create(model=THREE, input="x").output_text == "at last"
        assert failing.left == 0

    def test_strict(self, client: Any, scripts: Any) -> None:
        scripts.replace({"strict": True, "scripts": [{"when": {"text": "cat"}, "answer": "A cat."}]})
        with pytest.raises(genai.errors.ClientError, match=r"text\.contains: wanted 'cat', got 'dog'"):
            client.models.generate_content(model=FLASH, contents="dog")
        with pytest.raises(Exception, match=r"text\.contains: wanted 'cat', got 'dog'"):
            client.interactions.create(model=THREE, input="dog")


class TestAnswers:
    def test_masks_of_a_picture_that_the_sdk_encodes_itself(
        self, client: Any, scripts: Any, scene: Any
    ) -> None:
        box = list(scene.box)
        corners = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]]]
        like = {"like": {"data": scene.path.read_bytes()}}
        scripts.add(when={"image": like}, answer={"items": [{"label": "half", "polygon": corners}]})
        with Image.open(scene.path) as image:  # not the bytes of the file: the SDK writes a PNG of its own
            response = client.models.generate_content(model=FLASH, contents=[image, "masks"])
        (item,) = decode_answer(response.text, width_px=960, height_px=540).items
        assert (item.label, item.box, item.mask.form) == ("half", scene.box, "png")
        area = (box[2] - box[0]) * (box[3] - box[1]) / 2
        assert abs(item.mask.area_px - area) <= 480  # half of the diagonal's pixels lie on either side

    def test_hops_that_the_sdk_joins(self, client: Any, scripts: Any) -> None:
        held = scripts.add(answer={"text": "0123456789", "continue_after_tokens": 1}, times=1)
        interaction = client.interactions.create(model=THREE, input="x")
        assert interaction.output_text == "0123456789"
        assert len(interaction.continuation_ids) == 3
        assert held.used == 1

    def test_a_schema(self, client: Any, scripts: Any) -> None:
        scripts.add(answer={"json": {"n": 3}})
        config = {
            "response_mime_type": "application/json",
            "response_json_schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
        }
        response = client.models.generate_content(model=FLASH, contents="x", config=config)
        assert response.parsed == {"n": 3}

    def test_thoughts_and_calls(self, client: Any, scripts: Any) -> None:
        scripts.add(answer={"thoughts": "hm", "text": "yes"}, times=1)
        scripts.add(answer={"function_call": {"name": "keep", "arguments": {"n": 3}}})
        response = client.models.generate_content(model=FLASH, contents="x")
        assert (response.text, response.candidates[0].content.parts[0].thought) == ("yes", True)
        (call,) = client.models.generate_content(model=FLASH, contents="x").function_calls
        assert (call.name, call.args) == ("keep", {"n": 3})
