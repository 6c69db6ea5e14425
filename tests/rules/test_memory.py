"""What decoding an answer may allocate, counted: by tracemalloc, and by the whole process where C allocates."""

from __future__ import annotations

import base64
import json
import struct
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from visionspec import decode_answer, errors
from visionspec.rules.masks import SMALL_FRAME_PX

BYTES_EACH = 64  # "at most 64 bytes per character of the text and per pixel of the frame"
SAMPLES_OF_COLOUR = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width_px: int, height_px: int, colour: int, depth: int, *, interlaced: bool, pixels: bool) -> str:
    """A PNG of zeros that declares a size; with as many pixels as it declares, or with none."""
    row = 1 + -(-width_px * SAMPLES_OF_COLOUR[colour] * depth // 8)
    header = struct.pack(">IIBBBBB", width_px, height_px, depth, colour, 0, 0, interlaced)
    data = zlib.compress(bytes(row * height_px if pixels else 9))
    palette = chunk(b"PLTE", bytes(3)) if colour == 3 else b""
    parts = (b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), palette, chunk(b"IDAT", data), chunk(b"IEND", b""))
    return "data:image/png;base64," + base64.b64encode(b"".join(parts)).decode()


SOUND = png(9, 9, 0, 8, interlaced=False, pixels=True)
BOMB = png(30_000, 30_000, 0, 8, interlaced=False, pixels=False)
huge = st.integers(1, 2**31 - 1) | st.sampled_from([1024, 5000, 30_000])
depths = st.sampled_from([(0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 8), (4, 8), (6, 8), (6, 16)])
bombs = st.builds(
    lambda width, height, form, interlaced: png(width, height, *form, interlaced=interlaced, pixels=False),
    huge,
    huge,
    depths,
    st.booleans(),
)
maps = st.builds(
    lambda width, height, form: png(width, height, *form, interlaced=False, pixels=True),
    st.integers(1, 600),
    st.integers(1, 600),
    depths,
)
coordinates = st.sampled_from([-1e9, -1, 0, 0.5, 1000, 1e6, 1e15, 1e300]) | st.integers(-2000, 3000)
rings = st.builds(
    lambda corners, times: corners * times,
    st.lists(st.lists(coordinates, min_size=2, max_size=2), min_size=1, max_size=20),
    st.integers(1, 200),
)
runaways = st.builds(
    lambda bit, times: bit * times, st.sampled_from(["Pj4+", "A", "<seg_1>", "\\"]), st.integers(1, 5_000)
)
nested = st.builds(lambda depth: json.loads("[" * depth + "]" * depth), st.integers(1, 400))
boxes = st.sampled_from([[0, 0, 1000, 1000], [-1e6, -1e6, 1e6, 1e6], [0, 0, 1e6, 5], [0, 0, 1e12, 1e12]])
items = st.fixed_dictionaries(
    {
        "box_2d": boxes | st.lists(coordinates, min_size=4, max_size=4),
        "mask": bombs | maps | rings | runaways | nested | st.lists(rings, max_size=3),
    },
    optional={"label": runaways},
)
texts = st.builds(
    lambda answer, times, wrap, kept: (wrap * 50 + json.dumps(answer * times))[: int(1e6 * kept)],
    st.lists(items, max_size=3),
    st.sampled_from([1, 1, 20]),
    st.sampled_from(["", "[", '{"a":', "```json\n"]),
    st.sampled_from([1, 1, 0.01, 0.0001]),
)


def peak_bytes(text: str, width_px: int, height_px: int) -> int:
    tracemalloc.start()
    try:
        with suppress(errors.InvalidAnswer):
            decode_answer(text, width_px=width_px, height_px=height_px)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.prop
@pytest.mark.rule("answers.memory")
class TestMemory:
    """No number, no size and no depth in an answer costs memory: only its length and the frame do."""

    @given(texts, st.sampled_from([(40, 30), (1920, 1080), (1, 262_144)]))
    @example(json.dumps([{"box_2d": [0, 0, 1000, 1000], "mask": "A" * 400_000}] * 9), (40, 30))
    @example(json.dumps([{"box_2d": [-1e6, -1e6, 1e6, 1e6], "mask": SOUND}]), (1920, 1080))
    @example(json.dumps([{"box_2d": [0, 0, 1000, 1000], "mask": BOMB}]), (1920, 1080))
    @example('[{"box_2d": [0, 0, 1000, 1000]}' + ', {"box_2d": [0, 0, 1000, 1000]}' * 20_000, (40, 30))
    def test_is_bounded_by_text_and_frame(self, text: str, frame: tuple[int, int]) -> None:
        pixels = max(frame[0] * frame[1], SMALL_FRAME_PX)
        assert peak_bytes(text, *frame) <= BYTES_EACH * (len(text) + pixels)


HOSTILE: dict[str, Any] = {
    "a bomb": [{"mask": BOMB}],
    "a bomb that goes off": [{"mask": png(9000, 9000, 0, 8, interlaced=False, pixels=True)}],
    "sixteen bits of four samples": [{"mask": png(1024, 1024, 6, 16, interlaced=True, pixels=True)}] * 8,
    "a box of a million": [
        {"box_2d": [-1e6, -1e6, 1e6, 1e6], "mask": png(999, 999, 2, 8, interlaced=False, pixels=True)}
    ],
    "a polygon of a million": [{"mask": [[0, 0], [1e9, 0], [1e9, 1e9], [0, 1e9]] * 4000}],
    "masks beyond the budget": [{"mask": png(1024, 1024, 0, 8, interlaced=False, pixels=True)}] * 200,
}
MEASURE = """
import resource, sys
from visionspec import decode_answer
from visionspec.errors import InvalidAnswer
text = sys.stdin.read()
decode_answer('[{"box_2d": [0, 0, 9, 9], "mask": "%s"}]' % sys.argv[1], width_px=99, height_px=99)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode_answer(text, width_px=1024, height_px=1024)
except InvalidAnswer:
    pass
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss counts kilobytes on Linux only")
@pytest.mark.parametrize("name", HOSTILE)
def test_what_c_allocates_is_bounded_too(name: str) -> None:
    """The whole process, decoders of images included: tracemalloc does not see those."""
    text = json.dumps([{"box_2d": [0, 0, 1000, 1000], **item} for item in HOSTILE[name]])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, SOUND], input=text, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) <= BYTES_EACH * (len(text) + SMALL_FRAME_PX)
