"""``visionspec rules``: the rules, and everything that stands behind one of them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import click

from visionspec.cli._common import console, emit_json

if TYPE_CHECKING:
    from visionspec.spec import Rule


@click.command("rules", short_help="The rules; one rule with its sources, functions, vectors and checks.")
@click.argument("rule_id", metavar="[ID]", required=False)
@click.option("--level", type=click.Choice(["MUST", "SHOULD", "MAY"]), help="Only rules of this level.")
@click.option(
    "--status",
    type=click.Choice(["documented", "observed", "inferred", "tentative"]),
    help="Only rules that rest on this kind of evidence.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(rule_id: str | None, level: str | None, status: str | None, *, as_json: bool) -> None:
    """List the rules, or show one (or all of one topic: `visionspec rules tokens`).

    \b
    Examples:
      visionspec rules
      visionspec rules tokens.tile-count
      visionspec rules boxes --json
    """
    from visionspec import spec  # noqa: PLC0415 - pydantic stays out of --help

    known = spec.rules()
    chosen = [
        rule
        for rule in known.values()
        if (rule_id is None or rule.id == rule_id or rule.id.startswith(f"{rule_id}."))
        and level in (None, rule.level)
        and status in (None, rule.status)
    ]
    if rule_id is not None and not any(
        rule.id == rule_id or rule.id.startswith(f"{rule_id}.") for rule in known.values()
    ):
        near = difflib.get_close_matches(rule_id, known, n=3, cutoff=0.4)
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise click.UsageError(f"no rule {rule_id!r}{hint}")
    if as_json:
        emit_json({"rules": [_as_json(rule) for rule in chosen]})
    elif len(chosen) == 1 and rule_id == chosen[0].id:
        _print_one(_as_json(chosen[0]))
    else:
        _print_list(chosen)


def _as_json(rule: Rule) -> dict[str, Any]:
    from visionspec import trace  # noqa: PLC0415

    document = rule.model_dump(exclude_none=True)
    document["functions"] = trace.functions().get(rule.id, [])
    document["vectors"] = trace.vectors().get(rule.id, [])
    document["checks"] = trace.checks().get(rule.id, [])
    return document


_COLOUR = {"documented": "green", "observed": "cyan", "inferred": "yellow", "tentative": "magenta"}


def _print_list(rules: list[Rule]) -> None:
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("rule", no_wrap=True)
    table.add_column("level", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("text", overflow="fold")
    for rule in rules:
        table.add_row(rule.id, rule.level, f"[{_COLOUR[rule.status]}]{rule.status}[/]", escape(rule.text))
    out.print(table)
    counts = ", ".join(f"{sum(rule.status == status for rule in rules)} {status}" for status in _COLOUR)
    out.print(f"\n{len(rules)} rules: {counts}")


def _print_one(rule: dict[str, Any]) -> None:
    from rich.markup import escape  # noqa: PLC0415

    out = console()
    colour = _COLOUR[rule["status"]]
    out.print(
        f"[bold]{rule['id']}[/]  {rule['level']}  [{colour}]{rule['status']}[/]  since {rule['since']}\n"
    )
    out.print(escape(rule["text"]), "\n")
    for place in rule["provenance"]:
        document = f"{place['document']}:{place['lines']}" if "document" in place else ""
        fact = f"fact {place['fact']}" if "fact" in place else ""
        out.print("source     ", escape("  ".join(filter(None, [document, fact, place.get("source", "")]))))
    if ambiguity := rule.get("ambiguity"):
        out.print("\nambiguous  ", escape(ambiguity["text"]))
        for reading in ambiguity["readings"]:
            mark = "[bold]chosen[/]" if reading["chosen"] else "other "
            out.print(f"  {mark}  {escape(reading['name'])}: {escape(reading['text'])}")
        if ambiguity["contradiction"]:
            out.print("  contradictions recorded:", ", ".join(ambiguity["contradiction"]))
    if "excluded" in rule:
        out.print("\nexcluded   ", escape(rule["excluded"]))
    out.print()
    for title in ("functions", "vectors", "checks"):
        for index, value in enumerate(rule[title]):
            out.print(f"{title if not index else '':<11}", escape(value))
