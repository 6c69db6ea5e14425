"""How long until the first 200: ``python tests/benchmarks/bench_start.py [STARTS]``. A report, never a test.

From the start of the process, as a user starts it, to the answer to a first request: to the control plane, to
the list of models, to generateContent. Beside it the peer of `bench_server`. The starts take turns; the
shortest counts, for a busy machine only ever adds. The aim is 350 ms.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from servers import OURS, TRIVIAL, Connection, Process, generate, get

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT = generate(b'{"contents": [{"parts": [{"text": "What is an apple, please?"}]}]}')
STARTS: dict[str, tuple[Sequence[str], bytes]] = {
    "health": (OURS, get("/_mock/health")),
    "models": (OURS, get("/v1beta/models")),
    "generateContent": (OURS, TEXT),
    "the peer's generateContent": (TRIVIAL, TEXT),
}


def start_ms(command: Sequence[str], request: bytes) -> tuple[float, float]:
    """Milliseconds until the first answer, and what of the processor was used until then."""
    began = time.perf_counter()
    with Process(command) as server:
        Connection(server.address).ask(request)
        return 1e3 * (time.perf_counter() - began), 1e3 * server.processor_s()


def main() -> None:
    """Print a line per first request."""
    count = int(sys.argv[1]) if sys.argv[1:] else 10
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in STARTS}
    for _ in range(count):
        for name, start in STARTS.items():
            found[name].append(start_ms(*start))
    for name, times in found.items():
        shortest, processor = (min(column) for column in zip(*times, strict=True))
        sys.stdout.write(f"{name:27} {shortest:5.0f} ms, {processor:5.0f} ms of processor\n")


if __name__ == "__main__":
    main()
