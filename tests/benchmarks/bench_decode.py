"""How long decoding takes per object: ``python tests/benchmarks/bench_decode.py``. A report, never a test.

Beside ours: what a user would write (numpy and Pillow, crop only, nothing checked), the same with a full
frame per object, and supervision where it is installed. 256x256 masks as PNG go into boxes of about 300x400
px; how much there is to decode and to interpolate depends on the masks, so there are three kinds of them.
Every answer is decoded by each method several times, and the shortest time of each counts: processor time of
all threads, and below it the time that passed. On a busy machine the ratios of the first hold, the rest does
not. Every library is measured as it comes, with as many threads as it likes; supervision's opencv keeps its
threads spinning for a while, so the methods take turns after all the answers, not after each. Every pixel of
ours is compared with Pillow's.

The aims are 0.6 of "crop only", and of supervision 0.5 at 1024x768 and 0.15 at 4000x3000. The practical bound
is "reading alone": JSON, base64, PNG by the soonest that is to be had, and no pixel resized or kept.
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
from PIL import Image, ImageDraw, ImageFilter

from visionspec import decode_answer
from visionspec.rules import _base64, _native

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]

PREFIX = "data:image/png;base64,"
FRAMES = ((1024, 768), (4000, 3000))
KINDS = {
    "sharp": (0, 0),
    "soft": (3, 0),
    "noisy": (6, 2),
}  # blur in pixels, noise in levels where it is unsure


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def mask(random: np.random.Generator, kind: str) -> bytes:
    """A probability map of one object that fills its box."""
    blur, noise = KINDS[kind]
    image = Image.new("L", (256, 256))
    angles = np.sort(random.uniform(0, 2 * np.pi, random.integers(6, 14)))
    corners = [
        (128 + radius * np.cos(angle), 128 + radius * np.sin(angle))
        for radius, angle in zip(random.uniform(80, 128, angles.size), angles, strict=True)
    ]
    ImageDraw.Draw(image).polygon(corners, fill=255)
    values = np.asarray(image.filter(ImageFilter.GaussianBlur(blur))).astype(float)
    values += random.normal(0, noise, values.shape) * ((values > 2) & (values < 253))
    out = io.BytesIO()
    Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def make_answers(kind: str, count: int, objects: int, width_px: int, height_px: int) -> list[str]:
    random = np.random.default_rng(7)
    masks = [PREFIX + base64.b64encode(mask(random, kind)).decode() for _ in range(60)]
    answers = []
    for _ in range(count):
        items = []
        for index in range(objects):
            width, height = random.integers(270, 331), random.integers(360, 441)
            left, top = random.integers(0, width_px - width), random.integers(0, height_px - height)
            box = [top / height_px, left / width_px, (top + height) / height_px, (left + width) / width_px]
            items.append(
                {
                    "box_2d": [round(1000 * float(value)) for value in box],
                    "mask": masks[random.integers(len(masks))],
                    "label": f"object {index}",
                }
            )
        answers.append("```json\n" + json.dumps(items) + "\n```")
    return answers


def plain(text: str, width_px: int, height_px: int) -> list[Bits]:
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


def reading_alone(text: str, width_px: int, height_px: int) -> None:  # noqa: ARG001 - a method as the others
    """The steps that nobody can leave out."""
    for item in json.loads(text[8:-4]):
        data = _base64.from_base64(item["mask"][len(PREFIX) :])
        if _native.decode_grey(data, width_px=256, height_px=256) is None:
            np.asarray(Image.open(io.BytesIO(data)))


METHODS: dict[str, Callable[[str, int, int], Any]] = {
    "crop only": plain,
    "full frame": full_frame,
    "visionspec": ours,
    "reading alone": reading_alone,
    **({"supervision": with_supervision} if find_spec("supervision") else {}),
}


def compare(answers: list[str], rounds: int, *frame: int) -> dict[str, npt.NDArray[np.float64]]:
    """Seconds by method: for each answer the shortest, processor time and time that passed."""
    best = {name: np.full((len(answers), 2), np.inf) for name in METHODS}
    for _ in range(rounds):
        for name, method in METHODS.items():
            for text, shortest in zip(answers, best[name], strict=True):
                start = time.process_time(), time.perf_counter()
                method(text, *frame)
                spent = time.process_time() - start[0], time.perf_counter() - start[1]
                np.minimum(shortest, spent, out=shortest)
    return best


def check_pixels(answers: list[str], width_px: int, height_px: int) -> None:
    for text in answers:
        reference = plain(text, width_px, height_px)
        for item, expected in zip(ours(text, width_px, height_px).items, reference, strict=True):
            if not np.array_equal(item.mask.crop, expected):
                sys.exit(f"pixels differ from Pillow's in {item}")


def kept_bytes(answers: list[str], objects: int, width_px: int, height_px: int) -> float:
    tracemalloc.start()
    kept = [ours(text, width_px, height_px) for text in answers]
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return now / (len(kept) * objects)


def hostile() -> None:
    header = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    png = b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + zlib.crc32(header).to_bytes(4, "big")
    png += b"\0\0\0\0IDAT" + bytes(4) + b"\0\0\0\0IEND" + bytes(4)
    item = '{"box_2d": [%s], "label": "x", "mask": "%s"}'
    sound = PREFIX + base64.b64encode(mask(np.random.default_rng(1), "soft")).decode()
    size = 1 << 24
    cases = {
        "PNG of 30000x30000": item % ("0, 0, 1000, 1000", PREFIX + base64.b64encode(png).decode()),
        "box of 1,000,000": item % ("-1000000, -1000000, 1000000, 1000000", sound),
        **{
            f"16 MB of {part}": part * (size // len(part))
            for part in (
                "[",
                "{",
                "```",
                '"',
                '{"a":',
                "[1,",
                "[[1],",
                '{"box_2d":1 x',
                '{"box_2d":[1,2,3,4]},',
            )
        },
        "100 MB of [": "[" * 100_000_000,
    }
    say("\nhostile answers about 1920x1080 px: processor time, and the most that was allocated at a time")
    for name, text in cases.items():
        start = time.process_time()
        outcome = attempt(text)
        spent = time.process_time() - start
        tracemalloc.start()
        attempt(text)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        say(f"  {spent:6.2f} s {peak / 1e6:7.1f} MB  {name:28} {outcome}")


def attempt(text: str) -> str:
    """What becomes of an answer."""
    try:
        answer = ours(text, 1920, 1080)
    except ValueError as error:
        return f"{type(error).__name__}: ...{str(error)[-70:]}"
    words = [*answer.issues, *(issue for found in answer.items[:1] for issue in found.issues)]
    return f"{len(answer.items)} items, {len(answer.rejected)} rejected, {', '.join(words)}"


def used(accelerator: object) -> str:
    return "used" if accelerator else "no"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--answers", type=int, default=200, help="in all, a third of each kind")
    parser.add_argument("--objects", type=int, default=10, help="per answer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", action="store_true", help="without kornia-rs and pybase64")
    options = parser.parse_args()
    if options.without:
        _native._decoder, _base64.b64decode = (lambda: None), None
    say(f"kornia-rs: {used(_native._decoder())}; pybase64: {used(_base64.b64decode)}")
    for width_px, height_px in FRAMES:
        say(f"\n{width_px}x{height_px} px, microseconds per object (and times 'crop only')")
        say(f"  masks {'time':>9}" + "".join(f"{name:>20}" for name in METHODS) + "   kept per object")
        for kind in KINDS:
            answers = make_answers(kind, options.answers // 3, options.objects, width_px, height_px)
            check_pixels(answers[:10], width_px, height_px)
            best = compare(answers, options.rounds, width_px, height_px)
            kept = kept_bytes(answers[:10], options.objects, width_px, height_px)
            for index, name in enumerate(("processor", "passed")):
                times = {
                    method: 1e6 * spent[:, index].mean() / options.objects for method, spent in best.items()
                }
                cells = (f"{spent:10.0f} ({spent / times['crop only']:5.2f})" for spent in times.values())
                say(
                    f"  {kind:6}{name:>9}"
                    + "".join(f"{cell:>20}" for cell in cells)
                    + f"   {kept / 1000:.1f} kB"
                )
                if "supervision" in times:
                    say(f"{'':12}visionspec / supervision = {times['visionspec'] / times['supervision']:.3f}")
    hostile()


if __name__ == "__main__":
    main()
