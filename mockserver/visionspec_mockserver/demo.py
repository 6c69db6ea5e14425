"""The whole loop against a server of our own: upload, ask in both dialects, decode, draw, compare.

The only room of the server package that uses the client: it plays the user.
"""

from __future__ import annotations

import io
import json
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from visionspec import Client, decode_answer, draw, image_tokens, read_info
from visionspec_mockserver.scene import Drawn, draw_scene
from visionspec_mockserver.threaded import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from visionspec import Answer, Item, TokenEstimate
