"""What an SDK makes of the mock's answers: the same probes in every language, judged by the same hand."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from PIL import Image

from visionspec import decode_answer
from visionspec_mockserver.store.base import FileRecord

pytestmark = pytest.mark.sdk

SDKS = (
    "python-3.3.0",
    "python-3.3.0-async",
    "python-2.34.0",
    "python-2.34.0-async",
    "javascript-3.1.0",
    "javascript-2.32.0",
    "go-1.77.0",
    "java-1.70.0",
)
every_sdk = pytest.mark.parametrize("sdk", SDKS, indirect=True)
python_alone = pytest.mark.parametrize("sdk", SDKS[:4], indirect=True)
javascript_alone = pytest.mark.parametrize("sdk", SDKS[4:6], indirect=True)

# The class of an SDK's error, of generateContent and files, and of interactions by HTTP status.
REFUSALS = {
    "python": "ClientError",
    "javascript": "ApiError",
    "go": "genai.APIError",
    "java": "ClientException",
}
SPOKEN = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError"}


def check_box(text: str, scene: Any) -> None:
    """The only box of the answer is the one that was drawn; exactly, for the picture has no losses."""
    (item,) = decode_answer(text, width_px=scene.width_px, height_px=scene.height_px).items
    assert tuple(item.box) == scene.box


def check_refusal(sdk: Any, found: Any, code: int, status: str, told: str) -> None:
    assert (found["type"], found["code"], found["status"]) == (REFUSALS[sdk.language], code, status)
    assert told in found["message"]


def check_spoken_refusal(
    sdk: Any, found: Any, code: int, status: str, told: str, *, call: str = "CreateInteraction"
) -> None:
    """Of interactions: Python and JavaScript have a class for the HTTP status, Go and Java one for the call."""
    kind = {"go": f"*apierrors.{call}ClientError", "java": f"{call.replace('ID', 'Id')}ClientError"}
    assert found["type"] == kind.get(sdk.language, SPOKEN[code])
    assert (found["code"], found["status"]) == (code, status)
    assert told in found["message"]


def tell(monkeypatch: pytest.MonkeyPatch, sdk: Any, **changes: Any) -> None:
    """Change settings of the running server."""
    mock = sdk.server.app.state.mock
    monkeypatch.setattr(mock, "settings", dataclasses.replace(mock.settings, **changes))


@every_sdk
class TestFiles:
    def test_upload_get_delete(self, probe: Any, sdk: Any, scene: Any) -> None:
        found = probe("files")
        file = found["file"]
        data = scene.path.read_bytes()
        assert found["got"] == [file, file]  # by name, and by uri
        assert file["uri"] == f"https://generativelanguage.googleapis.com/v1beta/{file['name']}"
        assert (file["mime_type"], file["size_bytes"]) == ("image/png", len(data))
        assert (file["state"], file["display_name"]) == ("ACTIVE", "scène")
        assert base64.b64decode(file["sha256"]).decode() == hashlib.sha256(data).hexdigest()
        check_refusal(sdk, found["gone"], 403, "PERMISSION_DENIED", "it may not exist")

    def test_bytes_in_two_chunks(self, probe: Any) -> None:
        file = probe("bytes")
        data = (bytes(range(251)) * 33421)[: 8 * 1024 * 1024 + 7]  # seven bytes more than a chunk of the SDKs
        assert (file["size_bytes"], file["mime_type"]) == (len(data), "text/plain")
        assert base64.b64decode(file["sha256"]).decode() == hashlib.sha256(data).hexdigest()

    def test_pages(self, probe: Any) -> None:
        found = probe("pages")
        assert found["listed"] == found["made"][::-1]  # two pages, the newest first

    def test_download(self, probe: Any, sdk: Any) -> None:
        """Of a generated file, which no client can make; of an uploaded one it is refused."""
        data = b"made by a model"
        store = sdk.server.app.state.mock.store
        start = datetime(2026, 11, 20, tzinfo=UTC)
        made = FileRecord(
            "made",
            "video/mp4",
            start,
            start,
            start + timedelta(days=365_000),
            "https://generativelanguage.googleapis.com/v1beta/files/made",
            download_uri="https://generativelanguage.googleapis.com/v1beta/files/made:download?alt=media",
            source="GENERATED",
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        assert anyio.run(store.put_file, made, data)
        found = probe("download")
        assert found["data"] == data.decode()
        assert "Only generated files can be downloaded" in found["refused"]["message"]


@every_sdk
class TestContents:
    def test_inline(self, probe: Any, scene: Any) -> None:
        found = probe("inline")
        check_box(found["text"], scene)
        usage = found["usage"]
        assert usage["prompt_by"]["IMAGE"] == 1548  # the documents: 960x540 is six tiles of 258
        assert usage["prompt"] == sum(usage["prompt_by"].values()) == found["counted"]
        assert usage["total"] == usage["prompt"] + usage["answer"]

    def test_by_uri_with_a_schema(self, probe: Any, scene: Any) -> None:
        found = probe("uri")
        (box,) = json.loads(found["text"])
        assert box == {"box_2d": [250, 250, 750, 750], "label": "red rectangle"}  # 240/960, 135/540, ...
        check_box(found["text"], scene)
        assert found["usage"]["prompt_by"]["IMAGE"] == 1548

    def test_a_json_schema(self, probe: Any) -> None:
        (box,) = json.loads(probe("schema")["text"])["boxes"]
        assert box == {"box_2d": [250, 250, 750, 750], "label": "red rectangle"}

    def test_masks(self, probe: Any, scene: Any) -> None:
        text = probe("masks")["text"]
        (item,) = json.loads(text)  # no fence: the documents' parse_json cannot remove a closing one
        prefix, _, data = item["mask"].partition(",")
        assert prefix == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as mask:
            assert mask.mode == "L"
        (decoded,) = decode_answer(text, width_px=scene.width_px, height_px=scene.height_px).items
        assert decoded.mask
        assert decoded.mask.area_px == 480 * 270

    def test_stream(self, probe: Any) -> None:
        found = probe("stream")
        assert len(found["texts"]) >= 2
        assert "stand-in" in "".join(found["texts"])
        assert found["reason"] == "STOP"
        assert found["usage"]["total"] == found["usage"]["prompt"] + found["usage"]["answer"]

    def test_media_resolution(self, probe: Any) -> None:
        images = {name: usage["prompt_by"]["IMAGE"] for name, usage in probe("resolution").items()}
        assert images == {"low": 264, "part": 264, "high": 1100}  # fact 1.7: 960x540 for Gemini 3

    def test_a_function_that_must_be_called(self, probe: Any) -> None:
        found = probe("function")
        assert found["name"] == "keep"
        assert isinstance(found["args"]["n"], int)

    def test_a_chat(self, probe: Any, scene: Any) -> None:
        check_box(probe("chat")["text"], scene)  # about the image of the turn before

    def test_errors(self, probe: Any, sdk: Any) -> None:
        found = probe("errors")
        check_refusal(sdk, found["mime"], 400, "INVALID_ARGUMENT", "Unsupported MIME type: image/jpg")
        check_refusal(sdk, found["model"], 404, "NOT_FOUND", "models/gemini-none is not found")
        check_refusal(sdk, found["stream"], 404, "NOT_FOUND", "models/gemini-none is not found")
        check_refusal(sdk, found["key"], 400, "INVALID_ARGUMENT", "API key not valid")


@every_sdk
class TestModels:
    def test_list_and_get(self, probe: Any) -> None:
        found = probe("models")
        assert len(found["names"]) == len(set(found["names"])) > 5  # more than a page
        assert found["one"] == "models/gemini-2.5-flash"
        assert found["one"] in found["names"]

    def test_another_version_of_the_api(self, probe: Any, sdk: Any) -> None:
        assert "stand-in" in probe("version")["text"]
        (request,) = sdk.requests()
        assert request["path"] == "/v1alpha/models/gemini-2.5-flash:generateContent"


@every_sdk
class TestInteractions:
    def test_by_uri(self, probe: Any, scene: Any) -> None:
        found = probe("interaction_uri")
        check_box(found["last"], scene)
        assert found["status"] == "completed"
        assert found["prompt_by"]["image"] == 1100  # fact 1.7
        assert found["prompt"] == sum(found["prompt_by"].values())

    def test_data_with_a_schema(self, probe: Any) -> None:
        (box,) = json.loads(probe("interaction_data")["last"])["boxes"]
        assert box == {"box_2d": [250, 250, 750, 750], "label": "red rectangle"}

    def test_media_resolution(self, probe: Any) -> None:
        found = probe("interaction_resolution")
        assert [found[level]["prompt_by"]["image"] for level in ("low", "high")] == [264, 1100]  # fact 1.7

    def test_stream_and_resume(self, probe: Any) -> None:
        found = probe("interaction_stream")
        assert found["events"][0] == "interaction.created"
        assert found["events"][-1] == "interaction.completed"
        assert found["events"].count("step.delta") == len(found["texts"]) >= 2
        assert found["resumed"] == found["events"][3:]  # behind the third
        assert "stand-in" in "".join(found["texts"])

    def test_background(self, probe: Any, scene: Any) -> None:
        found = probe("interaction_background")
        assert (found["first"], found["last"]["status"]) == ("in_progress", "completed")
        check_box(found["last"]["last"], scene)

    def test_cancel(self, probe: Any, sdk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        tell(monkeypatch, sdk, background_s=3600)  # no haste: it is still running when it is cancelled
        found = probe("interaction_cancel")
        assert found == {"first": "in_progress", "last": "cancelled", "got": "cancelled"}

    def test_chain_get_delete(self, probe: Any, sdk: Any, scene: Any) -> None:
        found = probe("interaction_chain")
        check_box(found["second"]["last"], scene)  # about the image of the first
        assert found["second"]["prompt"] > found["first"]["total"]
        assert found["steps"] == ["user_input", "model_output"]
        told = "Requested entity was not found"
        check_spoken_refusal(sdk, found["gone"], 404, "not_found", told, call="GetInteractionByID")

    def test_errors(self, probe: Any, sdk: Any) -> None:
        found = probe("interaction_errors")
        told = "Unsupported MIME type: image/jpg"
        check_spoken_refusal(sdk, found["mime"], 400, "invalid_request", told)
        check_spoken_refusal(sdk, found["model"], 404, "model_not_found", "'gemini-none' was not found")
        check_spoken_refusal(sdk, found["key"], 401, "authentication", "API key not valid")

    def test_an_answer_in_hops(self, probe: Any, sdk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """The SDKs ask for the rest by themselves, but that of Java, which hands out the first part."""
        tell(monkeypatch, sdk, continuation_tokens=10)
        found = probe("interaction_text")
        if sdk.language == "java":
            assert (found["status"], len(sdk.requests())) == ("requires_continuation", 1)
            return
        assert found["status"] == "completed"
        assert found["text"].startswith("I am a stand-in for a model. ")
        assert found["text"].endswith(" came without one.")  # all of it, put together again
        assert len(found["hops"]) == len(sdk.requests()) > 1

    def test_a_busy_server_is_asked_again(self, probe: Any, sdk: Any) -> None:
        sdk.server.scripts.add(answer={"error": {"status": 503, "message": "Try again."}}, times=1)
        assert "stand-in" in probe("interaction_text", row="interaction_retry")["text"]
        assert [request["status"] for request in sdk.requests()] == [503, 200]


@javascript_alone
def test_a_parameter_that_does_not_exist(probe: Any, sdk: Any) -> None:
    """Python refuses it, and Go and Java cannot say it; this SDK sends what it is given."""
    told = "generation_config"  # where what the samples have in config belongs
    check_spoken_refusal(sdk, probe("interaction_parameter"), 400, "parameter_unknown", told)


@every_sdk
def test_pace(probe: Any, scene: Any) -> None:
    """Twenty interactions about an image, one after the other, once all is warm; the table tells their time."""
    texts = probe("pace")
    assert len(texts) == 20
    for text in texts:
        check_box(text, scene)


@python_alone
def test_an_image_of_pillow(probe: Any, scene: Any) -> None:
    found = probe("pil")
    check_box(found["text"], scene)
    assert found["usage"]["prompt_by"]["IMAGE"] == 1548
