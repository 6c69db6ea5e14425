"""The command line as a user runs it: another process, its stdout, stderr and exit code."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def visionspec(tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``visionspec ARGUMENTS`` in an empty folder."""

    def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", "visionspec.cli", *arguments],
            input=stdin,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
