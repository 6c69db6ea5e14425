"""``visionspec serve``: the mock server until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import get_args

import click

from visionspec_mockserver.settings import Basis, Settings

_WARM_AFTER_S = 0.5


def _mapped(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    found = []
    for value in values:
        url, equals, name = value.rpartition("=")  # a URL may hold a "=", a file name seldom does
        if not equals or not url.startswith(("https://", "http://")):
            raise click.BadParameter(
                f"{value!r} is not URL=FILE, as in https://example.com/a.jpg=photo.jpg", ctx, param
            )
        if not Path(name).is_file():
            raise click.BadParameter(f"there is no file {name!r} for {url}", ctx, param)
        found.append((url, Path(name)))
    return tuple(found)


@click.command("serve", short_help="The mock server, until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="What to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 picks a free one."
)
@click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep files and interactions here; without it they go when the server goes.",
)
@click.option("--api-key", "api_keys", multiple=True, metavar="KEY", help="Let only this key in; repeatable.")
@click.option(
    "--basis", type=click.Choice(get_args(Basis)), help="Count image tokens so, whatever the model's family."
)
@click.option(
    "--map",
    "mapped",
    callback=_mapped,
    multiple=True,
    metavar="URL=FILE",
    help="What stands behind an https:// image URI; repeatable.",
)
@click.option("--seed", type=int, help="Make ids repeat from run to run.")
@click.option("--lenient", is_flag=True, help="Drop unknown fields with a warning instead of refusing them.")
def command(
    *,
    host: str,
    port: int,
    store: Path | None,
    api_keys: tuple[str, ...],
    basis: Basis | None,
    mapped: tuple[tuple[str, Path], ...],
    seed: int | None,
    lenient: bool,
) -> int:
    """Serve the Gemini endpoints that understand images, offline.

    Prints "listening on http://HOST:PORT" once it takes connections. What is under /_mock/ is for you:
    health, log, reset, clock, urls.

    \b
    Examples:
      visionspec serve
      visionspec serve --port 0 --api-key secret
      visionspec serve --map https://example.com/image1.jpg=photo.jpg
    """
    from visionspec_mockserver.app import create_app  # noqa: PLC0415 - keeps --help light
    from visionspec_mockserver.core import warm  # noqa: PLC0415
    from visionspec_mockserver.threaded import Server, config, listen, url_of  # noqa: PLC0415

    settings = Settings(
        api_keys=api_keys,
        basis=basis,
        url_map=dict(mapped),
        seed=seed,
        lenient=lenient,
        store=store,
        host=host,
        port=port,
    )
    listener = listen(host, port)
    url = url_of(listener)

    warming = threading.Timer(_WARM_AFTER_S, warm)  # not before the first requests, which it would hold up
    warming.daemon = True

    def listening() -> None:
        click.echo(f"listening on {url}")
        sys.stdout.flush()
        warming.start()
        key = api_keys[0] if api_keys else "any"
        click.echo(f"export GOOGLE_GEMINI_BASE_URL={url} GEMINI_API_KEY={key}", err=True)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn shuts down, then raises it again
    try:
        Server(config(create_app(settings)), when_up=listening).run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # the same with SIGINT: the end is what was asked for
    finally:
        warming.cancel()
        listener.close()
    return 0
