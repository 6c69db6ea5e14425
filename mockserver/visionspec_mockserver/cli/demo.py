"""``visionspec demo``: the whole loop offline, and a short account of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from visionspec.cli._common import console

if TYPE_CHECKING:
    from rich.console import Console

    from visionspec_mockserver.demo import Dialect, Outcome


@click.command("demo", short_help="The whole loop, offline: upload, ask, decode, draw.")
@click.option(
    "--image",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A picture of yours (PNG, JPEG, WEBP, HEIC, HEIF) instead of the drawn scene.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("visionspec-demo"),
    show_default=True,
    help="Where the pictures and decoded.json go.",
)
def command(image: Path | None, out: Path) -> int:
    """Start a mock server, upload a picture, have it captioned, detected and segmented, decode and draw.

    Everything stays on this machine: a stand-in answers by looking at the pixels. With the drawn scene, every
    box and mask that comes back is compared with what was drawn; the exit code is 1 if an IoU is below 0.95.
    """
    from visionspec.errors import InvalidMedia  # noqa: PLC0415
    from visionspec_mockserver import demo  # noqa: PLC0415 - keeps --help light

    out_console, progress_console = console(), console(stderr=True)
    try:
        with progress_console.status("starting the mock server") as status:
            outcome = demo.run(image, out, status.update)
    except (InvalidMedia, OSError) as error:
        raise click.UsageError(f"{image or out}: {error}") from error
    _account(outcome, out_console)
    return 0 if all(dialect.good for dialect in outcome.dialects) else 1


def _account(outcome: Outcome, out: Console) -> None:
    width_px, height_px = outcome.size_px
    out.print(f"[bold]{outcome.source}[/]  {width_px}x{height_px}  {outcome.upload.mime_type}\n")
    _requests(outcome, out)
    for dialect in outcome.dialects:
        _dialect(dialect, out)
    out.print("[bold]Written[/]")
    for path in outcome.written:
        out.print(f"  {path}")


def _requests(outcome: Outcome, out: Console) -> None:
    out.print("[bold]Requests that the server saw[/]")
    for request in outcome.requests:
        out.print(
            f"  {request['status']}  {request['method']:<5} {request['path']}  [dim]{request['ms']:.0f} ms[/]"
        )
    out.print()


def _dialect(dialect: Dialect, out: Console) -> None:
    from rich.markup import escape  # noqa: PLC0415

    estimate = dialect.estimate
    grid = f"{estimate.columns} x {estimate.rows} {'tiles' if estimate.tiles else 'patches'}"
    out.print(f"[bold]{dialect.name}[/]  {dialect.model}")
    out.print(f"  image tokens  {dialect.image_tokens:,} = {grid}, rule {estimate.rule} ({estimate.basis})")
    out.print(f"  caption       {escape(dialect.caption)}")
    out.print(_boxes(dialect))
    out.print()


def _boxes(dialect: Dialect) -> object:
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="dim")
    if not dialect.matches:
        for title in ("label", "box in px", "PNG mask, px", "polygon, px"):
            table.add_column(title)
        areas = [
            [f"{item.mask.area_px:,}" if item.mask else "-" for item in answer.items]
            for answer in (dialect.png_masks, dialect.polygons)
        ]
        for item, png, polygon in zip(dialect.boxes.items, *areas, strict=True):
            table.add_row(item.label, str(list(item.box)), png, polygon)
        return Padding(table, (0, 0, 0, 2))
    for title in ("drawn", "box in px", "found as", "box in px", "IoU", "PNG mask", "polygon", ""):
        table.add_column(title)
    for match in dialect.matches:
        table.add_row(
            match.drawn.name,
            str(list(match.drawn.box)),
            (match.found.label if match.found else None) or "-",
            str(list(match.found.box)) if match.found else "-",
            f"{match.box_iou:.3f}",
            f"{match.png_iou:.3f}",
            f"{match.polygon_iou:.3f}",
            "[green]ok[/]" if match.good else "[red]below 0.95[/]",
        )
    for item in dialect.surplus:
        table.add_row("[red]nothing[/]", "-", item.label or "-", str(list(item.box)))
    return Padding(table, (0, 0, 0, 2))
