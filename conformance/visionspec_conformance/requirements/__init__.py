"""What a conforming implementation keeps, frozen by date: a file per version, rule ids by kind of target."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest


def names() -> list[str]:
    """The versions that there are, e.g. ``2026-11``."""
    return sorted(
        path.name.removesuffix(".json") for path in files(__name__).iterdir() if path.name.endswith(".json")
    )


def load(name: str, kind: str) -> frozenset[str]:
    """The rules that a target of this kind has to keep.

    Raises:
        pytest.UsageError: if there is no such version.
    """
    if name not in names():
        raise pytest.UsageError(f"no requirements {name!r}; there are {', '.join(names())}")
    return frozenset(json.loads(files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8"))[kind])
