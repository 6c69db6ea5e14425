"""Libraries that are built on this API, as their users write them: only base URL and key are ours.

Each has a script in ``python`` or ``js`` which asks a fresh mock server about the drawn scene and prints what came
back; here it is judged. Nothing of this is skipped: what a library cannot do is not in its row. The programs and
the table of ``docs/libraries.md`` are held to the same.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from visionspec_mockserver import MockServer
from visionspec_mockserver.https import Front

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sdk

HERE = Path(__file__).parent
PAGE = (Path(__file__).parents[3] / "docs/libraries.md").read_text("utf-8")
PROGRAMS = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| `") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}
CAPTION = (
    "An image of 960x540 pixels with a white background. It shows 1 object: a red rectangle in the middle."
)
# 240, 135, 720, 405 of 960x540 in thousandths: a quarter and three quarters of each side
BOXES = [{"label": "red rectangle", "box_2d": [250, 250, 750, 750]}]
# The documents: 960x540 is six tiles of 258. Our own rule: a quarter of the bytes of a text, rounded up.
IMAGE_TOKENS = 6 * 258
PLAIN_USAGE = {"input": IMAGE_TOKENS + 5, "output": 26}


@dataclass(frozen=True)
class Library:
    """A script, what it asks by besides ``inline``, and the library's own name for an error of the service."""

    script: str
    error: str
    asks: tuple[str, ...]
    env: tuple[str, ...] = ()  # set to the base URL, besides the variable of the official SDKs
    by_host: bool = False  # it has a place for no address, and needs what `visionspec run` sets
    usage: dict[str, int] | None = None  # None: the library adds words of its own to the prompt


PLAIN = ("stream", "boxes")
LIBRARIES = {
    "langchain-google-genai": Library(
        "python/langchain_probe.py",
        "GoogleModelNotFoundError",
        (*PLAIN, "boxes_by_function"),
        usage=PLAIN_USAGE,
    ),
    "litellm": Library(
        "python/litellm_probe.py",
        "litellm.exceptions.NotFoundError",
        (*PLAIN, "boxes_by_function", "upload"),
        env=("GEMINI_API_BASE",),
        usage=PLAIN_USAGE,
    ),
    "pydantic-ai-slim": Library(
        "python/pydantic_ai_probe.py",
        "ModelNotFoundError",
        (*PLAIN, "boxes_by_function", "boxes_by_prompt", "upload"),
        usage=PLAIN_USAGE,
    ),
    "instructor": Library(
        "python/instructor_probe.py", "InstructorRetryException", (*PLAIN, "boxes_by_function")
    ),
    "llama-index-llms-google-genai": Library(
        "python/llama_index_probe.py",
        "google.genai.errors.ClientError",
        (*PLAIN, "upload"),
        usage=PLAIN_USAGE,
    ),
    "google-genai-haystack": Library(
        "python/haystack_probe.py", "builtins.RuntimeError", PLAIN, usage=PLAIN_USAGE
    ),
    "dspy": Library(
        "python/dspy_probe.py",
        "LMUnsupportedModelError",
        ("boxes", "boxes_by_prompt"),
        env=("GEMINI_API_BASE",),
    ),
    "google-adk": Library("python/adk_probe.py", "google.genai.errors.ClientError", PLAIN),
    "google-generativeai": Library(
        "python/generativeai_probe.py",
        "google.api_core.exceptions.NotFound",
        (*PLAIN, "boxes_by_function", "upload"),
        by_host=True,
        usage=PLAIN_USAGE,
    ),
    "agno": Library(
        "python/agno_probe.py", "ModelProviderError", (*PLAIN, "boxes_by_prompt"), usage=PLAIN_USAGE
    ),
    "@ai-sdk/google": Library(
        "js/vercel.mjs",
        "AI_APICallError",
        (*PLAIN, "boxes_by_function", "upload", "interactions", "interactions_stream"),
        usage=PLAIN_USAGE,
    ),
    "@genkit-ai/google-genai": Library(
        "js/genkit.mjs", "GenkitError", (*PLAIN, "boxes_by_prompt"), usage=PLAIN_USAGE
    ),
    "@langchain/google-genai": Library(
        "js/langchain.mjs",
        "GoogleGenerativeAIFetchError",
        (*PLAIN, "boxes_by_function"),
        usage=PLAIN_USAGE,
    ),
    "@langchain/google": Library(
        "js/langchain_google.mjs", "RequestError", (*PLAIN, "boxes_by_function"), usage=PLAIN_USAGE
    ),
    "@google/generative-ai": Library(
        "js/generative_ai.mjs",
        "GoogleGenerativeAIFetchError",
        (*PLAIN, "boxes_by_function", "upload"),
        usage=PLAIN_USAGE,
    ),
}


