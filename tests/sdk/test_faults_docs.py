"""Every block of docs/faults.md runs as it stands, with google-genai as the application."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from google import genai

from visionspec_mockserver import MockServer
from visionspec_mockserver.faults.models import EFFECTS, Fault
from visionspec_mockserver.faults.operations import OPERATIONS
from visionspec_mockserver.scene import draw_scene

pytestmark = pytest.mark.sdk

PAGE = (Path(__file__).parents[2] / "docs/faults.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w. -]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
THREE = "gemini-3-flash-preview"


def test_every_block_is_run_here() -> None:
    assert set(BLOCKS) == {"python", "faults.yaml", "http"}
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_every_key_and_operation_is_told() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert told == {*EFFECTS, "delay_s"}
    for name in (*Fault.model_fields.keys() - {"name"}, *OPERATIONS):
        assert f"`{name}`" in PAGE


def test_python(tmp_path: Path) -> None:
    draw_scene()[0].save(tmp_path / "scene.png")
    (tmp_path / "test_it.py").write_text(BLOCKS["python"])
    arguments = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(BLOCKS["faults.yaml"], encoding="utf-8")
    with MockServer(scripts=[path]) as server:
        for name, value in server.env().items():
            monkeypatch.setenv(name, value)
        with genai.Client() as client:
            for _ in range(2):
                client.models.generate_content(model="gemini-2.5-flash", contents="x")
            with pytest.raises(genai.errors.ClientError, match="RESOURCE_EXHAUSTED"):
                client.models.generate_content(model="gemini-2.5-flash", contents="x")
            first = client.interactions.create(model=THREE, input="answer in json")
            assert first.output_text.startswith("```json\n")
            with pytest.raises(Exception, match=r"reset|disconnected"):  # the SDK does not ask again
                client.interactions.create(model=THREE, input="answer in json")
        server.faults.assert_fired()


def test_http() -> None:
    if not shutil.which("curl"):
        assert "CI" not in os.environ, "CI must have curl"
        pytest.skip("there is no curl on this machine")
    with MockServer() as server:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", BLOCKS["http"]],
            env={**os.environ, "BASE": server.url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert httpx.get(f"{server.url}/_mock/faults").json()["faults"] == []
    assert done.returncode == 0, done.stderr
    posted, status, account, emptied = map(json.loads, re.sub(r"\}\s*\{", "}\n{", done.stdout).splitlines())
    assert posted["unfired"] == ["busy"]
    assert status == {"status": 503}
    assert (account["fired"], account["left"]) == (1, 0)
    assert account["firings"][0]["operation"] == "models.list"
    assert emptied == {"faults": [], "unfired": []}
