"""A text that matches a regular expression, built from the expression; nothing is ever matched, so nothing can run away."""

from __future__ import annotations

import re
from re import _parser  # type: ignore[attr-defined]  # the only parser of the standard library's own dialect
from typing import Any

_LONGEST = 10_000
_CLASSES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}
_CLASSES |= {"CATEGORY_NOT_DIGIT": "a", "CATEGORY_NOT_WORD": "-", "CATEGORY_NOT_SPACE": "a"}
_USUAL = "a0A -_.,:;/!?#@+*()[]{}<>=%&$'\"~^|\\`\n\t"


def example(pattern: str, *, least: int = 0) -> str | None:
    """A text of about ``least`` characters or more that matches; None where the expression is beyond this."""
    try:
        tree = _parser.parse(pattern.replace(r"\d", "[0-9]"))
        text = _written(tree)
        if len(text) < least:
            text = _written(tree, more=least - len(text))
    except (re.error, ValueError, LookupError, RecursionError, OverflowError):
        return None
    return text[:_LONGEST]


def _written(tree: Any, *, more: int = 0) -> str:
    """The shortest text, but for the first repetition, which is repeated so many times more."""
    groups: dict[int, str] = {}
    left = [more]

    def items(parts: Any) -> str:
        out = ""
        for op, given in parts:
            out += one(str(op), given)
            if len(out) > _LONGEST:
                raise ValueError(pattern_too_long)
        return out

    def one(op: str, given: Any) -> str:
        match op:
            case "LITERAL":
                return chr(given)
            case "NOT_LITERAL":
                return "a" if given != ord("a") else "b"
            case "ANY":
                return "a"
            case "IN":
                return _member(given)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, body = given
                count = min(int(high), low + left[0])
                left[0] -= count - low
                if count > _LONGEST:
                    raise ValueError(pattern_too_long)
                return "".join(items(body) for _ in range(count)) if count < 2 else items(body) * count
            case "BRANCH":
                return items(given[1][0])
            case "SUBPATTERN":
                text = items(given[3])
                if given[0] is not None:
                    groups[given[0]] = text
                return text
            case "ATOMIC_GROUP":
                return items(given)
            case "GROUPREF":
                return groups[given]
            case "AT" | "ASSERT_NOT":
                return ""
            case _:
                raise ValueError(op)

    return items(tree)


pattern_too_long = "the shortest text is too long"


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
