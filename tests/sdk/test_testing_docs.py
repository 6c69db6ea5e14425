"""Every block of docs/testing.md runs as it stands, with the official SDKs in the application."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from visionspec import spec
from visionspec_mockserver import MockServer
from visionspec_mockserver.scene import draw_scene
from visionspec_mockserver.threaded import environment
from visionspec_mockserver.verdict import judging

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sdk

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/testing.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w. -]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
NODE = ROOT / "tests/sdk/js"
MODULE = "visionspec_mockserver.pytest_plugin"
REGISTERED = any(entry.value == MODULE for entry in entry_points(group="pytest11"))
ENV = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_scene()[0].save(tmp_path / "scene.png")
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=ENV, capture_output=True, text=True, timeout=180, check=False
    )


def run_pytest(folder: Path, *options: str) -> str:
    plugin = () if REGISTERED else ("-p", MODULE)
    return run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options], folder
    ).stdout


def test_every_block_is_run_here() -> None:
    python, node = {"test_app.py", "pyproject.toml", "conftest.py"}, {"mock.setup.mjs", "vitest.config.mjs"}
    assert set(BLOCKS) == {*python, *node, "app.test.mjs", "shell"}
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_the_tables_are_whole() -> None:
    levels = dict(re.findall(r"^\| `([a-z.-]+)` \| (MUST|SHOULD|MAY) \|", PAGE, re.MULTILINE))
    assert levels == judging.LEVELS
    assert levels.keys() <= spec.rules().keys()
    (told,) = re.findall(r"`assert_called\((.*?)\)`", PAGE)
    assert told.split(", ") == list(inspect.signature(MockServer.assert_called).parameters)[1:]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_with_pytest(folder: Path, options: tuple[str, ...]) -> None:
    (folder / "test_app.py").write_text(BLOCKS["test_app.py"], "utf-8")
    assert "4 passed" in (out := run_pytest(folder, *options)), out


def test_settings_for_all_tests(folder: Path) -> None:
    for name in ("pyproject.toml", "conftest.py"):
        (folder / name).write_text(BLOCKS[name], "utf-8")
    (folder / "answers.yaml").write_text("- {when: {text: Caption}, answer: From the file.}\n", "utf-8")
    (folder / "test_it.py").write_text(
        BLOCKS["test_app.py"].partition("def test_my_app")[0]
        + "def test_all(gemini_mock, photo, pytestconfig):\n"
        "    assert caption(photo) == 'From the file.'\n"
        "    assert gemini_mock.settings.strict and gemini_mock.settings.processing_s == 2\n"
        "    assert gemini_mock.env()['GEMINI_API_KEY'] == 'secret'\n"
        "def test_again(gemini_mock, photo):\n"
        "    caption(photo), caption(photo)\n"
        "def test_never(gemini_mock):\n"
        "    gemini_mock.faults.add(error=500)\n",
        "utf-8",
    )
    out = run_pytest(folder)
    assert "1 passed" in out, out
    assert "2 failed" in out, out
    assert "SHOULD advice.files-api" in out
    assert "faults were planned that did not happen" in out
    said = set(tomllib.loads(BLOCKS["pyproject.toml"])["tool"]["pytest"]["ini_options"])
    assert said == set(re.findall(r"^  (gemini_mock_\w+)", run_pytest(folder, "--help"), re.MULTILINE))


def test_node_is_led_to_the_server_as_by_any_other_way() -> None:
    (told,) = re.findall(r"Object.assign\(process.env, \{(.*?)\}\)", BLOCKS["mock.setup.mjs"])
    set_there = dict(re.findall(r'(\w+): "?(\w*)', told))
    assert set_there.keys() >= {"GEMINI_API_KEY", "GOOGLE_API_KEY"}
    assert set_there.items() <= environment("url", "any").items()


@pytest.fixture
def node_folder(folder: Path) -> Iterator[Path]:
    """Beside the packages that nox installs: node looks for them from here upwards."""
    if not (NODE / "node_modules/.bin/vitest").exists():
        assert "CI" not in os.environ, "nox -s sdk installs vitest"
        pytest.skip(f"npm install --prefix {NODE}")
    home = NODE / f".vitest-{os.getpid()}"
    shutil.copytree(folder, home)
    for name in ("mock.setup.mjs", "vitest.config.mjs", "app.test.mjs"):
        (home / name).write_text(BLOCKS[name], "utf-8")
    yield home
    shutil.rmtree(home)


def test_with_vitest(node_folder: Path) -> None:
    command = ["node", str(NODE / "node_modules/vitest/vitest.mjs"), "run", "--reporter=json"]
    done = run(command, node_folder)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout[done.stdout.index("{") :])
    titles = [one["title"] for file in report["testResults"] for one in file["assertionResults"]]
    assert titles == ["my app", "script an answer", "break it on purpose"]
    url = re.search(r"GOOGLE_GEMINI_BASE_URL=(\S+)", done.stderr)[1]
    with pytest.raises(OSError, match="refused"):  # the server has ended with the run
        __import__("urllib.request").request.urlopen(f"{url}/_mock/health", timeout=5)


def test_without_visionspec_the_setup_says_so(node_folder: Path) -> None:
    setup = (node_folder / "mock.setup.mjs").read_text("utf-8")
    (node_folder / "mock.setup.mjs").write_text(
        setup.replace('"serve", "--port"', '"serve", "--prt"'), "utf-8"
    )
    done = run(["node", str(NODE / "node_modules/vitest/vitest.mjs"), "run"], node_folder)
    assert done.returncode != 0
    assert "visionspec serve ended with code 2" in done.stdout + done.stderr
    assert "No such option" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("app", "codes"),
    [("caption(photo)", (0, 0)), ("caption(photo); caption(photo)", (0, 1)), ("sys.exit(7)", (7, 7))],
)
def test_verdict(folder: Path, app: str, codes: tuple[int, int]) -> None:
    application = BLOCKS["test_app.py"].partition("@pytest.fixture")[0].replace("import pytest", "import sys")
    (folder / "app.py").write_text(f"{application}\nphoto = open('scene.png', 'rb').read()\n{app}\n", "utf-8")
    commands = BLOCKS["shell"].splitlines()
    for command, code in zip(commands, codes, strict=True):
        done = run(["bash", "-c", command], folder)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "verdict on " in done.stderr
