"""The official SDKs: a process each, written as a user writes, that runs probes by name against a mock server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import pytest
from PIL import Image, ImageDraw

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Tool: TypeAlias = Callable[[str], str]

HERE = Path(__file__).parent
_PROBE_S = 60
_HASTE = "-XX:TieredStopAtLevel=1"  # a Java machine that starts in half the time, and computes slower later
_FETCH_S = 600  # what Go and Maven may take for their first download
# What would lead an SDK to another version or another service; `MockServer.env` clears the rest.
_ELSEWHERE = {"GOOGLE_GENAI_API_VERSION", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"}


class Scene(NamedTuple):
    """A picture file with one red rectangle, its size, and the box that was drawn (x0, y0, x1, y1)."""

    path: Path
    width_px: int
    height_px: int
    box: tuple[int, int, int, int]


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    box = (240, 135, 720, 405)
    image = Image.new("RGB", (960, 540), "white")
    ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=(200, 30, 30))
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    image.save(path)
    return Scene(path, 960, 540, box)


def installed(path: Path) -> str:
    """What the nox session ``sdk`` installs beside the probes."""
    assert path.exists(), f"{path.relative_to(HERE)} is missing: run the nox session 'sdk'"
    return str(path)


def _build(command: list[str], folder: Path, *, room: str) -> None:
    home = os.environ.get("HOME") or str(folder)  # where Go and Maven keep what they have fetched
    maven = f"{os.environ.get('MAVEN_OPTS', '')} {_HASTE}"
    subprocess.run(
        command,
        cwd=HERE / room,
        env={**os.environ, "HOME": home, "MAVEN_OPTS": maven},
        timeout=_FETCH_S,
        check=True,
    )


def _go(tool: Tool, folder: Path) -> list[str]:
    binary = str(folder / "probes")
    _build([tool("go"), "build", "-buildvcs=false", "-o", binary, "."], folder, room="go")
    return [binary]


def _java(tool: Tool, folder: Path) -> list[str]:
    classpath = folder / "classpath"
    java, _, maven = tool("java"), tool("javac"), tool("mvn")  # a source file is run by a JDK alone
    _build(
        [maven, "-q", "-B", "dependency:build-classpath", f"-Dmdep.outputFile={classpath}"],
        folder,
        room="java",
    )
    return [java, _HASTE, "-cp", classpath.read_text(encoding="utf-8"), str(HERE / "java" / "Probes.java")]


def _python(program: str, mode: str) -> list[str]:
    return [program, str(HERE / "python" / "probes.py"), mode]


def _older_python(mode: str) -> list[str]:
    return _python(installed(HERE / "python" / ".venv-2.34.0" / "bin" / "python"), mode)


def _javascript(tool: Tool, package: str) -> list[str]:
    installed(HERE / "js" / "node_modules" / package)
    return [tool("node"), str(HERE / "js" / "probes.mjs"), package]


# By SDK and version, the command that runs its probes; the folder is for what has to be built first.
COMMANDS: dict[str, Callable[[Tool, Path], list[str]]] = {
    "python-3.3.0": lambda *_: _python(sys.executable, "sync"),
    "python-3.3.0-async": lambda *_: _python(sys.executable, "async"),
    "python-2.34.0": lambda *_: _older_python("sync"),
    "python-2.34.0-async": lambda *_: _older_python("async"),
    "javascript-3.1.0": lambda tool, _: _javascript(tool, "@google/genai"),
    "javascript-2.32.0": lambda tool, _: _javascript(tool, "genai-2"),
    "go-1.77.0": _go,
    "java-1.70.0": _java,
}


class Prober:
    """The process of one SDK, and the server that only it talks to."""

    def __init__(self, name: str, process: subprocess.Popen[str], server: MockServer) -> None:
        self.name = name
        self.server = server
        self._process = process
        self.language, self.version = name.split("-")[:2]
        assert self._read()["version"] == self.version

    def __call__(self, probe: str) -> dict[str, Any]:
        """What the SDK answered to its probe: ``result``, and the ``ms`` that it took."""
        assert self._process.stdin
        self._process.stdin.write(f"{probe}\n")
        self._process.stdin.flush()
        answer = self._read()
        assert "result" in answer, answer.get("failed", answer)
        return answer

    def requests(self) -> list[dict[str, Any]]:
        """The requests that it has made since the server was reset, as the server saw them."""
        requests: list[dict[str, Any]] = httpx.get(f"{self.server.url}/_mock/log").json()["requests"]
        return requests

    def _read(self) -> dict[str, Any]:
        late = threading.Timer(_PROBE_S, self._process.kill)
        late.start()
        try:
            assert self._process.stdout
            line = self._process.stdout.readline()
        finally:
            late.cancel()
        assert line, f"{self.name}: the process has ended with {self._process.wait(_PROBE_S)}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@pytest.fixture(scope="session")
def sdk(
    request: pytest.FixtureRequest, scene: Scene, tool: Tool, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prober]:
    """The SDK that the test is parametrized with, in a process of its own."""
    program, *args = COMMANDS[request.param](tool, tmp_path_factory.mktemp("sdk"))
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    with (
        MockServer(api_keys=("any",)) as server,
        subprocess.Popen(
            [program, *args, str(scene.path)],
            env={**environment, **server.env()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ) as process,
    ):
        try:
            yield Prober(request.param, process, server)
        finally:
            process.kill()


@pytest.fixture
def probe(sdk: Prober, record_property: Callable[[str, object], None]) -> Callable[[str], Any]:
    """Run a probe of the SDK against a server that has forgotten everything; its time is noted for the table."""
    httpx.post(f"{sdk.server.url}/_mock/reset").raise_for_status()

    def run(name: str, *, row: str | None = None) -> Any:
        record_property("probe", [row or name, sdk.name, None])
        answer = sdk(name)
        record_property("probe", [row or name, sdk.name, answer["ms"] / max(len(sdk.requests()), 1)])
        return answer["result"]

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A table: every probe of every SDK, whether it passed, and how many ms each of its requests took."""
    table: dict[str, dict[str, str]] = {}
    for outcome, word in (("passed", ""), ("failed", "FAILED ")):
        for report in terminalreporter.stats.get(outcome, []):
            for key, value in report.user_properties:
                if key == "probe" and report.when == "call":
                    name, sdk, ms = value
                    table.setdefault(name, {})[sdk] = word + ("" if ms is None else f"{ms:.1f}")
    if not table:
        return
    used = [name for name in COMMANDS if any(name in row for row in table.values())]
    terminalreporter.section("probes of the SDKs, ms per request")
    terminalreporter.line(" " * 23 + "".join(f"{name:>21}" for name in used))
    for name, row in table.items():
        terminalreporter.line(f"{name:23}" + "".join(f"{row.get(sdk, '-'):>21}" for sdk in used))
