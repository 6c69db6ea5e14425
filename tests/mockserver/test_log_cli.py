"""``visionspec log``, as it is typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GENERATE = "/v1/models/gemini-2.5-flash:generateContent"
HEADERS = {"x-goog-api-key": "any"}
HI = {"contents": [{"parts": [{"text": "hi there"}]}]}
DOT = (  # a PNG of 1x1 px
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)
JPG = {"contents": [{"parts": [{"inlineData": {"mimeType": "image/jpg", "data": DOT}}, {"text": "hi"}]}]}
WAIT_S = 60
COMMAND = (sys.executable, "-m", "visionspec.cli", "log")


def log(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1", **(env or {})},
    )


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that was asked four times."""
    with MockServer() as server, httpx.Client(base_url=server.url, headers=HEADERS) as client:
        server.scripts.add(name="cat", when={"text": "cat"}, answer="A cat.")
        client.post(GENERATE, json=HI)
        client.get("/v1/models/none")
        client.post(GENERATE, json=JPG)
        client.post(GENERATE, json={"contents": [{"parts": [{"text": "a cat?"}]}]})
        yield server.url


class TestLines:
    def test_one_for_each(self, url: str) -> None:
        done = log("--url", url)
        assert (done.returncode, done.stderr) == (0, "")
        first, second, third, finding, fourth = done.stdout.splitlines()
        assert first.split()[0::2][:2] == ["1", "200"]
        assert "generateContent gemini-2.5-flash" in first
        assert "2+" in first  # "hi there": 8 bytes, two tokens
        assert " 404 models.get" in second
        assert " 400 generateContent" in third
        assert finding.strip().startswith("MUST media.declared-type: ")
        assert fourth.endswith(" script=cat")

    @pytest.mark.parametrize(
        ("options", "numbers"),
        [
            (("--operation", "generate*"), ["1", "3", "4"]),
            (("--status", "4xx"), ["2", "3"]),
            (("--model", "gemini-2.5-*"), ["1", "4"]),
            (("--text", "A CAT"), ["4"]),
            (("--limit", "1"), ["4"]),
        ],
    )
    def test_filters(self, url: str, options: tuple[str, ...], numbers: list[str]) -> None:
        done = log("--url", url, *options)
        assert [
            line.split()[0] for line in done.stdout.splitlines() if not line.startswith("      ")
        ] == numbers

    def test_a_terminal_obeys_nothing_of_it(self) -> None:
        with MockServer() as server:
            httpx.get(f"{server.url}/nothing%1B%5B31m%0Afake", headers=HEADERS)
            (line,) = log("--url", server.url).stdout.splitlines()
        assert "GET /nothing\\x1b[31m\\x0afake" in line

    def test_the_environment_says_where(self, url: str) -> None:
        assert log("--limit", "1", env={"GOOGLE_GEMINI_BASE_URL": url}).stdout.endswith(" script=cat\n")


class TestJson:
    def test_one_document(self, url: str) -> None:
        document = json.loads(log("--url", url, "--json", "--status", "404").stdout)
        assert (document["requests"][0]["n"], document["dropped"]) == (2, 0)

    def test_an_archive(self, url: str, tmp_path: Path) -> None:
        done = log("--url", url, "--har", str(tmp_path / "x.har"), "--operation", "generateContent")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.endswith("x.har: 3 requests\n")
        entries = json.loads((tmp_path / "x.har").read_text(encoding="utf-8"))["log"]["entries"]
        assert [entry["_n"] for entry in entries] == [1, 3, 4]


class TestFindings:
    @pytest.mark.parametrize(
        ("options", "code", "told"),
        [
            ((), 1, "findings: 1 MUST"),
            (("--fail-on", "MAY"), 1, "findings: 1 MUST"),
            (("--text", "a cat"), 0, "findings: none"),
        ],
    )
    def test_the_exit_code_tells(self, url: str, options: tuple[str, ...], code: int, told: str) -> None:
        done = log("--url", url, "--findings", *options)
        assert (done.returncode, done.stderr.strip()) == (code, told)

    def test_what_is_weaker_does_not_count(self) -> None:
        prompt = {"contents": [{"parts": [{"text": "data:image/png;base64," + "A" * 4000}]}]}
        with MockServer() as server:
            httpx.post(server.url + GENERATE, json=prompt, headers=HEADERS)
            (found,) = server.findings()
            assert found.finding.level == "SHOULD"
            codes = [
                log("--url", server.url, "--findings", "--fail-on", one).returncode
                for one in ("MUST", "SHOULD")
            ]
        assert codes == [0, 1]


@contextmanager
def following(*arguments: str) -> Iterator[Iterator[Any]]:
    """What it says, line by line; it is killed if it says nothing for too long."""
    command = [*COMMAND, *arguments, "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        watchdog = threading.Timer(WAIT_S, process.kill)
        watchdog.start()
        try:
            assert process.stdout
            yield map(json.loads, process.stdout)
        finally:
            watchdog.cancel()
            process.kill()


class TestFollow:
    def test_what_comes_until_it_is_stopped(self) -> None:
        with MockServer() as server:
            httpx.get(f"{server.url}/v1/models", headers=HEADERS)
            with following("--url", server.url, "--operation", "models.*") as lines:
                assert next(lines)["n"] == 1
                httpx.post(server.url + GENERATE, json=HI, headers=HEADERS)
                httpx.get(f"{server.url}/v1/models/none", headers=HEADERS)
                assert next(lines)["n"] == 3
                httpx.post(f"{server.url}/_mock/reset")
                httpx.get(f"{server.url}/v1/models", headers=HEADERS)
                assert next(lines)["n"] == 1

    def test_an_answer_that_goes_on_comes_when_it_has_ended(self) -> None:
        with MockServer() as server:
            server.scripts.add(answer={"chunks": ["a", {"text": "b", "delay_s": 600}]})
            stream = f"{server.url}/v1/models/gemini-2.5-flash:streamGenerateContent"
            with httpx.stream("POST", stream, json=HI, headers=HEADERS) as answer:
                pieces = answer.iter_raw()  # the connection is closed with it
                assert next(pieces)
                with following("--url", server.url) as lines:
                    assert next(lines)["total_ms"] is None  # it is there already when it begins
                    httpx.get(f"{server.url}/v1/models", headers=HEADERS)
                    assert next(lines)["n"] == 2
                    answer.close()
                    ended = next(lines)
                    assert ended["n"] == 1
                    assert ended["total_ms"] > 0


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("--fail-on", "MAY"), "--fail-on needs --findings"),
            (("--follow", "--findings"), "--follow never ends"),
            (("--follow", "--har", "x"), "--follow never ends"),
            (("--har", "x", "--json"), "--har writes a file"),
            (("--limit", "0"), "0 is not in the range"),
            (("--url", "http://127.0.0.1:9"), "no server at http://127.0.0.1:9/_mock/"),
            (("--url", "nonsense"), "no server at nonsense/_mock/"),
        ],
    )
    def test_they_are_explained(self, arguments: tuple[str, ...], sentence: str) -> None:
        done = log(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_file_that_cannot_be_written(self, url: str, tmp_path: Path) -> None:
        done = log("--url", url, "--har", str(tmp_path / "none" / "x.har"))
        assert done.returncode == 2
        assert "cannot write" in done.stderr
