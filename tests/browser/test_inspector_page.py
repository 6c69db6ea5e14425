"""The page over the log in a real browser: what it shows, and that nothing hostile in it comes to life."""

from __future__ import annotations

import base64
import html
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from visionspec_mockserver import MockServer
from visionspec_mockserver.scene import draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GENERATE = "/v1/models/gemini-2.5-flash:generateContent"
HEADERS = {"x-goog-api-key": "a-key-of-some-length"}
HOSTILE = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"

BROWSER = os.environ.get("VISIONSPEC_BROWSER") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no browser: install chromium, or say in VISIONSPEC_BROWSER where one is"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockServer]:
    """One that was asked by somebody with bad intentions, too."""
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    draw_scene()[0].save(path)
    image = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(path.read_bytes()).decode()}}
    with MockServer() as running, httpx.Client(base_url=running.url, headers=HEADERS, timeout=60) as client:
        running.scripts.add(name=HOSTILE, when={"text": "hostile"}, answer=f"I say {HOSTILE}")
        client.post(
            GENERATE, json={"contents": [{"parts": [image, {"text": "Give the segmentation masks."}]}]}
        )
        client.post(GENERATE, json={"contents": [{"parts": [{"text": f"hostile {HOSTILE}"}]}]})
        client.get(f"/v1/models/{HOSTILE}", headers={"x-visionspec-test": HOSTILE})
        yield running


@pytest.fixture
def page(server: MockServer, browse: Callable[[str], str]) -> Callable[[str], str]:
    """A page of that server."""
    return lambda address: browse(f"{server.url}/_mock/{address}")


@pytest.fixture
def browse(tmp_path: Path) -> Callable[[str], str]:
    """The document as it stands after some seconds of the browser's own time."""

    def read(url: str) -> str:
        done = subprocess.run(
            [
                str(BROWSER),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                f"--user-data-dir={tmp_path}",
                "--virtual-time-budget=5000",
                "--dump-dom",
                url,
            ],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return read


def text_of(document: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", document))


def test_the_list(page: Callable[[str], str], server: MockServer) -> None:
    document = page("")
    assert re.findall(r'data-n="(\d+)"', document) == ["3", "2", "1"]
    assert "3 requests shown" in document
    assert "1,548" not in document  # the tokens of a row are those of the whole request
    tokens = server.requests[0]["tokens"]
    assert f"{sum(tokens.values()):,}" in document


def test_one_request(page: Callable[[str], str], server: MockServer) -> None:
    document = page("#1")
    found = httpx.get(f"{server.url}/_mock/log/1").json()
    assert document.count('<rect x="') == 2 * len(found["answer"]["items"]) > 0  # each has a rim
    x0, y0, x1, y1 = found["answer"]["items"][0]["box"]
    assert f'<rect x="{x0}" y="{y0}" width="{x1 - x0}" height="{y1 - y0}"' in document
    assert 'src="log/1/images/0/masks"' in document
    assert 'viewBox="0 0 960 540"' in document
    text = text_of(document)
    for told in (found["answer"]["items"][0]["label"], "tokens.tile-count", "x-goog-api-key", "REDACTED"):
        assert told in text
    assert HEADERS["x-goog-api-key"] not in document


@pytest.mark.parametrize("address", ["", "#2", "#3"])
def test_nothing_hostile_comes_to_life(page: Callable[[str], str], address: str) -> None:
    document = page(address)
    assert "<title>visionspec mock</title>" in document
    assert document.count("<script") == 1
    assert not re.findall(r"<[^>]*\sonerror=", re.sub(r'"[^"]*"', '""', document))
    assert "document.title" in text_of(document)  # it is shown, as text


def test_filters_of_the_page_reach_the_server(server: MockServer) -> None:
    """The names of the fields are those that the log knows: every one of them is refused or understood."""
    page = httpx.get(f"{server.url}/_mock/").text
    form = page[page.index('<form id="filters"') : page.index("</form>")]
    names = re.findall(r'<input name="(\w+)"', form)
    assert names
    for name in names:
        value = "true" if name == "findings" else "x"
        assert httpx.get(f"{server.url}/_mock/log", params={name: value}).status_code == 200


def test_it_says_of_how_many_requests_nobody_will_know_what_was_wrong(browse: Callable[[str], str]) -> None:
    texts = [{"text": f"{number} {'x' * 200}"} for number in range(600)]  # too much to be kept for long
    with (
        MockServer(journal_bytes=400_000) as running,
        httpx.Client(base_url=running.url, headers=HEADERS, timeout=60) as client,
    ):
        for number in range(4):
            body = {"contents": [{"parts": [*texts, {"text": str(number)}]}]}
            assert client.post(GENERATE, json=body).status_code == 200
        missed = client.get("/_mock/log").json()["missed"]
        assert 0 < missed < 4
        assert f"{missed} gone before anybody looked for findings" in text_of(browse(f"{running.url}/_mock/"))
