"""What each call sends, and what it makes of the answer; the wire is that of the SDKs and the documents."""

from __future__ import annotations

import base64
import json
from importlib.metadata import version
from typing import Any

import pytest

from visionspec.client import image_part
from visionspec.errors import APIError, InvalidInput, TransportError
from visionspec.models.files import File

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
TEXT = {"steps": [{"type": "model_output", "content": [{"type": "text", "text": "A caption."}]}]}
INTERACTION = {"id": "v1_abc", "status": "completed", **TEXT}
GENERATED = {"candidates": [{"content": {"parts": [{"text": "A caption."}], "role": "model"}}]}


def events(*datas: object) -> bytes:
    lines = (data if isinstance(data, str) else json.dumps(data) for data in datas)
    return b"".join(f"data: {line}\n\n".encode() for line in lines)


def stream(answer: Any, *datas: object, **more: object) -> Any:
    return answer(body=events(*datas), headers={"Content-Type": "text/event-stream; charset=utf-8"}, **more)


def test_the_key_goes_in_a_header_and_nowhere_else(client: Any, fake: Any, answer: Any, key: str) -> None:
    fake.answers = [answer(body={"name": "files/abc"})]
    client.get_file("abc")
    (seen,) = fake.seen
    assert seen.headers["x-goog-api-key"] == key
    assert seen.headers["user-agent"] == f"visionspec/{version('visionspec')}"
    assert key not in seen.target


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "files/abc",
        "https://generativelanguage.googleapis.com/v1beta/files/abc",
        "https://generativelanguage.googleapis.com/v1beta/files/abc:download?alt=media",
        File(name="files/abc"),
        File(uri="https://generativelanguage.googleapis.com/v1beta/files/abc"),
    ],
)
def test_a_file_by_any_of_its_names(client: Any, fake: Any, answer: Any, name: Any) -> None:
    fake.answers = [answer(body={"name": "files/abc", "sizeBytes": "7", "state": "ACTIVE"})]
    file = client.get_file(name)
    assert fake.targets == ["GET /v1beta/files/abc"]
    assert (file.name, file.size_bytes, file.state) == ("files/abc", 7, "ACTIVE")


@pytest.mark.parametrize("name", ["", "files/", "a/b", File(), "https://x/files/"])
def test_no_name_of_a_file(client: Any, fake: Any, name: Any) -> None:
    with pytest.raises(InvalidInput, match="no name of a file"):
        client.get_file(name)
    assert fake.seen == []


def test_a_name_cannot_leave_its_place_in_the_path(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body={})]
    client.get_file("a b%2f#")
    assert fake.targets == ["GET /v1beta/files/a%20b%252f%23"]


def test_list_files_follows_the_pages_also_an_empty_one(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [
        answer(body={"files": [{"name": "files/a"}, {"name": "files/b"}], "nextPageToken": "T 1"}),
        answer(body={"nextPageToken": "T2"}),
        answer(body={"files": [{"name": "files/c"}]}),
    ]
    assert [file.name for file in client.list_files(page_size=2)] == ["files/a", "files/b", "files/c"]
    assert fake.targets == [
        "GET /v1beta/files?pageSize=2",
        "GET /v1beta/files?pageSize=2&pageToken=T%201",
        "GET /v1beta/files?pageSize=2&pageToken=T2",
    ]


def test_no_files(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body={})]
    assert client.list_files() == []
    assert fake.targets == ["GET /v1beta/files"]


def test_a_page_that_leads_to_itself_ends_in_an_error(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body={"nextPageToken": "T"})] * 3
    with pytest.raises(TransportError, match="leads to itself"):
        client.list_files()


@pytest.mark.parametrize("status", [200, 204])
def test_delete_file(client: Any, fake: Any, answer: Any, status: int) -> None:
    fake.answers = [answer(status)]
    assert client.delete_file("files/abc") is None
    assert fake.targets == ["DELETE /v1beta/files/abc"]


def test_wait_until_active(client: Any, fake: Any, answer: Any, waits: list[float]) -> None:
    fake.answers = [answer(body={"name": "files/a", "state": state}) for state in ("PROCESSING", "ACTIVE")]
    assert client.wait_until_active("a", timeout_s=5).state == "ACTIVE"
    assert waits == [0, 1.0]


def test_wait_until_active_gives_up(client: Any, fake: Any, answer: Any, waits: list[float]) -> None:
    fake.answers = [answer(body={"name": "files/a", "state": "PROCESSING"})] * 1000
    with pytest.raises(TransportError, match=r"files/a is still PROCESSING after 0\.05 s"):
        client.wait_until_active("a", timeout_s=0.05)
    assert max(waits) < 0.051


