"""Microseconds per object for decoding answers, ours beside what a user would write or take instead.

python tests/benchmarks/bench_decode.py [--answers 200] [--objects 10]

Every answer is decoded by every method before the next one is, and processor time is counted, so that a
busy machine slows all of them alike: the ratios hold, the microseconds do not. 256x256 PNG masks of soft
blobs go into boxes of about 300x400 px, and every pixel of ours is compared with Pillow's. The rows for
supervision need ``pip install supervision``.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
import time
import tracemalloc
import zlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from visionspec import decode_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]

PREFIX = "data:image/png;base64,"
FRAMES = ((1024, 768), (4000, 3000))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def blob(random: np.random.Generator, *, noise: float) -> bytes:
    """A probability map of one object: a wobbly ellipse with a soft, somewhat noisy edge."""
    y, x = np.mgrid[:256, :256] / 255 - 0.5
    angle = np.arctan2(y, x)
    radius = np.hypot(x / random.uniform(0.4, 0.48), y / random.uniform(0.4, 0.48))
    radius += random.uniform(0.02, 0.1) * np.sin(angle * random.integers(2, 7))
    values = 255 / (1 + np.exp((radius - 1) * random.uniform(15, 40)))
    unsure = (values > 2) & (values < 253)
    values = np.clip(values + random.normal(0, noise, values.shape) * unsure, 0, 255)
    out = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def make_answers(count: int, objects: int, width_px: int, height_px: int) -> list[str]:
    random = np.random.default_rng(7)
    masks = [PREFIX + base64.b64encode(blob(random, noise=noise % 3 / 2)).decode() for noise in range(40)]
    answers = []
    for _ in range(count):
        items = []
        for index in range(objects):
            width, height = random.integers(270, 331), random.integers(360, 441)
            left, top = random.integers(0, width_px - width), random.integers(0, height_px - height)
            box = [top / height_px, left / width_px, (top + height) / height_px, (left + width) / width_px]
            items.append(
                {
                    "box_2d": [round(1000 * value) for value in box],
                    "mask": masks[random.integers(len(masks))],
                    "label": f"object {index}",
                }
            )
        answers.append("```json\n" + json.dumps(items) + "\n```")
    return answers


def plain(text: str, width_px: int, height_px: int) -> list[Bits]:
    """numpy and Pillow, crop only, nothing checked."""
    crops = []
    for item in json.loads(text.removeprefix("```json\n").removesuffix("\n```")):
        y0, x0, y1, x1 = item["box_2d"]
        x0, x1 = x0 * width_px // 1000, x1 * width_px // 1000
        y0, y1 = y0 * height_px // 1000, y1 * height_px // 1000
        data = base64.b64decode(item["mask"].removeprefix(PREFIX))
        image = Image.open(io.BytesIO(data)).resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR)
        crops.append(np.asarray(image) > 127)
    return crops


def full_frame(text: str, width_px: int, height_px: int) -> list[Bits]:
    """The same, each mask in a frame of its own."""
    frames = []
    for item, crop in zip(json.loads(text[8:-4]), plain(text, width_px, height_px), strict=True):
        frame = np.zeros((height_px, width_px), np.bool_)
        top, left = item["box_2d"][0] * height_px // 1000, item["box_2d"][1] * width_px // 1000
        frame[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
        frames.append(frame)
    return frames


def ours(text: str, width_px: int, height_px: int) -> Any:
    return decode_answer(text, width_px=width_px, height_px=height_px)


def with_supervision(text: str, width_px: int, height_px: int) -> Any:
    import supervision  # noqa: PLC0415 - optional

    return supervision.Detections.from_vlm(
        supervision.VLM.GOOGLE_GEMINI_2_5, result=text, resolution_wh=(width_px, height_px)
    )


def compare(answers: list[str], objects: int, width_px: int, height_px: int) -> None:
    methods: dict[str, Callable[[str, int, int], Any]] = {
        "numpy + Pillow, crop only": plain,
        "numpy + Pillow, full frame": full_frame,
        "visionspec": ours,
    }
    if find_spec("supervision"):
        methods["supervision from_vlm"] = with_supervision
    for method in methods.values():
        method(answers[0], width_px, height_px)
    spent = dict.fromkeys(methods, 0.0)
    for text in answers:
        for name, method in methods.items():
            start = time.process_time()
            method(text, width_px, height_px)
            spent[name] += time.process_time() - start
    say(f"\n{width_px}x{height_px}, {len(answers)} answers x {objects} objects")
    for name, seconds in spent.items():
        micros = 1e6 * seconds / (len(answers) * objects)
        ratio = seconds / spent["numpy + Pillow, crop only"]
        say(f"  {name:28} {micros:9.0f} us per object   {ratio:6.2f} x crop only")
    if "supervision from_vlm" in spent:
        say(f"  visionspec / supervision     {spent['visionspec'] / spent['supervision from_vlm']:.3f}")


def check_pixels(answers: list[str], width_px: int, height_px: int) -> None:
    for text in answers:
        reference = plain(text, width_px, height_px)
        for item, expected in zip(ours(text, width_px, height_px).items, reference, strict=True):
            if not np.array_equal(item.mask.crop, expected):
                sys.exit(f"pixels differ from Pillow's in {item}")
    say(f"{width_px}x{height_px}: all pixels equal to Pillow's")


def memory(answers: list[str], objects: int, width_px: int, height_px: int) -> None:
    tracemalloc.start()
    kept = [ours(text, width_px, height_px) for text in answers[:20]]
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    say(f"{width_px}x{height_px}: {now / (len(kept) * objects) / 1000:.1f} kB kept per object")


def hostile() -> None:
    say("\nhostile answers, 1920x1080")
    header = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    png = b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + zlib.crc32(header).to_bytes(4, "big")
    bomb = PREFIX + base64.b64encode(png).decode()
    item = '{"box_2d": [%s], "mask": "%s"}'
    good = PREFIX + base64.b64encode(blob(np.random.default_rng(1), noise=0)).decode()
    cases = {
        "PNG of 30000x30000": item % ("0, 0, 1000, 1000", bomb),
        "box of 1,000,000": item % ("-1000000, -1000000, 1000000, 1000000", good),
        "16 MB of [": "[" * (1 << 24),
        "16 MB of {": "{" * (1 << 24),
        "16 MB of ```": "```" * ((1 << 24) // 3),
        '16 MB of {"a":': '{"a":' * ((1 << 24) // 5),
        "16 MB of [[1],": "[[1]," * ((1 << 24) // 5),
        '16 MB of {"box_2d":1 x': '{"box_2d":1 x' * ((1 << 24) // 13),
        "16 MB of items": "[" + '{"box_2d":[1,2,3,4]},' * ((1 << 24) // 21 - 1),
        "100 MB of [": "[" * 100_000_000,
    }
    for name, text in cases.items():
        start = time.perf_counter()
        try:
            answer = ours(text, 1920, 1080)
            outcome = f"{len(answer.items)} items, {len(answer.rejected)} rejected, {answer.issues}"
            outcome += "".join(f", {issue}" for found in answer.items[:1] for issue in found.issues)
        except ValueError as error:
            outcome = f"{type(error).__name__}: {str(error)[:60]}..."
        say(f"  {name:24} {time.perf_counter() - start:6.2f} s   {outcome}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--answers", type=int, default=200)
    parser.add_argument("--objects", type=int, default=10)
    options = parser.parse_args()
    for width_px, height_px in FRAMES:
        answers = make_answers(options.answers, options.objects, width_px, height_px)
        check_pixels(answers[:20], width_px, height_px)
        memory(answers, options.objects, width_px, height_px)
        compare(answers, options.objects, width_px, height_px)
    hostile()


if __name__ == "__main__":
    main()
