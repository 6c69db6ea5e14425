"""The README's blocks run as they stand, against a server of ours, with the picture that the demo draws."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from visionspec_mockserver import MockServer
from visionspec_mockserver.scene import draw_scene

ROOT = Path(__file__).parents[2]
BLOCKS = dict(
    re.findall(r"<!-- ([\w -]+) -->\n```\w+\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
)
SHAPES = ("circle", "rectangle", "triangle", "star", "ellipse", "square", "hexagon")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "visionspec-demo").mkdir()
    draw_scene()[0].save(tmp_path / "visionspec-demo" / "scene.png")
    return tmp_path


@pytest.fixture
def server():
    with MockServer() as running:
        yield running


def run(arguments: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_marked_block_is_tested_here() -> None:
    assert set(BLOCKS) == {"command 1", "command 2", "python", "curl", "sdk-python", "sdk-javascript"}


def test_the_commands_are_one_line_each() -> None:
    assert [BLOCKS[name].count("\n") for name in ("command 1", "command 2")] == [1, 1]


def test_python(folder: Path) -> None:
    printed = run([sys.executable, "-W", "error", "-c", BLOCKS["python"]], folder, {})
    assert [shape for shape in SHAPES if shape not in printed] == []
    assert "1100 tokens" in printed  # the patch grid of 960x540 in the collected table: 44 x 25


def test_curl(folder: Path, server: MockServer) -> None:
    if not shutil.which("curl"):
        assert "CI" not in os.environ, "CI must have curl"
        pytest.skip("there is no curl on this machine")
    printed = run(["bash", "-euo", "pipefail", "-c", BLOCKS["curl"]], folder, {"BASE": server.url})
    assert [shape for shape in SHAPES if shape not in printed] == []
    assert '"status"' in printed


@pytest.mark.sdk
def test_sdk_python(folder: Path, server: MockServer) -> None:
    printed = run([sys.executable, "-c", BLOCKS["sdk-python"]], folder, server.env())
    assert [shape for shape in SHAPES if shape not in printed] == []


@pytest.mark.sdk
def test_sdk_javascript(folder: Path, server: MockServer) -> None:
    script = (
        ROOT / "tests/sdk/js" / f".readme-{os.getpid()}.mjs"
    )  # node resolves packages from the script's folder
    script.write_text(BLOCKS["sdk-javascript"], encoding="utf-8")
    try:
        printed = run(["node", str(script)], folder, server.env())
    finally:
        script.unlink()
    assert printed.startswith("7 items,")
