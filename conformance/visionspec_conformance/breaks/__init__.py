"""The breaks of the negative controls, a module per area."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from visionspec_conformance import broken

if TYPE_CHECKING:
    from visionspec_conformance.broken import Control


def controls() -> list[Control]:
    """All of them, in the order of their modules."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return broken.CONTROLS
