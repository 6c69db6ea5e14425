"""What the subcommands share: sizes as parameters, JSON on stdout, one line on stderr."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from visionspec.errors import InvalidSize
from visionspec.rules.grids import check_size

if TYPE_CHECKING:
    from rich.console import Console

    _SizeType = click.ParamType[tuple[int, int]]
else:
    _SizeType = click.ParamType  # generic only since click 8.4

_SIZE = re.compile(r"(\d{1,20})\s*[xX×]\s*(\d{1,20})")  # noqa: RUF001 - people paste the real multiplication sign


def parse_size(text: str) -> tuple[int, int] | None:
    """``"960x540"`` -> ``(960, 540)``, in pixels; None if ``text`` is no size."""
    match = _SIZE.fullmatch(text.strip())
    return (int(match[1]), int(match[2])) if match else None


class _Size(_SizeType):
    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        size = parse_size(str(value))
        if size is None:
            self.fail(f"{value!r} is no size; write width x height in pixels, e.g. 960x540", param, ctx)
        try:
            return check_size(*size)
        except InvalidSize as error:
            self.fail(f"{value!r}: {error}", param, ctx)


SIZE = _Size()


def emit_json(document: object) -> None:
    """Print ``document`` as the only thing on stdout."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def fail(message: str) -> NoReturn:
    """Say what is wrong in one line on stderr, and exit with 2."""
    click.echo(f"visionspec: {message}", err=True)
    sys.exit(2)


def console(*, stderr: bool = False) -> Console:
    """A rich console; outside a terminal plain text, in lines as long as they need to be."""
    from rich.console import Console  # noqa: PLC0415 - 40 ms that --json and --help do not need

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 200)
