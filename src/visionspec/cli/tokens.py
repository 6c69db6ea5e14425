"""``visionspec tokens``: what an image costs, and by which rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from visionspec.cli._common import console, emit_json, parse_size
from visionspec.errors import InvalidInput

if TYPE_CHECKING:
    from visionspec.rules.tokens import Basis, TokenEstimate


@click.command("tokens", short_help="What an image costs in tokens, and by which rule.")
@click.argument("images", nargs=-1, required=True, metavar="IMAGE|WxH ...")
@click.option("--model", help="Model name, e.g. gemini-2.5-flash. Without it: the documented tile formula.")
@click.option(
    "--resolution",
    help="Media resolution: low, medium, high, ultra_high (which of them exist depends on the model).",
)
@click.option(
    "--basis",
    type=click.Choice(["documented", "observed"]),
    help="documented: the page's tile formula. observed: what was measured. Default: by model family.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    images: tuple[str, ...],
    model: str | None,
    resolution: str | None,
    basis: Basis | None,
    *,
    as_json: bool,
) -> None:
    """Count the tokens of image files or of sizes given as WIDTHxHEIGHT.

    Sizes of files are those of the image as displayed: an EXIF orientation is applied.

    \b
    Examples:
      visionspec tokens 960x540
      visionspec tokens photo.jpg scan.png --model gemini-3-flash-preview --resolution low
      visionspec tokens 700x1003 --model gemini-2.5-flash --basis observed --json
    """
    from visionspec.rules.tokens import image_tokens  # noqa: PLC0415 - keeps --help light

    rows: list[tuple[str, TokenEstimate]] = []
    for source in images:
        width_px, height_px = _size_of(source)
        try:
            estimate = image_tokens(width_px, height_px, model=model, resolution=resolution, basis=basis)
        except InvalidInput as error:
            raise click.UsageError(f"{source}: {error}") from error
        rows.append((source, estimate))
    total = sum(estimate.tokens for _, estimate in rows)
    if as_json:
        emit_json({"images": [_as_json(source, estimate) for source, estimate in rows], "total": total})
    else:
        _print_table(rows, total)


def _size_of(source: str) -> tuple[int, int]:
    path = Path(source)
    size = parse_size(source)
    if size and not path.exists():
        return size
    from visionspec.rules.media import read_info  # noqa: PLC0415

    try:
        return read_info(path.read_bytes()).displayed_size
    except OSError as error:
        hint = "" if "." in source else " (a size is written like 960x540)"
        raise click.UsageError(f"cannot read {source!r}: {error.strerror or error}{hint}") from error
    except InvalidInput as error:
        raise click.UsageError(f"{source}: {error}") from error


def _as_json(source: str, estimate: TokenEstimate) -> dict[str, object]:
    return {
        "source": source,
        "width": estimate.width_px,
        "height": estimate.height_px,
        "model": estimate.model,
        "resolution": estimate.resolution,
        "basis": estimate.basis,
        "rule": estimate.rule,
        "tokens": estimate.tokens,
        "tiles": estimate.tiles,
    }


def _how(estimate: TokenEstimate) -> str:
    if estimate.columns is None or estimate.rows is None:
        return "flat"
    if estimate.tiles is None:
        return f"{estimate.columns} x {estimate.rows} patches"
    unit = f", crop unit {estimate.unit_px} px" if estimate.unit_px else ""
    return f"{estimate.columns} x {estimate.rows} tiles{unit}"


def _print_table(rows: list[tuple[str, TokenEstimate]], total: int) -> None:
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("image", "size", "tokens", "how", "basis", "rule"):
        table.add_column(title, justify="right" if title == "tokens" else "left", overflow="fold")
    for source, estimate in rows:
        size = f"{estimate.width_px}x{estimate.height_px}"
        table.add_row(source, size, f"{estimate.tokens:,}", _how(estimate), estimate.basis, estimate.rule)
    if len(rows) > 1:
        table.add_row("total", "", f"{total:,}", "", "", "", style="bold")
    console().print(table)