def plain_environment(home: Path) -> dict[str, str]:
    """This one without a word about the service, and nothing remembered from another run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "GEMINI_"))}
    # LiteLLM asks three times for a list of prices if it is not told to use its own
    return {**kept, "HOME": str(home), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


@contextlib.contextmanager
def environment(server: MockServer, home: Path, library: Library) -> Iterator[dict[str, str]]:
    """Base URL and key, and no way out of this machine; for a library without an address, its host leads here."""
    plain = plain_environment(home)
    if library.by_host:
        with Front(server, passing=pytest.fail) as front:
            yield {**plain, **front.env(plain), "GEMINI_API_KEY": "any"}
        return
    urls = dict.fromkeys(("GOOGLE_GEMINI_BASE_URL", *library.env), server.url)
    nowhere = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    yield {**plain, **urls, **nowhere, "GEMINI_API_KEY": "any"}


def run(script: Path | str, *arguments: Path | str, cwd: Path, env: dict[str, str], by: str = "") -> str:
    """What a script prints, run by node or by this Python, themselves run ``by`` another command."""
    node = shutil.which("node")
    assert node, "node is missing: run the nox session 'libraries'"
    runner = node if str(script).endswith(".mjs") else sys.executable
    command = [*by.split(), runner, script, *arguments]
    ran = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=150, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def is_caption(told: Any, library: Library) -> bool:
    usage = told.get("usage", PLAIN_USAGE)
    if library.usage is None:
        right = usage["input"] > IMAGE_TOKENS and usage["output"] >= PLAIN_USAGE["output"]
    else:
        right = usage == library.usage
    return right and told.get("text") == CAPTION


def is_stream(told: Any, library: Library) -> bool:
    del library
    whole = ("".join(told), told[-1])  # instructor gives all of it so far every time
    return len(told) >= 3 and CAPTION in whole


def is_boxes(told: Any, library: Library) -> bool:
    del library
    return bool(told == BOXES)


def is_own_error(told: Any, library: Library) -> bool:
    names = {told["type"], told["type"].rpartition(".")[2], *told["bases"]}
    return library.error in names and "models/gemini-none" in told["text"] and "not found" in told["text"]


RIGHT = {
    "inline": is_caption,
    "stream": is_stream,
    "boxes": is_boxes,
    "boxes_by_function": is_boxes,
    "boxes_by_prompt": is_boxes,
    "upload": is_caption,
    "interactions": is_caption,
    "interactions_stream": is_stream,
    "error": is_own_error,
}
WAYS = {
    "upload": "/upload/v1beta/files",
    "interactions": "/v1beta/interactions",
    "inline": ":generateContent",
}


def is_right(probe: str, told: Any, library: Library) -> bool:
    failed = isinstance(told, dict) and "raised" in told
    return not failed and RIGHT[probe](told, library)


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library(name: str, scene: Any, tmp_path: Path) -> None:
    library = LIBRARIES[name]
    with MockServer() as server, environment(server, tmp_path, library) as env:
        printed = run(HERE / library.script, scene.path, cwd=tmp_path, env=env)
        log = httpx.get(f"{server.url}/_mock/log").json()["requests"]
    told = json.loads(printed.splitlines()[-1])
    assert set(told) == {"inline", "error", *library.asks}
    assert {probe: one for probe, one in told.items() if not is_right(probe, one, library)} == {}
    paths = " ".join(entry["path"] for entry in log)
    assert [probe for probe in WAYS if probe in told and WAYS[probe] not in paths] == []
    assert [entry for entry in log if entry["status"] != 200 and "gemini-none" not in entry["path"]] == []


def test_run_needs_no_address_for_litellm(scene: Any, tmp_path: Path) -> None:
    # it reads a variable of its own, and not the official SDKs'
    command = Path(sys.executable).with_name("visionspec")
    printed = run(
        HERE / LIBRARIES["litellm"].script,
        scene.path,
        cwd=tmp_path,
        env=plain_environment(tmp_path),
        by=f"{command} run --",
    )
    told = json.loads(printed.splitlines()[-1])
    assert told["inline"] == {"text": CAPTION, "usage": PLAIN_USAGE}
    assert told["upload"] == {"text": CAPTION}


class TestPage:
    def test_has_a_row_and_a_program_for_every_library(self) -> None:
        assert list(ROWS) == list(LIBRARIES)
        assert list(PROGRAMS) == list(LIBRARIES)

    @pytest.mark.parametrize("name", LIBRARIES)
    def test_says_what_was_judged(self, name: str) -> None:
        library = LIBRARIES[name]
        version, address, structured, also, streams, error = ROWS[name]
        assert version == installed(name)
        assert [variable for variable in library.env if f"`{variable}`" not in address] == []
        ways = [way for way in ("function", "prompt") if f"boxes_by_{way}" in library.asks]
        assert structured.split(", ") == ["schema", *ways]
        assert [one for one in also.split(", ") if one] == [
            one for one in ("upload", "interactions") if one in library.asks
        ]
        assert streams == ("yes" if "stream" in library.asks else "no")
        assert error.split("`")[1] in library.error

    @pytest.mark.parametrize("name", LIBRARIES)
    def test_programs_run_as_they_stand(self, name: str, scene: Any, tmp_path: Path) -> None:
        (tmp_path / "visionspec-demo").mkdir()
        shutil.copy(scene.path, tmp_path / "visionspec-demo" / "scene.png")
        (tmp_path / "node_modules").symlink_to(HERE / "js/node_modules")
        program = tmp_path / ("program" + Path(LIBRARIES[name].script).suffix)
        program.write_text(PROGRAMS[name], "utf-8")
        library = replace(LIBRARIES[name], env=())  # the page says where the address goes
        with MockServer() as server, environment(server, tmp_path, library) as env:
            printed = run(program, cwd=tmp_path, env=env)
        assert "[250,250,750,750]" in re.sub(r"\s", "", printed)


def installed(name: str) -> str:
    package = HERE / "js/node_modules" / name / "package.json"
    if LIBRARIES[name].script.startswith("js/"):
        return str(json.loads(package.read_text("utf-8"))["version"])
    return importlib.metadata.version(name)
