"""``visionspec run``: a command with the SDKs' environment pointed at a fresh mock."""

from __future__ import annotations

import os
import signal
import subprocess

import click


@click.command(
    "run",
    short_help="Run a command against a fresh mock server.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND ...")
def command(command: tuple[str, ...]) -> int:
    """Run COMMAND with the environment of the official SDKs pointed at a mock server of its own.

    The server lives as long as the command; the exit code is the command's.

    \b
    Examples:
      visionspec run -- python app.py
      visionspec run -- node app.mjs
      visionspec run -- pytest
    """
    from visionspec_mockserver.threaded import MockServer  # noqa: PLC0415 - keeps --help light

    with MockServer() as server:
        click.echo(f"mock server at {server.url}", err=True)
        try:
            child = subprocess.Popen(command, env={**os.environ, **server.env()})  # noqa: S603 - the user's own command
        except OSError as error:
            raise click.UsageError(f"cannot run {command[0]!r}: {error.strerror}") from error
        while True:
            try:
                code = child.wait()
                break
            except KeyboardInterrupt:  # the terminal sent it to the child too: let it end in its own way
                continue
    return code if code >= 0 else 128 + signal.Signals(-code)
