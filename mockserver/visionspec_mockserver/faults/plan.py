"""The faults of one server: in which order they are tried, how often each has happened, and to what."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from visionspec_mockserver.faults.hostile import spoiled
from visionspec_mockserver.faults.operations import TEST_HEADER, operation
from visionspec_mockserver.faults.quotas import Window
from visionspec_mockserver.journal import header, note
from visionspec_mockserver.plans import Plan
from visionspec_mockserver.scripts.expressions import globbed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from starlette.types import Scope

    from visionspec_mockserver.asked import Reply
    from visionspec_mockserver.faults.models import Fault
    from visionspec_mockserver.sources import Clock

_KEPT_FIRINGS = 100


class Planned:
    """One fault with its account."""

    def __init__(self, fault: Fault, *, name: str, source: str) -> None:
        self.fault = fault
        self.name = name
        self.source = source
        self.clear()

    def clear(self) -> None:
        """As if nothing had happened."""
        self.met = 0
        self.taken = 0
        self.fired = 0
        self.firings: deque[dict[str, str]] = deque(maxlen=_KEPT_FIRINGS)
        self.window = Window(self.fault.quota) if self.fault.quota else None

    @property
    def left(self) -> int | None:
        """How often it still happens; None: always."""
        return None if self.fault.times is None else self.fault.times - self.taken

    def state(self) -> dict[str, Any]:
        """The fault and its account, as JSON values."""
        return {
            "name": self.name,
            "source": self.source,
            "fired": self.fired,
            "left": self.left,
            "firings": list(self.firings),
            "fault": self.fault.model_dump(mode="json", exclude_unset=True),
        }


class Unfired(AssertionError):
    """A fault was planned and never happened."""


class Faults(Plan[Planned]):
    """The faults of a server.

    Args:
        given: faults as mappings, that the server is started with.
        clock: when something happened, and when a quota has room again.
        filed: the faults that stand in script files now.

    Raises:
        InvalidScript: if one of them cannot be used.
    """

    def __init__(
        self,
        given: Sequence[Mapping[str, Any]] = (),
        *,
        clock: Clock,
        filed: Callable[[], Sequence[Planned]] = tuple,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._filed = filed
        self._given = planned(_validated(list(given)), source="start", prefix="given ") if given else []

    @property
    def active(self) -> bool:
        """Whether any fault is planned."""
        return bool(self._added or self._given or self._filed())

    def state(self) -> dict[str, Any]:
        """All faults with their accounts in the order in which they are tried; the names of those still due."""
        with self._lock:
            faults = [one.state() for one in self._all()]
        return {"faults": faults, "unfired": [one.name for one in self.unfired()]}

    def unfired(self) -> list[Planned]:
        """Those that were to happen and have not yet, or not as often as they were to."""
        return [one for one in self._all() if not one.fault.may_rest and (one.fired < (one.fault.times or 1))]

    def assert_fired(self) -> None:
        """Demand that every fault has happened, as often as it was to.

        Raises:
            Unfired: naming those that have not.
        """
        missed = [
            f"  {one.name}: {one.fired} of {one.fault.times or 'at least 1'} for {', '.join(one.fault.operation)}"
            for one in self.unfired()
        ]
        if missed:
            raise Unfired("\n".join(["faults were planned that did not happen:", *missed]))

    def take(self, scope: Scope, *, hostile: bool, passed: Sequence[Planned] = ()) -> Planned | None:
        """The first fault that is for this request; it counts as taken, and as fired only when it `fires`.

        ``passed`` are those that the request has been through.
        """
        name = operation(scope)
        if name is None:
            return None
        test = header(scope, TEST_HEADER)
        with self._lock:
            for one in self._all():
                fault = one.fault
                if (fault.hostile is not None) is not hostile or one.left == 0 or one in passed:
                    continue
                if fault.test not in (None, test) or not any(globbed(glob, name) for glob in fault.operation):
                    continue
                one.met += 1
                if one.met > fault.skip:
                    one.taken += 1
                    return one
        return None

    def untake(self, one: Planned) -> None:
        """It did not come to it: the next request may have it."""
        with self._lock:
            one.taken -= 1

    def fires(self, one: Planned, scope: Scope) -> None:
        """Enter into the account that it happens."""
        with self._lock:
            one.fired += 1
            entry = {"at": self._clock.now().isoformat(), "operation": operation(scope) or ""}
            one.firings.append({**entry, "path": scope["path"][:400]})
        note(scope, fault=one.name)

    def enter(self, one: Planned) -> tuple[float, int, str] | None:
        """Let a request into the window of a quota, or say how long it has to wait."""
        with self._lock:
            return one.window.enter(self._clock.now()) if one.window else None

    def spoil(self, reply: Reply, scope: Scope) -> Reply:
        """``reply``, made hostile if a fault says so and there is something in it to spoil."""
        if not reply.text:
            return reply
        one = self.take(scope, hostile=True)
        if one is None:
            return reply
        text = spoiled(reply.text, str(one.fault.hostile))
        if text is None:
            self.untake(one)
            return reply
        self.fires(one, scope)
        directions = replace(reply.directions, chunks=()) if reply.directions else None
        return replace(reply, text=text, directions=directions)

    def _all(self) -> Iterator[Planned]:
        yield from self._added
        yield from self._given
        yield from self._filed()

    def _made(self, values: Any) -> list[Planned]:
        made = planned(_validated(values), source="added", prefix="")
        for one in made:
            one.name = one.fault.name or self._numbered()
        return made


def planned(faults: Sequence[Fault], *, source: str, prefix: str) -> list[Planned]:
    """Faults with fresh accounts."""
    return [
        Planned(fault, name=fault.name or f"{prefix}{number}", source=source)
        for number, fault in enumerate(faults, 1)
    ]


def _validated(faults: Any) -> list[Fault]:
    from visionspec_mockserver.scripts.loading import validated  # noqa: PLC0415 - loads pydantic's models

    return validated(faults, only="faults").faults
