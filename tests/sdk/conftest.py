"""A scene with one known rectangle, and the environment that leads the official SDKs to a mock server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from PIL import Image, ImageDraw

from visionspec_mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ALL = (
    "GOOGLE_API_KEY",
    "GOOGLE_GENAI_API_VERSION",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_GENAI_USE_ENTERPRISE",
)


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


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running


@pytest.fixture
def environment(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two variables, and none of those that would lead elsewhere."""
    for name in _ALL:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
    monkeypatch.setenv("GEMINI_API_KEY", "any")
