"""@google/genai for JavaScript: the probes of tests/sdk/js, run by node, judged here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from visionspec import decode_answer

if TYPE_CHECKING:
    from visionspec_mockserver import MockServer

pytestmark = pytest.mark.sdk

HERE = Path(__file__).parent / "js"


@pytest.fixture
def probe(server: MockServer, scene: Any) -> Any:
    """Run one probe of probes.mjs; the nox session ``sdk`` has installed what it imports."""
    node = shutil.which("node")
    assert node, "node is missing: run the nox session 'sdk'"
    assert (HERE / "node_modules").is_dir(), "npm install was not run: run the nox session 'sdk'"

    def run(name: str) -> Any:
        ran = subprocess.run(
            [node, HERE / "probes.mjs", name, scene.path],
            env={**os.environ, **server.env()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


def check_box(text: str, scene: Any) -> None:
    (item,) = decode_answer(text, width_px=scene.width_px, height_px=scene.height_px).items
    assert all(abs(found - drawn) <= 2 for found, drawn in zip(item.box, scene.box, strict=True))


def test_files(probe: Any, scene: Any) -> None:
    found = probe("files")
    assert found["file"]["displayName"] == "scène"
    assert found["file"]["sizeBytes"] == str(scene.path.stat().st_size)
    assert found["got"] == found["file"]
    assert found["file"]["name"] in found["listed"]
    assert found["gone"] == 403


def test_an_interaction_by_uri(probe: Any, scene: Any) -> None:
    found = probe("interactionByUri")
    check_box(found["text"], scene)
    assert found["output"] == found["text"]


def test_an_interaction_inline_and_the_next(probe: Any, scene: Any) -> None:
    found = probe("interactionInline")
    check_box(found["text"], scene)
    assert {"modality": "image", "tokens": 1100} in found["usage"]["input_tokens_by_modality"]  # fact 1.7
    assert found["got"] is True
    assert found["gone"] == 404


def test_a_stream_of_an_interaction(probe: Any) -> None:
    found = probe("interactionStream")
    kinds = [event["event_type"] for event in found["events"]]
    assert kinds[0] == "interaction.created"
    assert kinds[-1] == "interaction.completed"
    assert found["resumed"] == kinds[3:]


def test_an_error_of_interactions(probe: Any) -> None:
    found = probe("interactionError")
    assert (found["name"], found["status"]) == ("BadRequestError", 400)
    assert "generation_config" in found["message"]


def test_contents_inline(probe: Any, scene: Any) -> None:
    found = probe("generateInline")
    check_box(found["text"], scene)
    assert found["counted"] == found["usage"]["promptTokenCount"]
    assert {"modality": "IMAGE", "tokenCount": 1548} in found["usage"]["promptTokensDetails"]


def test_contents_by_uri(probe: Any, scene: Any) -> None:
    check_box(probe("generateByUri")["text"], scene)


def test_a_stream_of_contents(probe: Any) -> None:
    found = probe("generateStream")
    assert len(found["texts"]) >= 2
    assert found["reason"] == "STOP"
    assert found["usage"]["candidatesTokenCount"] > 0


def test_an_error_of_contents(probe: Any) -> None:
    found = probe("generateError")
    assert (found["name"], found["status"]) == ("ApiError", 404)


def test_models(probe: Any) -> None:
    found = probe("models")
    assert "models/gemini-2.5-flash" in found["names"]
    assert found["one"] == "models/gemini-2.5-flash"
