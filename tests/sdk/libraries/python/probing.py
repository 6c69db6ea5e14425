"""What every probe of this folder shares: the questions, the shape of the answer, and the way to report.

A probe is a script that is written as a user of its library writes it; only the environment leads to the mock
server. It prints one JSON object, a key for each function it was given; the test beside this folder judges it.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "gemini-2.5-flash"
UNKNOWN = "gemini-none"
CAPTION = "Caption this image."
DETECT = "Detect the items. The box_2d should be [ymin, xmin, ymax, xmax] normalized to 0-1000."
PATH = Path(sys.argv[1])
DATA = PATH.read_bytes()


class Item(BaseModel):
    label: str
    box_2d: list[int]


class Items(BaseModel):
    items: list[Item]


def boxes(found: Items) -> list[dict[str, Any]]:
    return [item.model_dump() for item in found.items]


def usage(given: int | None, answered: int | None) -> dict[str, int | None]:
    return {"input": given, "output": answered}


def error_of(call: Callable[[], object]) -> dict[str, Any]:
    """The error that ``call`` raises: its own class, the names of those above it, and what it says."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - which one it is is the question
        kind = type(error)
        return {
            "type": f"{kind.__module__}.{kind.__qualname__}",
            "bases": [base.__name__ for base in kind.__mro__],
            "text": str(error),
        }
    return {"type": None, "bases": [], "text": ""}


def report(*probes: Callable[[], object]) -> None:
    """Run every probe and print what each returned; one that fails does not hide the others."""
    told: dict[str, object] = {}
    for probe in probes:
        try:
            told[probe.__name__] = probe()
        except Exception:  # noqa: BLE001 - it is shown by the test that wanted the result
            told[probe.__name__] = {"raised": traceback.format_exc()}
    print(json.dumps(told))
