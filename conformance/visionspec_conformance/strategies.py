"""Hypothesis strategies for image understanding: pictures, boxes, masks, answers, requests, upload schedules.

They are public. Everything that they make comes with what it holds, so that a test needs no second opinion::

    from hypothesis import given
    from visionspec_conformance.strategies import pictures

    @given(pictures(mime_types=["image/png"]))
    def test_the_size_is_read(picture):
        assert read_size(picture.data) == (picture.width_px, picture.height_px)

Nothing here uses the rules of this project: they are what the strategies are there to test.
"""

from __future__ import annotations

import base64
import functools
import io
import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import DrawFn, SearchStrategy

__all__ = [
    "MIME_TYPES",
    "UNSUPPORTED_MIME_TYPES",
    "Chunk",
    "Picture",
    "Region",
    "SampleAnswer",
    "SampleItem",
    "answers",
    "base64_texts",
    "generate_requests",
    "hostile_answers",
    "interaction_requests",
    "make_picture",
    "masks",
    "norm_boxes",
    "pictures",
    "points",
    "upload_schedules",
]

MIME_TYPES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
"""The five types that the documents name."""

UNSUPPORTED_MIME_TYPES = ("image/gif", "image/bmp", "image/tiff")

_PILLOW = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
    "image/heif": "HEIF",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
_COLOURS = {
    "red": (214, 40, 40),
    "green": (40, 160, 70),
    "blue": (40, 80, 200),
    "yellow": (240, 200, 40),
    "black": (20, 20, 20),
}
_BACKGROUND = (235, 235, 235)


class Region(NamedTuple):
    """A filled rectangle of a picture, ``[x0, x1) x [y0, y1)`` in pixels."""

    colour: str
    box_px: tuple[int, int, int, int]


class Picture(NamedTuple):
    """An encoded image and what is in it."""

    data: bytes
    mime_type: str
    width_px: int
    height_px: int
    regions: tuple[Region, ...] = ()

    def __repr__(self) -> str:
        size = f"{self.width_px}x{self.height_px}"
        return f"Picture({self.mime_type}, {size}, {len(self.data)} bytes, {list(self.regions)})"


@functools.lru_cache(maxsize=512)
def make_picture(mime_type: str, width_px: int, height_px: int, regions: tuple[Region, ...] = ()) -> Picture:
    """Encode a light background with filled rectangles; the same arguments give the same bytes."""
    from PIL import Image  # noqa: PLC0415 - a strategy that makes no picture needs no Pillow

    image = Image.new("RGB", (width_px, height_px), _BACKGROUND)
    for region in regions:
        image.paste(_COLOURS[region.colour], region.box_px)
    if mime_type in {"image/heic", "image/heif"}:
        import pillow_heif  # noqa: PLC0415

        pillow_heif.register_heif_opener()
    out = io.BytesIO()
    image.save(out, _PILLOW[mime_type])
    data = out.getvalue()
    if (
        mime_type == "image/heif"
    ):  # the brand tells them apart: libheif writes "heic", the general one is "mif1"
        data = data.replace(b"ftypheic", b"ftypmif1", 1)
    return Picture(data, mime_type, width_px, height_px, regions)


