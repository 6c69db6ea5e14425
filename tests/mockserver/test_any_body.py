"""Whatever is sent, the server answers in its own words."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec.models import generate, interactions

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from pydantic import BaseModel


def _keys(root: type[BaseModel], module: Any) -> list[str]:
    names = {"type", "zzz", "$ref", "content"}
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, root):
            names |= {
                name for field, info in value.model_fields.items() for name in (field, info.alias or field)
            }
    return sorted(names)


def _bodies(module: Any, root: type[BaseModel], words: list[str]) -> st.SearchStrategy[Any]:
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-(10**20), 10**20)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.sampled_from(words)
        | st.text(max_size=8)
    )
    keys = st.sampled_from(_keys(root, module)) | st.text(max_size=4)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


WORDS = [
    "user",
    "model",
    "text",
    "image",
    "user_input",
    "function",
    "any",
    "ANY",
    "OBJECT",
    "files/abc",
    "v1_a",
]
PART = _bodies(
    generate, generate.Camel, [*WORDS, "image/png", "MEDIA_RESOLUTION_LOW", "application/json", "aGk="]
)
STEP = _bodies(
    interactions, interactions.Snake, [*WORDS, "low", "auto", "application/json", "aGk=", "image/png"]
)
CALLS = ("generateContent", "streamGenerateContent", "countTokens")


def judge(answer: httpx.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        body = answer.json()
        error = (body[0] if isinstance(body, list) else body)["error"]
        assert error["message"]
        assert error["code"]


@pytest.mark.prop
class TestAnyBody:
    """No body makes the server fail: what it cannot take it refuses with an error of the API."""

    @given(
        st.sampled_from(CALLS),
        st.dictionaries(st.sampled_from(_keys(generate.Camel, generate)), PART, max_size=4),
        st.lists(
            st.dictionaries(st.sampled_from(["text", "inlineData", "file_data", "mediaResolution"]), PART)
        ),
    )
    def test_contents(self, client: httpx.Client, call: str, body: dict[str, Any], parts: list[Any]) -> None:
        body.setdefault("contents", [{"role": "user", "parts": parts}])
        judge(client.post(f"/v1/models/gemini-3-flash-preview:{call}", json=body))

    @given(
        st.dictionaries(st.sampled_from(_keys(interactions.Snake, interactions)), STEP, max_size=4),
        STEP | st.lists(STEP, max_size=3),
    )
    def test_interactions(self, client: httpx.Client, body: dict[str, Any], given_input: Any) -> None:
        made = {**body, "model": "gemini-3-flash-preview"}
        made.setdefault("input", given_input)
        made.pop("background", None)
        judge(client.post("/v1/interactions", json=made))

    @given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
    def test_bytes(self, client: httpx.Client, body: bytes) -> None:
        judge(client.post("/v1/models/gemini-2.5-flash:generateContent", content=body))
        judge(client.post("/v1/interactions", content=body))

    @given(st.data())
    def test_damaged_pictures(
        self, client: httpx.Client, draw: Callable[..., bytes], data: st.DataObject
    ) -> None:
        form = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP"]))
        picture = bytearray(draw(40, 30, form=form))
        for _ in range(data.draw(st.integers(1, 4))):
            picture[data.draw(st.integers(0, len(picture) - 1))] ^= data.draw(st.integers(1, 255))
        cut = picture[: data.draw(st.integers(0, len(picture)))]
        blob = {"mimeType": f"image/{form.lower()}", "data": base64.b64encode(cut).decode()}
        body = {"contents": [{"parts": [{"inlineData": blob}, {"text": "Detect the items."}]}]}
        judge(client.post("/v1/models/gemini-2.5-flash:generateContent", content=json.dumps(body)))
