"""What all tests share: Hypothesis profiles, and programs that are no packages. Imports nothing heavy."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Callable

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=100, derandomize=True, **_COMMON)
settings.register_profile("quick", max_examples=25, derandomize=True, **_COMMON)
settings.register_profile("deep", max_examples=200, print_blob=True, **_COMMON)
settings.register_profile(  # mutmut runs the same tests several times in one process
    "mutation",
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Find a program by its name; on the CI machine a missing one is a failure, elsewhere a reason to skip."""

    def path(name: str) -> str:
        if found := shutil.which(name):
            return found
        reason = f"{name} is not on PATH"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)

    return path
