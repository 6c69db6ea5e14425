"""``visionspec check controls``: the checks themselves, judged."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from visionspec_conformance.broken import Control
    from visionspec_conformance.trial import Verdict


@click.command("controls")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="A rule, all rules below a topic, or one control by its name.",
)
@click.option("--list", "listed", is_flag=True, help="Say which controls there are, and try none.")
@click.option(
    "--all-checks", is_flag=True, help="Run all checks, also those that a break does nothing to; takes long."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(only: Sequence[str], *, listed: bool, all_checks: bool, as_json: bool) -> int:
    """Try the checks themselves: break one rule after the other, and see what notices.

    A negative control is a server, a client or an adapter of ours that breaks one rule. It is caught if the checks that
    decide the rule fail. Checks of other rules must not notice it, but for those that are declared to be
    related, each with the reason; a relation that does not come true is an error as well.

    The honest server is asked first, by every check, with every break beside it: a check that a break does
    nothing to cannot notice it, and is left out, unless you say --all-checks.

    \b
    Examples:
      visionspec check controls
      visionspec check controls --only upload.start --only files
      visionspec check controls --only pages-overlap --json
    """
    from visionspec.cli._common import emit_json  # noqa: PLC0415
    from visionspec_conformance import breaks, trial  # noqa: PLC0415 - pytest and Hypothesis stay out of --help

    chosen = [control for control in breaks.controls() if not only or _is_meant(control, only)]
    if not chosen:
        raise click.UsageError(f"no negative control for {', '.join(only)}; --list says which there are")
    if listed:
        _list(chosen, as_json=as_json)
        return 0
    if sys.stderr.isatty() and any(control.make for control in chosen):
        click.echo("asking the honest server first, some ten seconds ...", err=True)
    verdicts = []
    for control in chosen:
        verdicts.append(trial.try_control(control, all_checks=all_checks))
        if not as_json:
            click.echo("\n".join(_lines(verdicts[-1])))
    good = all(verdict.good for verdict in verdicts)
    if as_json:
        emit_json({"controls": [_document(verdict) for verdict in verdicts], **trial.count(verdicts)})
    else:
        click.echo(trial.summary(**trial.count(verdicts)))
    return 0 if good else 1


def _is_meant(control: Control, only: Sequence[str]) -> bool:
    return any(name in control.key or control.rule.startswith(f"{name}.") for name in only)


def _list(controls: Sequence[Control], *, as_json: bool) -> None:
    from visionspec.cli._common import emit_json  # noqa: PLC0415

    if as_json:
        emit_json({"controls": [_described(control) for control in controls]})
        return
    for control in controls:
        click.echo(f"{control.kind:<6}  {control.rule:<32} {control.name}")
    click.echo(f"{len(controls)} negative controls")


def _described(control: Control) -> dict[str, Any]:
    return {
        "rule": control.rule,
        "break": control.name,
        "kind": control.kind,
        "checks": list(control.checks),
        "related": dict(control.related),
    }


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        **_described(verdict.control),
        "caught_by": verdict.caught_by,
        "missed": verdict.missed,
        "stale": verdict.stale,
        "others": [
            {"rule": one.rule, "check": one.check, "outcome": one.outcome, "reason": one.reason}
            for one in verdict.others
        ],
        "checks_run": verdict.checks,
    }


def _lines(verdict: Verdict) -> Iterator[str]:
    control = verdict.control
    yield f"{'caught' if verdict.caught else 'MISSED'}  {control.rule:<32} {control.name}"
    for name in verdict.caught_by:
        yield f"        by {name}"
    for name in verdict.missed:
        yield f"      ! not by {name}"
    for rule in verdict.related:
        yield f"        related: {rule}, because {control.related[rule]}"
    for rule in verdict.stale:
        yield f"      ! said to be related, but does not notice: {rule}"
    for one in verdict.others:
        yield f"      ! noticed by an unrelated rule: {one.rule}, {one.check}: {one.reason}"
