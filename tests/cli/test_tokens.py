"""``visionspec tokens``. Expected counts are the documents' example and the collected table."""

from __future__ import annotations

import json

import pytest
from PIL import Image

KEYS = {"source", "width", "height", "model", "resolution", "basis", "rule", "tokens", "tiles"}


def test_the_documents_example(visionspec) -> None:
    done = visionspec("tokens", "960x540", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["total"] == 1548
    (image,) = document["images"]
    assert image.keys() == KEYS
    assert (image["tokens"], image["tiles"], image["basis"]) == (1548, 6, "documented")
    assert (image["model"], image["resolution"]) == (None, None)


@pytest.mark.parametrize(
    ("arguments", "tokens", "tiles", "basis"),
    [
        (("--model", "gemini-3-flash-preview"), 1100, None, "observed"),
        (("--model", "gemini-3-flash-preview", "--resolution", "low"), 264, None, "observed"),
        (("--model", "gemini-3-flash-preview", "--basis", "documented"), 1548, 6, "documented"),
        (("--model", "models/gemini-2.5-flash"), 1548, 6, "documented"),
        (("--model", "gemini-2.5-flash", "--basis", "observed"), 258, None, "observed"),
    ],
)
def test_model_resolution_and_basis(visionspec, arguments, tokens, tiles, basis) -> None:
    (image,) = json.loads(visionspec("tokens", "960x540", *arguments, "--json").stdout)["images"]
    assert (image["tokens"], image["tiles"], image["basis"]) == (tokens, tiles, basis)


def test_files_and_sizes_add_up_as_displayed(visionspec, tmp_path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (540, 960)).save(tmp_path / "turned.jpg", exif=turned)
    document = json.loads(visionspec("tokens", "turned.jpg", "384x384", "--json").stdout)
    assert [(image["width"], image["height"]) for image in document["images"]] == [(960, 540), (384, 384)]
    assert document["total"] == 1548 + 258


def test_a_person_reads_how_it_was_counted(visionspec) -> None:
    done = visionspec("tokens", "960x540", "385x385")
    assert "3 x 2 tiles, crop unit 360 px" in done.stdout
    assert "tokens.tile-count" in done.stdout
    assert "2,580" in done.stdout  # 1548 + 4 * 258


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.png",), "cannot read 'nowhere.png'"),
        (("960",), "a size is written like 960x540"),
        (("0x540",), "width 0"),
        (("99999999999x540",), "width 99999999999 is no whole number"),
        (("960x540", "--model", "gpt-4"), "'gpt-4'"),
        (("960x540", "--model", "gemini-2.5-flash", "--resolution", "ultra_high"), "ultra_high"),
        (("960x540", "--resolution", "low"), "name the model"),
        ((), "Missing argument"),
        (("960x540", "--basis", "guess"), "'guess'"),
    ],
)
def test_what_was_wrong_is_said_and_is_usage(visionspec, arguments, said) -> None:
    done = visionspec("tokens", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_image(visionspec, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    done = visionspec("tokens", "notes.txt")
    assert done.returncode == 2
    assert "notes.txt" in done.stderr
