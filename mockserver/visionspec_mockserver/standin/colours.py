"""Names for colours: the name of the nearest of some samples, in Lab."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .arrays import to_lab
from .scene import Colour

if TYPE_CHECKING:
    from .arrays import Floats

# A name has several samples, for people call a light and a dark one alike.
SAMPLES = {
    "black": "000000 191919 282828",
    "gray": "464646 606060 808080 a0a0a0 c0c0c0 d6d6d6",
    "white": "f4f4f4 ffffff",
    "red": "dc141e b22222 ff3c3c 800000 960f28",
    "orange": "ff8c00 f58231 e67828 ff9a3c d2691e",
    "yellow": "ffe61a f0dc46 ffd700 ffff96 f0b914 c8b41e",
    "green": "008000 28aa50 78dc3c 00ff00 96e696 556b2f 1e5a32 808000 2e8b57",
    "teal": "008080 20968c 40aaa0",
    "cyan": "00ffff 46d2e6 96f0f0",
    "blue": "0000ff 285ac8 1e3c8c 00006e 5a96f0 96bef0 4682b4 6464ff",
    "purple": "800080 823cb4 5a3296 a06edc 4b0082 be9fe6",
    "magenta": "ff00ff dc28b4 c80078",
    "pink": "ffc0cb ff82aa faa0b4 ff69b4",
    "brown": "8b4513 6e4628 a06e46 50321e",
    "beige": "f5f5dc ebdcbe dec8a0 faf0d7",
}
_OF = [name for name, samples in SAMPLES.items() for _ in samples.split()]


@cache
def _samples() -> Floats:
    codes = " ".join(SAMPLES.values()).split()
    return to_lab(np.array([[list(bytes.fromhex(code)) for code in codes]], np.uint8))[0]


def name_colour(rgb: tuple[int, int, int]) -> Colour:
    """Name a colour."""
    away = _samples() - to_lab(np.array([[rgb]], np.uint8))[0]
    return Colour(*rgb, _OF[int(np.einsum("ij,ij->i", away, away).argmin())])


def likeness(rgb: tuple[int, int, int], name: str) -> float:
    """How far a colour is from the nearest sample of a name, in Lab."""
    away = _samples() - to_lab(np.array([[rgb]], np.uint8))[0]
    distances = np.sqrt(np.einsum("ij,ij->i", away, away))
    return float(min(d for d, of in zip(distances, _OF, strict=True) if of == name))
