"""The log as a whole, or as much of it as is asked for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from visionspec_mockserver.journal.entries import Entry, Wanted, entry

if TYPE_CHECKING:
    from visionspec.rules.advice import Finding
    from visionspec_mockserver.core import Mock

_ALL = Wanted()


def page(
    mock: Mock,
    wanted: Wanted = _ALL,
    *,
    after: int = 0,
    before: int | None = None,
    limit: int | None = None,
    bodies: bool = False,
) -> dict[str, Any]:
    """``{"requests": [...], "dropped": n, "missed": n, "more": bool}``, the oldest first.

    ``dropped`` requests have made room for others; of ``missed`` ones the body had, before anybody asked for findings.

    Args:
        mock: whose log.
        wanted: which entries.
        after: only those with greater numbers.
        before: only those with smaller numbers.
        limit: so many at most: the newest, or with ``after`` the oldest ones; ``more`` says that there are others.
        bodies: whether with headers and bodies.
    """
    findings = _findings(mock)
    records, dropped = mock.journal.records()
    chosen = [one for one in records if one.n > after and (before is None or one.n < before)]
    forward = after > 0
    found: list[Entry] = []
    more = False
    for record in chosen if forward else reversed(chosen):
        made = entry(record, keys=mock.settings.api_keys, findings=findings[record.n])
        if not wanted(made):
            continue
        if bodies or wanted.text is not None:
            whole = entry(record, keys=mock.settings.api_keys, findings=findings[record.n], bodies=True)
            if not wanted.says(whole):
                continue
            made = whole if bodies else made
        if limit is not None and len(found) >= limit:
            more = True
            break
        found.append(made)
    shown = found if forward else found[::-1]
    return {"requests": shown, "dropped": dropped, "missed": mock.verdict.missed, "more": more}


def one(mock: Mock, n: int) -> Entry | None:
    """The entry with this number, with all that there is to it."""
    from visionspec_mockserver.journal.marks import marks  # noqa: PLC0415 - loads numpy

    record = mock.journal.find(n)
    if record is None:
        return None
    found = entry(record, keys=mock.settings.api_keys, findings=_findings(mock)[n], bodies=True)
    found["answer"] = marks(found)
    return found


def _findings(mock: Mock) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = defaultdict(list)
    for judged in mock.verdict.findings():
        found[judged.n].append(judged.finding)
    return found
