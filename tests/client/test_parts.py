"""From text, paths, bytes and files to the parts of a prompt, in both dialects."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from visionspec.client.parts import (
    ImagePart,
    count_request,
    generate_request,
    image_part,
    interaction_request,
)
from visionspec.errors import InvalidInput
from visionspec.models.files import File
from visionspec.models.generate import Content, Part
from visionspec.models.interactions import TextContent

if TYPE_CHECKING:
    from pathlib import Path

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
PDF = b"%PDF-1.7 ..."
URI = "https://generativelanguage.googleapis.com/v1beta/files/abc"


def contents(given: Any) -> Any:
    request = interaction_request("m", given, {})
    (step,) = request.wire()["input"]
    assert step["type"] == "user_input"
    return step["content"]


def parts(given: Any) -> Any:
    (turn,) = generate_request(given, {}).wire()["contents"]
    assert turn["role"] == "user"
    return turn["parts"]


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(PNG)
    return path


class TestImagePart:
    def test_bytes(self) -> None:
        assert image_part(PNG) == ImagePart("image/png", data=PNG)

    def test_a_path_by_its_content_not_its_name(self, png: Path) -> None:
        assert image_part(png) == image_part(str(png)) == ImagePart("image/png", data=PNG)

    def test_a_file_of_the_api(self) -> None:
        assert image_part(File(uri=URI, mime_type="image/webp")) == ImagePart("image/webp", uri=URI)

    @pytest.mark.parametrize(
        ("uri", "mime_type"), [("https://example.com/a.png?x=.jpg", "image/png"), ("gs://b/o", None)]
    )
    def test_a_uri(self, uri: str, mime_type: str | None) -> None:
        assert image_part(uri) == ImagePart(mime_type, uri=uri)

    def test_a_given_type_wins(self) -> None:
        assert image_part(PNG, mime_type="image/x", resolution="low") == ImagePart(
            "image/x", data=PNG, resolution="low"
        )

    @pytest.mark.parametrize("given", ["no/such/file.png", ""])
    def test_no_such_file(self, given: str) -> None:
        with pytest.raises(InvalidInput, match="cannot read"):
            image_part(given)

    def test_bytes_that_are_nothing_known(self) -> None:
        with pytest.raises(InvalidInput, match="mime_type is needed"):
            image_part(b"words")

    def test_a_file_that_was_never_uploaded(self) -> None:
        with pytest.raises(InvalidInput, match="a file without a uri"):
            image_part(File(name="files/a"))

    def test_the_pixels_are_not_in_the_repr(self) -> None:
        assert "PNG" not in repr(image_part(PNG))


BASE64 = base64.b64encode(PNG).decode()


def test_text() -> None:
    assert contents("hi") == [{"type": "text", "text": "hi"}]
    assert parts("hi") == [{"text": "hi"}]


def test_a_mixture_keeps_its_order(png: Path) -> None:
    given = ["a", File(uri=URI, mime_type="image/png"), png, PNG, "b"]
    inline = {"type": "image", "data": BASE64, "mime_type": "image/png"}
    by_uri = {"type": "image", "uri": URI, "mime_type": "image/png"}
    text = [{"type": "text", "text": letter} for letter in "ab"]
    assert contents(given) == [text[0], by_uri, inline, inline, text[1]]
    inline = {"inlineData": {"data": BASE64, "mimeType": "image/png"}}
    by_uri = {"fileData": {"fileUri": URI, "mimeType": "image/png"}}
    assert parts(given) == [{"text": "a"}, by_uri, inline, inline, {"text": "b"}]


def test_resolution() -> None:
    (content,), (part,) = (
        contents(image_part(PNG, resolution="ultra_high")),
        parts(image_part(URI, mime_type="image/png", resolution="ultra_high")),
    )
    assert content["resolution"] == "ultra_high"
    assert part["mediaResolution"] == {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"}


def test_a_resolution_that_there_is_not() -> None:
    with pytest.raises(InvalidInput, match="MEDIA_RESOLUTION_HUGE"):
        generate_request(image_part(PNG, resolution="huge"), {})  # type: ignore[arg-type] # what people do


def test_what_is_no_image() -> None:
    data = base64.b64encode(PDF).decode()
    assert contents(PDF) == [{"type": "document", "data": data, "mime_type": "application/pdf"}]
    video = File(uri=URI, mime_type="video/mp4")
    assert contents(video) == [{"type": "video", "uri": URI, "mime_type": "video/mp4"}]
    assert parts(PDF) == [{"inlineData": {"data": data, "mimeType": "application/pdf"}}]


def test_objects_of_the_api_stay_as_they_are() -> None:
    audio = {"type": "audio", "uri": URI, "mime_type": "audio/wav"}
    assert contents([audio, TextContent(text="x")]) == [audio, {"type": "text", "text": "x"}]
    assert parts([{"text": "a", "thought": True}, Part(text="b")]) == [
        {"text": "a", "thought": True},
        {"text": "b"},
    ]


def test_steps_and_turns_stay_as_they_are() -> None:
    steps = [
        {"type": "user_input", "content": [{"type": "text", "text": "a"}]},
        {"type": "model_output", "content": [{"type": "text", "text": "b"}]},
    ]
    assert interaction_request("m", steps, {}).wire()["input"] == steps
    turns = [{"role": "user", "parts": [{"text": "a"}]}, {"role": "model", "parts": [{"text": "b"}]}]
    assert generate_request(turns, {}).wire()["contents"] == turns
    assert count_request(Content(parts=[Part(text="a")])).wire() == {"contents": [{"parts": [{"text": "a"}]}]}


@pytest.mark.parametrize("given", [[], ()])
def test_an_empty_prompt(given: Any) -> None:
    with pytest.raises(InvalidInput, match="an empty prompt"):
        interaction_request("m", given, {})


@pytest.mark.parametrize("given", [7, [None], [["nested"]], {"zzz": 1}])
def test_what_is_no_prompt(given: Any) -> None:
    with pytest.raises(InvalidInput):
        generate_request(given, {})


def test_an_option_that_is_none_is_not_given() -> None:
    request = interaction_request("m", "hi", {"store": None})  # type: ignore[typeddict-item] # what people do
    assert "store" not in request.wire()
