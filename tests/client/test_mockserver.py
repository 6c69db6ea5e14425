"""The clients against the project's own server: the calls that carry the demo, over real sockets."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw

from visionspec import APIError, AsyncClient, Client, decode_answer
from visionspec.client import UploadToken, image_part
from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "gemini-3-flash-preview"
DETECT = "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."
BOX = (200, 120, 500, 300)  # x0, y0, x1, y1 of the red rectangle, the end excluded


@pytest.fixture(scope="module")
def png() -> bytes:
    image = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(image).rectangle((BOX[0], BOX[1], BOX[2] - 1, BOX[3] - 1), fill=(220, 20, 20))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def mock(server: MockServer) -> Iterator[Client]:
    with Client(server.url, "any", retries=0) as client:
        yield client


def test_a_file_goes_up_and_is_found_and_deleted(mock: Client, png: bytes) -> None:
    file = mock.upload(png, display_name="Café", chunk_bytes=1)
    assert (file.mime_type, file.size_bytes, file.display_name) == ("image/png", len(png), "Café")
    assert mock.wait_until_active(file).state == "ACTIVE"
    assert file.uri
    assert mock.get_file(file.uri) == mock.get_file(file)
    assert file.name in [listed.name for listed in mock.list_files(page_size=1)]
    mock.delete_file(file)
    with pytest.raises(APIError) as gone:
        mock.get_file(file)
    assert (gone.value.status, gone.value.code) == (403, "PERMISSION_DENIED")


def test_several_chunks(mock: Client) -> None:
    data = bytes(600_000)
    seen: list[int] = []
    file = mock.upload(
        data, mime_type="image/png", chunk_bytes=262144, progress=lambda sent, _: seen.append(sent)
    )
    assert seen == [262144, 524288, 600000]
    assert file.size_bytes == 600_000


def test_an_upload_that_is_not_there(mock: Client, server: MockServer) -> None:
    url = f"{server.url}/upload/v1beta/files?upload_id=none&upload_protocol=resumable"
    with pytest.raises(APIError) as caught:
        mock.resume_upload(UploadToken(url, 3, 1), b"abc")
    assert caught.value.status == 404


def test_a_name_of_ones_own(mock: Client, png: bytes) -> None:
    assert mock.upload(png, name="my-photo").name == "files/my-photo"
    with pytest.raises(APIError) as taken:
        mock.upload(png, name="files/my-photo")
    assert taken.value.status == 409


def test_count_tokens_and_models(mock: Client, png: bytes) -> None:
    assert mock.count_tokens("gemini-2.5-flash", png).total_tokens > 258
    names = [model.name for model in mock.list_models()]
    assert "models/gemini-2.5-flash" in names
    assert mock.get_model("gemini-2.5-flash").name == "models/gemini-2.5-flash"
    with pytest.raises(APIError) as unknown:
        mock.get_model("no-such-model")
    assert unknown.value.status == 404


def assert_found(text: str) -> None:
    (item,) = decode_answer(text, width_px=800, height_px=600).items
    assert "red" in item.label
    assert all(abs(got - drawn) <= 1 for got, drawn in zip(item.box, BOX, strict=True))


def test_both_dialects_find_what_was_drawn(mock: Client, png: bytes) -> None:
    file = mock.upload(png)
    assert_found(mock.interact(MODEL, [DETECT, file]).output_text)
    assert_found(mock.interact(MODEL, [DETECT, png]).output_text)
    assert_found(mock.generate_content("gemini-2.5-flash", [file, DETECT]).text)
    assert_found(mock.generate_content("gemini-2.5-flash", [image_part(png), DETECT]).text)


def test_streams_say_the_same(mock: Client, png: bytes) -> None:
    events = list(mock.stream_interaction(MODEL, [DETECT, png]))
    types = [event.event_type for event in events]
    assert (types[0], types[-1]) == ("interaction.created", "interaction.completed")
    assert_found("".join(event.delta["text"] for event in events if event.delta and "text" in event.delta))
    chunks = mock.stream_generate_content("gemini-2.5-flash", [png, DETECT])
    assert_found("".join(chunk.text for chunk in chunks))


def test_a_stored_interaction(mock: Client, png: bytes) -> None:
    first = mock.interact(MODEL, [DETECT, png])
    assert mock.get_interaction(first.id).output_text == first.output_text
    (created, *rest) = mock.resume_stream(first.id)
    assert created.event_type == "interaction.created"
    again = list(mock.resume_stream(first.id, last_event_id=created.event_id))
    assert [event.event_id for event in again] == [event.event_id for event in rest]
    mock.delete_interaction(first.id)
    with pytest.raises(APIError) as gone:
        mock.get_interaction(first.id)
    assert (gone.value.status, gone.value.code) == (404, "not_found")


def test_the_asynchronous_client(server: MockServer, png: bytes) -> None:
    async def run() -> tuple[Any, ...]:
        async with AsyncClient(server.url, "any", retries=0) as client:
            file = await client.upload(io.BytesIO(png))
            reply, answer = await asyncio.gather(
                client.interact(MODEL, [DETECT, file]),
                client.generate_content("gemini-2.5-flash", [file, DETECT]),
            )
            events = [event async for event in client.stream_interaction(MODEL, [DETECT, file])]
            return reply.output_text, answer.text, events

    text, other, events = asyncio.run(run())
    assert_found(text)
    assert_found(other)
    assert events[-1].event_type == "interaction.completed"
