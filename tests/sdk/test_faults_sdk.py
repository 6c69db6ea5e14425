"""Failures on purpose as google-genai for Python meets them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from google import genai

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
def faults(server: MockServer) -> Iterator[Any]:
    yield server.faults
    server.faults.clear()


@pytest.fixture
def client(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in server.env().items():
        monkeypatch.setenv(name, value)
    with genai.Client() as made:
        yield made


def test_an_upload_survives_an_error_on_a_chunk(client: Any, faults: Any, scene: Any) -> None:
    faults.add(error=503, operation="upload.chunk", times=1)
    file = client.files.upload(file=scene.path)
    faults.assert_fired()
    assert file.size_bytes == scene.path.stat().st_size
    digest = hashlib.sha256(scene.path.read_bytes()).hexdigest()
    assert base64.b64decode(file.sha256_hash).decode() == digest


def test_a_quota_is_an_error_with_details(client: Any, faults: Any) -> None:
    faults.add(quota={"per_minute": 1}, operation="generateContent")
    client.models.generate_content(model=FLASH, contents="x")
    with pytest.raises(genai.errors.ClientError) as caught:
        client.models.generate_content(model=FLASH, contents="x")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
    kinds = [one["@type"].rpartition(".")[2] for one in caught.value.details["error"]["details"]]
    assert kinds == ["QuotaFailure", "Help", "RetryInfo"]


def test_interactions_try_again_when_they_are_told_to(client: Any, faults: Any) -> None:
    busy = {"status": 503, "headers": {"retry-after-ms": "5"}}
    faults.add(error=busy, operation="interactions.create", times=2)
    assert client.interactions.create(model=THREE, input="x").status == "completed"
    faults.assert_fired()


def test_a_reset(client: Any, faults: Any) -> None:
    faults.add(reset="before", operation="generateContent", times=1)
    with pytest.raises(Exception, match=r"reset|disconnected"):
        client.models.generate_content(model=FLASH, contents="x")
    assert client.models.generate_content(model=FLASH, contents="x").text


def test_a_stream_that_breaks(client: Any, faults: Any) -> None:
    faults.add(reset=400, operation="streamGenerateContent")
    stream = client.models.generate_content_stream(model=FLASH, contents="x")
    assert next(stream).text
    with pytest.raises(Exception, match=r"reset|closed|peer"):
        list(stream)


def test_addressed_to_one_test(client: Any, faults: Any) -> None:
    faults.add(error=503, test="mine", operation="generateContent")
    assert client.models.generate_content(model=FLASH, contents="x").text
    config = {"http_options": {"headers": {"x-visionspec-test": "mine"}}}
    with pytest.raises(genai.errors.ServerError):
        client.models.generate_content(model=FLASH, contents="x", config=config)


def test_a_fence_that_was_not_asked_for(client: Any, faults: Any, scene: Any) -> None:
    faults.add(hostile="fenced", operation="interactions.create", times=1)
    data = base64.b64encode(scene.path.read_bytes()).decode()
    interaction = client.interactions.create(
        model=THREE,
        input=[
            {"type": "text", "text": "Detect the items as box_2d."},
            {"type": "image", "data": data, "mime_type": "image/png"},
        ],
    )
    assert interaction.output_text.startswith("```json\n[")
