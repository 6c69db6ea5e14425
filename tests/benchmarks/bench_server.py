"""Requests per second beside a trivial peer: ``python tests/benchmarks/bench_server.py [ROUNDS]``.

A report, never a test. The peer reads the same body, parses it as JSON and answers something fixed. Eight
connections ask each server in turn, round by round; what counts is the median of the rounds' ratios, for on
a busy machine the requests per second do not. Beside it stands the ratio of what the two processors spent.
The aims: 0.6 for a text, 0.8 with a JPEG of about 103 kB in the body.
"""

from __future__ import annotations

import base64
import io
import json
import statistics
import sys
import time
from contextlib import ExitStack
from typing import NamedTuple

from PIL import Image
from servers import OURS, TRIVIAL, Connection, Process, generate

CONNECTIONS = 8


class Round(NamedTuple):
    """What one server did in one round."""

    per_s: float
    processor_us: float


def jpeg() -> bytes:
    """Noise of about 103 kB."""
    image, out = Image.effect_noise((420, 420), 90).convert("RGB"), io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def bodies() -> dict[str, tuple[bytes, int]]:
    """What is asked, and how often in a round."""
    inline = {"inlineData": {"mimeType": "image/jpeg", "data": base64.b64encode(jpeg()).decode()}}
    text = json.dumps({"contents": [{"parts": [{"text": "What is an apple, please?"}]}]})
    image = json.dumps({"contents": [{"parts": [inline, {"text": "Caption this image."}]}]})
    return {"text": (text.encode(), 1600), "inline JPEG": (image.encode(), 640)}


def run(server: Process, request: bytes, count: int) -> Round:
    """Ask ``count`` times, with a request under way on every connection."""
    connections = [Connection(server.address) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.ask(request)
    used_s, began = server.processor_s(), time.perf_counter()
    for connection in connections:
        connection.send(request)
    for _ in range(count // CONNECTIONS - 1):
        for connection in connections:
            connection.receive()
            connection.send(request)
    for connection in connections:
        connection.receive()
    took_s, used_s = time.perf_counter() - began, server.processor_s() - used_s
    for connection in connections:
        connection.close()
    return Round(count / took_s, used_s / count * 1e6)


def main() -> None:
    """Print a line per body."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 9
    with ExitStack() as stack:
        ours, peer = (stack.enter_context(Process(command)) for command in (OURS, TRIVIAL))
        for name, (body, count) in bodies().items():
            request = generate(body)
            found = [(run(ours, request, count), run(peer, request, count)) for _ in range(rounds)]
            ratio = statistics.median(one.per_s / other.per_s for one, other in found)
            spent = statistics.median(other.processor_us / one.processor_us for one, other in found)
            best, least = (max(pair[at].per_s for pair in found) for at in (0, 1))
            sys.stdout.write(
                f"{name:12} {len(body):7} bytes  {ratio:.2f} of the peer's requests/s, "
                f"{spent:.2f} by processor time (best of ours {best:.0f}/s, of the peer's {least:.0f}/s)\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
