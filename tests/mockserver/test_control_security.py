"""The server stays this machine's own: who reaches it, what a page of somebody else's can do, which files it opens."""

from __future__ import annotations

import base64
import re
import sys
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.routing import Mount, Route

from visionspec_mockserver import MockServer
from visionspec_mockserver.cli.serve import command as serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"


def control_routes() -> list[tuple[str, str]]:
    """Every method of every route below ``/_mock``, those of tomorrow too."""
    with MockServer() as server:
        (control,) = [one for one in server.app.routes if isinstance(one, Mount) and one.path == "/_mock"]
        return [
            (method, f"/_mock{re.sub('{.*?}', '1', route.path)}")
            for route in control.routes
            if isinstance(route, Route)
            for method in sorted(route.methods or ())
        ]


ROUTES = control_routes()


def test_there_are_routes_to_guard() -> None:
    paths = {path for _, path in ROUTES}
    assert {
        "/_mock/reset",
        "/_mock/log",
        "/_mock/clock",
        "/_mock/urls",
        "/_mock/scripts",
        "/_mock/faults",
    } <= paths
    assert ("PUT", "/_mock/scripts") in ROUTES


@pytest.mark.parametrize(("method", "path"), ROUTES)
class TestGuard:
    # DNS rebinding: a page's own name is given this machine's address, so all that betrays it is the name.
    @pytest.mark.parametrize(
        "host",
        [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com:8000",
            "10.0.0.1",
            "[::2]",
            "0.0.0.0",  # noqa: S104 - a name, nothing is bound
        ],
    )
    def test_a_foreign_name(self, api: httpx.Client, method: str, path: str, host: str) -> None:
        assert api.request(method, path, headers={"host": host}).status_code == 403

    # CSRF: a page may send what it likes to an address of this machine, and cannot leave its origin out.
    @pytest.mark.parametrize(
        "origin", ["https://example.com", "http://localhost.example.com", "null", "file://"]
    )
    def test_a_foreign_page(self, api: httpx.Client, method: str, path: str, origin: str) -> None:
        reply = api.request(method, path, headers={"origin": origin})
        assert reply.status_code == 403
        assert "access-control-allow-origin" not in reply.headers

    def test_ourselves(self, api: httpx.Client, method: str, path: str) -> None:
        for headers in ({"host": "localhost:1"}, {"host": "[::1]:1"}, {"origin": "http://127.0.0.1:5173"}):
            assert api.request(method, path, headers=headers).status_code != 403


def test_a_refused_request_has_done_nothing(api: httpx.Client) -> None:
    foreign = {"origin": "https://example.com"}
    api.get("/v1beta/models")
    now = api.get("/_mock/clock").json()["now"]
    api.post("/_mock/reset", headers=foreign)
    api.post("/_mock/clock", json={"advance_s": 86_400}, headers=foreign)
    api.put("/_mock/scripts", json=[{"answer": "mine"}], headers=foreign)
    api.post("/_mock/faults", json={"error": 500}, headers=foreign)
    assert len(api.get("/_mock/log").json()["requests"]) == 1
    assert api.get("/_mock/clock").json()["now"][:10] == now[:10]
    assert api.get("/_mock/scripts").json()["scripts"] == api.get("/_mock/faults").json()["faults"] == []