@st.composite
def pictures(
    draw: DrawFn,
    mime_types: Sequence[str] = MIME_TYPES,
    *,
    min_side_px: int = 8,
    max_side_px: int = 64,
    max_regions: int = 3,
) -> Picture:
    """Encoded images with up to ``max_regions`` filled rectangles that do not overlap, on a light background.

    Args:
        draw: given by Hypothesis.
        mime_types: which to choose from; those of ``UNSUPPORTED_MIME_TYPES`` can be made too.
        min_side_px: the smallest width and height.
        max_side_px: the largest.
        max_regions: how many rectangles at most; they stand in columns of their own.
    """
    mime_type = draw(st.sampled_from(list(mime_types)))
    width_px = draw(st.integers(min_side_px, max_side_px))
    height_px = draw(st.integers(min_side_px, max_side_px))
    count = draw(st.integers(0, min(max_regions, width_px // 8)))
    regions = []
    for index in range(count):
        left, right = width_px * index // count + 1, width_px * (index + 1) // count - 1
        x0 = draw(st.integers(left, max(left, right - 3)))
        y0 = draw(st.integers(0, max(0, height_px - 3)))
        x1 = draw(st.integers(min(x0 + 2, right), right))
        y1 = draw(st.integers(min(y0 + 2, height_px), height_px))
        regions.append(Region(draw(st.sampled_from(list(_COLOURS))), (x0, y0, x1, y1)))
    return make_picture(mime_type, width_px, height_px, tuple(regions))


def norm_boxes() -> SearchStrategy[list[int]]:
    """``[ymin, xmin, ymax, xmax]``, integers in 0..1000, with an area."""

    def box(y: tuple[int, int], x: tuple[int, int]) -> list[int]:
        return [min(y), min(x), max(y), max(x)]

    side = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).filter(lambda pair: pair[0] != pair[1])
    return st.builds(box, side, side)


def points() -> SearchStrategy[list[int]]:
    """``[y, x]``, integers in 0..1000."""
    return st.lists(st.integers(0, 1000), min_size=2, max_size=2)


@st.composite
def masks(draw: DrawFn, *, max_side_px: int = 32) -> tuple[str, list[list[int]]]:
    """A mask as a model writes it, ``data:image/png;base64,...``, and its probabilities 0..255 as rows."""
    from PIL import Image  # noqa: PLC0415

    width_px, height_px = draw(st.integers(1, max_side_px)), draw(st.integers(1, max_side_px))
    flat = draw(st.binary(min_size=width_px * height_px, max_size=width_px * height_px))
    out = io.BytesIO()
    Image.frombytes("L", (width_px, height_px), flat).save(out, "PNG")
    rows = [list(flat[y * width_px : (y + 1) * width_px]) for y in range(height_px)]
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode('ascii')}", rows


class SampleItem(NamedTuple):
    """What a decoder should find: the box as written, the label, the form of the mask."""

    box_2d: list[int]
    label: str
    mask: Literal["png", "polygon"] | None


class SampleAnswer(NamedTuple):
    """A model's answer and what it holds."""

    text: str
    items: tuple[SampleItem, ...]


_LABELS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@st.composite
def answers(draw: DrawFn, *, max_items: int = 4) -> SampleAnswer:
    """Well-formed answers: a JSON list or ``{"boxes": [...]}``, bare, fenced, or with prose around it."""
    items, written = [], []
    for _ in range(draw(st.integers(0, max_items))):
        box, label = draw(norm_boxes()), draw(_LABELS)
        form: Literal["png", "polygon"] | None = draw(st.sampled_from([None, "png", "polygon"]))
        item: dict[str, Any] = {"box_2d": box, "label": label}
        if form == "png":
            item["mask"] = draw(masks())[0]
        elif form == "polygon":
            ymin, xmin, ymax, xmax = box
            item["mask"] = [[xmin, ymin], [xmax, ymin], [xmax, ymax], [xmin, ymax]]
        items.append(SampleItem(box, label, form))
        written.append(item)
    root: Any = {"boxes": written} if draw(st.booleans()) else written
    text = json.dumps(root, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 2])))
    frame = draw(
        st.sampled_from(["{}", "```json\n{}\n```", "```\n{}\n```", "Here it is:\n```json\n{}\n```\nDone."])
    )
    return SampleAnswer(frame.replace("{}", text), tuple(items))


_HOSTILE_ITEMS: list[Any] = [
    {"box_2d": [0, 0, 0, 0], "label": "no area"},
    {"box_2d": [900, 900, 100, 100], "label": "reversed"},
    {"box_2d": [-500, -500, 1500, 1500], "label": "beyond the frame"},
    {"box_2d": [0, 0, 10**9, 10**9], "label": "gigantic"},
    {"box_2d": [1, 2, 3], "label": "three numbers"},
    {"box_2d": [None, 1, 2, 3], "label": "null"},
    {"box_2d": ["a", "b", "c", "d"], "label": "words"},
    {"box_2d": [0.5, 10.25, 100.75, 200.125], "label": "fractions"},
    {"box_2d": [0, 0, 500, 500], "label": "../../etc/passwd"},
    {"box_2d": [0, 0, 500, 500], "label": "no prefix", "mask": "iVBORw0KGgo="},
    {"box_2d": [0, 0, 500, 500], "label": "not base64", "mask": "data:image/png;base64,!!!"},
    {"box_2d": [0, 0, 500, 500], "label": "runaway", "mask": "data:image/png;base64," + "Pj4+" * 200},
    {"box_2d": [0, 0, 500, 500], "label": "tokens", "mask": "<start_of_mask><seg_35><seg_65>"},
    {"box_2d": [0, 0, 500, 500], "label": "odd polygon", "mask": [[1], [2, 3, 4], "x"]},
    {"label": "no box"},
    "a string",
    None,
    7,
]


