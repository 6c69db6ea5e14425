"""What is wrong with a script, in one line each, with the place where it is wrong."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec.errors import InvalidInput, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

MOST = 20

Loc = tuple[int | str, ...]


class Problem(NamedTuple):
    """``where`` is a path such as ``scripts[0].when.text``; ``line`` counts from 1, None if it is not known."""

    where: str
    message: str
    line: int | None = None

    def told(self, source: str) -> str:
        """One line: ``FILE:LINE: WHERE: MESSAGE``."""
        at = f"{source}:{self.line}" if self.line else source
        return ": ".join(part for part in (at, self.where, self.message) if part)


class InvalidScript(InvalidInput):
    """A script, or a file of them, that cannot be used.

    Attributes:
        problems: everything that is wrong, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem], *, source: str = "") -> None:
        super().__init__("\n".join(problem.told(source) for problem in problems[:MOST]))
        self.problems = tuple(problems)


def problem(error: ErrorDetails, *, lines: Mapping[Loc, int]) -> Problem:
    """What pydantic found, in our words where its own would not help."""
    loc: Loc = error["loc"]
    found = next((lines[loc[:end]] for end in range(len(loc), -1, -1) if loc[:end] in lines), None)
    return Problem(path(loc), _message(error), found)


def path(loc: Loc) -> str:
    """``scripts[0].when.text``."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _message(error: ErrorDetails) -> str:
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden":
        return f"unknown field{_meant(str(error['loc'][-1]))}"
    if kind == "missing":
        return "this field is required"
    if kind == "value_error":
        return str(error.get("ctx", {}).get("error"))
    message = error["msg"][:1].lower() + error["msg"][1:]
    if kind == "string_type" and isinstance(given, bool):
        message += "; YAML reads yes, no, on and off as true and false: put it in quotes"
    return f"{message}, got {show(given)}" if not isinstance(given, dict | list) else message


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name, [other for other in _names() if other != name], n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def _names() -> list[str]:
    from visionspec_mockserver.faults import models as faults  # noqa: PLC0415 - only for a mistake
    from visionspec_mockserver.scripts import models, parts  # noqa: PLC0415

    found: dict[str, Any] = {}
    for model in (*vars(models).values(), *vars(faults).values()):
        if isinstance(model, type) and issubclass(model, parts.Strict):
            found |= {field.alias or name: None for name, field in model.model_fields.items()}
    return list(found)
