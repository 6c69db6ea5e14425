"""Colours, sizes and fonts: the same for the same picture, wherever it is drawn."""

from __future__ import annotations

import contextlib
import functools
import unicodedata
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Neighbours differ in hue and in lightness, so that they can be told apart without colour vision.
_PALETTE: tuple[Colour, ...] = (
    (208, 32, 48),
    (22, 101, 192),
    (255, 183, 3),
    (22, 128, 68),
    (130, 62, 200),
    (0, 187, 205),
    (255, 122, 41),
    (190, 30, 110),
    (150, 190, 30),
    (62, 66, 160),
    (255, 143, 171),
    (110, 72, 40),
)
_DARK: Colour = (17, 17, 17)
_LIGHT: Colour = (255, 255, 255)

# Pillow's own font has little more than ASCII; for a label that needs more, these of Linux, macOS and Windows
# are tried.
_WIDER_FONTS = (
    "DejaVuSans.ttf",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "wqy-microhei.ttc",
    "Arial Unicode.ttf",
    "Hiragino Sans GB.ttc",
    "AppleSDGothicNeo.ttc",
    "arialuni.ttf",
    "msyh.ttc",
    "malgun.ttf",
    "arial.ttf",
    "seguisym.ttf",
)
_NO_LETTER = "\uffff"


class Sizes(NamedTuple):
    """Lengths in pixels that suit a picture."""

    line_px: int
    font_px: int
    pad_px: int


def sizes(width_px: int, height_px: int) -> Sizes:
    """Lines and letters that are as readable on a thumbnail as on 12 megapixels."""
    side = (width_px * height_px) ** 0.5
    font_px = min(max(round(side / 42), 11), 72)
    return Sizes(line_px=min(max(round(side / 300), 1), 12), font_px=font_px, pad_px=max(2, font_px // 4))


def colour_of(index: int) -> Colour:
    """The colour of the object with this index."""
    return _PALETTE[index % len(_PALETTE)]


def text_colour_on(background: Colour) -> Colour:
    """Black or white, whichever has the greater contrast (WCAG 2.2) with ``background``."""
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in background)
    )
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _DARK if (luminance + 0.05) ** 2 > 0.05 * 1.05 else _LIGHT


def fitting_font(text: str, size_px: int) -> tuple[Font, str]:
    """A font that has all letters of ``text``; else Pillow's own, with as much of the text as it has."""
    for font in _fonts(size_px):
        if all(_has(font, letter) for letter in text):
            return font, text
    font = default_font(size_px)
    plain = unicodedata.normalize("NFKD", text)
    bare = (letter for letter in plain if not unicodedata.combining(letter))
    return font, "".join(letter if _has(font, letter) else "?" for letter in bare)


@functools.lru_cache(maxsize=16)
def default_font(size_px: int) -> Font:
    """The font that comes with Pillow."""
    return ImageFont.load_default(size_px)


@functools.lru_cache(maxsize=16)
def _fonts(size_px: int) -> list[Font]:
    fonts = [default_font(size_px)]
    for name in _WIDER_FONTS:
        with contextlib.suppress(OSError):
            fonts.append(ImageFont.truetype(name, size_px))
    return fonts


@functools.lru_cache(maxsize=4096)
def _has(font: Font, letter: str) -> bool:
    """Whether the font draws something else for the letter than for one that nobody has."""
    return letter == " " or _drawn(font, letter) != _drawn(font, _NO_LETTER)


def _drawn(font: Font, letter: str) -> tuple[tuple[float, ...], bytes]:
    box = font.getbbox(letter)
    image = Image.new("L", (int(box[2]) + 1, int(box[3]) + 1))
    ImageDraw.Draw(image).text((0, 0), letter, fill=255, font=font)
    return box, image.tobytes()
