"""A text that matches a regular expression, built from its parts: nothing is matched, nothing runs away."""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]  # the only parser of the standard library's own dialect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 10_000
_CLASSES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}
_CLASSES |= {"CATEGORY_NOT_DIGIT": "a", "CATEGORY_NOT_WORD": "-", "CATEGORY_NOT_SPACE": "a"}
_USUAL = "a0A -_.,:;/!?#@+*()[]{}<>=%&$'\"~^|\\`\n\t"


def example(pattern: str, *, least: int = 0) -> str | None:
    """A text of about ``least`` characters or more that matches; None where the expression is beyond this."""
    try:
        tree = _parser.parse(pattern.replace(r"\d", "[0-9]"))
        text = _Writer(0).write(tree)
        if len(text) < least:
            text = _Writer(least - len(text)).write(tree)
    except (re.error, ValueError, LookupError, RecursionError, OverflowError):
        return None
    return text


class _Writer:
    """Writes the shortest text, but for the first repetitions, which are repeated ``more`` times more."""

    def __init__(self, more: int) -> None:
        self._more = more
        self._groups: dict[int, str] = {}
        self._write: dict[str, Callable[[Any], str]] = {
            "LITERAL": chr,
            "NOT_LITERAL": lambda given: "b" if given == ord("a") else "a",
            "ANY": lambda _: "a",
            "IN": _member,
            "MAX_REPEAT": self._repeat,
            "MIN_REPEAT": self._repeat,
            "POSSESSIVE_REPEAT": self._repeat,
            "BRANCH": lambda given: self.write(given[1][0]),
            "SUBPATTERN": self._group,
            "ATOMIC_GROUP": self.write,
            "GROUPREF": lambda given: self._groups[given],
            "AT": lambda _: "",
            "ASSERT_NOT": lambda _: "",
        }

    def write(self, parts: Any) -> str:
        out = ""
        for op, given in parts:
            out += self._write[str(op)](given)
            if len(out) > _LONGEST:
                raise ValueError("longer than any text that is written here")
        return out

    def _repeat(self, given: Any) -> str:
        low, high, body = given
        count = min(int(high), int(low) + self._more)
        self._more -= count - low
        text = self.write(body) if count else ""
        if len(text) * count > _LONGEST:
            raise ValueError("longer than any text that is written here")
        return text * count

    def _group(self, given: Any) -> str:
        number, _, _, body = given
        text = self._groups[number] = self.write(body)
        return text


def _member(given: Any) -> str:
    wanted = [(str(op), value) for op, value in given]
    if wanted[0][0] != "NEGATE":
        op, value = wanted[0]
        if op == "LITERAL":
            return chr(value)
        return chr(value[0]) if op == "RANGE" else _CLASSES[str(value)]
    source = re.compile(_rebuilt(wanted[1:]))
    return next(c for c in _USUAL + "".join(map(chr, range(0x100, 0x400))) if not source.match(c))


def _rebuilt(wanted: list[tuple[str, Any]]) -> str:
    names = {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}
    names |= {"CATEGORY_NOT_DIGIT": r"\D", "CATEGORY_NOT_WORD": r"\W", "CATEGORY_NOT_SPACE": r"\S"}
    out = ""
    for op, value in wanted:
        if op == "LITERAL":
            out += re.escape(chr(value))
        elif op == "RANGE":
            out += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        else:
            out += names[str(value)]
    return f"[{out}]"
