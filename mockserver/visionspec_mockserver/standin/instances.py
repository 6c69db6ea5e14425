"""An instance of a JSON schema, filled with what was seen where names and forms say so.

What a value tells comes from the name of its property (`_NAMES`); then it is bent until the schema allows it. An array
of objects, or of labels, boxes, points or polygons, has an entry for everything seen; what is inside such an entry
is about that one thing. Nothing recursive goes deeper than it must beyond `_DEEP` levels, and an instance has at most
`_MOST_VALUES` values: a schema that demands more is not met.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .forms import caption
from .patterns import example
from .resolving import Resolver

if TYPE_CHECKING:
    from .forms import Seen
    from .scene import Scene

_DEEP = 8
_DEEPEST = 64
_MOST_VALUES = 50_000
_MOST_CHARACTERS = 100_000
