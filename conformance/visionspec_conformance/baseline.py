"""Known failures: a file of check ids, each with the reason why its failure is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from visionspec.errors import InvalidInput
from visionspec_conformance.report import FAILING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from visionspec_conformance.report import Result

_UNEXPLAINED = "not looked into yet"


def load(path: str | Path) -> dict[str, str]:
    """Check id -> why its failure is known.

    Raises:
        InvalidInput: if the file is no baseline.
    """
    try:
        known = json.loads(Path(path).read_text(encoding="utf-8"))["known_failures"]
        return {str(check): str(why) for check, why in dict(known).items()}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InvalidInput(
            f'{path}: no baseline; it looks like {{"known_failures": {{"CHECK": "why"}}}} ({error})'
        ) from error


def stale(
    known: Iterable[str], results: Collection[Result], collected: Collection[str], kind: str
) -> list[str]:
    """What the baseline names and what does not fail: the check is kept, or there is none of this kind.

    ``collected``: every check that there is, also those that were not chosen; empty if nobody knows.
    """
    failed = {result.check for result in results if result.outcome in FAILING}
    decided = {result.check for result in results if result.outcome != "skipped"}
    return sorted(
        check
        for check in known
        if check in decided - failed
        or (collected and check.startswith(f"{kind}/") and check not in collected)
    )


def update(path: Path, results: Collection[Result]) -> dict[str, str]:
    """Write what fails now; reasons that are known stay, and so do checks that did not run.

    Returns:
        what the file says now.
    """
    before = load(path) if path.exists() else {}
    decided = {result.check for result in results if result.outcome != "skipped"}
    failed = {result.check for result in results if result.outcome in FAILING}
    known = {check: before.get(check, _UNEXPLAINED) for check in (before.keys() - decided) | failed}
    text = json.dumps({"known_failures": dict(sorted(known.items()))}, ensure_ascii=False, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    return known
