"""Every block of docs/conformance.md runs as it stands, against the mock server on a free port."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from visionspec_conformance.client import plans
from visionspec_mockserver import MockServer

pytestmark = pytest.mark.usefixtures("untraced")

PAGE = (Path(__file__).parents[2] / "docs/conformance.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w.]+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
ENV = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_every_marked_block_is_tested_here() -> None:
    assert set(BLOCKS) == {
        "adapter.mjs",
        "conformance.sh",
        "conformance.yml",
        "known.json",
        "pytest.sh",
        "test_strategies.py",
    }


def test_every_fault_is_in_the_table() -> None:
    rows = re.findall(r"^\| (a .*?|\d+ .*?) \|", PAGE, re.MULTILINE)
    assert rows == [plan.name for plan in plans.FAULTS]


def test_the_shell_script_gates_a_release(tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text('{"known_failures": {}}')
    script = BLOCKS["conformance.sh"].replace("8000", str(free_port()))
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " kept (" in done.stdout
    (tmp_path / "known.json").write_text(BLOCKS["known.json"])
    mended = run(script, tmp_path)
    assert mended.returncode == 1
    assert (
        f"the baseline names {next(iter(json.loads(BLOCKS['known.json'])['known_failures']))}"
        in mended.stdout
    )


def test_the_steps_of_the_workflow_run(tmp_path: Path) -> None:
    steps = yaml.safe_load(BLOCKS["conformance.yml"])["jobs"]["conformance"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert commands.pop(0) == 'pip install "visionspec[all]"'
    # On a runner, what a step leaves running is ended with the job.
    script = "\n".join(["trap 'kill $(jobs -p)' EXIT", *commands]).replace("8000", str(free_port()))
    # the nox session `conformance` takes the time for all examples
    script = script.replace("visionspec check server", "visionspec check server --effort quick")
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.glob("conformance.*")) == [
        "conformance.html",
        "conformance.xml",
    ]


def test_pytest_says_the_same(tmp_path: Path) -> None:
    with MockServer() as server:
        done = run(BLOCKS["pytest.sh"].replace("http://127.0.0.1:8000", server.url), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("3 of 3 kept") == 2


def test_the_adapter_is_the_one_that_is_judged() -> None:
    assert BLOCKS["adapter.mjs"] == Path(__file__).with_name("adapter.mjs").read_text("utf-8")


def test_the_strategies_run_under_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_strategies.py").write_text(BLOCKS["test_strategies.py"])
    done = run("python -m pytest -q -p no:cacheprovider test_strategies.py", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout
