"""The accelerator changes no result of `decode_base64`; whether it is there must not show."""

from __future__ import annotations

import base64
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec.errors import InvalidMedia
from visionspec.rules import _base64, media

LETTERS = string.ascii_letters + string.digits + "+/-_"


def decoded(text: str) -> bytes | None:
    try:
        return media.decode_base64(text)
    except InvalidMedia:
        return None


@pytest.mark.prop
@pytest.mark.rule("media.inline-base64")
class TestAccelerator:
    """With pybase64 or without, the same text is the same bytes, or is refused."""

    @given(st.text(LETTERS, max_size=40), st.text(LETTERS + "= \n\t*ä\0", max_size=6), st.integers(0, 40))
    def test_makes_no_difference(self, text: str, other: str, at: int) -> None:
        assert _base64.b64decode is not None, "install pybase64, or it is not tested"
        text = text[:at] + other + text[at:]
        with pytest.MonkeyPatch.context() as patch:
            with_it = decoded(text)
            patch.setattr(_base64, "b64decode", None)
            assert decoded(text) == with_it

    @given(st.binary(max_size=60), st.sampled_from(["+/", "-_"]), st.booleans(), st.booleans())
    def test_reads_what_was_written(self, data: bytes, last: str, padded: bool, plain: bool) -> None:  # noqa: FBT001
        text = base64.b64encode(data, last.encode()).decode()
        text = text if padded else text.rstrip("=")
        with pytest.MonkeyPatch.context() as patch:
            if plain:
                patch.setattr(_base64, "b64decode", None)
            assert media.decode_base64(text) == data
