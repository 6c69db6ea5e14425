"""``visionspec serve``: the mock server until Ctrl-C."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from visionspec_mockserver.cli import _options

if TYPE_CHECKING:
    from visionspec_mockserver.settings import Settings


@click.command("serve", short_help="The mock server, until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="What to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 picks a free one."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes on one --store; what is under /_mock/ but reset is then each one's own.",
)
@_options.server
def command(*, host: str, port: int, workers: int, settings: Settings) -> int:
    """Serve the Gemini endpoints that understand images, offline.

    Prints "listening on http://HOST:PORT" once it takes connections. What is under /_mock/ is for you:
    health, log, reset, clock, urls, scripts, faults, metrics, and a page that shows the log as it grows.

    \b
    Examples:
      visionspec serve
      visionspec serve --port 0 --api-key secret
      visionspec serve --store kept --workers 4
      visionspec serve --map https://example.com/image1.jpg=photo.jpg
      visionspec serve --script answers.yaml --strict
    """
    from visionspec_mockserver import workers as processes  # noqa: PLC0415 - keeps --help light
    from visionspec_mockserver.threaded import listen, url_of  # noqa: PLC0415

    if workers > 1 and settings.store is None:
        raise click.UsageError("--workers needs --store: without one no two processes know the same files")
    if workers > 1 and settings.seed is not None:
        raise click.UsageError("--seed needs one worker: several take turns that nothing repeats")
    listener = listen(host, port)
    url = url_of(listener)

    def listening() -> None:
        click.echo(f"listening on {url}")
        sys.stdout.flush()
        key = (*settings.api_keys, "any")[0]
        click.echo(f"export GOOGLE_GEMINI_BASE_URL={url} GEMINI_API_KEY={key}", err=True)

    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn shuts down, then raises them again
        signal.signal(number, lambda *_: sys.exit(0))
    with listener:
        if workers == 1:
            processes.serve(settings, listener, when_up=listening)
        else:
            processes.serve_in(workers, settings, listener, when_up=listening)
    return 0
