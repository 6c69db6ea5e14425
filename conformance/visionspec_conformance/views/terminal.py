"""The summary at the end: what failed and what to mend, then the score beside what it rests on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visionspec_conformance.report import Exchange, Footer, Header, Message, Outcome, Result

_ORDER: tuple[Outcome, ...] = ("passed", "noted", "warned", "skipped", "untestable", "failed", "error")
_COLOUR: dict[Outcome, str] = {
    "passed": "green",
    "noted": "cyan",
    "warned": "yellow",
    "skipped": "bright_black",
    "untestable": "red",
    "failed": "bold red",
    "error": "magenta",
}
_SHOWN_FAILURES = 25
_SHOWN_BODY = 600


NO_WRAPPING = 100_000  # for a pipe: whoever reads it wants whole lines


def render(
    header: Header,
    results: Sequence[Result],
    footer: Footer | None,
    *,
    colour: bool,
    width: int = NO_WRAPPING,
) -> str:
    """The summary as text, in lines of at most ``width`` characters."""
    out = Console(file=io.StringIO(), force_terminal=colour, width=width, highlight=False)
    _print(out, header, results, footer)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def _print(out: Console, header: Header, results: Sequence[Result], footer: Footer | None) -> None:
    out.print(f"[bold]{header.judged.kind}[/]  {escape(header.judged.address)}   rules {header.suite}\n")
    loud = [result for result in results if result.outcome in {"failed", "error", "warned"}]
    loud.sort(key=lambda result: -_ORDER.index(result.outcome))
    for result in loud[:_SHOWN_FAILURES]:
        _print_failure(out, result)
    if len(loud) > _SHOWN_FAILURES:
        out.print(f"... and {len(loud) - _SHOWN_FAILURES} more; --report FILE holds them all\n")
    for outcome in ("untestable", "skipped", "noted"):
        _print_reasons(out, outcome, [result for result in results if result.outcome == outcome])
    if footer is None:
        out.print("[bold red]The run did not end: what stands above is incomplete.[/]")
        return
    for check in footer.stale:
        out.print(f"[red]stale[/]  the baseline names {escape(check)}, which does not fail")
    if footer.unmet:
        out.print(f"[red]required and not kept[/]  {escape(', '.join(footer.unmet))}")
    _print_score(out, footer)


def _print_failure(out: Console, result: Result) -> None:
    known = " [bright_black](known)[/]" if result.known else ""
    out.print(
        f"[{_COLOUR[result.outcome]}]{result.outcome}[/]{known}  [bold]{result.rule}[/]  "
        f"{result.level}, {result.status}   [bright_black]{escape(result.check)}[/]"
    )
    lines = [("rule", result.text), ("source", "; ".join(result.source))]
    if result.expected is not None:
        lines += [("expected", result.expected), ("actual", result.actual or "")]
    else:
        lines.append(("reason", result.reason))
    lines.append(("repeat", result.repeat))
    for name, value in lines:
        out.print(Padding(f"[bright_black]{name:<9}[/]{escape(value)}", (0, 0, 0, 2), expand=False))
    for exchange in result.exchanges:
        _print_exchange(out, exchange)
    out.print()


def _print_exchange(out: Console, exchange: Exchange) -> None:
    _print_message(out, ">", exchange.request)
    if exchange.response is not None:
        _print_message(out, "<", exchange.response)
    if exchange.problem:
        out.print(Padding(f"[red]<[/] {escape(exchange.problem)}", (0, 0, 0, 4), expand=False))


def _print_message(out: Console, mark: str, message: Message) -> None:
    out.print(Padding(f"[blue]{mark}[/] {escape(message.line)}", (0, 0, 0, 4), expand=False))
    for name, value in message.headers:
        if name.lower().startswith(("x-goog-", "content-type", "retry-")):
            out.print(
                Padding(f"[bright_black]{escape(name)}: {escape(value)}[/]", (0, 0, 0, 6), expand=False)
            )
    if message.body:
        cut = message.body[:_SHOWN_BODY] + ("..." if len(message.body) > _SHOWN_BODY else "")
        out.print(Padding(escape(cut), (0, 0, 0, 6), expand=False))


def _print_reasons(out: Console, outcome: Outcome, results: Sequence[Result]) -> None:
    reasons: dict[str, list[Result]] = {}
    for result in results:
        reasons.setdefault(result.reason, []).append(result)
    for reason, same in reasons.items():
        names = list(dict.fromkeys(result.rule for result in same))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        count = f" ({len(same)} checks)" if len(same) > 1 else ""
        said = f"{', '.join(names[:3])}{more}{count}: {reason}"
        out.print(f"[{_COLOUR[outcome]}]{outcome}[/]  {escape(said)}")
    if reasons:
        out.print()


def _print_score(out: Console, footer: Footer) -> None:
    counts = [
        f"[{_COLOUR[outcome]}]{footer.outcomes[outcome]} {outcome}[/]"
        for outcome in _ORDER
        if footer.outcomes.get(outcome)
    ]
    decided = sum(tally.decided for tally in footer.rules.values())
    kept = sum(tally.kept for tally in footer.rules.values())
    rest = ", ".join(f"{tally.kept}/{tally.decided} {status}" for status, tally in footer.rules.items())
    out.print("checks  " + (", ".join(counts) or "none"))
    out.print(f"rules   [bold]{kept} of {decided} kept[/]" + (f" ({rest})" if rest else ""))
    sent = f", {footer.requests} requests, {footer.sent_bytes} bytes sent" if footer.requests else ""
    out.print(f"[bright_black]{footer.duration_s:.1f} s{sent}[/]")
