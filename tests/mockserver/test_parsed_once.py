"""The JSON of a body is read once, whoever else wants to know what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pydantic_core
import pyjson5
import pytest

from visionspec.models.wire import Wire
from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable

GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
INTERACTIONS = "/v1beta/interactions"
HEADERS = {"x-goog-api-key": "a-key", "content-type": "application/json"}
PARSERS: tuple[tuple[object, str], ...] = (
    (pydantic_core, "from_json"),
    (json, "loads"),
    (pyjson5, "decode"),
    (Wire, "model_validate_json"),
)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What has been given to a parser since."""
    given: list[bytes] = []

    def watched(parse: Callable[..., Any]) -> Callable[..., Any]:
        def watching(text: str | bytes, *args: Any, **named: Any) -> Any:
            given.append(text.encode() if isinstance(text, str) else bytes(text))
            return parse(text, *args, **named)

        return watching

    for where, name in PARSERS:
        monkeypatch.setattr(where, name, watched(getattr(where, name)))
    return given


@pytest.mark.parametrize("words", [1, 4000])  # a body that the log keeps as it is, and one that it does not
def test_by_everybody_together(parsed: list[bytes], png: str, words: int) -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": png}}
    bodies = {
        GENERATE: {"contents": [{"parts": [image, {"text": "Caption this. " * words}]}]},
        INTERACTIONS: {"model": "gemini-2.5-flash", "input": "What is an apple? " * words},
    }
    with (
        MockServer(
            scripts=[{"when": {"text": "*apple*"}, "answer": "A fruit."}],
            faults=[
                {"operation": "*", "delay_s": 0.001},
                {"operation": "*", "quota": {"per_minute": 100}},
                {"operation": "*", "hostile": "prose"},
            ],
        ) as server,
        httpx.Client(base_url=server.url, headers=HEADERS, timeout=60) as client,
    ):
        server.app.state.mock.verdict.keep_up()
        for path, body in bodies.items():
            sent = json.dumps(body).encode()
            answer = client.post(path, content=sent)
            assert answer.status_code == 200, answer.text
            assert parsed.count(sent) == 1
        assert client.get("/_mock/metrics").status_code == 200
        assert [one["n"] for one in client.get("/_mock/log").json()["requests"]] == [1, 2]
