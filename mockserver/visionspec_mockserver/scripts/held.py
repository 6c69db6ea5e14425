"""Scripts with their counts, and the files that they are from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from visionspec_mockserver.faults.plan import Planned
    from visionspec_mockserver.scripts.models import Script, ScriptFile

Stamp = tuple[tuple[int, int, int] | None, ...]


class Held:
    """One script with its counts."""

    def __init__(self, script: Script, *, name: str, source: str) -> None:
        self.script = script
        self.name = name
        self.source = source
        self.clear()

    def clear(self) -> None:
        """As if it had never been asked."""
        self.used = 0
        self.met = 0
        self.last = 0

    @property
    def left(self) -> int | None:
        """How often it still answers; None: always."""
        return None if self.script.times is None else self.script.times - self.used

    def state(self) -> dict[str, Any]:
        """The script and its counts, as JSON values."""
        script = self.script.model_dump(mode="json", by_alias=True, exclude_unset=True)
        counts = {"name": self.name, "source": self.source, "used": self.used, "left": self.left}
        return {**counts, "script": script}


class File:
    """A script file: what it said last, and when that was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held: list[Held] = []
        self.planned: list[Planned] = []
        self.strict = False
        self.problem: str | None = None
        self.names: tuple[Path, ...] = ()
        self.seen: Stamp = ()

    def stamp(self) -> Stamp:
        """What changes when the file does, or one that it names."""
        return tuple(_stamp(path) for path in (self.path, *self.names))

    def read(self) -> None:
        """Read it; the scripts that stayed the same keep their counts.

        Raises:
            VisionSpecError: if it is broken; nothing has changed then.
        """
        from visionspec_mockserver.faults.plan import planned  # noqa: PLC0415 - only where there are scripts
        from visionspec_mockserver.scripts.loading import load  # noqa: PLC0415 - loads pydantic's models

        loaded = load(self.path)
        before = {held.name: held for held in self.held}
        made = held_of(loaded.file, source=str(self.path), prefix=f"{self.path.name}#")
        for held in made:
            old = before.get(held.name)
            if old is not None and old.script == held.script:
                held.used, held.met, held.last = old.used, old.met, old.last
        faults = planned(loaded.file.faults, source=str(self.path), prefix=f"{self.path.name}#")
        same = {one.name: one for one in self.planned}
        self.planned = [_stayed(same.get(one.name), one) for one in faults]
        self.held, self.strict, self.names = made, loaded.file.strict, loaded.names


def _stayed(old: Planned | None, new: Planned) -> Planned:
    return old if old is not None and old.fault == new.fault else new


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def held_of(file: ScriptFile, *, source: str, prefix: str, first: int = 1) -> list[Held]:
    return [
        Held(script, name=script.name or f"{prefix}{number}", source=source)
        for number, script in enumerate(file.scripts, first)
    ]
