"""``visionspec lint`` from outside: output, exit codes, and one line where a file cannot be judged."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from PIL import Image

from visionspec.cli.lint import command

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def lint(*args: str) -> Result:
    return CliRunner().invoke(command, list(args))


def png(size: tuple[int, int] = (3, 2)) -> bytes:
    out = io.BytesIO()
    Image.new("L", size).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def image(tmp_path: Path) -> str:
    path = tmp_path / "photo.png"
    path.write_bytes(png())
    return str(path)


def request_file(tmp_path: Path, body: Any, *, bom: bool = False) -> str:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(body), encoding="utf-8-sig" if bom else "utf-8")
    return str(path)


def body(mime_type: str = "image/png", *, text_first: bool = False) -> dict[str, Any]:
    data = base64.b64encode(png()).decode()
    parts: list[dict[str, Any]] = [{"inline_data": {"mime_type": mime_type, "data": data}}, {"text": "What?"}]
    return {"contents": [{"parts": parts[::-1] if text_first else parts}]}


def test_nothing_to_say(image: str) -> None:
    result = lint(image)
    assert (result.exit_code, result.stdout) == (0, "1 file: nothing to change\n")


def test_json_is_the_contract(tmp_path: Path) -> None:
    file = request_file(tmp_path, body("image/jpg"))
    result = lint(file, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "findings": [
            {
                "rule": "media.declared-type",
                "level": "MUST",
                "message": "Unsupported MIME type: image/jpg (the registered name is image/jpeg)",
                "where": f"{file}: contents[0].parts[0].inline_data",
            }
        ]
    }


def test_json_of_nothing(image: str) -> None:
    assert json.loads(lint(image, "--json").stdout) == {"findings": []}


def test_advice_alone_exits_with_0(tmp_path: Path) -> None:
    result = lint(request_file(tmp_path, body(text_first=True)))
    assert result.exit_code == 0
    assert "SHOULD  advice.text-order" in result.stdout
    assert result.stdout.endswith("1 file: 1 SHOULD\n")


def test_a_broken_must_exits_with_1(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"GIF89a\x01\x00\x01\x00")
    result = lint(str(path))
    assert result.exit_code == 1
    assert f"{path}  MUST  media.refused-by-name" in result.stdout


def test_several_files_are_judged_together(tmp_path: Path, image: str) -> None:
    result = lint(image, request_file(tmp_path, body("image/gif"), bom=True))
    assert result.exit_code == 1
    assert result.stdout.endswith("2 files: 1 MUST\n")


def test_the_content_tells_a_request_from_an_image(tmp_path: Path) -> None:
    path = tmp_path / "image.json"
    path.write_bytes(png())
    assert lint(str(path)).exit_code == 0


def test_the_model_decides_how_tokens_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png((385, 385)))
    assert "advice.tile-boundary" in lint(str(path)).stdout
    assert "advice.tile-boundary" not in lint(str(path), "--model", "gemini-3-flash-preview").stdout
    assert (
        "advice.tile-boundary"
        not in lint(str(path), "--model", "gemini-2.5-pro", "--basis", "observed").stdout
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read"),
        (b'{"contents": [', "is not JSON: Expecting value: line 1 column 15 (char 14)\n"),
        (b'{"contents": [{}, ]}', "take out the comma before a closing bracket\n"),
        (b"[1]", "the body of a request is a JSON object, not a list"),
        (b'{"prompt": "hi"}', "a request has either 'input'"),
        (b'{"a": "\xff"}', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_cannot_be_judged_is_one_line_and_exit_code_2(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "request.json"
    if content is not None:
        path.write_bytes(content)
    result = lint(str(path))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert reason in result.stderr
    assert str(path) in result.stderr


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    result = lint(str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr.startswith("visionspec: cannot read")


def test_an_unknown_model_is_wrong_usage(image: str) -> None:
    result = lint(image, "--model", "gpt-4o")
    assert result.exit_code == 2
    assert "gpt-4o" in result.stderr


def test_the_help_says_what_the_exit_codes_mean() -> None:
    text = " ".join(lint("--help").stdout.split())
    assert "1 if a MUST is broken; 0 if there is only advice (SHOULD, MAY), or none; 2 if" in text


def test_the_command_line_stays_light() -> None:
    code = (
        "import sys, visionspec.cli.lint;"
        "heavy = {'numpy', 'PIL', 'pydantic', 'httpx', 'rich', 'visionspec.rules.advice'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_rules_stay_light() -> None:
    code = (
        "import sys, visionspec.rules.advice;"
        "heavy = {'numpy', 'PIL', 'pydantic', 'pillow_heif', 'httpx'} & set(sys.modules);"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
