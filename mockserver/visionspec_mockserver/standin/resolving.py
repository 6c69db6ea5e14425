"""References and combinations of a JSON schema, resolved into one flat schema per place.

Of the options of ``anyOf`` and ``oneOf`` the first one that agrees with the rest is taken, ``null`` last.
Work is bounded: after `_MOST_STEPS` everything is allowed.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_MOST_STEPS = 20_000
_MOST_HOPS = 24
_TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")
_SMALLEST_WINS = ("maximum", "exclusiveMaximum", "maxItems", "maxLength", "maxProperties")
_LARGEST_WINS = ("minimum", "exclusiveMinimum", "minItems", "minLength", "minProperties")
_COMBINED = ("$ref", "allOf", "anyOf", "oneOf", "nullable")


class Resolver:
    """Flattens the schemas within ``root``."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._steps = 0
        self._known: dict[tuple[int, bool], tuple[Any, dict[str, Any] | None]] = {}

    def flat(self, schema: Any, *, simplest: bool = False) -> dict[str, Any] | None:
        """One schema without references and combinations; None if nothing can satisfy it.

        ``simplest`` takes ``null`` first where there are options, so that recursion ends.
        """
        place = (id(schema), simplest)
        if place not in self._known:  # the schema is kept too, so that its id stays its own
            self._known[place] = (schema, self._flat(schema, simplest=simplest, hops=0))
        return self._known[place][1]

    def _flat(self, schema: Any, *, simplest: bool, hops: int) -> dict[str, Any] | None:
        if schema is False:
            return None
        self._steps += 1
        if not isinstance(schema, dict) or self._steps > _MOST_STEPS or hops > _MOST_HOPS:
            return {}
        flat: dict[str, Any] | None = {k: v for k, v in schema.items() if k not in _COMBINED}
        if "type" in schema:
            flat = merged({k: v for k, v in schema.items() if k not in _COMBINED}, {})
            if flat is not None and schema.get("nullable") is True:
                flat["type"] = [*types(flat), "null"]
        parts = [self._target(schema["$ref"])] if isinstance(schema.get("$ref"), str) else []
        parts += _list(schema.get("allOf"))
        for part in parts:
            flat = _both(flat, self._flat(part, simplest=simplest, hops=hops + 1))
        for key in ("anyOf", "oneOf"):
            if flat is not None and (given := _list(schema.get(key))):
                flat = self._option(flat, given, simplest=simplest, hops=hops + 1)
        return flat

    def _option(
        self, flat: dict[str, Any], given: list[Any], *, simplest: bool, hops: int
    ) -> dict[str, Any] | None:
        def rank(option: Any) -> int:
            kind = types(option) if isinstance(option, dict) else []
            if kind == ["null"]:
                return -1 if simplest else 1
            return 1 if simplest and (not kind or {"object", "array"} & set(kind)) else 0

        for option in sorted(given, key=rank):
            found = _both(flat, self._flat(option, simplest=simplest, hops=hops))
            if found is not None:
                return found
        return None

    def _target(self, ref: str) -> Any:
        """What a reference means; one that leads nowhere allows everything."""
        try:
            return target(self._root, ref)
        except LookupError:
            return True


def target(root: Any, ref: str) -> Any:
    """What the reference ``ref`` means within ``root``.

    Raises:
        LookupError: if it leads nowhere, or elsewhere.
    """
    if not ref.startswith("#"):
        raise LookupError(ref)
    at = root
    for token in unquote(ref[1:]).split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(at, list) and key.isdecimal():
            at = at[int(key)]
        elif isinstance(at, dict):
            at = at[key]
        else:
            raise LookupError(ref)
    return at


def types(schema: dict[str, Any]) -> list[str]:
    """The types that a schema names, in lower case; none named: none."""
    given = schema.get("type")
    names = [given] if isinstance(given, str) else _list(given)
    return [name.lower() for name in names if isinstance(name, str) and name.lower() in _TYPES]


def merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any] | None:
    """A schema that demands what both demand; None if they contradict each other."""
    out = {**a, **b}
    kinds = _shared_types(types(a), types(b))
    if kinds is None:
        return None
    if kinds:
        out["type"] = kinds
    for names, choose in ((_LARGEST_WINS, max), (_SMALLEST_WINS, min)):
        for name in names:
            both = [s[name] for s in (a, b) if isinstance(s.get(name), (int, float))]
            if len(both) == 2:
                out[name] = choose(both)
    for name, combine in _COMBINE.items():
        if name in a and name in b:
            out[name] = combine(a[name], b[name])
    _merge_properties(a, b, out)
    return _chosen(a, b, out)


def _merge_properties(a: dict[str, Any], b: dict[str, Any], out: dict[str, Any]) -> None:
    closed = [s.get("additionalProperties") is False and not s.get("patternProperties") for s in (a, b)]
    mine, theirs = _dict(a.get("properties")), _dict(b.get("properties"))
    if mine or theirs:
        out["properties"] = {
            name: False
            if (closed[0] and name not in mine) or (closed[1] and name not in theirs)
            else _all([s[name] for s in (mine, theirs) if name in s])
            for name in {**mine, **theirs}
        }
    if any(closed):
        out["additionalProperties"] = False


def _chosen(a: dict[str, Any], b: dict[str, Any], out: dict[str, Any]) -> dict[str, Any] | None:
    values = [[s["const"]] if "const" in s else _list(s.get("enum")) for s in (a, b)]
    given = [v for v in values if v]
    if len(given) == 2:
        allowed = {json_key(v) for v in given[1]}
        shared = [v for v in given[0] if json_key(v) in allowed]
        if not shared:
            return None
        out.pop("const", None)
        out["enum"] = shared
    return out


def json_key(value: Any) -> Hashable:
    """Equal for values that are equal as JSON: True is not 1, 1.0 is."""
    if isinstance(value, dict):
        return "object", frozenset((name, json_key(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return "array", tuple(json_key(inner) for inner in value)
    return ("boolean", value) if isinstance(value, bool) else ("plain", value)


def _both(a: dict[str, Any] | None, b: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if a is None or b is None else merged(a, b)


def _shared_types(a: list[str], b: list[str]) -> list[str] | None:
    if not a or not b:
        return a or b
    shared = [t for t in a if t in b or (t == "integer" and "number" in b)]
    shared += ["integer"] if "number" in a and "integer" in b and "integer" not in shared else []
    return shared or None


def _common_multiple(a: Any, b: Any) -> Any:
    first, second = Fraction(str(a)), Fraction(str(b))
    numerator = math.lcm(first.numerator * second.denominator, second.numerator * first.denominator)
    found = Fraction(numerator, first.denominator * second.denominator)
    return int(found) if found.denominator == 1 else float(found)


def _all(schemas: list[Any]) -> Any:
    return schemas[0] if len(schemas) == 1 else {"allOf": schemas}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_COMBINE: dict[str, Callable[[Any, Any], Any]] = {
    "items": lambda a, b: _all([a, b]),
    "additionalProperties": lambda a, b: _all([a, b]),
    "required": lambda a, b: [*_list(a), *(name for name in _list(b) if name not in _list(a))],
    "uniqueItems": lambda a, b: a is True or b is True,
    "multipleOf": _common_multiple,
}
