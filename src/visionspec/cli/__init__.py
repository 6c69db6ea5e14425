"""The ``visionspec`` command. One file per subcommand; the outer rooms register theirs as entry points."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from visionspec.cli._common import fail
from visionspec.errors import MissingExtra, VisionSpecError

_OWN = ("tokens", "decode", "lint", "rules")
_ORDER = ("demo", "serve", "run", "log", "scripts", "tokens", "decode", "lint", "rules", "check")
_EXTRA_OF = {
    "cv2": "mockserver",
    "pyjson5": "mockserver",
    "starlette": "mockserver",
    "trustme": "mockserver",
    "uvicorn": "mockserver",
    "yaml": "mockserver",
    "hypothesis": "conformance",
    "pytest": "conformance",
}


class _Commands(click.Group):
    """Imports a subcommand when it is asked for, so that ``visionspec tokens`` never loads the server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        names = {*_OWN, *_outer()}
        return sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> Any:
        del ctx
        if cmd_name in _OWN:
            return importlib.import_module(f"visionspec.cli.{cmd_name}").command
        entry = _outer().get(cmd_name)
        return entry.load() if entry else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - only on a typing mistake

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None


def _outer() -> dict[str, Any]:
    from importlib.metadata import distribution  # noqa: PLC0415 - 10 ms that most subcommands do not need

    # of this distribution alone: to look through all that are installed takes much longer
    found = distribution("visionspec").entry_points.select(group="visionspec.commands")
    return {entry.name: entry for entry in found}


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="visionspec", message="visionspec %(version)s")
def group() -> None:
    """The offline reference for Gemini image understanding.

    Start with `visionspec demo`. Every command has its own --help; --json prints one JSON document and
    nothing else. Exit codes: 0 fine, 1 the thing judged failed, 2 wrong usage or a fault of ours.
    """


def main() -> None:
    """Run the command line; errors of ours become one line on stderr and exit code 2."""
    try:
        code = group.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except VisionSpecError as error:
        fail(str(error))
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA_OF:
            raise
        fail(str(MissingExtra(f"'{error.name}', which this command needs,", _EXTRA_OF[error.name])))
    except BrokenPipeError:
        sys.stderr.close()  # the reader left; Python would complain about its own flush
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
