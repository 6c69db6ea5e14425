"""Checks that lean on our own rules prove nothing; a plugin that nobody asked for is a nuisance."""

from __future__ import annotations

import ast
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import visionspec_conformance

SUITE = Path(visionspec_conformance.__file__).parent
FORBIDDEN = (
    "visionspec.client",
    "visionspec.rules",
    "visionspec.protocol",
    "visionspec.models",
    "visionspec.draw",
)
NOT_A_CHECK = {"adapter.py"}  # it is what is judged


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(SUITE.rglob("*.py"))
        if path.name not in NOT_A_CHECK and path.relative_to(SUITE).parts[0] != "cli"
    ],
    ids=lambda path: path.relative_to(SUITE).as_posix(),
)
def test_nothing_that_judges_uses_what_it_judges(path: Path) -> None:
    assert sorted(name for name in imported(path) if name.startswith(FORBIDDEN)) == []


def test_the_plugin_is_loaded_by_those_who_ask_for_it() -> None:
    assert [
        one for one in entry_points(group="pytest11") if one.value.startswith("visionspec_conformance")
    ] == []
