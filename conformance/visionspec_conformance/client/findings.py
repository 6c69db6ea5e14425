"""The verdict of the mock server on what a client sent, as checks need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visionspec_conformance.judge import Broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visionspec_conformance.client.session import Run

_SHOWN = 5


def demand_none(runs: Sequence[Run], rule_id: str) -> None:
    """No request of any run may break the rule.

    Raises:
        Broken: with what was said of the requests, those of the first such run as witnesses.
    """
    for run in runs:
        found = [one for one in run.findings if one.finding.rule == rule_id]
        if not found:
            continue
        said = [f"request {one.n}, {one.finding.where}: {one.finding.message}" for one in found[:_SHOWN]]
        if len(found) > _SHOWN:
            said.append(f"and {len(found) - _SHOWN} more")
        failure = Broken("no request that breaks the rule", f"{'; '.join(said)} ({run.plan.name})")
        failure.exchanges = run.shows(one.n for one in found[:_SHOWN])
        raise failure
