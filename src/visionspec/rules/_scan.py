"""Find the items of an answer in text that may hold anything else besides.

Reading JSON is left to the standard library; this module only decides where to begin. It tries every
bracket that can open an answer, in order. What can be read whole is stepped over. What cannot (cut off,
damaged, or prose) is stepped *into*: the next bracket inside it is tried, so the sound items of a damaged
list are found one by one. Fences need no parser: the reader knows what a string is, so a label may hold ```
or { as it likes.

It is linear in the text: a failed attempt costs what it read, and what all of them may read together is
bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ELEMENTS = 65_536
"""More items than a model can write: its answers end at 65,536 tokens, and an item is several of them."""

# Only a bracket that can open a list of items, or an item: "[1]" and "{x}" in prose are no candidates.
_OPENER = re.compile(r'\[\s*+(?=[\[{\]])|\{\s*+(?=["}])')
_FENCE = r"(?:`{3,}+|~{3,}+)[^\s`~\[{]*+\s*+"
_START = re.compile(rf"[\s\ufeff]*+(?:{_FENCE})?(?=[\[{{])")
_FENCED = re.compile(rf"{_FENCE}\Z")
_BLANK = re.compile(r"[\s\ufeff]*+\Z")

# What can be mended: a comma before a closing bracket, an integer of more digits than int() reads (4,300).
_STRAY_COMMA = re.compile(r",(?=\s*+[\]}])")
_TO_MEND = re.compile(
    r'("[^"\\]*+(?:\\.[^"\\]*+)*+")|,(?=\s*+[\]}])|(?<![\d.])\d{4000,}+(?![.eE])', re.DOTALL
)
_INFINITE = "1e999"

# What stands where reading failed if the text simply ended: the beginning of a literal, or a closing fence.
_CUT = re.compile(r"[-+.\w]{0,9}+\s*+(?:`{3}|~{3}|\Z)")
_LONGEST_ESCAPE = len(r"\ud83d\ude00")

_PLACES = frozenset({"box_2d", "point"})
_ITEM_KEYS = _PLACES | {"mask", "label", "bbox", "box", "box2d", "bounding_box", "polygon", "points"}
_ITEM = re.compile(rf'\{{\s*+"(?:{"|".join(sorted(_ITEM_KEYS))})"\s*+:')
_MAX_WRAPPERS = 4  # {"result": {"boxes": [[{...}]]}}

# How often failed attempts may read the text: a cut answer is read once per wrapper around its last item.
_ALLOWANCE = 6


class Broken(NamedTuple):
    """An item that could not be read."""

    reason: str
    detail: str


class Object(dict[str, Any]):
    """A JSON object that remembers whether a key stood in it twice; the last one counts."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = len(self) != len(pairs)


@dataclass(slots=True)
class Found:
    """What a text holds.

    Attributes:
        elements: the items in order, as read, `Broken` where one could not be; None if there is no answer.
        cut: whether the text ended inside of something.
        issues: what is unusual about the text as a whole.
        failure: where and why something could first not be read, for an error message.
    """

    elements: list[Any] | None = None
    cut: bool = False
    issues: list[str] = field(default_factory=list)
    failure: str | None = None

    def note(self, issue: str) -> None:
        """Remember ``issue`` once."""
        if issue not in self.issues:
            self.issues.append(issue)


class _Text(str):
    """Spares JSONDecodeError from counting the lines before every error, which makes n errors quadratic."""

    __slots__ = ()

    def count(self, *_: object) -> int:
        return 0

    def rfind(self, *_: object) -> int:
        return -1


_read = JSONDecoder(strict=False, object_pairs_hook=Object).raw_decode


def find(text: str) -> Found:
    """Find the items in ``text``: in one block of JSON or in several, fenced or not, whole or damaged."""
    found = Found()
    text = _unquoted(text, found)
    blocks = list(_blocks(_Text(text), found))
    chosen = [block for block in blocks if block.has_item] or [block for block in blocks if not block.inside]
    elements = [element for block in chosen for element in block.elements]
    unreadable = elements and all(isinstance(element, Broken) for element in elements)
    if found.cut or (chosen and not unreadable):
        found.elements = elements[:MAX_ELEMENTS]
    if len(elements) > MAX_ELEMENTS:
        found.note("too-many-items")
    if chosen:
        _note_surroundings(text, chosen, found)
    return found


class _Block(NamedTuple):
    """A value that was read, or an item that was not."""

    start: int
    end: int
    elements: list[Any]
    has_item: bool
    inside: bool  # of something that could not be read


