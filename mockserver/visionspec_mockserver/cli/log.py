"""``visionspec log``: what a mock server was asked, and what was wrong or unwise about it."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visionspec.cli._common import emit_json
from visionspec.errors import VisionSpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    Entry = dict[str, Any]

_POLL_S = 0.25
_LEVELS = ("MUST", "SHOULD", "MAY")


@click.command("log", short_help="What a mock server was asked, and what it answered.")
@click.option(
    "--url",
    envvar="GOOGLE_GEMINI_BASE_URL",
    default="http://127.0.0.1:8000",
    show_default=True,
    show_envvar=True,
    help="The mock server.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option("--operation", metavar="GLOB", help="generateContent, upload.* ...; a comma is an or.")
@click.option("--status", metavar="STATUS", help="404, 4xx, none (no answer); a comma is an or.")
@click.option("--model", metavar="GLOB", help="As for --operation.")
@click.option("--text", metavar="TEXT", help="What stands anywhere in it, bodies included.")
@click.option("--test", metavar="NAME", help="With the header x-visionspec-test: NAME.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="The newest N only.")
@click.option("--findings", is_flag=True, help="Only what was wrong or unwise; the exit code tells.")
@click.option(
    "--fail-on",
    type=click.Choice(_LEVELS),
    help="With --findings: which broken rules, and stronger ones, make the exit code 1.  [default: MUST]",
)
@click.option("--har", type=click.Path(path_type=Path, dir_okay=False), help="Write an HTTP archive instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; with --follow one in every line.")
def command(
    *,
    url: str,
    follow: bool,
    findings: bool,
    fail_on: str | None,
    har: Path | None,
    as_json: bool,
    **wanted: str | int | None,
) -> int:
    """Show the log of a mock server (`visionspec serve`), with keys taken out.

    The same as a page: URL/_mock/ in a browser.

    \b
    Examples:
      visionspec log
      visionspec log --follow --operation "upload.*"
      visionspec log --status 4xx,5xx,none --json
      visionspec log --findings
      visionspec log --har requests.har
    """
    import httpx  # noqa: PLC0415 - keeps --help light

    if fail_on and not findings:
        raise click.UsageError("--fail-on needs --findings")
    if follow and (har or findings):
        raise click.UsageError(
            f"--follow never ends, and --{'har' if har else 'findings'} is about the whole"
        )
    if har and (as_json or findings):
        raise click.UsageError("--har writes a file, and shows nothing")
    query = {name: value for name, value in wanted.items() if value is not None}
    if findings:
        query["findings"] = "true"
    base_url = url.rstrip("/") + "/_mock/"
    with httpx.Client(base_url=base_url, timeout=60, trust_env=False) as client:
        if har:
            return _write(har, _get(client, "log.har", query))
        page = _get(client, "log", query)
        if as_json and not follow:
            emit_json(page)
        else:
            shown = page["requests"]
            for entry in shown:
                _say(entry, as_json=as_json)
            if follow:
                _follow(client, query, shown, as_json=as_json)
    return _judged(page["requests"], fail_on or "MUST") if findings else 0


def _get(client: httpx.Client, path: str, query: dict[str, Any]) -> dict[str, Any]:
    import httpx  # noqa: PLC0415

    try:
        answer = client.get(path, params=query)
        found: dict[str, Any] = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise VisionSpecError(
            f"no server at {client.base_url}: {error or type(error).__name__} "
            "(start one with 'visionspec serve', or say where it is with --url)"
        ) from None
    except ValueError:
        raise VisionSpecError(f"what answers at {client.base_url} is no mock server of ours") from None
    if answer.status_code != 200 or not isinstance(found, dict):
        told = found.get("error", {}).get("message") if isinstance(found, dict) else None
        raise VisionSpecError(told or f"{client.base_url} answers with status {answer.status_code}")
    return found


def _write(path: Path, archive: dict[str, Any]) -> int:
    try:
        path.write_text(json.dumps(archive, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise VisionSpecError(f"cannot write {str(path)!r}: {error.strerror}") from None
    click.echo(f"{path}: {_counted(len(archive['log']['entries']), 'request')}", err=True)
    return 0


def _follow(client: httpx.Client, query: dict[str, Any], shown: list[Entry], *, as_json: bool) -> None:
    """Say what comes, once its answer has ended; after a reset the numbers begin again."""
    query = {name: value for name, value in query.items() if name != "limit"}
    last = max((entry["n"] for entry in shown), default=0)
    under_way = {entry["n"] for entry in shown if entry["total_ms"] is None}
    while True:
        time.sleep(_POLL_S)
        now = _last(client)
        if now < last:
            last, under_way = 0, set()
        after = min([last, *(n - 1 for n in under_way)])
        for entry in _get(client, "log", {**query, "after": after})["requests"]:
            if entry["n"] <= last and entry["n"] not in under_way:
                continue
            if entry["total_ms"] is None:
                under_way.add(entry["n"])
                continue
            under_way.discard(entry["n"])
            _say(entry, as_json=as_json)
            last = max(last, entry["n"])
        last = max(last, now)  # which was asked before: nothing came in between


def _last(client: httpx.Client) -> int:
    requests = _get(client, "log", {"limit": 1})["requests"]
    return requests[0]["n"] if requests else 0


def _say(entry: Entry, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(entry, ensure_ascii=False))
        return
    click.echo(_plain(" ".join(_line(entry))))
    for one in entry["findings"]:
        click.echo(_plain(f"      {one['level']} {one['rule']}: {one['message']} ({one['where']})"))


def _line(entry: Entry) -> Iterator[str]:
    at = datetime.fromisoformat(entry["at"]).astimezone()
    yield f"{entry['n']:5} {at:%H:%M:%S}"
    yield str(entry["status"] if entry["status"] is not None else "---")
    yield entry["operation"] or f"{entry['method']} {entry['path']}"
    if model := entry.get("model"):
        yield model
    yield "still under way" if entry["total_ms"] is None else f"{entry['total_ms']:.1f} ms"
    if tokens := entry.get("tokens"):
        asked = tokens["text"] + tokens["image"]
        yield f"{asked:,}+{tokens['output'] + tokens['thought']:,} tokens"
    for image in entry.get("images") or ():
        yield f"[{image['width_px']}x{image['height_px']} {image['mime_type'].removeprefix('image/')}]"
    for name in ("script", "fault", "test"):
        if told := entry.get(name):
            yield f"{name}={told}"
    yield from (f"({warning})" for warning in entry.get("warnings") or ())


def _plain(text: str) -> str:
    """One line without what a terminal would obey: whoever asked has written some of it."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)


def _judged(requests: list[Entry], fail_on: str) -> int:
    found = [one["level"] for entry in requests for one in entry["findings"]]
    told = ", ".join(f"{found.count(level)} {level}" for level in _LEVELS if level in found)
    click.echo(f"findings: {told or 'none'}", err=True)
    return int(any(_LEVELS.index(level) <= _LEVELS.index(fail_on) for level in found))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
