"""``visionspec decode`` from outside: output, exit codes, files, and one line where something is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from visionspec.cli.decode import command

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

CAT = {
    "box_2d": [100, 100, 500, 300],
    "label": "cat",
    "mask": [[100, 100], [300, 100], [300, 500], [100, 500]],
}
DOCUMENT = {
    "items": [
        {
            "box": [100, 50, 300, 250],
            "label": "cat",
            "mask": {"form": "polygon", "area_px": 40000},
            "issues": [],
        }
    ],
    "rejected": [{"index": 1, "reason": "no-box"}],
    "truncated": False,
    "issues": [],
}


def decode(*args: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(command, [str(arg) for arg in args], input=stdin)


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    path = tmp_path / "answer.txt"
    path.write_text("```json\n" + json.dumps([CAT, {"bbox": [1, 2, 3, 4]}]) + "\n```", encoding="utf-8")
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Stored as 500 x 1000, displayed as 1000 x 500."""
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (500, 1000), "grey").save(path, exif=exif)
    return path


class TestJson:
    def test_is_the_contract(self, answer: Path) -> None:
        result = decode(answer, "--size", "1000x500", "--json")
        assert (result.exit_code, json.loads(result.stdout)) == (0, DOCUMENT)

    def test_has_points_if_there_are_any(self) -> None:
        result = decode("-", "--size", "1000x500", "--json", stdin='[{"point": [500, 250], "label": "x"}]')
        points = [{"point": [250, 250], "label": "x", "issues": []}]
        assert json.loads(result.stdout) == {
            "items": [],
            "rejected": [],
            "truncated": False,
            "issues": [],
            "points": points,
        }

    def test_takes_the_size_of_the_image_as_displayed(self, answer: Path, photo: Path) -> None:
        result = decode(answer, "--image", photo, "--json")
        assert json.loads(result.stdout) == DOCUMENT

    def test_says_that_an_answer_is_cut_off(self, answer: Path) -> None:
        cut = answer.read_text(encoding="utf-8")[:-20]
        document = json.loads(decode("-", "--size", "1000x500", "--json", stdin=cut).stdout)
        assert (document["truncated"], document["items"]) == (True, DOCUMENT["items"])

    def test_passes_the_threshold_on(self) -> None:
        png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2Q8JTQAAAABJRU5ErkJggg=="
        text = json.dumps([{**CAT, "mask": png}])  # one pixel of the value 128
        areas = [
            json.loads(decode("-", "--size", "1000x500", "--json", *more, stdin=text).stdout)["items"][0][
                "mask"
            ]
            for more in ((), ("--threshold", "128"))
        ]
        assert [mask["area_px"] for mask in areas] == [40_000, 0]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_reads_what_shells_write(self, encoding: str, tmp_path: Path) -> None:
        path = tmp_path / "answer.txt"
        path.write_text(json.dumps([{**CAT, "label": "чашка"}], ensure_ascii=False), encoding=encoding)
        document = json.loads(decode(path, "--size", "1000x500", "--json").stdout)
        assert document["items"][0]["label"] == "чашка"


class TestText:
    def test_shows_every_item_and_explains_every_word(self, answer: Path) -> None:
        result = decode(answer, "--size", "1000x500")
        assert result.exit_code == 0
        for text in ("cat", "100 50 300 250", "polygon, 40,000 px", "1 item, 1 rejected in 1000x500 px"):
            assert text in result.stdout
        assert "no-box            The item had neither box_2d nor point." in result.stdout

    def test_shows_points_and_cuts(self) -> None:
        result = decode("-", "--size", "1000x500", stdin='[{"point": [500, 250], "label": "x"}, {"po')
        assert "250 250" in result.stdout
        assert "0 items, 1 point in 1000x500 px; the text is cut off" in result.stdout

    def test_does_not_let_a_label_steer_the_terminal(self) -> None:
        text = json.dumps([{**CAT, "label": "\x1b[31mred [bold]x[/bold]"}])
        result = decode("-", "--size", "1000x500", stdin=text)
        assert "\\x1b[31mred [bold]x[/bold]" in result.stdout

    def test_shows_no_more_than_can_be_read(self) -> None:
        result = decode("-", "--size", "1000x500", stdin=json.dumps([CAT] * 205))
        assert result.stdout.count("polygon") == 200
        assert "... and 5 more: --json shows them all" in result.stdout


