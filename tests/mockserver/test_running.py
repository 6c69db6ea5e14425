"""Starting and ending: in a thread, and from the command line."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from visionspec.errors import VisionSpecError
from visionspec_mockserver import MockServer, Settings
from visionspec_mockserver.threaded import Server, config, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


GENERATE = "/v1/models/gemini-2.5-flash:generateContent"
HI = {"contents": [{"parts": [{"text": "hi"}]}]}


class TestInAThread:
    def test_it_listens_once_it_is_made_and_is_gone_once_it_is_closed(self) -> None:
        with MockServer() as server:
            assert httpx.get(server.url + "/_mock/health").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.url + "/_mock/health")
        assert "visionspec-mock" not in [thread.name for thread in threading.enumerate()]
        server.close()  # once more does no harm

    def test_settings_and_options(self) -> None:
        with MockServer(Settings(api_keys=("a",), seed=1), seed=2) as server:
            assert server.app.state.mock.settings.api_keys == ("a",)
            assert server.app.state.mock.settings.seed == 2

    def test_a_port_that_is_taken(self) -> None:
        with MockServer() as server:
            port = int(server.url.rpartition(":")[2])
            with pytest.raises(VisionSpecError, match=f"cannot listen on 127.0.0.1:{port}: "):
                MockServer(port=port)

    def test_two_do_not_know_each_other(self) -> None:
        with MockServer() as one, MockServer() as other:
            assert one.url != other.url
            httpx.get(one.url + "/v1/models", headers={"x-goog-api-key": "a"})
            assert httpx.get(other.url + "/_mock/log").json()["requests"] == []

    def test_the_environment_of_the_sdks(self) -> None:
        with MockServer(api_keys=("secret",)) as server:
            env = server.env()
            assert env["GOOGLE_GEMINI_BASE_URL"] == server.url
            others = ("GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "LLM_GEMINI_KEY")
            for name in ("GEMINI_API_KEY", *others):
                assert env[name] == "secret"

    def test_a_start_that_fails_says_why(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("no luck")

        monkeypatch.setattr("uvicorn.Server.startup", broken)
        with pytest.raises(VisionSpecError, match="the mock server did not start: no luck"):
            MockServer()


def test_up_is_said_only_when_it_is() -> None:
    async def app(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "on purpose"})

    said: list[str] = []
    listener = listen("127.0.0.1", 0)
    with contextlib.suppress(SystemExit):
        Server(config(app), when_up=lambda: said.append("up")).run(sockets=[listener])
    listener.close()
    assert said == []


@contextlib.contextmanager
def serving(*options: str, cwd: Path | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "visionspec.cli", "serve", "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env={**os.environ}
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        try:
            assert line.startswith("listening on http://127.0.0.1:"), process.stderr and process.stderr.read()
            yield process, line.removeprefix("listening on ").strip()
        finally:
            process.kill()


class TestServe:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_it_says_where_it_listens_and_ends_cleanly(self, number: signal.Signals) -> None:
        with serving() as (process, url):
            answer = httpx.post(url + GENERATE, json=HI, headers={"x-goog-api-key": "a"})
            assert answer.status_code == 200
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert out == ""
        assert err == f"export GOOGLE_GEMINI_BASE_URL={url} GEMINI_API_KEY=any\n"

    def test_options(self, tmp_path: Path, draw: Callable[..., bytes]) -> None:
        (tmp_path / "c.png").write_bytes(draw())
        url = "https://example.com/image.png?x=1"
        options = ("--map", f"{url}={tmp_path / 'c.png'}", "--api-key", "secret", "--basis", "observed")
        with serving(*options, "--seed", "1", "--store", str(tmp_path / "kept")) as (_, base):
            body = {"contents": [{"parts": [{"fileData": {"fileUri": url}}]}]}
            assert httpx.post(base + GENERATE, json=body, headers={"x-goog-api-key": "x"}).status_code == 400
            answer = httpx.post(base + GENERATE, json=body, headers={"x-goog-api-key": "secret"})
            assert answer.json()["usageMetadata"]["promptTokenCount"] == 258  # observed: flat on 2.5
        assert (tmp_path / "kept").is_dir()

    def test_options_of_time_and_length(self, draw: Callable[..., bytes]) -> None:
        key = {"x-goog-api-key": "a"}
        with serving("--processing", "60", "--background", "60", "--continue-after", "1") as (_, base):
            headers = {**key, "X-Goog-Upload-Protocol": "multipart"}
            picture = ("a.png", draw(), "image/png")
            file = httpx.post(base + "/upload/v1/files", headers=headers, files={"file": picture}).json()[
                "file"
            ]
            assert file["state"] == "PROCESSING"
            body = {"model": "gemini-3-flash-preview", "input": "hi"}
            begun, hop = (
                httpx.post(
                    base + "/v1/interactions", headers=key, json={**body, "background": background}
                ).json()
                for background in (True, False)
            )
            assert (begun["status"], hop["status"]) == ("in_progress", "requires_continuation")
            httpx.post(base + "/_mock/clock", json={"advance_s": 61}).raise_for_status()
            later = httpx.get(f"{base}/v1/interactions/{begun['id']}", headers=key).json()
            assert later["status"] == "requires_continuation"
            assert httpx.get(f"{base}/v1/{file['name']}", headers=key).json()["state"] == "ACTIVE"

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "visionspec.cli", "serve", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def test_a_taken_port_is_one_line(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ran = self.run("--port", str(port))
        assert ran.returncode == 2
        assert ran.stdout == ""
        (line,) = ran.stderr.splitlines()
        assert f"cannot listen on 127.0.0.1:{port}" in line

    @pytest.mark.parametrize(
        ("option", "says"),
        [
            ("nonsense", "is not URL=FILE"),
            ("https://example.com/a.png=missing.png", "there is no file 'missing.png'"),
            ("ftp://example.com/a.png=missing.png", "is not URL=FILE"),
        ],
    )
    def test_a_map_that_is_none(self, option: str, says: str) -> None:
        ran = self.run("--map", option)
        assert ran.returncode == 2
        assert says in ran.stderr
