"""``visionspec scripts``: check files of scripted answers, and take the digests of images for them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from visionspec.cli._common import emit_json

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("scripts", short_help="Check scripted answers; digests of images for them.")
def command() -> None:
    """Answers that you write, for `visionspec serve --script FILE` and MockServer(scripts=[...])."""


@command.command("check", short_help="What is wrong with a file of scripts, and in which line.")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE ...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def check(*, files: tuple[Path, ...], as_json: bool) -> int:
    """Check files of scripts and faults as the server reads them.

    An error makes the exit code 1. A warning does not: it says what is allowed and hardly meant.

    \b
    Examples:
      visionspec scripts check answers.yaml
      visionspec scripts check --json *.yaml
    """
    from visionspec_mockserver.scripts.checking import checked  # noqa: PLC0415 - keeps --help light

    judged = {path: checked(path) for path in files}
    broken = any(finding.level == "error" for one in judged.values() for finding in one.findings)
    if as_json:
        emit_json(
            {
                "files": [
                    {
                        "file": str(path),
                        "scripts": judged[path].scripts,
                        "faults": judged[path].faults,
                        "findings": [one._asdict() for one in judged[path].findings],
                    }
                    for path in judged
                ]
            }
        )
        return int(broken)
    for path, (scripts, faults, found) in judged.items():
        for one in found:
            at = f"{path}:{one.line}" if one.line else str(path)
            click.echo(": ".join(part for part in (at, one.level, one.where, one.message) if part))
        if not any(one.level == "error" for one in found):
            click.echo(f"{path}: {_counted(scripts, 'script')}, {_counted(faults, 'fault')}: fine")
    return int(broken)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


@command.command("digest", short_help="The digests by which a script recognises an image.")
@click.argument("images", nargs=-1, required=True, type=_FILE, metavar="IMAGE ...")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def digest(*, images: tuple[Path, ...], as_json: bool) -> int:
    """Print sha256 (the very same bytes) and dhash (looks alike) of images.

    \b
    Examples:
      visionspec scripts digest photo.jpg
    """
    from visionspec_mockserver.scripts.digests import dhash  # noqa: PLC0415 - loads Pillow

    found = []
    for path in images:
        data = path.read_bytes()
        found.append(
            {
                "file": str(path),
                "sha256": hashlib.sha256(data).hexdigest(),
                "dhash": f"{dhash(data):016x}",
            }
        )
    if as_json:
        emit_json({"images": found})
        return 0
    for one in found:
        click.echo(f"{one['file']}\n  sha256: {one['sha256']}\n  dhash:  {one['dhash']}")
    return 0
