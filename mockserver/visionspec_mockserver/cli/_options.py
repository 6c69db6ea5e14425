"""What a server can be told on a command line, whichever command starts it."""

from __future__ import annotations

import functools
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from visionspec_mockserver.settings import Basis, Settings

if TYPE_CHECKING:
    from collections.abc import Callable


def _mapped(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    found = {}
    for value in values:
        url, equals, name = value.rpartition("=")  # a URL may hold a "=", a file name seldom does
        if not equals or not url.startswith(("https://", "http://")):
            raise click.BadParameter(
                f"{value!r} is not URL=FILE, as in https://example.com/a.jpg=photo.jpg", ctx, param
            )
        if not Path(name).is_file():
            raise click.BadParameter(f"there is no file {name!r} for {url}", ctx, param)
        found[url] = Path(name)
    return found


_DEFAULTS = Settings()
_SERVER = (
    click.option(
        "--store",
        type=click.Path(path_type=Path, file_okay=False),
        help="Keep files and interactions here, for several servers at once if need be; without it they go "
        "when the server goes.",
    ),
    click.option(
        "--api-key", "api_keys", multiple=True, metavar="KEY", help="Let only this key in; repeatable."
    ),
    click.option(
        "--basis",
        type=click.Choice(get_args(Basis)),
        help="Count image tokens so, whatever the model's family.",
    ),
    click.option(
        "--map",
        "url_map",
        callback=_mapped,
        multiple=True,
        metavar="URL=FILE",
        help="What stands behind an https:// image URI; repeatable.",
    ),
    click.option(
        "--script",
        "scripts",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        multiple=True,
        metavar="FILE",
        help="Answer by the scripts, and fail by the faults, in this YAML or JSON file; repeatable.",
    ),
    click.option(
        "--strict", is_flag=True, help="Refuse a question that no script matches, and say how it differs."
    ),
    click.option(
        "--lenient",
        is_flag=True,
        help="Drop unknown fields and values of enums, with a warning in the log, instead of refusing them.",
    ),
    click.option(
        "--processing",
        "processing_s",
        type=click.FloatRange(0),
        default=_DEFAULTS.processing_s,
        show_default=True,
        metavar="SECONDS",
        help="How long an uploaded file stays PROCESSING.",
    ),
    click.option(
        "--background",
        "background_s",
        type=click.FloatRange(0),
        default=_DEFAULTS.background_s,
        show_default=True,
        metavar="SECONDS",
        help="How long a background interaction stays in_progress.",
    ),
    click.option(
        "--continue-after",
        "continuation_tokens",
        type=click.IntRange(1),
        metavar="TOKENS",
        help="Longer answers of interactions end in requires_continuation.",
    ),
    click.option(
        "--journal-mb",
        "journal_bytes",
        type=click.IntRange(1),
        default=_DEFAULTS.journal_bytes // 2**20,
        show_default=True,
        callback=lambda _ctx, _param, value: value * 2**20,
        metavar="MB",
        help="How much memory the log of requests may take; the oldest make room.",
    ),
    click.option(
        "--keep-pixels", is_flag=True, help="Keep the images in the log, not only thumbnails of them."
    ),
    click.option(
        "--seed", type=int, help="Make ids and times repeat from run to run, so that answers do to the byte."
    ),
)


def server(command: Callable[..., int]) -> Callable[..., int]:
    """Give ``command`` the options of a server, which it gets as ``settings``."""
    names = {field.name for field in fields(Settings)}

    @functools.wraps(command)
    def told(**options: Any) -> int:
        settings = Settings(**{name: options.pop(name) for name in names & options.keys()})
        return command(settings=settings, **options)

    for option in reversed(_SERVER):
        told = option(told)
    return told
