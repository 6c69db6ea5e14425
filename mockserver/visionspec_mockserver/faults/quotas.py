"""So many requests in a minute and in a day, with the true time until there is room again."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visionspec_mockserver.faults.models import Quota

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class Window:
    """The requests of the last minute and day that were let through."""

    def __init__(self, quota: Quota) -> None:
        limits = ((quota.per_minute, _MINUTE, "PerMinute"), (quota.per_day, _DAY, "PerDay"))
        self._limits = [(limit, span, name) for limit, span, name in limits if limit is not None]
        self._passed: deque[datetime] = deque()

    def enter(self, now: datetime) -> tuple[float, int, str] | None:
        """Let a request through; or else the seconds to wait, the limit that is reached, and whose it is."""
        while self._passed and now - self._passed[0] >= self._limits[-1][1]:
            self._passed.popleft()
        waits = []
        for limit, span, name in self._limits:
            inside = [time for time in self._passed if now - time < span]
            if len(inside) >= limit:
                freed_at = inside[len(inside) - limit] + span if limit else now + span
                waits.append(((freed_at - now).total_seconds(), limit, name))
        if waits:
            return max(waits)
        self._passed.append(now)
        return None
