"""What the server remembers of pictures: the same bytes, within bounds, and nothing of other bytes."""

from __future__ import annotations

import hashlib

from visionspec.rules.media import ImageInfo
from visionspec_mockserver.pictures import Found, Known

INFO = ImageInfo("image/png", 3, 2)
MIB = 1024 * 1024


def found(data: bytes) -> Found:
    return Found(data, hashlib.sha256(data).hexdigest(), INFO)


def test_the_same_bytes_are_known_again() -> None:
    known, one = Known(), found(b"one" * 100)
    known.put(one)
    assert known.get(bytes(bytearray(one.data))) is one


def test_pictures_that_end_alike_are_told_apart() -> None:
    known, one, other = Known(), found(b"1" + b"end" * 100), found(b"2" + b"end" * 100)
    known.put(one)
    assert known.get(other.data) is None
    known.put(other)
    assert known.get(other.data) is other
    assert known.get(one.data) is None


def test_the_oldest_make_room() -> None:
    known, pictures = Known(), [found(b"%d" % number * MIB) for number in range(8)]
    for picture in pictures:
        known.put(picture)
    kept = [number for number, picture in enumerate(pictures) if known.get(picture.data)]
    assert kept == [5, 6, 7]  # of 4 MiB, each with what is kept beside its bytes


def test_one_that_is_too_large_is_not_kept() -> None:
    known, small, large = Known(), found(b"small"), found(b"x" * (5 * MIB))
    known.put(large)
    known.put(small)
    assert known.get(large.data) is None
    assert known.get(small.data) is small
