"""A page: rules down, targets across, the worst outcome of each rule in the cell; failures in full below.

One file without scripts or outside references, so that it can be attached to a build.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from visionspec_conformance.report import Exchange, Footer, Header, Message, Outcome, Result

    Runs = Sequence[tuple[Header, Sequence[Result], Footer | None]]

_WORST: tuple[Outcome, ...] = ("error", "failed", "untestable", "warned", "noted", "passed", "skipped")
_SIGN: dict[Outcome, str] = {
    "error": "!",
    "failed": "\N{MULTIPLICATION SIGN}",
    "untestable": "?",
    "warned": "\N{WARNING SIGN}\N{VARIATION SELECTOR-15}",
    "noted": "\N{ALMOST EQUAL TO}",
    "passed": "\N{CHECK MARK}",
    "skipped": "\N{EN DASH}",
}


def _style() -> str:
    return files("visionspec_conformance.views").joinpath("page.css").read_text(encoding="utf-8")


def render(runs: Runs) -> str:
    """The page of one run or of several; columns are in the order given."""
    outcomes = [worst(results) for _, results, _ in runs]
    rules = {result.rule: result for _, results, _ in runs for result in results}
    body = [
        "<h1>Conformance: Gemini image understanding</h1>",
        f'<p class="soft">rules {escape(", ".join(sorted({header.suite for header, _, _ in runs})))}</p>',
        '<div class="cards">',
        *(_card(header, footer) for header, _, footer in runs),
        "</div>",
        _matrix([header for header, _, _ in runs], outcomes, rules),
    ]
    loud = [
        (header, result)
        for header, results, _ in runs
        for result in results
        if result.outcome in {"failed", "untestable", "warned", "error"}
    ]
    if loud:
        body += ["<h2>What to mend</h2>", *(_article(header, result) for header, result in loud)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Conformance</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_style()}</style></head>\n<body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def worst(results: Iterable[Result]) -> dict[str, Outcome]:
    """Rule -> the worst outcome of its checks."""
    found: dict[str, Outcome] = {}
    for result in results:
        before = found.get(result.rule, result.outcome)
        found[result.rule] = before if _WORST.index(before) < _WORST.index(result.outcome) else result.outcome
    return found


def _mark(outcome: Outcome) -> str:
    return f'<span class="mark {outcome}">{_SIGN[outcome]} {outcome}</span>'


def _card(header: Header, footer: Footer | None) -> str:
    title = f"<code>{escape(header.judged.address)}</code><br>"
    if footer is None:
        return f'<div class="card">{title}<b>incomplete</b><br>the run did not end</div>'
    kept = sum(tally.kept for tally in footer.rules.values())
    decided = sum(tally.decided for tally in footer.rules.values())
    rest = ", ".join(f"{tally.kept}/{tally.decided} {status}" for status, tally in footer.rules.items())
    counts = " ".join(
        f'<span class="mark {name}">{number} {name}</span>' for name, number in footer.outcomes.items()
    )
    when = f"{header.judged.kind}, {escape(header.started)}, {footer.duration_s:.1f} s"
    return (
        f'<div class="card">{title}<b>{kept} of {decided}</b> rules kept<br>'
        f'<span class="soft">{escape(rest)}<br>{when}</span><br>{counts}</div>'
    )


def _matrix(
    headers: Sequence[Header], outcomes: Sequence[dict[str, Outcome]], rules: dict[str, Result]
) -> str:
    rows, topic = [], ""
    for rule_id in sorted(rules):
        rule = rules[rule_id]
        if rule_id.partition(".")[0] != topic:
            topic = rule_id.partition(".")[0]
            rows.append(f'<tr><th class="topic" colspan="{len(headers) + 3}">{escape(topic)}</th></tr>')
        cells = "".join(
            f'<td class="cell">{_mark(column[rule_id]) if rule_id in column else ""}</td>'
            for column in outcomes
        )
        rows.append(
            f'<tr><td class="rule"><code>{escape(rule_id)}</code></td>'
            f'<td class="soft">{rule.level}<br>{rule.status}</td>'
            f'<td class="text">{escape(rule.text)}</td>{cells}</tr>'
        )
    heads = "".join(f"<th>{escape(header.judged.address)}</th>" for header in headers)
    return (
        f"<table><thead><tr><th>rule</th><th>level</th><th>says</th>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _article(header: Header, result: Result) -> str:
    pairs = [("source", "; ".join(result.source))]
    if result.expected is not None:
        pairs += [("expected", result.expected), ("actual", result.actual or "")]
    elif result.reason:
        pairs.append(("reason", result.reason))
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    said = "".join(f"<pre>{_exchange(exchange)}</pre>" for exchange in result.exchanges)
    repeat = f"<pre>{escape(result.repeat)}</pre>" if result.repeat else ""
    return (
        f"<article>{_mark(result.outcome)} <b><code>{escape(result.rule)}</code></b> "
        f'<span class="soft">{result.level}, {result.status} &middot; {escape(header.judged.address)} '
        f"&middot; {escape(result.check)}</span><br>{escape(result.text)}"
        f"<dl>{rows}</dl>{said}{repeat}</article>"
    )


def _exchange(exchange: Exchange) -> str:
    lines = _message("&gt;", exchange.request)
    if exchange.response is not None:
        lines += _message("&lt;", exchange.response)
    if exchange.problem:
        lines.append(f"&lt; {escape(exchange.problem)}")
    return "\n".join(lines)


def _message(mark: str, message: Message) -> list[str]:
    headers = [f"{mark} {escape(name)}: {escape(value)}" for name, value in message.headers]
    return [
        f"{mark} <b>{escape(message.line)}</b>",
        *headers,
        *([escape(message.body)] if message.body else []),
    ]