def test_wait_until_active_of_a_file_that_failed(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body={"name": "files/a", "state": "FAILED", "error": {"message": "no image"}})]
    with pytest.raises(APIError, match="files/a is FAILED: no image"):
        client.wait_until_active("a")


def test_interact(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body=INTERACTION)]
    photo = File(uri="https://x/files/abc", mime_type="image/jpeg")
    reply = client.interact(
        "gemini-3-flash-preview",
        ["Caption this image.", photo],
        generation_config={"thinking_level": "minimal"},
        system_instruction="Be brief.",
        response_format={"type": "text", "mime_type": "application/json"},
        previous_interaction_id="v1_p",
        store=False,
        background=False,
    )
    assert reply.output_text == "A caption."
    assert fake.targets == ["POST /v1beta/interactions"]
    assert fake.seen[0].headers["content-type"] == "application/json"
    sent = fake.seen[0].json
    assert sent.pop("input") == [
        {
            "type": "user_input",
            "content": [
                {"type": "text", "text": "Caption this image."},
                {"type": "image", "uri": "https://x/files/abc", "mime_type": "image/jpeg"},
            ],
        }
    ]
    assert sent == {
        "model": "gemini-3-flash-preview",
        "generation_config": {"thinking_level": "minimal"},
        "system_instruction": "Be brief.",
        "response_format": {"type": "text", "mime_type": "application/json"},
        "previous_interaction_id": "v1_p",
        "store": False,
        "background": False,
    }


def test_interact_with_an_inline_image(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body=INTERACTION)]
    client.interact("m", [image_part(PNG, resolution="high"), "Caption."])
    content = fake.seen[0].json["input"][0]["content"][0]
    assert content == {
        "type": "image",
        "data": base64.b64encode(PNG).decode(),
        "mime_type": "image/png",
        "resolution": "high",
    }


def test_an_option_that_the_api_does_not_have_is_refused_here(client: Any, fake: Any) -> None:
    with pytest.raises(InvalidInput, match="thinking_levle"):
        client.interact("m", "hi", generation_config={"thinking_levle": "low"})
    with pytest.raises(InvalidInput, match="config"):
        client.interact("m", "hi", config={})
    with pytest.raises(InvalidInput, match=r"thinkingLevle|thinking_levle"):
        client.generate_content("m", "hi", generation_config={"thinking_config": {"thinking_levle": 1}})
    assert fake.seen == []


STREAM = [
    {
        "event_type": "interaction.created",
        "interaction": {"id": "v1_a", "status": "in_progress"},
        "event_id": "e1",
    },
    {"event_type": "step.delta", "index": 1, "delta": {"type": "text", "text": "Hel"}, "event_id": "e2"},
    {"event_type": "error", "error": {"code": "internal", "message": "boom"}},
]


def test_stream_interaction(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [stream(answer, *STREAM, "[DONE]", "not looked at")]
    got = client.stream_interaction("m", "hi")
    assert [item.event_type for item in got] == ["interaction.created", "step.delta", "error"]
    assert got[1].delta == {"type": "text", "text": "Hel"}
    assert got[2].error.message == "boom"
    assert fake.seen[0].json["stream"] is True
    assert fake.seen[0].headers["accept"] == "text/event-stream"


def test_a_stream_may_end_without_done(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [stream(answer, *STREAM)]
    assert len(client.stream_interaction("m", "hi")) == 3


def test_an_error_event_is_an_event_wherever_its_type_stands(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [stream(answer, {"error": {"code": "internal", "message": "boom"}, "event_type": "error"})]
    (got,) = client.stream_interaction("m", "hi")
    assert got.error.code == "internal"


def test_a_stream_that_breaks_off_is_an_error(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [stream(answer, *STREAM, cut=True)]
    with pytest.raises(TransportError, match="/v1beta/interactions"):
        client.stream_interaction("m", "hi")


def test_resume_stream(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [stream(answer, STREAM[1])]
    (got,) = client.resume_stream("v1_a", last_event_id="e1")
    assert got.event_id == "e2"
    assert fake.targets == ["GET /v1beta/interactions/v1_a?last_event_id=e1&stream=true"]


def test_json_instead_of_a_stream(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body=INTERACTION)]
    with pytest.raises(TransportError, match="application/json"):
        client.stream_interaction("m", "hi")


def test_an_error_instead_of_a_stream(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [
        answer(404, {"error": {"code": "not_found", "message": "Requested entity was not found."}})
    ]
    with pytest.raises(APIError, match=r"404 not_found: Requested entity was not found\."):
        client.resume_stream("v1_x")


def test_stored_interactions(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [
        answer(body=INTERACTION),
        answer(body=INTERACTION),
        answer(body=b""),
        answer(body=INTERACTION),
    ]
    assert client.get_interaction("v1_abc").id == "v1_abc"
    client.get_interaction("v1_abc", include_input=True)
    client.delete_interaction("a/b c")
    client.cancel_interaction("v1_abc")
    assert fake.targets == [
        "GET /v1beta/interactions/v1_abc",
        "GET /v1beta/interactions/v1_abc?include_input=true",
        "DELETE /v1beta/interactions/a%2Fb%20c",
        "POST /v1beta/interactions/v1_abc/cancel",
    ]


def test_an_interaction_that_was_not_stored_has_no_id(client: Any) -> None:
    with pytest.raises(InvalidInput, match="store=False"):
        client.get_interaction("")


def test_generate_content(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body=GENERATED)]
    photo = File(uri="https://x/files/abc", mime_type="image/jpeg")
    reply = client.generate_content(
        "gemini-2.5-flash",
        [photo, image_part(PNG, resolution="low"), "Caption this image."],
        generation_config={"thinking_config": {"thinking_budget": 0}, "temperature": 0.5},
        system_instruction="Be brief.",
        safety_settings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    )
    assert reply.text == "A caption."
    assert fake.targets == ["POST /v1beta/models/gemini-2.5-flash:generateContent"]
    assert fake.seen[0].json == {
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"fileData": {"fileUri": "https://x/files/abc", "mimeType": "image/jpeg"}},
                    {
                        "inlineData": {"mimeType": "image/png", "data": base64.b64encode(PNG).decode()},
                        "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"},
                    },
                    {"text": "Caption this image."},
                ],
            }
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"thinkingConfig": {"thinkingBudget": 0}, "temperature": 0.5},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    }


