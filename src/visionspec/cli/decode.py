"""``visionspec decode``: a model's answer -> boxes in pixels, masks, pictures."""

from __future__ import annotations

import codecs
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from visionspec.cli._common import SIZE, console, emit_json, fail
from visionspec.errors import InvalidAnswer, InvalidInput

if TYPE_CHECKING:
    from visionspec.rules.answers import Answer, Item, Point, Rejected

_MOST_BYTES = (
    1 << 26
)  # 4 bytes for each of the characters that an answer can have; more is refused by its length
_MOST_ROWS = 200


@click.command("decode", short_help="A model's answer -> boxes in pixels, masks, pictures, COCO JSON.")
@click.argument("answer", metavar="ANSWER|-")
@click.option("--size", type=SIZE, help="Size of the image as displayed, in pixels, e.g. 1024x768.")
@click.option(
    "--image", type=click.Path(path_type=Path), help="The image: gives the size, and is drawn on with --out."
)
@click.option(
    "--threshold",
    type=click.IntRange(0, 255),
    default=127,
    show_default=True,
    help="Pixels of a mask above it belong to the object. The documents say 127; their code has 128.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for overlay, masks, COCO JSON and answer."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    answer: str,
    size: tuple[int, int] | None,
    image: Path | None,
    threshold: int,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Decode the text of an answer, from a file or, with -, from standard input.

    The answer may be fenced, between prose, or cut off; masks may be base64 PNGs or polygons. What cannot be
    used is left out and named with its reason. Boxes refer to the image as displayed: the EXIF orientation of
    --image is applied.

    Exit code: 1 if the text holds no answer; 2 if a file cannot be read or written.

    \b
    Examples:
      visionspec decode answer.txt --size 1024x768
      visionspec decode answer.txt --image photo.jpg --out decoded
      echo '[{"box_2d": [100, 100, 500, 300], "label": "cat"}]' | visionspec decode - --size 1000x500 --json
    """
    from visionspec.rules.answers import decode_answer  # noqa: PLC0415 - keeps --help light

    width_px, height_px = _frame(size, image)
    text = _read(answer)
    try:
        decoded = decode_answer(text, width_px=width_px, height_px=height_px, threshold=threshold)
    except InvalidAnswer as error:
        click.echo(f"visionspec: {error}", err=True)
        sys.exit(1)
    written = _write(decoded, image, out) if out else []
    if as_json:
        from visionspec import export  # noqa: PLC0415

        emit_json(export.to_json(decoded))
    else:
        _print(decoded, written)


def _frame(size: tuple[int, int] | None, image: Path | None) -> tuple[int, int]:
    if size is not None and image is None:
        return size
    if size is not None or image is None:
        raise click.UsageError(
            "give --size WxH or --image FILE, one of them: boxes are fractions of its sides"
        )
    from visionspec.rules.media import read_info  # noqa: PLC0415

    try:
        return read_info(_bytes(image)).displayed_size
    except InvalidInput as error:
        fail(f"{image}: {error}")


def _read(answer: str) -> str:
    """The text of a file or of standard input, in any encoding that a shell writes."""
    if answer == "-":
        data = sys.stdin.buffer.read(_MOST_BYTES)
    elif answer.lstrip().startswith(("[", "{", "`")) and not Path(answer).exists():
        raise click.UsageError(
            "ANSWER is the name of a file; to give the text itself, pipe it into 'decode -'"
        )
    else:
        data = _bytes(Path(answer), _MOST_BYTES)
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8", errors="replace")


def _bytes(path: Path, most: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        fail(f"cannot read {str(path)!r}: {error.strerror or error}")


def _write(answer: Answer, image: Path | None, out: Path) -> list[Path]:
    from PIL import Image  # noqa: PLC0415 - 100 ms that only --out needs

    from visionspec import draw, export  # noqa: PLC0415
    from visionspec.rules.names import safe_name  # noqa: PLC0415

    written = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        documents = {
            "answer.json": export.to_json(answer),
            "coco.json": export.to_coco(answer, file_name=image.name if image else ""),
        }
        for name, document in documents.items():
            written.append(out / name)
            written[-1].write_text(
                json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
            )
        if image:
            written.append(out / "overlay.png")
            draw.draw_answer(draw.open_image(image), answer).save(written[-1])
        for item in answer.items:
            if item.mask:
                written.append(out / f"mask_{item.index:03}_{safe_name(item.label)}.png")
                frame = item.mask.to_frame(answer.width_px, answer.height_px)
                Image.fromarray(frame).save(written[-1])
    except OSError as error:
        fail(f"cannot write {error.filename or out}: {error.strerror or error}")
    return written


def _print(answer: Answer, written: list[Path]) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from visionspec.rules.answers import MEANINGS  # noqa: PLC0415

    out = console()
    elements: list[Item | Point | Rejected] = [*answer.items, *answer.points, *answer.rejected]
    found = sorted(elements, key=lambda element: element.index)
    if found:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("#", "label", "x0 y0 x1 y1", "mask", "issues"):
            table.add_column(title, overflow="fold")
        for element in found[:_MOST_ROWS]:
            table.add_row(*(Text(cell) for cell in _row(element)))
        out.print(table)
    if len(found) > _MOST_ROWS:
        out.print(f"... and {len(found) - _MOST_ROWS:,} more: --json shows them all")
    out.print(_summary(answer))
    used = {*answer.issues, *(rejected.reason for rejected in answer.rejected)}
    used.update(*(item.issues for item in answer.items), *(point.issues for point in answer.points))
    for word in (word for word in MEANINGS if word in used):
        out.print(Text(f"{word:16}  {MEANINGS[word]}"))
    for path in written[:_MOST_ROWS]:
        out.print(Text(f"wrote {path}"))


def _row(element: Item | Point | Rejected) -> tuple[str, ...]:
    from visionspec.rules.answers import Item, Rejected  # noqa: PLC0415

    if isinstance(element, Rejected):
        return f"{element.index}", "rejected", _visible(element.detail), "", element.reason
    if isinstance(element, Item):
        mask = f"{element.mask.form}, {element.mask.area_px:,} px" if element.mask else ""
        place = " ".join(map(str, element.box))
    else:
        mask, place = "(point)", " ".join(map(str, element.point))
    return f"{element.index}", _visible(element.label or ""), place, mask, ", ".join(element.issues)


def _summary(answer: Answer) -> str:
    parts = [_count(len(answer.items), "item")]
    parts += [_count(len(answer.points), "point")] if answer.points else []
    parts += [f"{len(answer.rejected)} rejected"] if answer.rejected else []
    end = "; the text is cut off, so there may have been more" if answer.truncated else ""
    return f"{', '.join(parts)} in {answer.width_px}x{answer.height_px} px{end}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _visible(text: str) -> str:
    """The text without what could steer a terminal."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
