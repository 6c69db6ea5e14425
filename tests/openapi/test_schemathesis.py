"""schemathesis over the document, against the server on a real socket: no 5xx, nothing outside the schemas.

It runs as its users run it, as a command, with ``schemathesis.toml`` beside this file: examples, every
constraint of every parameter and body once kept and once broken, random requests, and chains of requests
along the links. Nothing in it is random from run to run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from visionspec import spec
from visionspec.models.generate import Model
from visionspec_mockserver import MockServer, catalog, events, threaded
from visionspec_mockserver.app import create_app
from visionspec_mockserver.routes import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette
    from starlette.types import Message, Receive, Scope, Send

HERE = Path(__file__).parent
FILE = r"#regex:files/(.+)"
# Links that OpenAPI has no words for: a part of a header, or of a string.
LINKS = {
    "uploadFile": {
        "send": {
            "operationId": "uploadFile",
            "parameters": {
                "version": "$request.path.version",
                "upload_id": "$response.header.X-Goog-Upload-URL#regex:upload_id=([^&]+)",
                "header.X-Goog-Upload-Command": "upload, finalize",
                "header.X-Goog-Upload-Offset": "0",
            },
        },
    },
    "putFile": {
        name: {
            "operationId": name,
            "parameters": {"version": "v1", "file_id": "$response.body#/file/name" + FILE},
        }
        for name in ("getFile", "deleteFile", "downloadFile")
    },
    "registerFiles": {
        name: {
            "operationId": name,
            "parameters": {"version": "v1", "file_id": "$response.body#/files/0/name" + FILE},
        }
        for name in ("getFile", "deleteFile")
    },
}


class Watched:
    """The server's application, and what it answered with 200."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.state = app.state
        self.answered: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = (scope.get("method", ""), scope.get("path", ""))

        async def watching(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self.answered.add(asked)
            await send(message)

        await self._app(scope, receive, watching)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockServer]:
    monkeypatch.setattr(threaded, "create_app", lambda *args, **named: Watched(create_app(*args, **named)))
    # With a seed its clock goes on by a tenth of a second whenever it is asked: the same in every run.
    with MockServer(api_keys=("schemathesis",), seed=1, background_s=0.5) as running:
        yield running


def document() -> dict[str, Any]:
    found = json.loads((spec.directory() / "openapi.json").read_text(encoding="utf-8"))
    for path in found["paths"].values():
        for operation in path.values():
            if more := LINKS.get(operation["operationId"]):
                operation["responses"]["200"]["links"] = more
    return found


def operations() -> dict[str, tuple[str, re.Pattern[str]]]:
    """Method and path of every operation, by its id."""
    return {
        operation["operationId"]: (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/:]+", path)))
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }


def answered(server: MockServer) -> set[str]:
    """Ids of the operations that were answered with 200."""
    return {
        name
        for name, (method, path) in operations().items()
        if any(method == one and path.fullmatch(other) for one, other in server.app.answered)
    }


def run(server: MockServer, folder: Path, *options: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    place = folder / "openapi.json"
    place.write_text(json.dumps(document()), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", str(place), "--url", server.url, "--no-color", *options),
    ]
    env = {**os.environ, "PYTHONPATH": str(HERE)}  # where the hooks are
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


# Each by itself: schemathesis begins chains only where it expects a success, and it expects none where a
# parameter looks like the id of something, as upload_id and previous_interaction_id do.
CHAINS = {
    "interactions": ["createInteraction", "getInteraction", "cancelInteraction", "deleteInteraction"],
    "uploads": ["uploadFile", "putFile", "getFile", "deleteFile"],
    "registered": ["registerFiles", "getFile", "deleteFile"],
}
REFUSED = {
    "countTokensOfTunedModel",
    "createFile",
    "downloadFile",
    "downloadFileMedia",
    "generateContentOfTunedModel",
    "streamGenerateContentOfTunedModel",
}


@pytest.mark.parametrize("part", ["include", "exclude"])  # about half of the work each
def test_no_request_is_answered_wrongly(server: MockServer, tmp_path: Path, part: str) -> None:
    only = (f"--{part}-operation-id", "generateContent")
    code, output = run(server, tmp_path, "--phases", "examples,coverage,fuzzing", *only)
    assert code == 0, output
    asked = {"generateContent"} if part == "include" else operations().keys() - {"generateContent"}
    assert asked - answered(server) - REFUSED - {*chain.from_iterable(CHAINS.values())} == set()


@pytest.mark.parametrize("name", CHAINS)
def test_no_chain_of_requests_ends_wrongly(server: MockServer, tmp_path: Path, name: str) -> None:
    only = [word for operation in CHAINS[name] for word in ("--include-operation-id", operation)]
    code, output = run(server, tmp_path, "--phases", "stateful", *only)
    assert code == 0, output
    first, *others = CHAINS[name]
    assert first in answered(server)
    assert answered(server) & {*others}


class TestItSees:
    """What is broken on purpose is found: else all of the above says nothing."""

    def found(self, server: MockServer, folder: Path, phase: str, operation: str) -> str:
        code, output = run(server, folder, "--phases", phase, "--include-operation-id", operation)
        assert code == 1, output
        return output

    def test_a_failure(self, server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server.app.state.mock.ids, "response_id", lambda: 1 / 0)
        assert "Server error" in self.found(server, tmp_path, "examples", "generateContent")

    def test_a_body(self, server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(catalog.Entry, "resource", lambda _: Model(name="models/x"))
        output = self.found(server, tmp_path, "examples", "getModel")
        assert '"version" is a required property' in output

    def test_an_event(self, server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(events, "frame", lambda *_: b'event: x\ndata: {"event_type": 1}\n\n')
        assert "event_type" in self.found(server, tmp_path, "examples", "createInteraction")

    def test_a_laxness(self, server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(models, "page_query", lambda _: (None, None))
        output = self.found(server, tmp_path, "coverage", "listModels")
        assert "Schema-violating request accepted" in output
