"""``visionspec lint``: what to change about an image or a request before it is sent."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from visionspec.cli._common import console, emit_json, fail
from visionspec.errors import InvalidInput

if TYPE_CHECKING:
    from visionspec.rules.advice import Finding
    from visionspec.rules.tokens import Basis

_NEEDLESS_COMMA = re.compile(rb",\s*[}\]]")  # as in the bodies of the documents' own curl samples
_COLOUR = {"MUST": "red", "SHOULD": "yellow", "MAY": "cyan"}


@click.command("lint", short_help="What to change about an image or a request before it is sent.")
@click.argument("files", nargs=-1, required=True, metavar="REQUEST.json|IMAGE ...")
@click.option("--model", help="The model that would be asked. Default: what the request says.")
@click.option(
    "--basis",
    type=click.Choice(["documented", "observed"]),
    help="How tokens are counted. Default: by model family, as `visionspec tokens` does.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(files: tuple[str, ...], model: str | None, basis: Basis | None, *, as_json: bool) -> None:
    """Check limits, MIME types, orientation, blur, prompt order and cost, without sending anything.

    A file is told by its content: a JSON object is the body of a request (interactions or generateContent),
    anything else is an image.

    Exit code: 1 if a MUST is broken; 0 if there is only advice (SHOULD, MAY), or none; 2 if a file cannot be
    read or is no request.

    \b
    Examples:
      visionspec lint photo.jpg scan.png
      visionspec lint request.json --model gemini-2.5-flash --json
    """
    if model is not None:
        _check_model(model)
    findings = [finding for file in files for finding in _lint(file, model, basis)]
    if as_json:
        emit_json({"findings": [dataclasses.asdict(finding) for finding in findings]})
    else:
        _print(findings, len(files))
    if any(finding.level == "MUST" for finding in findings):
        sys.exit(1)


def _check_model(model: str) -> None:
    from visionspec.rules.tokens import family_of  # noqa: PLC0415 - keeps --help light

    try:
        family_of(model)
    except InvalidInput as error:
        raise click.UsageError(str(error)) from error


def _lint(file: str, model: str | None, basis: Basis | None) -> list[Finding]:
    from visionspec.rules.advice import lint_image, lint_request  # noqa: PLC0415

    try:
        data = Path(file).read_bytes()
    except OSError as error:
        fail(f"cannot read {file!r}: {error.strerror or error}")
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return lint_image(data, where=file, model=model, basis=basis)
    try:
        body = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        hint = "; take out the comma before a closing bracket" if _NEEDLESS_COMMA.search(data) else ""
        fail(f"{file} is not JSON: {error}{hint}")
    if not isinstance(body, dict):
        fail(f"{file}: the body of a request is a JSON object, not a list")
    try:
        findings = lint_request(body, model=model, basis=basis, size_bytes=len(data))
    except InvalidInput as error:
        fail(f"{file}: {error}")
    return [dataclasses.replace(finding, where=f"{file}: {finding.where}") for finding in findings]


def _print(findings: list[Finding], files: int) -> None:
    from rich.markup import escape  # noqa: PLC0415

    out = console()
    for finding in findings:
        colour = _COLOUR[finding.level]
        out.print(
            f"[bold]{escape(finding.where)}[/]  [{colour}]{finding.level}[/]  {finding.rule}\n"
            f"  {escape(finding.message)}"
        )
    counts = ", ".join(
        f"{sum(finding.level == level for finding in findings)} {level}"
        for level in _COLOUR
        if any(finding.level == level for finding in findings)
    )
    out.print(f"{files} file{'s' * (files != 1)}: {counts or 'nothing to change'}")
