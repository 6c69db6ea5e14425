"""``visionspec check``: judge a server, a client, or an implementation of the rules."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from visionspec_conformance.cli import controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from visionspec_conformance.report import Event, Result
    from visionspec_conformance.run import Run

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

AREAS = ("upload", "files", "generate", "interactions", "models", "errors", "tokens", "media")
_OF_A_VERDICT = ("baseline", "update_baseline", "report", "junit", "html", "as_json")
_DASHES = {"ignore_unknown_options": False, "allow_interspersed_args": False}


@click.group("check", short_help="Judge a server, a client, or an implementation of the rules.")
def command() -> None:
    """Judge anyone's server, client or rules.

    Every check decides one rule (`visionspec rules`). A broken MUST fails, a broken SHOULD warns; where a
    rule is ambiguous, the behaviour that was seen is noted. A check whose prerequisite failed is untestable,
    which counts as failed. Exit codes: 0 fine, 1 the thing judged failed, 2 wrong usage or a fault of ours.
    """


command.add_command(controls.command)


def _shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that all three kinds have."""
    options: list[Decorator] = [
        click.option("--only", multiple=True, metavar="RULE", help="A rule, or all rules below a topic."),
        click.option(
            "--level", multiple=True, type=click.Choice(["MUST", "SHOULD", "MAY"]), help="Only such rules."
        ),
        click.option(
            "--requirements", metavar="NAME", help="Only, and all of, what a version requires: 2026-11."
        ),
        click.option("--baseline", type=click.Path(dir_okay=False), help="Known failures, as JSON."),
        click.option(
            "--update-baseline", is_flag=True, help="Write what fails now to --baseline, and be content."
        ),
        click.option("--report", type=click.Path(dir_okay=False), help="Write the NDJSON report."),
        click.option("--junit", type=click.Path(dir_okay=False), help="Write JUnit XML."),
        click.option("--html", type=click.Path(dir_okay=False), help="Write a page of rules and outcomes."),
        click.option("--json", "as_json", is_flag=True, help="Print the NDJSON report, and nothing else."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command("server", context_settings=_DASHES)
@click.option("--url", required=True, help="Base URL, e.g. http://127.0.0.1:8000")
@click.option("--area", multiple=True, type=click.Choice(AREAS), help="Only this area.")
@click.option(
    "--effort",
    type=click.Choice(["quick", "normal", "deep"]),
    default="normal",
    show_default=True,
    help="How many examples each check tries.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed tries other examples.")
@click.option("--api-version", default="v1beta", show_default=True, help="The version in the paths.")
@click.option("--api-key", default="conformance", help="Sent as x-goog-api-key; never written to a report.")
@click.option("--model", default="gemini-2.5-flash", show_default=True, help="The model to ask.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds per answer."
)
@click.option("--max-requests", type=click.IntRange(min=1), help="Send no more requests than this.")
@click.option("--max-bytes", type=click.IntRange(min=1), help="Send no more bytes of bodies than this.")
@click.option(
    "--dry-run", is_flag=True, help="Send it all to a mock server instead, and say how much it was."
)
@_shared
@click.argument("pytest_options", nargs=-1, type=click.UNPROCESSED)
def server(
    url: str, *, area: Sequence[str], dry_run: bool, pytest_options: Sequence[str], **options: Any
) -> int:
    """Check a server over raw HTTP. What follows `--` goes to pytest (-x, -k, -n ...).

    \b
    Examples:
      visionspec check server --url http://127.0.0.1:8000
      visionspec check server --url http://127.0.0.1:8000 --only upload --effort deep
      visionspec check server --url https://example.test --max-requests 200 --dry-run
    """
    _check_url(url)
    if not re.fullmatch(r"v\d\w*", options["api_version"]):
        raise click.BadParameter("write v1beta, v1 or v1alpha", param_hint="--api-version")
    words = [
        *(f"--only-area={name}" for name in area),
        f"--effort={options['effort']}",
        f"--target-api-version={options['api_version']}",
        f"--target-api-key={options['api_key']}",
        f"--target-model={options['model']}",
        f"--target-timeout={options['timeout']}",
        *(
            f"--{name}={options[name.replace('-', '_')]}"
            for name in ("max-requests", "max-bytes")
            if options[name.replace("-", "_")] is not None
        ),
        *pytest_options,
    ]
    if dry_run and (useless := [name for name in _OF_A_VERDICT if options[name]]):
        names = ", ".join(f"--{name.removeprefix('as_').replace('_', '-')}" for name in useless)
        raise click.UsageError(f"--dry-run judges nothing, so there is nothing for {names}")
    if not dry_run:
        return _run("server", [f"--target-url={url}", *words], options)
    from visionspec_conformance.views import dry  # noqa: PLC0415
    from visionspec_mockserver import MockServer  # noqa: PLC0415

    with MockServer() as mock:
        run = _quiet("server", [f"--target-url={mock.url}", *words], options)
    click.echo(dry.render(url, run.results), nl=False)
    return 0 if run.footer else 2


@command.command("client", context_settings=_DASHES)
@click.option("--faults", is_flag=True, help="Run it once more with each fault, and see what it does then.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=300.0,
    show_default=True,
    help="Seconds a run may take.",
)
@_shared
@click.argument("program", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED, required=True)
def client(program: Sequence[str], *, faults: bool, timeout: float, **options: Any) -> int:
    """Run a program against a fresh mock server and judge what it sends.

    The program finds the server in its environment: GOOGLE_GEMINI_BASE_URL and GEMINI_API_KEY, as the
    official SDKs read them. It is judged by what it sends; its exit code is not its conformance.

    With --faults it runs seven times: as it is; with a lost reply, a reset connection, an upload broken off,
    503, and 429 with RetryInfo, each for a chunk and for a question; and with files that are not ACTIVE at
    once.

    \b
    Examples:
      visionspec check client -- python my_app.py
      visionspec check client --faults -- node my_app.mjs
    """
    _check_program(program)
    words = [f"--target-command={shlex.join(program)}", f"--client-timeout={timeout}"]
    return _run("client", [*words, *(["--faults"] if faults else [])], options)


@command.command("rules", context_settings=_DASHES)
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=10.0, show_default=True, help="Seconds per answer."
)
@_shared
@click.argument("adapter", nargs=-1, type=click.UNPROCESSED, required=True)
def rules(adapter: Sequence[str], *, timeout: float, **options: Any) -> int:
    """Check an implementation of the rules, in any language, against the vectors.

    ADAPTER reads one JSON object per line, {"id", "function", "input"}, and writes one per line:
    {"id", "output"}, or {"id", "error": {"type", "message"}} for input that it refuses. The error type
    NotImplemented says that it does not have the function; those vectors are skipped.

    \b
    Examples:
      visionspec check rules -- python -m visionspec_conformance.rules.adapter
      visionspec check rules --only tokens -- node adapter.mjs
    """
    _check_program(adapter)
    return _run("rules", [f"--target-command={shlex.join(adapter)}", f"--target-timeout={timeout}"], options)


@command.command("matrix")
@click.argument("reports", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--html", required=True, type=click.Path(dir_okay=False), help="Where to write the page.")
def matrix(reports: Sequence[str], html: str) -> None:
    """Write one page of several NDJSON reports: rules down, targets across."""
    from visionspec_conformance import report  # noqa: PLC0415
    from visionspec_conformance.views import html as view  # noqa: PLC0415

    text = view.render([report.read(Path(path)) for path in reports])
    Path(html).write_text(text, encoding="utf-8")


def _check_url(url: str) -> None:
    problem = _problem(url)
    if problem:
        raise click.BadParameter(f"{url!r} {problem}; write e.g. http://127.0.0.1:8000", param_hint="--url")


def _problem(url: str) -> str | None:
    """What is wrong with a base URL, if anything."""
    try:
        parts = urlsplit(url)
        port = parts.port  # that it is one is seen when it is read
    except ValueError as error:
        return f"is no URL ({error})"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or re.search(r"\s", url):
        return "is no base URL"
    if parts.username is not None:
        return "holds a name and a password, which every report would show"
    if parts.query or parts.fragment or parts.path.endswith("/models"):
        return "is more than a base URL"
    if re.fullmatch(r"v\d\w*", parts.path.rstrip("/").rpartition("/")[2]):
        return "ends with a version, which --api-version says"
    return None


def _check_program(words: Sequence[str]) -> None:
    if shutil.which(words[0]) is None:
        raise click.BadParameter(f"no program {words[0]!r} to run", param_hint="the command")


def _words(options: dict[str, Any]) -> list[str]:
    words = [*(f"--only-rule={rule}" for rule in options["only"])]
    words += [f"--only-level={level}" for level in options["level"]]
    for name, option in (
        ("report", "conformance-report"),
        ("junit", "conformance-junit"),
        ("html", "conformance-html"),
    ):
        if options[name]:
            words.append(f"--{option}={Path(options[name]).resolve()}")
    if options["requirements"]:
        words.append(f"--requirements={options['requirements']}")
    if options["baseline"] and not options["update_baseline"]:
        if not Path(options["baseline"]).is_file():
            raise click.BadParameter(
                f"{options['baseline']} does not exist; --update-baseline makes it", param_hint="--baseline"
            )
        words.append(f"--baseline={Path(options['baseline']).resolve()}")
    return words


def _quiet(kind: str, words: Sequence[str], options: dict[str, Any]) -> Run:
    from visionspec_conformance.run import run_checks  # noqa: PLC0415 - pytest and Hypothesis stay out of --help

    with _progress(kind) as progress:
        return run_checks(kind, [*words, *_words(options)], seed=options.get("seed", 0), progress=progress)


def _run(kind: str, words: Sequence[str], options: dict[str, Any]) -> int:
    from visionspec_conformance.report import to_line  # noqa: PLC0415
    from visionspec_conformance.views import terminal  # noqa: PLC0415

    if options["update_baseline"] and not options["baseline"]:
        raise click.UsageError("--update-baseline needs --baseline FILE, which it writes")

    run = _quiet(kind, words, options)
    if run.header is None:
        return 2
    if options["as_json"]:
        events: list[Event] = [run.header, *run.results, *([run.footer] if run.footer else [])]
        click.echo("\n".join(map(to_line, events)))
    else:
        tty = sys.stdout.isatty()
        width = max(60, shutil.get_terminal_size().columns) if tty else terminal.NO_WRAPPING
        text = terminal.render(run.header, run.results, run.footer, colour=tty, width=width)
        click.echo(text, nl=False)
    if run.footer is not None and not any(result.outcome != "skipped" for result in run.results):
        click.echo("visionspec: nothing was decided: no check was selected, or all were skipped", err=True)
    if options["update_baseline"] and run.footer is not None and run.exit_code != 2:
        from visionspec_conformance import baseline  # noqa: PLC0415

        known = baseline.update(Path(options["baseline"]), run.results)
        click.echo(f"{options['baseline']}: {len(known)} known failures", err=True)
        return 0
    return run.exit_code


@contextlib.contextmanager
def _progress(kind: str) -> Iterator[Callable[[int | None, Result | None], None] | None]:
    """A bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"checking {kind}", total=None)

        def advance(total: int | None, result: Result | None) -> None:
            rule = result.rule if result else ""
            bar.update(task, total=total, advance=1, description=f"checking {kind}  {rule:<36}")

        yield advance