class TestLoopback:
    def test_by_default(self) -> None:
        with MockServer() as server:
            assert server.url.startswith("http://127.0.0.1:")
        (host,) = [one for one in serve.params if one.name == "host"]
        assert host.default == "127.0.0.1"

    def test_listening_for_others_opens_the_api_and_not_the_control_plane(self) -> None:
        with MockServer(host="0.0.0.0") as server:  # noqa: S104 - what is tested
            url = server.url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104
            from_elsewhere = {"host": "192.168.1.7:8000"}
            models = httpx.get(f"{url}/v1beta/models", headers={**from_elsewhere, "x-goog-api-key": "k"})
            assert models.status_code == 200
            assert httpx.get(f"{url}/_mock/log", headers=from_elsewhere).status_code == 403


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The paths that the process opens while this is in use."""
    found, watching = [], True
    started = threading.current_thread()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if (
            watching
            and event in ("open", "os.listdir", "os.scandir")
            and threading.current_thread() is not started
        ):
            found.append(str(arguments[0]))

    sys.addaudithook(audit)  # there is no way to take it out again
    yield found
    watching = False


class TestNoPathReachesTheDisk:
    CANARY = "visionspec-canary"

    @pytest.mark.parametrize("kept", [False, True], ids=["memory", "store"])
    def test_of_any_request(
        self, tmp_path: Path, opened: list[str], draw: Callable[..., bytes], *, kept: bool
    ) -> None:
        canary = tmp_path / self.CANARY
        canary.write_bytes(draw())
        names = [
            str(canary),
            f"../{self.CANARY}",
            f"file://{canary}",
            f"files/../../{self.CANARY}",
            canary.as_uri(),
        ]
        (tmp_path / "store").mkdir()
        with (
            MockServer(store=tmp_path / "store" if kept else None) as server,
            httpx.Client(base_url=server.url, headers={"x-goog-api-key": "k"}) as api,
        ):
            for name in names:
                for method, path, body in requests_with(name):
                    reply = api.request(method, path, json=body, headers=upload_headers(name))
                    assert reply.status_code < 500
                    assert draw()[:100] not in reply.content
            assert api.post(GENERATE, json=asked(base64.b64encode(draw()).decode())).status_code == 200
        assert [path for path in opened if self.CANARY in path] == []
        assert [one.name for one in tmp_path.iterdir()] in ([self.CANARY, "store"], ["store", self.CANARY])

    def test_the_watch_would_have_seen_it(
        self, tmp_path: Path, opened: list[str], draw: Callable[..., bytes]
    ) -> None:
        canary = tmp_path / self.CANARY
        canary.write_bytes(draw())
        url = "https://example.com/a.png"
        with MockServer(url_map={url: canary}) as server:  # the user's own map does read it
            body = {"contents": [{"parts": [{"fileData": {"fileUri": url}}]}]}
            reply = httpx.post(server.url + GENERATE, json=body, headers={"x-goog-api-key": "k"})
        assert reply.status_code == 200
        assert str(canary) in opened


def asked(data: str) -> dict[str, Any]:
    return {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": data}}]}]}


def upload_headers(name: str) -> dict[str, str]:
    return {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-file-name": name,
    }


def requests_with(name: str) -> list[tuple[str, str, Any]]:
    """``name`` in every place of a request where somebody might take it for a path."""
    quoted = name.replace("/", "%2F")
    image = {"uri": name, "type": "image", "mime_type": "image/png"}
    return [
        (
            "POST",
            GENERATE,
            {"contents": [{"parts": [{"fileData": {"fileUri": name, "mimeType": "image/png"}}]}]},
        ),
        ("POST", GENERATE, asked(name)),
        ("POST", "/v1beta/interactions", {"model": "gemini-3-flash-preview", "input": [image]}),
        ("GET", f"/v1beta/files/{quoted}", None),
        ("GET", f"/v1beta/files/{quoted}:download?alt=media", None),
        ("DELETE", f"/v1beta/files/{quoted}", None),
        ("GET", f"/v1beta/interactions/{quoted}", None),
        ("GET", f"/v1beta/models/{quoted}", None),
        ("POST", "/upload/v1beta/files", {"file": {"name": name}}),
        ("POST", "/upload/v1beta/files", {"file": {"displayName": name}}),
        ("POST", f"/upload/v1beta/files?upload_id={quoted}", None),
        ("PUT", "/_mock/urls", {name: "YQ=="}),
        ("PUT", "/_mock/urls", {"https://example.com/a.png": name}),
        ("PUT", "/_mock/scripts", [{"when": {"image": {"same_as": name}}, "answer": "x"}]),
        ("PUT", "/_mock/scripts", [{"when": {"image": {"like": {"file": name}}}, "answer": "x"}]),
        ("PUT", "/_mock/scripts", [{"answer": {"items": [{"mask": name}]}}]),
        ("GET", f"/_mock/scripts/{quoted}", None),
    ]


class TestScriptsAreData:
    @pytest.mark.parametrize(
        "text",
        [
            "scripts: !!python/object/apply:os.mkdir [{folder}]",
            "scripts: [{{answer: !!python/name:os.system ''}}]",
            '[{{"answer": {{"text": {{"__import__": "os"}}}}}}]',
        ],
    )
    def test_of_a_file(self, tmp_path: Path, text: str) -> None:
        made, script = tmp_path / "made", tmp_path / "script.yaml"
        script.write_text(text.format(folder=made), "utf-8")
        with pytest.raises(ValueError, match=r"script\.yaml"):
            MockServer(scripts=[script])
        assert not made.exists()

    def test_a_text_is_never_a_template(self, api: httpx.Client) -> None:
        said = "{ask.model} ${HOME} {{7*7}} %(x)s"
        api.post("/_mock/scripts", json={"answer": said})
        reply = api.post(GENERATE, json={"contents": [{"parts": [{"text": "x"}]}]}).json()
        assert reply["candidates"][0]["content"]["parts"][0]["text"] == said
