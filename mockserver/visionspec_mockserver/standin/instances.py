"""An instance of a JSON schema, filled with what was seen where names and forms say so.

What a value tells comes from the name of its property; then it is bent until the schema allows it. An array
of objects, or of labels, boxes, points or polygons, has an entry for everything seen, and what is inside such
an entry is about that one thing. Beyond `_DEEP` levels only what is required is there; beyond `_DEEPEST`
levels or `_MOST_VALUES` values there is ``null``: a schema that demands more is not met.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .forms import caption
from .patterns import example
from .resolving import Resolver, json_key, types

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from .forms import Seen
    from .scene import Scene

_DEEP = 8
_DEEPEST = 64
_MOST_VALUES = 10_000  # for 64 things; what was measured does not count
_MOST_CHARACTERS = 100_000
_MOST_MATCHED = 24  # characters: a pattern of the user's may take time that doubles with each of them

_FORMS = {
    "polygon": ("polygon", "mask", "contour", "segment", "outline"),
    "box": ("box", "bounding"),
    "point": ("point",),
}
_COLOURS = {"color", "colour", "colors", "colours"}
_SHAPES = {"shape", "shapes", "form"}
_LABELS = {"label", "labels", "name", "names"}
_SIZES = {"width", "height"}

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "nobody@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uri-reference": "https://example.com/",
    "iri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "",
    "regex": ".",
}
_IMPLIED = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "contains"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_SIMPLEST = ("null", "boolean", "integer", "number", "string", "array", "object")
_CLASSES = {"null": type(None), "boolean": bool, "string": str, "array": list, "object": dict}
_EDGES = {"ymin": 0, "xmin": 1, "ymax": 2, "xmax": 3, "y0": 0, "x0": 1, "y2": 2, "x2": 3}
_EDGES |= {"top": 0, "left": 1, "bottom": 2, "right": 3}


def instance(schema: dict[str, Any], scenes: Sequence[Scene], seen: Sequence[Seen]) -> Any:
    """An instance of ``schema`` about what was ``seen``; the same for the same."""
    return _Maker(schema, scenes, seen).value(schema, "", None, 0)


class _Maker:
    def __init__(self, root: dict[str, Any], scenes: Sequence[Scene], seen: Sequence[Seen]) -> None:
        self._resolver = Resolver(root)
        self._scenes = scenes
        self._seen = seen
        self._caption = caption(scenes)
        self._left = _MOST_VALUES * (1 + len(seen) // 64)

    def value(self, schema: Any, name: str, about: Seen | None, depth: int, want: Any = None) -> Any:
        """A value for the property ``name``: ``want`` where known, told of ``about`` where that is known."""
        self._left -= want is None
        simplest = depth > _DEEP or self._left < _MOST_VALUES // 2
        flat = self._resolver.flat(schema, simplest=simplest)
        if flat is None or depth > _DEEPEST or self._left < 0:
            return None
        if "const" in flat:
            return flat["const"]
        if _listed(flat.get("enum")):
            return self._choice(flat["enum"], types(flat), name, about)
        kind = _kind(flat, types(flat), name, want, simplest=simplest)
        if kind == "object":
            return self._object(flat, about, depth, simplest=simplest)
        if kind == "array":
            return self._array(flat, name, about, depth, want, simplest=simplest)
        return self._plain(flat, kind, name, about, want)

    def _plain(self, flat: dict[str, Any], kind: str, name: str, about: Seen | None, want: Any) -> Any:
        if kind == "string":
            return _string(flat, want if isinstance(want, str) else self._text(name, about, flat))
        if kind in ("integer", "number"):
            return _number(flat, self._amount(name, about, want), whole=kind == "integer")
        return bool(self._seen) if kind == "boolean" else None

    def _choice(self, given: list[Any], kinds: list[str], name: str, about: Seen | None) -> Any:
        allowed = [v for v in given if not kinds or any(_is(v, kind) for kind in kinds)] or given
        told = [self._text(name, about, {})]
        if about is None and self._seen:
            about = self._seen[0]
        if about is not None:
            told += [about.region.label, about.region.colour.name, about.region.shape]
        told.append(len(self._seen))
        folded = [value.lower() if isinstance(value, str) else value for value in allowed]
        for want in told:
            plain = want.lower() if isinstance(want, str) else want
            at = [json_key(value) for value in folded]
            if json_key(plain) in at:
                return allowed[at.index(json_key(plain))]
        return allowed[0]

    def _object(self, flat: dict[str, Any], about: Seen | None, depth: int, *, simplest: bool) -> Any:
        properties = flat["properties"] if isinstance(flat.get("properties"), dict) else {}
        required = [key for key in _listed(flat.get("required")) if isinstance(key, str)]
        most = flat.get("maxProperties", math.inf)
        optional = [] if simplest else [key for key in properties if key not in required]
        chosen = {*required, *optional[: max(0, int(min(most, 10**6)) - len(required))]}
        edges = _edges(properties)
        out: dict[str, Any] = {}
        for key in [key for key in properties if key in chosen] + [
            k for k in required if k not in properties
        ]:
            schema = properties[key] if key in properties else self._extra(flat, key)
            if key not in required and self._resolver.flat(schema) is None:
                continue
            of = about or (self._seen[0] if edges and self._seen else None)
            want = of.box[edges[key]] if of and key in edges else None
            out[key] = self.value(schema, key, about, depth + 1, want)
        self._fill(flat, out, [k for k in properties if k not in out], about, depth)
        return out

    def _fill(
        self, flat: dict[str, Any], out: dict[str, Any], spare: list[str], about: Seen | None, depth: int
    ) -> None:
        least = min(_int(flat.get("minProperties"), 0), 1000)
        properties = flat.get("properties") or {}
        for key in spare:
            if len(out) < least and self._resolver.flat(properties[key]) is not None:
                out[key] = self.value(properties[key], key, about, depth + 1)
        patterns = flat.get("patternProperties") if isinstance(flat.get("patternProperties"), dict) else None
        for number in range(least):
            if len(out) >= least:
                break
            key = f"key{number}"
            if flat.get("additionalProperties") is False and patterns:
                key = example(next(iter(patterns)), least=number) or key
            if key not in properties:
                out[key] = self.value(self._extra(flat, key), key, about, depth + 1)

    def _extra(self, flat: dict[str, Any], key: str) -> Any:
        patterns = flat.get("patternProperties")
        if isinstance(patterns, dict) and len(key) <= 32:
            for pattern, schema in patterns.items():
                if _found(pattern, key):
                    return schema
        extra = flat.get("additionalProperties", True)
        return True if extra is False else extra

    def _array(
        self,
        flat: dict[str, Any],
        name: str,
        about: Seen | None,
        depth: int,
        want: Any,
        *,
        simplest: bool,
    ) -> list[Any]:
        first = _listed(flat.get("prefixItems")) or _listed(flat.get("items"))
        items: Any = True if isinstance(flat.get("items"), list) else flat.get("items", True)
        least = min(_int(flat.get("minItems"), 0), _MOST_VALUES)
        most = max(_int(flat.get("maxItems"), _MOST_VALUES), 0)
        wants, things = self._entries(first[0] if first else items, name, about, want, prefixed=bool(first))
        if simplest and want is None:
            wants, things = wants[:least], things[:least]
        if self._resolver.flat(items) is None:
            most = min(most, len(first))
        count = min(max(len(wants), least, 0 if simplest else len(first)), most)
        out: list[Any] = []
        for at in range(count):
            if self._left < 0:
                break
            schema = first[at] if at < len(first) else items
            out.append(
                self.value(
                    schema,
                    _one(name),
                    things[at] if at < len(things) else about,
                    depth + 1,
                    wants[at] if at < len(wants) else None,
                )
            )
        return self._distinct(out, items, least) if flat.get("uniqueItems") is True else out

    def _entries(
        self, items: Any, name: str, about: Seen | None, want: Any, *, prefixed: bool
    ) -> tuple[list[Any], list[Seen]]:
        """What each entry is to be, and what each is about."""
        if isinstance(want, list):
            return want, []
        form = _form(name)
        levels = self._levels(items)
        all_seen = [about] if about else list(self._seen)
        if form and levels is not None:
            own = {"box": 1, "point": 1, "polygon": 2}[form]
            if levels == own or prefixed:
                return (_told(form, all_seen[0]), []) if all_seen else ([], [])
            if levels == own + 1:
                return [_told(form, one) for one in all_seen], all_seen
            if form == "polygon" and levels == 1 and all_seen:
                return [value for corner in all_seen[0].polygon for value in corner], []
        flat = self._resolver.flat(items) or {}
        kind = _kind(flat, types(flat), _one(name), None, simplest=False)
        if kind in ("object", "string", "array") and not prefixed:
            return [None] * len(all_seen), all_seen
        return [], []

    def _levels(self, items: Any) -> int | None:
        """How many arrays there are around a number, this one counted; None where there is no number."""
        for level in range(1, 5):
            flat = self._resolver.flat(items)
            if flat is None:
                return None
            kind = _kind(flat, types(flat), "", None, simplest=False)
            if kind in ("integer", "number"):
                return level
            if kind != "array":
                return None
            items = _first_item(flat)
        return None

    def _distinct(self, values: list[Any], items: Any, least: int) -> list[Any]:
        found: dict[Hashable, Any] = {}

        def add(value: Any) -> None:
            found.setdefault(json_key(value), value)

        for value in values:
            add(value)
        flat = self._resolver.flat(items) or {}
        for value in _listed(flat.get("enum")):
            if len(found) < least:
                add(value)
        for number in range(2 * least + 8):
            for want in (number, f"{number}", [number]):
                if len(found) < least and self._left > 0:
                    self._left -= 1
                    add(self.value(items, "", None, _DEEP, want))
        return list(found.values())

    def _text(self, name: str, about: Seen | None, flat: dict[str, Any]) -> str:
        words = _words(name)
        one = about or (self._seen[0] if self._seen else None)
        told = _told_of(one, words, whole=about is None) if one else None
        if told is not None:
            return told
        if one and _form(name) == "polygon":
            return one.png
        if isinstance(flat.get("format"), str) and flat["format"] in _FORMATS:
            return _FORMATS[flat["format"]]
        if one and (about or words & _LABELS):
            return one.region.label
        return self._caption

    def _amount(self, name: str, about: Seen | None, want: Any) -> float:
        if _is(want, "number"):
            return float(want) if isinstance(want, float) else int(want)
        words = _words(name)
        if about is None and self._scenes and words & _SIZES:
            return self._scenes[0].width_px if "width" in words else self._scenes[0].height_px
        one = about or (self._seen[0] if self._seen else None)
        told = _measured(one, words) if one else None
        if told is not None:
            return told
        return 1 if about else len(self._seen)


def _told_of(one: Seen, words: set[str], *, whole: bool) -> str | None:
    """What the words ask about a thing, or about the ``whole`` picture; None if they ask nothing known."""
    colour = one.region.colour
    if "hex" in words:
        return f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}"
    if words & _COLOURS:
        return (
            one.scene.ground[0].name if whole and "background" in words and one.scene.ground else colour.name
        )
    return one.region.shape if words & _SHAPES else None


def _measured(one: Seen, words: set[str]) -> float | None:
    """The number that the words ask about a thing; None if they ask for nothing known."""
    told = {
        "confidence": one.region.confidence,
        "score": one.region.confidence,
        "probability": one.region.confidence,
        "width": one.region.box.width_px,
        "height": one.region.box.height_px,
        "area": one.region.area_px,
        "x": one.point[1],
        "y": one.point[0],
    }
    return next((told[word] for word in told if word in words), None)


def _string(flat: dict[str, Any], want: str) -> str:
    """``want``, cut or filled up to a length that is allowed; a text of the pattern where there is one."""
    least = min(_int(flat.get("minLength"), 0), _MOST_CHARACTERS)
    most = max(_int(flat.get("maxLength"), _MOST_CHARACTERS), 0)
    pattern = flat.get("pattern")
    if isinstance(pattern, str) and not (
        least <= len(want) <= min(most, _MOST_MATCHED) and _found(pattern, want)
    ):
        made = example(pattern, least=least)
        if made is not None:
            return made
    return (want + "." * (least - len(want)))[:most]


def _first_item(flat: dict[str, Any]) -> Any:
    return (_listed(flat.get("prefixItems")) or _listed(flat.get("items")) or [flat.get("items", True)])[0]


def _told(form: str, one: Seen) -> list[Any]:
    return list({"box": one.box, "point": one.point}[form] if form != "polygon" else one.polygon)


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+|[0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name[:200]).lower()))


def _form(name: str) -> str | None:
    name = name.lower()
    for form, words in _FORMS.items():
        if any(word in name for word in words):
            return form
    return None


def _edges(properties: dict[str, Any]) -> dict[str, int]:
    """Which coordinate of a box each property is, for objects that are a box."""
    plain = {key: re.sub(r"[^a-z0-9]", "", key.lower()) for key in properties}
    first = {"y1": 2, "x1": 3} if {"x0", "y0"} & set(plain.values()) else {"y1": 0, "x1": 1}
    found = {key: {**_EDGES, **first}[word] for key, word in plain.items() if word in _EDGES or word in first}
    return found if set(found.values()) == {0, 1, 2, 3} else {}


def _one(name: str) -> str:
    """The name of an entry of an array: boxes, box."""
    for ending in ("xes", "s"):
        if len(name) > len(ending) + 1 and name.lower().endswith(ending) and not name.lower().endswith("ss"):
            return name[: -len(ending)] + ("x" if ending == "xes" else "")
    return name


def _kind(flat: dict[str, Any], kinds: list[str], name: str, want: Any, *, simplest: bool) -> str:
    """The type to make, of those allowed."""
    if not kinds:
        return _implied(flat, name, want)
    if simplest and want is None:
        return min(kinds, key=_SIMPLEST.index)
    fitting = [kind for kind in kinds if want is not None and _is(want, kind)]
    return next((kind for kind in [*fitting, *kinds] if kind != "null"), "null")


def _implied(flat: dict[str, Any], name: str, want: Any) -> str:
    """The type to make where none is named."""
    if want is not None:
        return "array" if isinstance(want, list) else "string" if isinstance(want, str) else "number"
    implied = [kind for kind, words in _IMPLIED.items() if any(word in flat for word in words)]
    return [*implied, "array" if _form(name) == "box" else "string"][0]


def _is(value: Any, kind: str) -> bool:
    if kind in _CLASSES:
        return isinstance(value, _CLASSES[kind])
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and (kind == "number" or float(value).is_integer())


def _number(flat: dict[str, Any], want: float, *, whole: bool) -> float:
    """The allowed number nearest to ``want``; one that is not allowed where there is none."""
    step = Fraction(str(flat["multipleOf"])) if _real(flat.get("multipleOf")) else None
    step = step if step and step > 0 else None
    if whole:
        step = Fraction(step.numerator) if step else Fraction(1)
    if flat.get("maximum") == 1 and not whole and want > 1:
        want = min(want, 1000) / 1000  # of a side instead of its thousandths
    low, high, low_open, high_open = _bounds(flat)
    value = Fraction(str(want))
    if step:
        value = round(value / step) * step
        if low is not None and (value < low or (low_open and value == low)):
            value = (low // step + 1 if low_open or low % step else low // step) * step
        if high is not None and (value > high or (high_open and value == high)):
            value = (-(-high // step) - 1 if high_open or high % step else high // step) * step
        return _shortest(value)
    inside = min((high - low) / 2, 1) if low is not None and high is not None else 1
    if low is not None and (value < low or (low_open and value == low)):
        value = low + inside if low_open else low
    if high is not None and (value > high or (high_open and value == high)):
        value = high - inside if high_open else high
    return _shortest(value)


def _bounds(flat: dict[str, Any]) -> tuple[Fraction | None, Fraction | None, bool, bool]:
    """The least and the largest number, and whether each itself is excluded; in both spellings of that."""
    low, high = (Fraction(str(flat[key])) if _real(flat.get(key)) else None for key in ("minimum", "maximum"))
    low_open, high_open = flat.get("exclusiveMinimum") is True, flat.get("exclusiveMaximum") is True
    if _real(flat.get("exclusiveMinimum")):
        other = Fraction(str(flat["exclusiveMinimum"]))
        if low is None or other >= low:
            low, low_open = other, True
    if _real(flat.get("exclusiveMaximum")):
        other = Fraction(str(flat["exclusiveMaximum"]))
        if high is None or other <= high:
            high, high_open = other, True
    return low, high, low_open, high_open


def _shortest(value: Fraction) -> float:
    if value.denominator == 1:
        return int(value)
    try:
        return float(value)
    except OverflowError:
        return int(value)


def _real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _int(value: Any, otherwise: int) -> int:
    return int(value) if _real(value) else otherwise


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except (re.error, RecursionError, OverflowError):
        return False
