"""google-genai for Python, as a user writes it: only the environment is ours."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pydantic
import pytest
from google import genai
from google.genai import types
from PIL import Image

from visionspec import decode_answer

pytestmark = [pytest.mark.sdk, pytest.mark.usefixtures("environment")]

DETECT = (
    "Detect the all of the prominent items in the image. "
    "The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."
)
SEGMENT = (
    "Give the segmentation masks for the red items. Output a JSON list of segmentation masks where each "
    'entry contains the 2D bounding box in the key "box_2d", the segmentation mask in key "mask", and the '
    'text label in the key "label". Use descriptive labels.'
)


@pytest.fixture
def client() -> Any:
    with genai.Client() as made:
        yield made


def overlap(text: str, scene: Any) -> float:
    """How well the only box of an answer meets the one that was drawn: intersection over union, by hand."""
    (item,) = decode_answer(text, width_px=scene.width_px, height_px=scene.height_px).items
    x0, y0, x1, y1 = item.box
    a0, b0, a1, b1 = scene.box
    common = max(0, min(x1, a1) - max(x0, a0)) * max(0, min(y1, b1) - max(y0, b0))
    return common / ((x1 - x0) * (y1 - y0) + (a1 - a0) * (b1 - b0) - common)


class TestFiles:
    def test_upload_get_list_delete(self, client: Any, scene: Any) -> None:
        file = client.files.upload(file=scene.path, config={"display_name": "Café"})
        assert file.state.name == "ACTIVE"
        assert (file.mime_type, file.display_name, file.size_bytes) == (
            "image/png",
            "Café",
            scene.path.stat().st_size,
        )
        for name in (file.name, file.name.removeprefix("files/"), file.uri):
            assert client.files.get(name=name).uri == file.uri
        assert [one.name for one in client.files.list(config={"page_size": 1})] == [file.name]
        client.files.delete(name=file.name)
        with pytest.raises(genai.errors.ClientError) as caught:
            client.files.get(name=file.name)
        assert (caught.value.code, caught.value.status) == (403, "PERMISSION_DENIED")


class TestInteractions:
    def test_by_uri(self, client: Any, scene: Any) -> None:
        file = client.files.upload(file=str(scene.path))
        interaction = client.interactions.create(
            model="gemini-3-flash-preview",
            input=[
                {"type": "text", "text": DETECT},
                {"type": "image", "uri": file.uri, "mime_type": file.mime_type},
            ],
            response_format={"type": "text", "mime_type": "application/json"},
        )
        assert overlap(interaction.steps[-1].content[0].text, scene) >= 0.95
        assert interaction.usage.total_input_tokens > 1100  # fact 1.7: 960x540 costs 1100

    def test_inline(self, client: Any, scene: Any) -> None:
        interaction = client.interactions.create(
            model="gemini-3-flash-preview",
            input=[
                {"type": "text", "text": "Caption this image."},
                {
                    "type": "image",
                    "data": base64.b64encode(scene.path.read_bytes()).decode("utf-8"),
                    "mime_type": "image/png",
                },
            ],
        )
        assert "red" in interaction.output_text

    def test_a_schema_as_document_003_has_it(self, client: Any, scene: Any) -> None:
        box = pydantic.create_model(
            "Box", box_2d=(list[int], ...), mask=(list[list[int]], ...), label=(str, ...)
        )
        boxes = pydantic.create_model("Boxes", boxes=(list[box], ...))
        data = base64.b64encode(scene.path.read_bytes()).decode("utf-8")
        interaction = client.interactions.create(
            model="gemini-3-flash-preview",
            input=[
                {"type": "text", "text": SEGMENT},
                {"type": "image", "data": data, "mime_type": "image/png"},
            ],
            response_format={
                "type": "text",
                "mime_type": "application/json",
                "schema": boxes.model_json_schema(),
            },
            generation_config={"thinking_level": "minimal"},
        )
        text = interaction.steps[-1].content[0].text
        boxes.model_validate_json(text)
        assert overlap(text, scene) >= 0.95

    def test_state_stream_and_errors(self, client: Any) -> None:
        events = list(client.interactions.create(model="gemini-3-flash-preview", input="Hello", stream=True))
        assert events[0].event_type == "interaction.created"
        assert events[-1].event_type == "interaction.completed"
        texts = [event.delta.text for event in events if event.event_type == "step.delta"]
        assert len(texts) >= 2
        first = client.interactions.get(events[0].interaction.id)
        assert first.output_text == "".join(texts)
        resumed = client.interactions.get(first.id, stream=True, last_event_id=events[2].event_id)
        assert [event.event_id for event in resumed] == [event.event_id for event in events[3:]]
        second = client.interactions.create(
            model="gemini-3-flash-preview", input="And now?", previous_interaction_id=first.id
        )
        assert second.usage.total_input_tokens > first.usage.total_tokens
        client.interactions.delete(second.id)
        with pytest.raises(Exception, match="Requested entity was not found"):
            client.interactions.get(second.id)

    def test_background(self, client: Any) -> None:
        running = client.interactions.create(model="gemini-3-flash-preview", input="Hello", background=True)
        assert running.status == "in_progress"
        assert client.interactions.cancel(running.id).status == "cancelled"


class TestContents:
    @pytest.mark.parametrize("form", ["pil", "bytes", "file"])
    def test_every_way_to_give_an_image(self, client: Any, scene: Any, form: str) -> None:
        image: Any
        if form == "pil":
            image = Image.open(scene.path)
        elif form == "bytes":
            image = types.Part.from_bytes(data=scene.path.read_bytes(), mime_type="image/png")
        else:
            image = client.files.upload(file=scene.path)
        response = client.models.generate_content(model="gemini-2.5-flash", contents=[image, DETECT])
        assert overlap(response.text, scene) >= 0.95
        counted = client.models.count_tokens(model="gemini-2.5-flash", contents=[image, DETECT])
        assert counted.total_tokens == response.usage_metadata.prompt_token_count
        tokens = {
            one.modality.value: one.token_count for one in response.usage_metadata.prompt_tokens_details
        }
        assert tokens["IMAGE"] == 1548  # the documents: 960x540 is six tiles of 258

    def test_masks_as_the_documents_decode_them(self, client: Any, scene: Any) -> None:
        config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(thinking_budget=0))
        with Image.open(scene.path) as image:
            response = client.models.generate_content(
                model="gemini-2.5-flash", contents=[SEGMENT, image], config=config
            )
        (item,) = json.loads(response.text)  # no fence: the documents' parse_json cannot remove a closing one
        assert item["mask"].startswith("data:image/png;base64,")
        with Image.open(io.BytesIO(base64.b64decode(item["mask"].partition(",")[2]))) as mask:
            assert mask.mode == "L"

    def test_a_response_schema(self, client: Any, scene: Any) -> None:
        box = pydantic.create_model("Box", box_2d=(list[int], ...), label=(str, ...))
        with Image.open(scene.path) as image:
            response = client.models.generate_content(
                model="gemini-2.5-flash",
                contents=[image, DETECT],
                config={"response_mime_type": "application/json", "response_schema": list[box]},
            )
        assert len(response.parsed) == 1
        assert overlap(response.text, scene) >= 0.95

    def test_stream_and_errors(self, client: Any) -> None:
        chunks = list(client.models.generate_content_stream(model="gemini-2.5-flash", contents="Hello there"))
        assert len(chunks) >= 2
        assert chunks[-1].candidates[0].finish_reason.name == "STOP"
        with pytest.raises(genai.errors.ClientError) as caught:
            client.models.generate_content(model="gemini-none", contents="x")
        assert caught.value.code == 404
        with pytest.raises(genai.errors.ClientError) as caught:
            next(iter(client.models.generate_content_stream(model="gemini-none", contents="x")))
        assert caught.value.code == 404

    def test_a_function_that_must_be_called(self, client: Any) -> None:
        declaration = types.FunctionDeclaration(
            name="keep", parameters_json_schema={"type": "object", "properties": {"n": {"type": "integer"}}}
        )
        calling = types.FunctionCallingConfig(mode="ANY")
        response = client.models.generate_content(
            model="gemini-3-flash-preview",
            contents="How many?",
            config=types.GenerateContentConfig(
                tools=[types.Tool(function_declarations=[declaration])],
                tool_config=types.ToolConfig(function_calling_config=calling),
            ),
        )
        (call,) = response.function_calls
        assert call.name == "keep"

    def test_a_chat(self, client: Any, scene: Any) -> None:
        chat = client.chats.create(model="gemini-2.5-flash")
        with Image.open(scene.path) as image:
            chat.send_message([image, "Caption this image."])
        assert overlap(chat.send_message(DETECT).text, scene) >= 0.95  # about the image of the turn before

    def test_models(self, client: Any) -> None:
        names = [model.name for model in client.models.list(config={"page_size": 5})]
        assert "models/gemini-2.5-flash" in names
        assert client.models.get(model="gemini-2.5-flash").name == "models/gemini-2.5-flash"


@pytest.mark.parametrize("version", ["v1beta", "v1alpha"])
def test_other_versions(version: str, scene: Any) -> None:
    with genai.Client(http_options={"api_version": version}) as client:
        file = client.files.upload(file=scene.path)
        response = client.models.generate_content(model="gemini-2.5-flash", contents=[file, DETECT])
        assert overlap(response.text, scene) >= 0.95


async def _async_calls(scene: Any) -> None:
    async with genai.Client().aio as client:
        file = await client.files.upload(
            file=io.BytesIO(scene.path.read_bytes()), config={"mime_type": "image/png"}
        )
        response = await client.models.generate_content(model="gemini-2.5-flash", contents=[file, DETECT])
        assert overlap(response.text, scene) >= 0.95
        counted = await client.models.count_tokens(model="gemini-2.5-flash", contents=[file, DETECT])
        assert counted.total_tokens == response.usage_metadata.prompt_token_count
        stream = await client.models.generate_content_stream(model="gemini-2.5-flash", contents="Hello there")
        assert len([chunk async for chunk in stream]) >= 2
        interaction = await client.interactions.create(
            model="gemini-3-flash-preview",
            input=[
                {"type": "text", "text": DETECT},
                {"type": "image", "uri": file.uri, "mime_type": "image/png"},
            ],
        )
        assert overlap(interaction.output_text, scene) >= 0.95
        events = await client.interactions.create(model="gemini-3-flash-preview", input="Hello", stream=True)
        assert [event.event_type async for event in events][-1] == "interaction.completed"
        assert [one.name async for one in await client.files.list()] == [file.name]
        await client.files.delete(name=file.name)


def test_async(server: Any, scene: Any) -> None:
    import anyio  # noqa: PLC0415 - here only
    import httpx  # noqa: PLC0415 - here only

    httpx.post(server.url + "/_mock/reset")
    anyio.run(_async_calls, scene)