@st.composite
def hostile_answers(draw: DrawFn) -> str:
    """Text as models write it on a bad day: odd items, a cut-off tail, NaN, prose, fences, not even JSON."""
    items = draw(st.lists(st.sampled_from(_HOSTILE_ITEMS), max_size=6))
    text = json.dumps(items)
    turn = draw(st.sampled_from(["as is", "cut", "NaN", "quotes", "comma", "fence inside", "prose", "noise"]))
    if turn == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    elif turn == "NaN":
        text = text.replace("500", "NaN", 1)
    elif turn == "quotes":
        text = text.replace('"', "'")
    elif turn == "comma":
        text = text.removesuffix("]") + ",]"
    elif turn == "fence inside":
        text = f"```json\n{text.replace('label', 'la```bel', 1)}\n```"
    elif turn == "prose":
        text = f"I see {{some}} [things] here: {text} and that is all."
    elif turn == "noise":
        text = draw(st.text(max_size=200))
    return text


def base64_texts(data: bytes) -> SearchStrategy[str]:
    """``data`` as base64 in the spellings that SDKs and people send: standard, URL-safe, without padding."""
    standard, url_safe = (
        base64.b64encode(data).decode("ascii"),
        base64.urlsafe_b64encode(data).decode("ascii"),
    )
    return st.sampled_from([standard, url_safe, standard.rstrip("="), url_safe.rstrip("=")])


_PROMPTS = st.sampled_from(
    [
        "Caption this image.",
        "What is this image?",
        "Detect all of the prominent items.",
        "Где это?",
        "画像を説明して",
    ]
)


@st.composite
def generate_requests(draw: DrawFn, *, image: Picture | None = None) -> dict[str, Any]:
    """Bodies of ``generateContent`` as the SDKs and curl write them.

    camelCase, snake_case or both, text before or after the image, either alphabet of base64, with or without
    a role.
    """
    picture = draw(pictures()) if image is None else image
    camel, leaf_camel = draw(st.booleans()), draw(st.booleans())
    blob = {
        "data": draw(base64_texts(picture.data)),
        "mimeType" if leaf_camel else "mime_type": picture.mime_type,
    }
    parts: list[dict[str, Any]] = [
        {"inlineData" if camel else "inline_data": blob},
        {"text": draw(_PROMPTS)},
    ]
    if draw(st.booleans()):
        parts.reverse()
    content: dict[str, Any] = {"parts": parts}
    if draw(st.booleans()):
        content["role"] = "user"
    body: dict[str, Any] = {"contents": [content]}
    if draw(st.booleans()):
        config = {"temperature": 0.5, "topK" if leaf_camel else "top_k": 2.0}
        body["generationConfig" if camel else "generation_config"] = config
    return body


@st.composite
def interaction_requests(draw: DrawFn, *, model: str, image: Picture | None = None) -> dict[str, Any]:
    """Bodies of interactions create with every shape of ``input`` that the SDKs and curl send."""
    prompt = draw(_PROMPTS)
    shape = draw(st.sampled_from(["text", "one", "list", "steps"]))
    if shape == "text":
        return {"model": model, "input": prompt}
    if shape == "one":
        return {"model": model, "input": {"type": "text", "text": prompt}}
    picture = draw(pictures()) if image is None else image
    content: list[dict[str, Any]] = [
        {"type": "text", "text": prompt},
        {"type": "image", "mime_type": picture.mime_type, "data": draw(base64_texts(picture.data))},
    ]
    if draw(st.booleans()):
        content.reverse()
    wrapped = [{"type": "user_input", "content": content}]
    return {"model": model, "input": content if shape == "list" else wrapped}


class Chunk(NamedTuple):
    """One request of an upload: where it begins, its bytes, whether it is the last, how often it is sent."""

    offset: int
    data: bytes
    final: bool
    times: int

    def __repr__(self) -> str:
        return f"Chunk({self.offset}, {len(self.data)} bytes, final={self.final}, times={self.times})"


@st.composite
def upload_schedules(
    draw: DrawFn, data: bytes, *, granularity_bytes: int = 1, max_chunks: int = 4, repeats: bool = True
) -> list[Chunk]:
    """Cut ``data`` into consecutive chunks, each sent once or twice; the last one ends the file.

    Args:
        draw: given by Hypothesis.
        data: the whole file.
        granularity_bytes: every chunk but the last is a multiple of it.
        max_chunks: at most so many.
        repeats: whether a chunk may be sent twice, as a client does that never saw the first reply.
    """
    units = len(data) // granularity_bytes
    cuts = draw(st.sets(st.integers(1, units), max_size=max_chunks - 1)) if units else set()
    offsets = [0, *sorted(cut * granularity_bytes for cut in cuts if cut * granularity_bytes < len(data))]
    ends = [*offsets[1:], len(data)]
    return [
        Chunk(
            start,
            data[start:end],
            final=end == len(data),
            times=2 if repeats and end != len(data) and draw(st.booleans()) else 1,
        )
        for start, end in zip(offsets, ends, strict=True)
    ]