def test_turns_are_sent_as_they_are(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body=GENERATED)]
    turns = [{"role": role, "parts": [{"text": role}]} for role in ("user", "model", "user")]
    client.generate_content("models/gemini-2.5-flash", turns)
    assert fake.seen[0].json["contents"] == turns


@pytest.mark.parametrize(
    ("model", "path"), [("m", "models/m"), ("models/m", "models/m"), ("tunedModels/m", "tunedModels/m")]
)
def test_names_of_models(client: Any, fake: Any, answer: Any, model: str, path: str) -> None:
    fake.answers = [answer(body={"name": path, "inputTokenLimit": 1048576})]
    assert client.get_model(model).input_token_limit == 1048576
    assert fake.targets == [f"GET /v1beta/{path}"]


@pytest.mark.parametrize("model", ["", "models/", "files/m", "a/b/c"])
def test_no_name_of_a_model(client: Any, fake: Any, model: str) -> None:
    with pytest.raises(InvalidInput, match="no name of a model"):
        client.get_model(model)
    assert fake.seen == []


def test_stream_generate_content(client: Any, fake: Any, answer: Any) -> None:
    body = b"".join(f"data: {json.dumps(GENERATED)}\r\n\r\n".encode() for _ in range(2))
    fake.answers = [answer(body=body, headers={"Content-Type": "text/event-stream"})]
    assert [chunk.text for chunk in client.stream_generate_content("m", "hi")] == ["A caption."] * 2
    assert fake.targets == ["POST /v1beta/models/m:streamGenerateContent?alt=sse"]


def test_an_error_in_the_middle_of_a_stream_is_raised(client: Any, fake: Any, answer: Any) -> None:
    error = {"error": {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED"}}
    fake.answers = [stream(answer, GENERATED, error)]
    with pytest.raises(APIError) as caught:
        client.stream_generate_content("m", "hi")
    assert (caught.value.status, caught.value.code) == (429, "RESOURCE_EXHAUSTED")


def test_count_tokens(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body={"totalTokens": 264})]
    assert client.count_tokens("m", "hi").total_tokens == 264
    assert fake.targets == ["POST /v1beta/models/m:countTokens"]
    assert fake.seen[0].json == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def test_list_models(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [
        answer(body={"models": [{"name": "models/a"}], "nextPageToken": "T"}),
        answer(body={"models": [{"name": "models/b"}]}),
    ]
    assert [model.name for model in client.list_models()] == ["models/a", "models/b"]
    assert fake.targets == ["GET /v1beta/models", "GET /v1beta/models?pageToken=T"]


def test_version_and_prefix_of_the_base_url(client: Any, fake: Any, answer: Any) -> None:
    fake.answers = [answer(body={})]
    client.with_options(base_url=fake.url + "/prefix/", api_version="v1").list_files()
    assert fake.targets == ["GET /prefix/v1/files"]
