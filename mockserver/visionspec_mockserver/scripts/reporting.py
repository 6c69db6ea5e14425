"""How a request differs from the script that comes nearest, field by field."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from visionspec_mockserver.http import ApiFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visionspec_mockserver.scripts.held import Held
    from visionspec_mockserver.scripts.matching import Condition

_MOST_COMPARED = 200


def unmatched(compared: Sequence[tuple[Held, Sequence[Condition]]]) -> ApiFault:
    """What a strict server says: how the request differs from the script that comes nearest."""
    lines = ["visionspec: no script answers this request"]
    details: list[dict[str, Any]] = []
    if compared:
        held, missed = _nearest(compared)
        lines[0] += f"; the nearest is {held.name!r} ({held.source}):"
        lines += [f"  {one.field}: wanted {one.wanted}, got {one.got}" for one in missed]
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": one.field, "description": f"wanted {one.wanted}, got {one.got}"}
                    for one in missed
                ],
            }
        )
    else:
        lines[0] += ": there is none"
    return ApiFault(
        400, "\n".join(lines), name="FAILED_PRECONDITION", code="failed_precondition", details=details
    )


def _nearest(compared: Sequence[tuple[Held, Sequence[Condition]]]) -> tuple[Held, list[Condition]]:
    """The script whose conditions are met best, and those that are not."""
    by_number = sorted(compared, key=lambda one: _met(one[1]), reverse=True)
    held, found = max(by_number[:_MOST_COMPARED], key=lambda one: _mean([_likeness(each) for each in one[1]]))
    return held, [one for one in found if not one.met]


def _met(found: Sequence[Condition]) -> float:
    return _mean([float(one.met) for one in found])


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares) if shares else 0.0


def _likeness(one: Condition) -> float:
    """1 where it is met; else less, the more so the less the two sides read alike."""
    return 1.0 if one.met else difflib.SequenceMatcher(None, one.wanted, one.got, autojunk=False).ratio() / 2
