"""How fast tokens are counted: ``python tests/benchmarks/bench_tokens.py``. A report, never a test.

For each plan: microseconds per scalar call (the aim is <= 2) and million sizes per second on arrays (the aim
is >= 20), and beside them the ratios that travel between machines, to a bare call and to a bare division of
arrays in the same run.
"""

from __future__ import annotations

import sys
import timeit
from typing import TYPE_CHECKING, Any

import numpy as np

from visionspec.rules.tokens import image_tokens
from visionspec.rules.tokens_array import image_tokens_array

if TYPE_CHECKING:
    from collections.abc import Callable

PLANS: dict[str, dict[str, Any]] = {
    "no model: tiles": {},
    "1.5: clamped tiles": {"model": "gemini-1.5-flash"},
    "2.5: tiles": {"model": "models/gemini-2.5-flash"},
    "2.5 observed: flat": {"model": "gemini-2.5-flash", "basis": "observed"},
    "3: patches": {"model": "gemini-3-flash-preview"},
    "3 low: patches": {"model": "gemini-3-flash-preview", "resolution": "MEDIA_RESOLUTION_LOW"},
}
CALLS = 2_000
SIZES = 500_000


def best_s(work: Callable[[], object], repeats: int = 40) -> float:
    """The shortest of many short runs: what the machine can do, not what it was disturbed in."""
    return min(timeit.repeat(work, number=1, repeat=repeats))


def bare_loop(sizes: list[tuple[int, int]]) -> None:
    """The least that a scalar caller pays: one call that divides once."""

    def divide(width: int, height: int) -> int:
        return width // height

    for width, height in sizes:
        divide(width, height)


def main() -> None:
    """Print one line per plan."""
    write = sys.stdout.write
    random = np.random.default_rng(1)
    widths, heights = random.integers(1, 8000, SIZES), random.integers(1, 8000, SIZES)
    sizes = list(zip(widths[:CALLS].tolist(), heights[:CALLS].tolist(), strict=True))
    loop_s = best_s(lambda: bare_loop(sizes)) / CALLS
    divide_s = best_s(lambda: widths // heights) / SIZES
    write(f"bare call {loop_s * 1e6:.3f} us, bare integer division of arrays {1e-6 / divide_s:.0f} M/s\n\n")
    write(f"{'plan':<20} {'us/call':>8} {'x bare':>7}   {'M sizes/s':>9} {'x bare':>7}\n")
    for name, asked in PLANS.items():

        def one_by_one(asked: dict[str, Any] = asked) -> None:
            for width, height in sizes:
                image_tokens(width, height, **asked)

        def at_once(asked: dict[str, Any] = asked) -> None:
            image_tokens_array(widths, heights, **asked)

        scalar_s, array_s = best_s(one_by_one) / CALLS, best_s(at_once) / SIZES
        write(
            f"{name:<20} {scalar_s * 1e6:8.2f} {scalar_s / loop_s:7.1f}   "
            f"{1e-6 / array_s:9.0f} {array_s / divide_s:7.1f}\n"
        )


if __name__ == "__main__":
    main()
