"""What schemathesis cannot make up itself: pictures in base64."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

from visionspec_mockserver.openapi.words import DOT

schemathesis.openapi.format("byte", st.sampled_from([DOT, DOT, "aGVsbG8=", ""]))
