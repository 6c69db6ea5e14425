"""Every test of the rules begins with empty caches: what one has filled must not answer for another."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture(autouse=True)
def _empty_caches() -> None:
    for name, module in list(sys.modules.items()):
        if name.startswith("visionspec.rules"):
            for function in vars(module).values():
                if clear := getattr(function, "cache_clear", None):
                    clear()
