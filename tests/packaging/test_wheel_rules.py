"""The wheel inspection of nox session ``build`` fails on a bad wheel."""

from __future__ import annotations

import runpy
from pathlib import Path

problems = runpy.run_path(str(Path(__file__).with_name("inspect_wheel.py")))["problems"]
GOOD = [
    "visionspec/__init__.py",
    "visionspec/_spec/manifest.json",
    "visionspec_mockserver/app.py",
    "visionspec_conformance/plugin.py",
    "visionspec-1.dist-info/METADATA",
]


def test_a_good_wheel_has_no_problem() -> None:
    assert problems(GOOD, {"manifest.json"}) == []


def test_a_generic_top_level_name_is_a_problem() -> None:
    assert "tests" in problems([*GOOD, "tests/x.py"], {"manifest.json"})[0]


def test_a_missing_spec_file_is_a_problem() -> None:
    assert "rules/a.json" in problems(GOOD, {"manifest.json", "rules/a.json"})[0]
