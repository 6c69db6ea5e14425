"""Our client and the official SDKs before the judge: what was seen of them, fault by fault, on 2026-11-20."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from visionspec_conformance.run import run_checks
from visionspec_mockserver.scene import draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Tool: TypeAlias = Callable[[str], str]

pytestmark = pytest.mark.controls

HERE = Path(__file__).parent
SDK = HERE.parent / "sdk"
PROBES = ("bytes", "schema", "interaction_stream")  # a large upload, a question of either dialect

# What becomes of a request of theirs after it failed. None of them asks with query how far an upload got.
GIVEN_UP = {
    "a lost reply: upload.chunk given up",
    "a lost reply: generateContent given up",
    "a reset connection: upload.chunk given up",
    "a reset connection: generateContent given up",
    "a broken upload: upload.chunk given up",
    "503 twice: generateContent given up",
    "429 with RetryInfo of 1 s: generateContent given up",
}
CHUNKS = {"503 twice: upload.chunk", "429 with RetryInfo of 1 s: upload.chunk"}


@pytest.fixture(autouse=True)
def _seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hypothesis.core.global_force_seed", None)  # put back when the test ends


@pytest.fixture
def scene(tmp_path: Path) -> str:
    path = tmp_path / "scene.png"
    draw_scene()[0].save(path)
    return str(path)


def python(*_: object) -> list[str]:
    pytest.importorskip("google.genai")
    return [sys.executable, str(SDK / "python/probes.py"), "sync"]


def javascript(tool: Tool, _: Path) -> list[str]:
    if not (SDK / "js/node_modules/@google/genai").exists():
        pytest.skip("the nox session `conformance` installs the SDK for JavaScript")
    return [tool("node"), str(SDK / "js/probes.mjs"), "@google/genai"]


def go(tool: Tool, folder: Path) -> list[str]:
    binary = str(folder / "probes")
    home = os.environ.get("HOME") or str(folder)
    subprocess.run(
        [tool("go"), "build", "-buildvcs=false", "-o", binary, "."],
        cwd=SDK / "go",
        env={**os.environ, "HOME": home},
        timeout=600,
        check=True,
    )
    return [binary]


def judged(command: list[str]) -> tuple[int, dict[str, str], set[str]]:
    """Exit code, the outcomes that are neither passed nor skipped, and what the client did after failures."""
    done = run_checks("client", [f"--target-command={shlex.join(command)}", "--faults"])
    loud = {one.rule: one.outcome for one in done.results if one.outcome not in {"passed", "skipped"}}
    (pace,) = (one.reason for one in done.results if one.rule == "errors.back-off")
    return done.exit_code, loud, set(pace.split("; "))


def test_our_client_keeps_every_rule_under_every_fault(scene: str) -> None:
    code, loud, conduct = judged([sys.executable, str(HERE / "clients/ours.py"), scene])
    assert (code, loud) == (0, {"errors.back-off": "noted"})
    assert {one for one in conduct if "upload.chunk" in one and "given up" in one} == set()


@pytest.mark.parametrize(
    ("make", "chunks", "outcomes"),
    [
        (python, "sent again", {"upload.client-resumes": "warned", "upload.client-asks": "noted"}),
        (javascript, "given up", {"upload.client-resumes": "warned"}),
        (go, "sent again", {"upload.client-resumes": "warned", "upload.client-asks": "noted"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_official_sdk_is_judged_as_it_was_seen(
    make: Callable[[Tool, Path], list[str]],
    chunks: str,
    outcomes: dict[str, str],
    scene: str,
    tool: Tool,
    tmp_path: Path,
) -> None:
    words = "".join(f"{name}\\n" for name in PROBES)
    command = ["sh", "-c", f"printf '{words}' | {shlex.join([*make(tool, tmp_path), scene])}"]
    code, loud, conduct = judged(command)
    assert (code, loud) == (0, {"errors.back-off": "noted", **outcomes})
    assert conduct >= GIVEN_UP | {f"{one} {chunks}" for one in CHUNKS}
