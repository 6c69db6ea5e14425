"""Every block of docs/journal.md runs as it stands."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs/journal.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w. -]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
GENERATE = "/v1/models/gemini-2.5-flash:generateContent"


@pytest.fixture
def server(png: str) -> Iterator[MockServer]:
    """One that was asked once about an image."""
    with MockServer() as running:
        parts = [{"inlineData": {"mimeType": "image/png", "data": png}}, {"text": "Detect the objects."}]
        headers = {"x-goog-api-key": "any"}
        httpx.post(running.url + GENERATE, json={"contents": [{"parts": parts}]}, headers=headers)
        yield running


def shell(server: MockServer, block: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", BLOCKS[block]],
        env={**os.environ, "BASE": server.url, "PATH": path},
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_is_run_here() -> None:
    assert set(BLOCKS) == {"python", "terminal", "http"}
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_python() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKS["python"]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_terminal(server: MockServer, tmp_path: Path) -> None:
    printed = shell(server, "terminal", tmp_path)
    assert printed.startswith("    1 ")
    assert '"requests": []' in printed
    assert len(json.loads((tmp_path / "requests.har").read_text("utf-8"))["log"]["entries"]) == 1


def test_http(server: MockServer, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        assert "CI" not in os.environ, "CI must have curl"
        pytest.skip("there is no curl on this machine")
    printed = shell(server, "http", tmp_path)
    decoder = json.JSONDecoder()
    page, end = decoder.raw_decode(printed)
    entry, _ = decoder.raw_decode(printed, end)
    assert [one["n"] for one in page["requests"]] == [entry["n"]] == [1]
    assert entry["answer"]["items"][0]["box"] == [240, 135, 720, 405]
    assert Image.open(io.BytesIO((tmp_path / "thumbnail.webp").read_bytes())).size == (320, 180)
    assert (tmp_path / "requests.har").is_file()
    assert 'visionspec_requests_total{operation="generateContent",status="200"} 1.0' in printed
    assert '{"now":"' in printed


def test_every_address_and_filter_is_told() -> None:
    from visionspec_mockserver.routes import journal  # noqa: PLC0415

    for route in journal.routes(lambda endpoint: endpoint):
        path = route.path.replace("{n:int}", "N").replace("{index:int}", "I")
        assert f"`GET /_mock{path}`" in PAGE
    for name in (*journal._WORDS, *journal._NUMBERS, *journal._FLAGS):
        assert re.search(rf"`{name}[`=]", PAGE), name