class TestOut:
    def test_holds_overlay_masks_coco_and_answer(self, answer: Path, photo: Path, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "folder"
        result = decode(answer, "--image", photo, "--out", folder)
        assert result.exit_code == 0
        assert sorted(path.name for path in folder.iterdir()) == [
            "answer.json",
            "coco.json",
            "mask_000_cat.png",
            "overlay.png",
        ]
        assert json.loads((folder / "answer.json").read_bytes()) == DOCUMENT
        with Image.open(folder / "overlay.png") as overlay, Image.open(folder / "mask_000_cat.png") as image:
            assert overlay.size == (1000, 500)
            mask = np.asarray(image)
        assert (mask.shape, mask.sum(), mask[50:250, 100:300].all()) == ((500, 1000), 40_000, True)
        coco = json.loads((folder / "coco.json").read_bytes())
        assert coco["images"] == [{"id": 1, "width": 1000, "height": 500, "file_name": "photo.jpg"}]
        assert all(f"wrote {folder / name}" in result.stdout for name in ("overlay.png", "coco.json"))

    def test_needs_no_image(self, answer: Path, tmp_path: Path) -> None:
        decode(answer, "--size", "1000x500", "--out", tmp_path / "out")
        assert not (tmp_path / "out" / "overlay.png").exists()
        assert (tmp_path / "out" / "mask_000_cat.png").exists()

    def test_prints_nothing_but_json_with_json(self, answer: Path, tmp_path: Path) -> None:
        result = decode(answer, "--size", "1000x500", "--out", tmp_path, "--json")
        assert json.loads(result.stdout) == DOCUMENT

    @pytest.mark.parametrize("label", ["../escaped", "/etc/passwd", "..", "a/b\\c", "\0"])
    def test_is_never_left(self, label: str, tmp_path: Path) -> None:
        folder = tmp_path / "inner"
        result = decode(
            "-", "--size", "1000x500", "--out", folder, stdin=json.dumps([{**CAT, "label": label}])
        )
        assert result.exit_code == 0
        assert [path for path in tmp_path.rglob("*") if path.parent != folder] == [folder]
        assert len(list(folder.glob("mask_000_*.png"))) == 1

    def test_that_is_a_file_is_an_error(self, answer: Path) -> None:
        result = decode(answer, "--size", "1000x500", "--out", answer)
        assert result.exit_code == 2
        assert "cannot write" in result.stderr


class TestErrors:
    @pytest.mark.parametrize("text", ["", "no objects", "null", "[{'box_2d': [1, 2, 3, 4]}]"])
    def test_text_without_an_answer_has_exit_code_1(self, text: str) -> None:
        result = decode("-", "--size", "10x10", "--json", stdin=text)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert "answers.no-answer" in result.stderr

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["ANSWER"], "give --size WxH or --image FILE, one of them"),
            (
                ["ANSWER", "--size", "10x10", "--image", "PHOTO"],
                "give --size WxH or --image FILE, one of them",
            ),
            (["ANSWER", "--size", "10"], "'10' is no size"),
            (["ANSWER", "--size", "0x10"], "'0x10': width 0 is no whole number"),
            (["ANSWER", "--size", "99999999999x10"], "width 99999999999 is no whole number"),
            (["ANSWER", "--image", "ANSWER"], "no known type of image begins with"),
            (["ANSWER", "--image", "missing.png"], "cannot read 'missing.png': No such file or directory"),
            (["missing.txt", "--size", "10x10"], "cannot read 'missing.txt': No such file or directory"),
            (['[{"box_2d": []}]', "--size", "10x10"], "ANSWER is the name of a file"),
            (["ANSWER", "--size", "10x10", "--threshold", "256"], "256 is not in the range"),
        ],
    )
    def test_wrong_usage_has_exit_code_2(
        self, args: list[str], message: str, answer: Path, photo: Path
    ) -> None:
        paths = {"ANSWER": str(answer), "PHOTO": str(photo)}
        result = decode(*(paths.get(arg, arg) for arg in args))
        assert result.exit_code == 2
        assert message in result.stderr
        assert result.stdout == ""
