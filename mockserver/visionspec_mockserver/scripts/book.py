"""The scripts of one server: their order, how often each has answered, and the files that they are from.

What was added while the server runs is tried first, then what it was started with, each from top to bottom.
A file is looked at again with every question; a changed one is read once it has stood still for a moment, and
one that is broken leaves the scripts that were there before.
"""

from __future__ import annotations

import itertools
import logging
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from visionspec.errors import InvalidMedia, VisionSpecError
from visionspec_mockserver.journal import note
from visionspec_mockserver.plans import Plan
from visionspec_mockserver.scripts.held import File, Held, held_of
from visionspec_mockserver.scripts.matching import Condition, Facts, Look, conditions, ranged
from visionspec_mockserver.scripts.reporting import unmatched

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from visionspec_mockserver.asked import Ask, Call, Reply
    from visionspec_mockserver.faults.plan import Planned
    from visionspec_mockserver.http import ApiFault
    from visionspec_mockserver.pictures import Picture
    from visionspec_mockserver.scripts.answering import StandIn
    from visionspec_mockserver.scripts.models import Script, ScriptFile

_STILL_S = 0.05
_MAX_WAITS = 40
_KEPT_DIGESTS = 4096

_log = logging.getLogger("visionspec.scripts")


class Scripts(Plan[Held]):
    """The scripts of a server.

    Args:
        given: script files, and scripts as mappings, that the server is started with.
        strict: a request that no script matches fails.

    Raises:
        InvalidScript: if one of them cannot be used.
    """

    def __init__(self, given: Sequence[Path | str | Mapping[str, Any]] = (), *, strict: bool = False) -> None:
        super().__init__()
        self._reading: anyio.Lock | None = None
        self._strict = strict
        self._added: list[Held] = []
        self._added_strict = False
        self._uses = itertools.count(1)
        self._digests: OrderedDict[str, int | None] = OrderedDict()
        self._files: list[File] = []
        self._given: list[File | list[Held]] = []
        for number, one in enumerate(given, 1):
            if isinstance(one, Path | str):
                file = File(Path(one))
                stamp = file.stamp()
                file.read()
                file.seen = (stamp[0], *file.stamp()[1:])
                self._files.append(file)
                self._given.append(file)
            else:
                self._given.append(held_of(_validated([one]), source="start", prefix="given ", first=number))

    @property
    def strict(self) -> bool:
        """Whether a request that no script matches fails."""
        return self._strict or self._added_strict or any(file.strict for file in self._files)

    @property
    def active(self) -> bool:
        """Whether there is anything to ask here."""
        return bool(self._added or self._given or self._strict or self._added_strict)

    @property
    def filed(self) -> bool:
        """Whether any are from files."""
        return bool(self._files)

    def replace(self, entries: Any) -> None:
        """As every plan; a mapping may say ``strict`` too."""
        with self._lock:
            super().replace(entries)
            self._added_strict = isinstance(entries, dict) and _validated(entries).strict

    def state(self) -> dict[str, Any]:
        """All scripts with their counts in the order in which they are tried, and what is wrong with files."""
        with self._lock:
            scripts = [held.state() for held in self._all()]
        problems = [file.problem for file in self._files if file.problem]
        return {"strict": self.strict, "scripts": scripts, "problems": problems}

    def planned(self) -> list[Planned]:
        """The faults that stand in the files."""
        return [one for file in self._files for one in file.planned]

    async def answer(self, ask: Ask, call: Call, *, stand_in: StandIn) -> Reply | None:
        """The answer of the first script that matches; None where the stand-in is to answer.

        Raises:
            ApiFault: a scripted error, or, if strict, that no script matches.
        """
        await self.refresh()
        facts = Facts(
            endpoint=call.endpoint,
            model=ask.model.name,
            text=ask.asked,
            system=ask.system,
            images=[await self._look(picture) for picture in ask.pictures],
            previous_id=call.previous_id,
            previous_script=call.previous_script,
        )
        with self._lock:
            held = self._latest(facts) if call.again else self._take(facts)
        if held is None:
            if self.strict:
                raise self._unmatched(facts)
            return None
        note(call.scope, script=held.name)
        from visionspec_mockserver.scripts.answering import reply  # noqa: PLC0415 - it needs core, core needs this

        return await reply(held.script.answer, ask, script=held.name, streams=call.streams, stand_in=stand_in)

    async def refresh(self) -> None:
        """Read again what has changed on disk."""
        if not any(file.stamp() != file.seen for file in self._files):
            return
        if self._reading is None:
            self._reading = anyio.Lock()
        async with self._reading:
            for file in self._files:
                if file.stamp() != file.seen:
                    await self._reread(file)

    async def _reread(self, file: File) -> None:
        stamp = file.stamp()
        for _ in range(_MAX_WAITS):
            await anyio.sleep(_STILL_S)
            before, stamp = stamp, file.stamp()
            if stamp == before:
                break
        else:
            return  # somebody is still writing: the next question looks again
        try:
            await anyio.to_thread.run_sync(file.read)
        except VisionSpecError as error:
            file.problem = str(error)
            _log.warning("%s is broken, its scripts of before stay:\n%s", file.path, error)
        else:
            file.problem = None
            _log.info("%s was read again: %d scripts", file.path, len(file.held))
        file.seen = (stamp[0], *file.stamp()[1:])  # what has changed since is another change

    def _all(self) -> Iterator[Held]:
        yield from self._added
        for one in self._given:
            yield from one.held if isinstance(one, File) else one

    def _made(self, values: Any) -> list[Held]:
        file = _validated(values)
        made = held_of(file, source="added", prefix="")
        for held in made:
            held.name = held.script.name or self._numbered()
        return made

    def _take(self, facts: Facts) -> Held | None:
        """The first script that matches; its use is counted."""
        taken: Held | None = None
        for held in self._all():
            if taken is not None and held.script.when.call is None:
                continue
            if not all(one.met for one in self._asked(held, facts)):
                continue
            held.met += 1
            number = held.script.when.call
            if taken is None and held.left != 0 and (number is None or number.has(held.met)):
                taken = held
        if taken is not None:
            taken.used += 1
            taken.last = next(self._uses)
        return taken

    def _latest(self, facts: Facts) -> Held | None:
        """The script that answered the first hop of this question."""
        fit = [held for held in self._all() if held.used and all(one.met for one in self._asked(held, facts))]
        return max(fit, key=lambda held: held.last, default=None)

    def _asked(self, held: Held, facts: Facts) -> Iterator[Condition]:
        yield from conditions(held.script.when, facts)
        if (after := held.script.when.after) is not None:
            used = any(one.used for one in self._all() if one.name == after)
            yield Condition("after", after, "it has answered" if used else "it has not answered yet", used)

    def _unmatched(self, facts: Facts) -> ApiFault:
        with self._lock:
            compared = [(held, self._compared(held, facts)) for held in self._all()]
        return unmatched(compared)

    def _compared(self, held: Held, facts: Facts) -> list[Condition]:
        """All conditions; those on the counts speak of requests for which the others hold."""
        found = list(self._asked(held, facts))
        if not all(one.met for one in found):
            return found
        if (number := held.script.when.call) is not None:
            found.append(Condition("call", ranged(number), str(held.met), number.has(held.met)))
        if held.left is not None:
            found.append(
                Condition("times", f"at most {held.script.times}", f"used {held.used}", held.left > 0)
            )
        return found

    async def _look(self, picture: Picture) -> Look:
        if not any(_has_like(held.script) for held in self._all()):
            return Look(picture.sha256, picture.mime_type, picture.width_px, picture.height_px)
        if picture.sha256 not in self._digests:
            self._digests[picture.sha256] = await anyio.to_thread.run_sync(_dhash, picture.data)
            if len(self._digests) > _KEPT_DIGESTS:
                self._digests.popitem(last=False)
        found = self._digests[picture.sha256]
        return Look(picture.sha256, picture.mime_type, picture.width_px, picture.height_px, found)


def _validated(values: Any) -> ScriptFile:
    from visionspec_mockserver.scripts.loading import validated  # noqa: PLC0415 - loads pydantic's models

    return validated(values, only="scripts")


def _has_like(script: Script) -> bool:
    when = script.when
    matches = [*(when.images or ()), *([when.image] if when.image else [])]
    return any(match.like is not None for match in matches)


def _dhash(data: bytes) -> int | None:
    from visionspec_mockserver.scripts.digests import dhash  # noqa: PLC0415 - loads Pillow

    try:
        return dhash(data)
    except InvalidMedia:
        return None
