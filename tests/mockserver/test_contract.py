"""What the server sends is what the models of the wire say, to the last key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from visionspec.models.errors import InteractionErrorResponse, StatusResponse
from visionspec.models.generate import (
    CountTokensResponse,
    GenerateContentResponse,
    ListModelsResponse,
    Model,
)
from visionspec.models.interactions import Interaction, InteractionEvent
from visionspec_mockserver import core, standin

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

FLASH = "/v1/models/gemini-2.5-flash"
TOOL = {"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}
ANY = {"functionCallingConfig": {"mode": "ANY"}}
THINK = {"thinkingConfig": {"includeThoughts": True}, "maxOutputTokens": 2, "candidateCount": 2}


def exactly(model: type[BaseModel], body: Any) -> None:
    """Nothing unknown in it, and nothing lost on the way through the model."""
    read = model.model_validate(body, extra="forbid")
    assert read.model_dump(mode="json", by_alias=True, exclude_none=True) == body


def asks(png: str) -> dict[str, dict[str, Any]]:
    parts = [{"inlineData": {"mimeType": "image/png", "data": png}}, {"text": "Caption this image."}]
    contents = [{"role": "user", "parts": parts}]
    return {
        "plain": {"contents": contents},
        "thinking": {"contents": contents, "generationConfig": THINK},
        "call": {"contents": contents, "tools": [TOOL], "toolConfig": ANY},
    }


@pytest.mark.parametrize("name", ["plain", "thinking", "call"])
def test_answers_of_contents(api: httpx.Client, png: str, name: str) -> None:
    body = asks(png)[name]
    exactly(GenerateContentResponse, api.post(FLASH + ":generateContent", json=body).json())
    for chunk in api.post(FLASH + ":streamGenerateContent", json=body).json():
        exactly(GenerateContentResponse, chunk)


def test_counts_and_models(api: httpx.Client, png: str) -> None:
    exactly(CountTokensResponse, api.post(FLASH + ":countTokens", json=asks(png)["plain"]).json())
    exactly(Model, api.get(FLASH).json())
    exactly(ListModelsResponse, api.get("/v1/models?pageSize=2").json())


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"generation_config": {"thinking_summaries": "auto", "max_output_tokens": 2}},
        {"tools": [{"type": "function", "name": "f"}], "generation_config": {"tool_choice": "any"}},
        {"background": True},
    ],
)
def test_interactions_and_their_events(api: httpx.Client, png: str, more: dict[str, Any]) -> None:
    given = [{"type": "text", "text": "Caption"}, {"type": "image", "data": png, "mime_type": "image/png"}]
    body = {"model": "gemini-3-flash-preview", "input": given, **more}
    made = api.post("/v1/interactions", json=body).json()
    exactly(Interaction, made)
    exactly(Interaction, api.get(f"/v1/interactions/{made['id']}?include_input=true").json())
    for frame in api.post("/v1/interactions", json={**body, "stream": True}).text.split("\n\n")[:-2]:
        exactly(InteractionEvent, json.loads(frame.partition("data: ")[2]))


def test_errors(api: httpx.Client) -> None:
    StatusResponse.model_validate(api.post(FLASH + ":generateContent", json={"x": 1}).json(), extra="forbid")
    InteractionErrorResponse.model_validate(api.post("/v1/interactions", json={}).json(), extra="forbid")


class TestKeptAnswers:
    def test_the_same_question_about_the_same_picture_is_answered_once(
        self, api: httpx.Client, png: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Any] = []
        monkeypatch.setattr(standin, "answer", lambda question: asked.append(question) or "seen")
        body = asks(png)["plain"]
        for _ in range(3):
            answer = api.post(FLASH + ":generateContent", json=body).json()
            assert answer["candidates"][0]["content"]["parts"] == [{"text": "seen"}]
        assert len(asked) == 1
        api.post(FLASH + ":generateContent", json={**body, "systemInstruction": {"parts": {"text": "x"}}})
        config = {"responseMimeType": "application/json"}
        api.post(FLASH + ":generateContent", json={**body, "generationConfig": config})
        assert len(asked) == 3

    def test_they_are_bounded(self) -> None:
        kept = core._Answers()
        for number in range(200):
            kept.put((number,), "x" * 100_000)
        assert kept.get((199,)) is not None
        assert kept.get((0,)) is None
        assert 35 <= sum(kept.get((number,)) is not None for number in range(200)) <= 42  # of 4 MiB
        kept.put((199,), "new")
        assert kept.get((199,)) == "new"
