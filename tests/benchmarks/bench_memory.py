"""Memory after many images: ``python tests/benchmarks/bench_memory.py [REQUESTS [N]]``. A report, never a test.

Resident memory of the server after 10,000 requests with an image, to generateContent and to interactions in
turn: first with one image, then with images none of which was ever there before, each a drawing that is
looked at, which takes its time (with N only an Nth as many). The aim is 150 MB.

Then what one look costs, and what it costs others: while a picture of 20 megapixels is looked at over and
over, a second connection asks for ``/_mock/health``; pixels are worked on in threads, so the slowest answer is
to stay under 50 ms.
"""

from __future__ import annotations

import base64
import io
import json
import random
import statistics
import sys
import threading
import time

from PIL import Image, ImageDraw
from servers import Connection, Process, generate, get, post

LOOKS = 12


def drawing(number: int, width_px: int = 256, height_px: int = 192, kind: str = "PNG") -> bytes:
    """A few shapes on a plain background, others for every number."""
    chance = random.Random(number)  # noqa: S311 - a picture, no secret
    image = Image.new("RGB", (width_px, height_px), (250, 250, 245))
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = chance.randrange(width_px * 3 // 4), chance.randrange(height_px * 3 // 4)
        corners = (x, y, x + width_px // 5, y + height_px // 5)
        draw.ellipse(corners, fill=(chance.randrange(200), chance.randrange(200), chance.randrange(200)))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def asked(data: bytes, *, interactions: bool = False, mime_type: str = "image/png") -> bytes:
    """A request about an image, in one dialect or the other."""
    encoded = base64.b64encode(data).decode()
    if interactions:
        image = {"type": "image", "data": encoded, "mime_type": mime_type}
        body = {"model": "gemini-2.5-flash", "input": [image, {"type": "text", "text": "Detect boxes."}]}
        return post("/v1beta/interactions", json.dumps(body).encode())
    inline = {"inlineData": {"mimeType": mime_type, "data": encoded}}
    return generate(json.dumps({"contents": [{"parts": [inline, {"text": "Segment."}]}]}).encode())


def fill(server: Process, count: int, *, distinct: bool) -> str:
    """Ask ``count`` times; what is in memory afterwards."""
    connection, same = Connection(server.address), drawing(0)
    began = time.perf_counter()
    for number in range(count):
        data = drawing(number) if distinct else same
        connection.ask(asked(data, interactions=number % 2 == 1))
    took_s = time.perf_counter() - began
    return f"{server.resident_mb():6.0f} MB   ({count / took_s:.0f} requests/s, one after the other)"


def look(server: Process) -> str:
    """What a look costs, and what it costs the others."""
    waits_ms: list[float] = []
    done = threading.Event()

    def others() -> None:
        connection = Connection(server.address)
        while not done.is_set():
            began = time.perf_counter()
            connection.ask(get("/_mock/health"))
            waits_ms.append(1e3 * (time.perf_counter() - began))
            time.sleep(0.005)

    connection = Connection(server.address)
    requests = [asked(drawing(number, 5472, 3648, "JPEG"), mime_type="image/jpeg") for number in range(LOOKS)]
    looks_ms: list[float] = []
    thread = threading.Thread(target=others)
    thread.start()
    for request in requests:
        began = time.perf_counter()
        connection.ask(request)
        looks_ms.append(1e3 * (time.perf_counter() - began))
    done.set()
    thread.join()
    waits_ms.sort()
    return (
        f"a look at 20 megapixels {statistics.median(looks_ms):.0f} ms; meanwhile health: "
        f"median {statistics.median(waits_ms):.1f} ms, 99 % within {waits_ms[len(waits_ms) * 99 // 100]:.1f} ms, "
        f"slowest {waits_ms[-1]:.1f} ms of {len(waits_ms)}"
    )


def main() -> None:
    """Print what was found."""
    count = int(sys.argv[1]) if sys.argv[1:] else 10_000
    new = int(sys.argv[2]) if sys.argv[2:] else 1
    with Process() as server:
        Connection(server.address).ask(get("/_mock/health"))
        sys.stdout.write(f"idle                 {server.resident_mb():6.0f} MB\n")
        for asks, distinct in ((count, False), (count // new, True)):
            sys.stdout.write(f"{asks:5} with {'new images' if distinct else 'one image '}")
            sys.stdout.write(fill(server, asks, distinct=distinct) + "\n")
            sys.stdout.flush()
        sys.stdout.write(look(server) + "\n")
        sys.stdout.write(f"afterwards           {server.resident_mb():6.0f} MB\n")


if __name__ == "__main__":
    main()
