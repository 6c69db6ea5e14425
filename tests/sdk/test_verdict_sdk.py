"""The verdict on google-genai for Python: what the application does is judged, and what the SDK does for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google import genai

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sdk

FLASH = "gemini-2.5-flash"


@pytest.fixture(scope="module")
def started() -> Iterator[MockServer]:
    with MockServer(processing_s=60) as running:
        yield running


@pytest.fixture
def server(started: MockServer, monkeypatch: pytest.MonkeyPatch) -> MockServer:
    started.reset()
    for name, value in started.env().items():
        monkeypatch.setenv(name, value)
    return started


@pytest.fixture
def client(server: MockServer) -> Iterator[Any]:
    del server
    with genai.Client() as made:
        yield made


def said(server: MockServer) -> list[tuple[str, str]]:
    return [(one.finding.level, one.finding.rule) for one in server.findings()]


def test_a_file_that_is_not_waited_for(server: MockServer, client: Any, scene: Any) -> None:
    file = client.files.upload(file=scene.path)
    with pytest.raises(genai.errors.ClientError, match="not in an ACTIVE state"):
        client.models.generate_content(model=FLASH, contents=[file, "Caption this."])
    server.app.state.mock.clock.advance(61)
    assert client.files.get(name=file.name).state == "ACTIVE"
    assert client.models.generate_content(model=FLASH, contents=[file, "Caption this."]).text
    assert said(server) == [("MUST", "files.not-active")]


def test_the_same_file_uploaded_for_every_question(server: MockServer, client: Any, scene: Any) -> None:
    for _ in range(3):
        client.files.upload(file=scene.path)
    assert said(server) == [("SHOULD", "advice.upload-once")] * 2


def test_a_type_from_the_ending_of_a_file_name(server: MockServer, client: Any, scene: Any) -> None:
    part = genai.types.Part.from_bytes(data=scene.path.read_bytes(), mime_type="image/jpg")
    with pytest.raises(genai.errors.ClientError, match="Unsupported MIME type: image/jpg"):
        client.models.generate_content(model=FLASH, contents=[part, "Caption this."])
    assert said(server) == [("MUST", "media.declared-type")]


def test_base64_that_is_too_much(server: MockServer, client: Any) -> None:
    part = genai.types.Part.from_bytes(data=bytes(16 * 1024 * 1024), mime_type="image/png")
    with pytest.raises(genai.errors.ClientError, match="payload size exceeds"):
        client.models.generate_content(model=FLASH, contents=[part, "Caption this."])
    assert said(server) == [("MUST", "limits.inline-request")]


def test_the_sdk_backs_off_and_never_asks(server: MockServer, client: Any, scene: Any) -> None:
    server.faults.add(error=503, operation="upload.chunk", times=1)
    client.files.upload(file=scene.path)
    server.faults.assert_fired()
    assert said(server) == [("MAY", "upload.client-asks")]


def test_retries_of_interactions_do_as_they_are_told(server: MockServer, client: Any) -> None:
    error = {"status": 503, "headers": {"retry-after-ms": "20"}}
    server.faults.add(error=error, operation="interactions.create", times=2)
    assert client.interactions.create(model="gemini-3-flash-preview", input="Hello.").output_text
    server.faults.assert_fired()
    assert said(server) == []


def test_an_application_that_hammers(server: MockServer, client: Any) -> None:
    server.faults.add(error=429, operation="generateContent", times=3)
    for _ in range(3):
        with pytest.raises(genai.errors.ClientError):
            client.models.generate_content(model=FLASH, contents="Hello.")
    assert client.models.generate_content(model=FLASH, contents="Hello.").text
    assert said(server) == [("SHOULD", "errors.back-off")] * 3


def test_a_wait_of_the_sdk_that_is_shorter_than_the_server_said(server: MockServer) -> None:
    server.faults.add(error={"status": 429, "retry_after_s": 30}, operation="generateContent", times=1)
    options = genai.types.HttpRetryOptions(attempts=2, initial_delay=0.4, jitter=0)
    with genai.Client(http_options=genai.types.HttpOptions(retry_options=options)) as client:
        assert client.models.generate_content(model=FLASH, contents="Hello.").text
    (one,) = server.findings()
    assert one.finding.rule == "errors.back-off"
    assert "was told to wait 30 s" in one.finding.message
