"""The examples of docs/functions.md run as they stand, one after the other, beside a picture of the demo's."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING

from visionspec_mockserver.scene import draw_scene

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).parents[1] / "docs/functions.md").read_text("utf-8")


def test_every_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    draw_scene()[0].save("scene.png")
    blocks = re.findall(r"```pycon\n(.*?)\n```\n", PAGE, re.DOTALL)
    page = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "functions.md", None, None)
    result = doctest.DocTestRunner().run(page)
    assert result.failed == 0, capsys.readouterr().out
    assert result.attempted == PAGE.count(">>> ")
    assert {path.name for path in tmp_path.iterdir()} == {"scene.png", "overlay.png", "tiles.png"}
