"""What a run would send: the requests of a run against the mock server, counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visionspec_conformance.report import Result


def render(url: str, results: Sequence[Result]) -> str:
    """Requests and bytes by area, and in all; a server that answers otherwise changes them a little."""
    requests: Counter[str] = Counter()
    sent_bytes: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    for result in results:
        requests[result.area] += result.requests
        sent_bytes[result.area] += result.sent_bytes
        checks[result.area] += 1
    lines = [f"nothing was sent to {url}; against the mock server this run sends", ""]
    lines += [
        f"  {area:<14}{checks[area]:>5} checks {requests[area]:>7} requests {sent_bytes[area]:>12} bytes"
        for area in sorted(checks)
    ]
    total = f"{requests.total():>7} requests {sent_bytes.total():>12} bytes"
    lines += ["", f"  {'in all':<14}{len(results):>5} checks {total}"]
    return "\n".join(lines) + "\n"
