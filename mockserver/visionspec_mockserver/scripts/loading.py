"""From YAML or JSON to the models, with the line of every mistake."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from visionspec.errors import MissingExtra
from visionspec_mockserver.scripts.models import ScriptFile
from visionspec_mockserver.scripts.problems import InvalidScript, Loc, Problem, problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_NODES = 1_000_000  # as written out: an alias counts as often as it is used
_MAX_DEPTH = 100
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_TOO_DEEP = "nested too deeply, or aliases of aliases"


class Loaded(NamedTuple):
    """What a file says, and the files that it names."""

    file: ScriptFile
    lines: dict[Loc, int]
    names: tuple[Path, ...] = ()


def load(path: Path) -> Loaded:
    """Read a script file; ``.json`` is JSON, all else is YAML.

    Raises:
        InvalidScript: naming everything that is wrong, and where.
        MissingExtra: if it is YAML and there is nothing that reads it.
    """
    source = str(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidScript([Problem("", f"larger than {MAX_FILE_BYTES:,} bytes")], source=source)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InvalidScript([Problem("", error.strerror or "cannot be read")], source=source) from None
    except UnicodeDecodeError as error:
        raise InvalidScript([Problem("", f"is not UTF-8 at byte {error.start}")], source=source) from None
    values, lines = _json(text, source) if path.suffix.lower() == ".json" else _yaml(text, source)
    if isinstance(values, list):
        values = {"scripts": values}
        lines = {("scripts", *loc) if loc else loc: line for loc, line in lines.items()}
    names: list[Path] = []
    file = validated(values, source=source, lines=lines, context={"folder": path.parent, "files": names})
    return Loaded(file, lines, tuple(names))


def validated(
    values: Any,
    *,
    source: str = "",
    lines: dict[Loc, int] | None = None,
    context: dict[str, Any] | None = None,
    only: str | None = None,
) -> ScriptFile:
    """Plain values as scripts and faults, or ``only`` one of them; without a ``context`` they cannot name files.

    Raises:
        InvalidScript: naming everything that is wrong, and where.
    """
    if isinstance(values, list):
        values = {only or "scripts": values}
    if not isinstance(values, dict):
        told = Problem("", "a file of scripts is a list of scripts, or {scripts: [...], strict: ...}")
        raise InvalidScript([told], source=source)
    if only is not None and (other := values.keys() - {only, "strict"} & ScriptFile.model_fields.keys()):
        raise InvalidScript([Problem(min(other), f"this place takes {only} alone")], source=source)
    try:
        return ScriptFile.model_validate(values, context=context)
    except ValidationError as error:
        found = [problem(one, lines=lines or {}) for one in error.errors(include_url=False)]
        raise InvalidScript(found, source=source) from None


def _json(text: str, source: str) -> tuple[Any, dict[Loc, int]]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidScript([Problem("", f"no JSON: {error.msg}", error.lineno)], source=source) from None
    except RecursionError:
        raise InvalidScript([Problem("", _TOO_DEEP)], source=source) from None
    try:
        # JSON is YAML but for its tabs and its halves of characters
        _, lines = _yaml(_HALF.sub("?", text.replace("\t", " ")), source)
    except (InvalidScript, MissingExtra):
        lines = {}
    return values, lines


def _yaml(text: str, source: str) -> tuple[Any, dict[Loc, int]]:
    try:
        import yaml  # noqa: PLC0415 - only for scripts
    except ModuleNotFoundError:
        raise MissingExtra("PyYAML, which reads scripts,", "mockserver") from None

    kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(yaml.parse(text, Loader=kind), source)
        reader = kind(text)
        try:
            node = reader.get_single_node()
            if node is None:
                return {}, {}
            lines = _lines(node, source)
            return reader.construct_document(node), lines
        finally:
            reader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InvalidScript([Problem("", f"no YAML: {error.problem}", line)], source=source) from None
    except InvalidScript:
        raise
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError
        raise InvalidScript([Problem("", f"no YAML: {error}")], source=source) from None


def _check_depth(events: Iterable[Any], source: str) -> None:
    """Before anything recurses: the reader that is written in C would end the process."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > _MAX_DEPTH:
            raise InvalidScript([Problem("", _TOO_DEEP, event.start_mark.line + 1)], source=source)


def _lines(node: Any, source: str) -> dict[Loc, int]:
    """The line of every place, aliases written out."""
    lines: dict[Loc, int] = {}
    for loc, at in _nodes(node, ()):
        if len(lines) >= MAX_NODES or len(loc) > _MAX_DEPTH:
            raise InvalidScript([Problem("", _TOO_DEEP)], source=source)
        lines[loc] = at.start_mark.line + 1
    twice = [Problem(key.value, "this key is here twice", key.start_mark.line + 1) for key in _repeated(node)]
    if twice:
        raise InvalidScript(twice, source=source)
    return lines


def _nodes(node: Any, loc: Loc) -> Iterator[tuple[Loc, Any]]:
    """Every node with its place, aliases written out."""
    yield loc, node
    if node.id == "mapping":
        for key, value in node.value:
            yield from _nodes(value, (*loc, str(key.value)))
    elif node.id == "sequence":
        for number, value in enumerate(node.value):
            yield from _nodes(value, (*loc, number))


def _repeated(node: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """The keys that a mapping has twice; a node that aliases share is looked at once."""
    seen = set() if seen is None else seen
    if id(node) in seen:
        return
    seen.add(id(node))
    if node.id == "mapping":
        known: set[str] = set()
        for key, value in node.value:
            if key.id == "scalar" and key.value in known and key.value != "<<":
                yield key
            known.add(key.value if key.id == "scalar" else "")
            yield from _repeated(value, seen)
    elif node.id == "sequence":
        for value in node.value:
            yield from _repeated(value, seen)
