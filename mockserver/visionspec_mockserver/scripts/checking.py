"""What is wrong with a file of scripts, and what is allowed in it and hardly meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from visionspec_mockserver import catalog
from visionspec_mockserver.scripts.loading import load
from visionspec_mockserver.scripts.problems import InvalidScript, path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from visionspec_mockserver.scripts.models import Script, ScriptFile


class Finding(NamedTuple):
    """An ``error`` keeps the file from being used, a ``warning`` does not."""

    level: Literal["error", "warning"]
    where: str
    message: str
    line: int | None


class Checked(NamedTuple):
    """How many scripts and faults a file has, and what there is to say of them."""

    scripts: int
    faults: int
    findings: list[Finding]


def checked(file: Path) -> Checked:
    """Read a file as the server does."""
    try:
        loaded = load(file)
    except InvalidScript as error:
        found = [Finding("error", one.where, one.message, one.line) for one in error.problems]
        return Checked(0, 0, found)
    lines = loaded.lines
    found = []
    for number, message in _doubts(loaded.file):
        loc = ("scripts", number)
        found.append(Finding("warning", path(loc), message, lines.get(loc)))
    return Checked(len(loaded.file.scripts), len(loaded.file.faults), found)


def _doubts(file: ScriptFile) -> Iterator[tuple[int, str]]:
    names = {script.name for script in file.scripts}
    for number, script in enumerate(file.scripts):
        for earlier, other in enumerate(file.scripts[:number]):
            if _takes_all(other, script):
                yield number, f"never answers: scripts[{earlier}] matches all that it matches"
                break
        when = script.when
        for named in (
            when.after,
            when.previous.script if not isinstance(when.previous, bool | None) else None,
        ):
            if named is not None and named not in names:
                yield number, f"waits for a script named {named!r}, and none here is"
        for model in when.model or ():
            if "*" not in model and "?" not in model and "[" not in model and catalog.find(model) is None:
                yield number, f"the server knows no model named {model!r}"


def _takes_all(earlier: Script, later: Script) -> bool:
    """Whether ``earlier`` always answers first: it has no end, and no condition that ``later`` has not too."""
    if earlier.times is not None or earlier.when.call is not None or earlier.when.after is not None:
        return False
    return all(
        getattr(earlier.when, name) == getattr(later.when, name) for name in earlier.when.model_fields_set
    )
