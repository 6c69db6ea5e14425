"""Every block of docs/scripts.md runs as it stands, with google-genai as the application."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from visionspec import decode_answer
from visionspec_mockserver import MockServer
from visionspec_mockserver.scene import draw_scene
from visionspec_mockserver.scripts import models

if TYPE_CHECKING:
    from pydantic import BaseModel

pytestmark = pytest.mark.sdk

PAGE = (Path(__file__).parents[2] / "docs/scripts.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w. -]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
KEYS = set(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PAGE, re.MULTILINE))

APP = """
import sys
from google import genai
with genai.Client() as client, open("scene.png", "rb") as file:
    photo = genai.types.Part.from_bytes(data=file.read(), mime_type="image/png")
    asked = client.models.generate_content(model="gemini-2.5-flash", contents=[photo, "Where is the CAT? masks"])
    print(asked.text)
    told = client.models.generate_content_stream(model="gemini-2.5-flash", contents="stream")
    print([chunk.text for chunk in told])
    print(client.interactions.create(model="gemini-3-flash-preview", input="retry").output_text)
    print(client.models.generate_content(model="gemini-2.5-flash", contents=[photo, "look yourself"]).text)
    try:
        client.models.generate_content(model="gemini-2.5-flash", contents="Where is the dog?")
    except genai.errors.ClientError as error:
        print(error.message)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_scene()[0].save(tmp_path / "scene.png")
    return tmp_path


def test_every_block_is_run_here() -> None:
    assert set(BLOCKS) == {"python", "answers.yaml", "shell", "http"}
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_every_key_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", "".join(KEYS)))
    fields = [models.When, models.Answer]
    assert told == {_name(model, name) for model in fields for name in model.model_fields} - {
        "masks",
        "size",
        "wrap",
    }
    for name in (*models.Item.model_fields, *models.ImageMatch.model_fields, "masks", "size", "wrap"):
        assert f"`{name}`" in PAGE


def _name(model: type[BaseModel], name: str) -> str:
    return model.model_fields[name].alias or name


def test_python(folder: Path) -> None:
    fixture = "import pytest\n@pytest.fixture\ndef photo():\n    return open('scene.png', 'rb').read()\n"
    (folder / "test_it.py").write_text(BLOCKS["python"] + "\n\n" + fixture)
    arguments = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_file_and_shell(folder: Path) -> None:
    (folder / "answers.yaml").write_text(BLOCKS["answers.yaml"], encoding="utf-8")
    (folder / "app.py").write_text(APP, encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", BLOCKS["shell"]],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    checked, answer, streamed, retried, seen, refused, *more = done.stdout.splitlines()
    assert checked == "answers.yaml: 5 scripts, 0 faults: fine"
    cat, mat = decode_answer(answer, width_px=960, height_px=540).items
    assert (cat.label, cat.box, cat.mask.area_px) == ("cat", (100, 50, 300, 250), 200 * 200)
    assert (mat.label, mat.box, mat.mask) == ("mat", (60, 240, 500, 300), None)
    assert streamed == "[None, 'It is', ' a cat', '.']"  # the thought is none of the text
    assert retried == "Fine now."
    assert "red circle" in seen
    assert refused == "visionspec: no script answers this request; the nearest is 'cat' (answers.yaml):"
    assert more[0].startswith("  text.regex: wanted '(?i)where is the cat', got 'Where is the dog?'")


def test_http(folder: Path) -> None:
    if not shutil.which("curl"):
        assert "CI" not in os.environ, "CI must have curl"
        pytest.skip("there is no curl on this machine")
    with MockServer() as server:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", BLOCKS["http"]],
            cwd=folder,
            env={**os.environ, "BASE": server.url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = [json.loads(one) for one in done.stdout.replace("}{", "}\n{").splitlines()]
    assert [len(one["scripts"]) for one in answers] == [1, 1, 0, 0]
    assert [one["strict"] for one in answers] == [False, False, True, False]
    assert (answers[1]["scripts"][0]["used"], answers[1]["scripts"][0]["left"]) == (0, 1)
