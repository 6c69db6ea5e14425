"""A real server on a real socket for every module, and pictures to send it."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image, ImageDraw

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture(scope="module")
def client(server: MockServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"x-goog-api-key": "any"}, timeout=60) as made:
        yield made


@pytest.fixture
def api(client: httpx.Client) -> httpx.Client:
    """A client that sends a key, to a server that has forgotten everything."""
    assert client.post("/_mock/reset").status_code == 200
    return client


@pytest.fixture(scope="session")
def draw() -> Callable[..., bytes]:
    """White, with one red rectangle in the middle half."""

    def drawn(width_px: int = 960, height_px: int = 540, *, form: str = "PNG") -> bytes:
        image = Image.new("RGB", (width_px, height_px), "white")
        box = (width_px // 4, height_px // 4, width_px * 3 // 4 - 1, height_px * 3 // 4 - 1)
        ImageDraw.Draw(image).rectangle(box, fill=(200, 30, 30))
        out = io.BytesIO()
        image.save(out, form)
        return out.getvalue()

    return drawn


@pytest.fixture(scope="session")
def png(draw: Callable[..., bytes]) -> str:
    """960x540, which the documents count as six tiles; in base64."""
    return base64.b64encode(draw()).decode()
