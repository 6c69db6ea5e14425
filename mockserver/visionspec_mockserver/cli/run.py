"""``visionspec run``: a command whose requests to the service meet a fresh mock."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import click

from visionspec_mockserver.cli import _options

if TYPE_CHECKING:
    from visionspec.rules.advice import Level
    from visionspec_mockserver.settings import Settings
    from visionspec_mockserver.threaded import MockServer


@click.command(
    "run",
    short_help="Run a command against a fresh mock server.",
    context_settings={"allow_interspersed_args": False},
)
@_options.server
@click.option("--verdict", is_flag=True, help="Say at the end what was wrong or unwise about the requests.")
@click.option(
    "--fail-on",
    type=click.Choice(["MUST", "SHOULD", "MAY"]),
    help="With a verdict: which broken rules, and stronger ones, make the exit code 1.  [default: MUST]",
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND ...")
def command(*, command: tuple[str, ...], settings: Settings, verdict: bool, fail_on: Level | None) -> int:
    """Run COMMAND with the service's endpoints led to a mock server of its own, by its environment alone.

    The official SDKs find the mock by its URL. What has https://generativelanguage.googleapis.com written
    into it finds it as well, by TLS, and so do requests for mapped https:// URLs (HEAD and GET): curl, wget,
    Python, Go, node, and whatever else heeds HTTPS_PROXY. Other hosts are passed through, unread, and named
    on stderr. The machine's trust store is not touched; variables that are set already are added to.

    The server lives as long as the command; the exit code is the command's. With --verdict (or --fail-on)
    a command that ended well has the exit code 1 if its requests broke a rule.

    \b
    Examples:
      visionspec run -- python app.py
      visionspec run -- pytest
      visionspec run --verdict -- python app.py
      visionspec run --map https://example.com/image1.jpg=photo.jpg -- bash ask.sh
    """
    from visionspec_mockserver.https import Front  # noqa: PLC0415 - keeps --help light
    from visionspec_mockserver.threaded import MockServer  # noqa: PLC0415

    with MockServer(settings) as server, Front(server, passing=_passing) as front:
        click.echo(f"mock server at {server.url}", err=True)
        env = {**os.environ, **front.env(os.environ), **server.env()}
        # A terminal sends Ctrl-C to the command too, which ends in its own way; SIGTERM is handed on to it.
        early: list[int] = []
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as under nohup: the command inherits that
            signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda number, _: early.append(number))
        if verdict or fail_on:
            server.app.state.mock.verdict.keep_up()
        try:
            child = subprocess.Popen(command, env=env)  # noqa: S603 - the user's own command
        except OSError as error:
            raise click.UsageError(f"cannot run {command[0]!r}: {error.strerror}") from error
        signal.signal(signal.SIGTERM, lambda number, _: child.send_signal(number))
        for number in early:
            child.send_signal(number)
        code = child.wait()
        if verdict or fail_on:
            judged = _judge(server, fail_on or "MUST")
            code = code or judged
    return code if code >= 0 else 128 + signal.Signals(-code)


def _judge(server: MockServer, fail_on: Level) -> int:
    """Say what there is to say on stderr: stdout is the command's."""
    from visionspec_mockserver.verdict.judging import summary  # noqa: PLC0415 - keeps --help light

    found = server.findings()
    for line in summary(found):
        click.echo(line, err=True)
    counts = Counter(one.finding.level for one in found)
    told = ", ".join(f"{counts[level]} {level}" for level in ("MUST", "SHOULD", "MAY") if counts[level])
    click.echo(f"verdict on {len(server.requests)} requests: {told or 'nothing to say'}", err=True)
    if missed := server.app.state.mock.verdict.missed:
        click.echo(
            f"{missed} of them, or their bodies, were let go of before they were looked into", err=True
        )
    return 1 if server.findings(fail_on) else 0


def _passing(host: str) -> None:
    click.echo(f"visionspec run: {host} is neither the service nor mapped: passed through", err=True)