def _blocks(text: str, found: Found) -> Iterator[_Block]:
    forced = _START.match(text)
    start = forced.end() if forced else _next(text, 0)
    allowance = _ALLOWANCE * len(text)
    inside = mended = False
    for _ in range(MAX_ELEMENTS):
        if start is None or allowance < 0:
            return
        try:
            value, end = _read(text, start)
        except (ValueError, RecursionError) as error:
            endless = not isinstance(error, (JSONDecodeError, RecursionError))
            if not mended and (endless or (not inside and _STRAY_COMMA.search(text, start))):
                text, mended = _mend(text, start, found), True
                continue
            inside = True
            where = _where(error, text)
            allowance -= where - start + 1
            broken = _judge(error, text, start, where, found)
            if broken:
                yield _Block(start, where, [broken], has_item=True, inside=True)
            too_deep = broken and broken.reason == "too-deep"
            start = _next(text, start + 1, _ITEM if too_deep else _OPENER)
        else:
            elements = _elements(value)
            if elements is not None:
                yield _Block(start, end, elements, _has_item(elements), inside)
            start = _next(text, end)
    found.note("too-many-items")


def _next(text: str, position: int, pattern: re.Pattern[str] = _OPENER) -> int | None:
    match = pattern.search(text, position)
    return match.start() if match else None


def _where(error: Exception, text: str) -> int:
    """How far the reader came, or may have come."""
    if isinstance(error, JSONDecodeError) and not error.msg.startswith("Unterminated"):
        return error.pos
    return len(text)


def _judge(error: Exception, text: str, start: int, where: int, found: Found) -> Broken | None:
    """Note what a failed attempt says about the text; the item that it was, if it was one."""
    looks_like_item = _ITEM.match(text, start)
    if isinstance(error, RecursionError):
        broken = Broken("too-deep", "nested too deeply to be read")
    else:
        escape = len(text) - where <= _LONGEST_ESCAPE and "escape" in str(error) and '"' not in text[where:]
        if escape or _CUT.match(text, where):
            found.cut = True
            return None
        broken = Broken("syntax", f"not JSON at character {where}: {text[where : where + 40]!r}")
    found.failure = found.failure or broken.detail
    found.note("damaged")
    return broken if looks_like_item else None


def _mend(text: str, start: int, found: Found) -> str:
    """The same text, as long as before: blanks for commas before a bracket, infinity for endless digits."""

    def mend(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[1]
        if match[0] == ",":
            found.note("trailing-comma")
            return " "
        return _INFINITE.ljust(len(match[0]))

    return _Text(text[:start] + _TO_MEND.sub(mend, text[start:]))


def _elements(value: Any, wrappers: int = _MAX_WRAPPERS) -> list[Any] | None:
    """The items that ``value`` is or holds; none is an answer too, None is no answer."""
    if isinstance(value, Object):
        return _of_object(value, wrappers)
    if not isinstance(value, list):
        return None
    elements: list[Any] = []
    for member in value[: MAX_ELEMENTS + 1]:
        inner = _elements(member, wrappers - 1) if wrappers else None
        elements.extend(inner if inner and _has_item(inner) else [member])
    return elements


def _of_object(value: Object, wrappers: int) -> list[Any] | None:
    if _PLACES & value.keys():
        return [value]
    held = [_elements(member, wrappers - 1) for member in value.values()] if wrappers else []
    items = [element for elements in held if elements and _has_item(elements) for element in elements]
    if not items and _ITEM_KEYS & value.keys():
        return [value]
    return items if items or [] in held else None


def _has_item(elements: list[Any]) -> bool:
    return any(isinstance(element, Object) and _ITEM_KEYS & element.keys() for element in elements)


def _unquoted(text: str, found: Found) -> str:
    """The text itself; if it is one JSON string, what that says (``jq`` without ``-r`` prints such)."""
    start = len(text) - len(text.lstrip())
    if text.startswith('"', start):
        try:
            value, end = _read(_Text(text), start)
        except (ValueError, RecursionError):
            return text
        if _BLANK.match(text, end):
            found.note("json-string")
            return str(value)
    return text


def _note_surroundings(text: str, chosen: list[_Block], found: Found) -> None:
    lead, tail = text[: chosen[0].start], text[chosen[-1].end :]
    fenced = _FENCED.search(lead[-100:])
    if not any(block.inside for block in chosen):
        if len(chosen) > 1:
            found.note("several-blocks")
        if not (fenced or (_BLANK.match(lead) and _BLANK.match(tail))):
            found.note("prose")
    elif not fenced and not _START.match(lead + "["):
        found.note("prose")
