"""What is said of a file that is cut off or contradicts its format: word for word, with the byte where it does."""

from __future__ import annotations

import struct
import zlib

import pytest

from visionspec.errors import CorruptMedia, InvalidMedia, TruncatedMedia, UnsupportedMedia
from visionspec.rules.containers import MAX_PARTS
from visionspec.rules.media import read_info


def png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, width: int = 5, height: int = 4, rest: bytes = b"\x08\0\0\0\0") -> bytes:
    ihdr = png_chunk(b"IHDR", struct.pack(">II", width, height) + rest)
    return b"\x89PNG\r\n\x1a\n" + ihdr + b"".join(chunks)


def segment(code: int, body: bytes = b"") -> bytes:
    return bytes((0xFF, code)) + struct.pack(">H", len(body) + 2) + body


def sof(width: int = 5, height: int = 4, components: int = 1, parameters: int = 1) -> bytes:
    return segment(0xC0, struct.pack(">BHHB", 8, height, width, components) + bytes(3 * parameters))


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments)


SCAN, EOI = segment(0xDA, b"\x01\x01\0\0\x3f\0"), b"\xff\xd9"


def riff_chunk(kind: bytes, body: bytes, *, says: int | None = None) -> bytes:
    return kind + struct.pack("<I", len(body) if says is None else says) + body + b"\0" * (len(body) % 2)


def webp(*chunks: bytes, more: int = 0) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + more) + body


VP8 = b"\0\0\0\x9d\x01\x2a\x05\0\x04\0"
VP8X = b"\0\0\0\0" + (4).to_bytes(3, "little") + (3).to_bytes(3, "little")


def box(kind: bytes, body: bytes = b"", *, says: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(body) if says is None else says) + kind + body


FTYP = box(b"ftyp", b"heic\0\0\0\0mif1")
PITM = box(b"pitm", b"\0\0\0\0\0\x01")
ISPE = box(b"ispe", b"\0\0\0\0" + struct.pack(">II", 5, 4))


def ipma(*indices: int, item: int = 1) -> bytes:
    return box(b"ipma", b"\0\0\0\0" + struct.pack(">IHB", 1, item, len(indices)) + bytes(indices))


def heic(*parts: bytes, after: bytes = b"") -> bytes:
    return FTYP + box(b"meta", b"\0\0\0\0" + b"".join(parts)) + after


def iprp(properties: bytes, associations: bytes) -> bytes:
    return box(b"iprp", box(b"ipco", properties) + associations)


MDAT = box(b"mdat", b"pixels")

CORRUPT = {
    "a transfer in text mode": (
        b"\x89PNG\n\x1a\n" + png()[8:],
        "PNG signature is damaged, as a transfer in text mode leaves it",
    ),
    "another chunk first": (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IDAT") + bytes(20),
        "PNG begins with the chunk 'IDAT' instead of a 13-byte IHDR",
    ),
    "a wrong CRC": (
        png()[:29] + b"\0\0\0\0",
        "the CRC of PNG's IHDR is wrong, so its width and height cannot be trusted",
    ),
    "no width": (png(width=0), "PNG's IHDR says 0x4 px; no side of an image is 0"),
    "no height": (png(height=0), "PNG's IHDR says 5x0 px; no side of an image is 0"),
    "a depth that is none": (
        png(rest=b"\x03\0\0\0\0"),
        "PNG's IHDR has values that no PNG has: 00000005000000040300000000",
    ),
    "a chunk without a name": (
        png(b"\0\0\0\0I-AT"),
        "PNG has a chunk 'I-AT' of 0 bytes at byte 33",
    ),
    "no pixels": (png(png_chunk(b"IEND")), "PNG has no IDAT chunk, so no pixels"),
    "PNG without end": (png(png_chunk(b"tEXt") * MAX_PARTS), f"PNG has more than {MAX_PARTS} chunks"),
    "a scan first": (
        jpeg(SCAN),
        "JPEG has no frame header before its marker FFDA at byte 2",
    ),
    "an end first": (
        jpeg(segment(0xFE, b"note"), EOI),
        "JPEG has no frame header before its marker FFD9 at byte 10",
    ),
    "no scan": (jpeg(sof(), EOI), "JPEG has no scan before its EOI marker, so no pixels"),
    "a reserved marker": (jpeg(sof(), b"\xff\x02\0\0"), "JPEG has the reserved marker FF02 at byte 15"),
    "a length that is none": (
        jpeg(sof(), b"\xff\xfe\0\x01\0"),
        "JPEG segment FFFE at byte 15 has a length of 1",
    ),
    "JPEG without end": (
        jpeg(segment(0xFE) * (MAX_PARTS + 1)),
        f"JPEG has more than {MAX_PARTS} segments",
    ),
    "too few components": (
        jpeg(sof(components=3)),
        "JPEG's frame header FFC0 has 9 bytes for 3 components",
    ),
    "no components": (
        jpeg(sof(components=0, parameters=0)),
        "JPEG's frame header FFC0 has 6 bytes for 0 components",
    ),
    "a short frame header": (
        jpeg(segment(0xC0, b"\x08\0\4\0\5")),
        "JPEG's frame header FFC0 has 5 bytes for 0 components",
    ),
    "a frame without lines": (
        jpeg(sof(height=0)),
        "JPEG's frame header FFC0 says 5x0 px; no side of an image is 0",
    ),
    "a chunk larger than RIFF": (
        webp(riff_chunk(b"VP8 ", VP8, says=1000)),
        "WEBP chunk 'VP8 ' of 1000 bytes is larger than the file says",
    ),
    "WEBP without pixels": (
        webp(riff_chunk(b"VP8X", VP8X)),
        "WEBP has no VP8, VP8L or ANMF chunk, so no pixels",
    ),
    "WEBP without end": (
        webp(riff_chunk(b"VP8X", VP8X), riff_chunk(b"XMP ", b"") * MAX_PARTS),
        f"WEBP has more than {MAX_PARTS} chunks",
    ),
    "another first chunk": (
        webp(riff_chunk(b"\xe9CCP", VP8)),
        "WEBP begins with the chunk 'éCCP'; VP8, VP8L or VP8X is due",
    ),
    "no key frame": (
        webp(riff_chunk(b"VP8 ", b"\x01" + VP8[1:])),
        "WEBP's VP8 chunk does not begin with a key frame",
    ),
    "another signature of VP8": (
        webp(riff_chunk(b"VP8 ", b"\0\0\0\x9d\x01\x2b\x05\0\x04\0")),
        "WEBP's VP8 chunk does not begin with a key frame",
    ),
    "another version of VP8L": (
        webp(riff_chunk(b"VP8L", b"\x2f\0\0\0\x20")),
        "WEBP's VP8L chunk does not begin with its signature and version 0",
    ),
    "another signature of VP8L": (
        webp(riff_chunk(b"VP8L", b"\x2e\0\0\0\0")),
        "WEBP's VP8L chunk does not begin with its signature and version 0",
    ),
    "a canvas that is too large": (
        webp(riff_chunk(b"VP8X", b"\0\0\0\0\xff\xff\xff\xff\xff\xff")),
        "WEBP's canvas of 16777216x16777216 px has more pixels than the format allows",
    ),
    "a frame without width": (
        webp(riff_chunk(b"VP8 ", VP8[:6] + b"\0\0\4\0")),
        "WEBP's VP8  chunk says 0x4 px; no side of an image is 0",
    ),
    "a short first chunk": (
        webp(riff_chunk(b"VP8 ", VP8[:8])),
        "WEBP's first chunk is too short for its own header of 10 bytes",
    ),
    "no meta box": (FTYP + MDAT, "HEIF has no meta box, so no still image"),
    "a box of no size": (FTYP + box(b"free", says=7), "HEIF box 'free' at byte 20 has a size of 7"),
    "a box larger than the one around it": (
        heic(box(b"pitm", says=9)),
        "HEIF box 'pitm' at byte 32 is larger than the box around it",
    ),
    "no primary item": (heic(), "HEIF has no primary item with properties (pitm and iprp boxes)"),
    "no properties": (heic(PITM), "HEIF has no primary item with properties (pitm and iprp boxes)"),
    "no size": (
        heic(PITM, iprp(box(b"irot", b"\x01"), ipma(1))),
        "HEIF's primary item 1 has no size (ispe property)",
    ),
    "a size of another item": (
        heic(PITM, iprp(ISPE, ipma(1, item=2))),
        "HEIF's primary item 1 has no size (ispe property)",
    ),
    "an ispe without width": (
        heic(PITM, iprp(box(b"ispe", bytes(8) + b"\0\0\0\x04"), ipma(1))),
        "HEIF's ispe or clap property says 0x4 px; no side of an image is 0",
    ),
    "a property that is not there": (
        heic(PITM, iprp(ISPE, ipma(1, 3))),
        "HEIF's item 1 has property 3 of 1",
    ),
    "short associations": (
        heic(PITM, iprp(ISPE, box(b"ipma", b"\0\0\0\0" + struct.pack(">IHB", 1, 1, 2) + b"\x01"))),
        "HEIF's ipma box is shorter than its own counts",
    ),
    "more boxes than any file has": (
        heic(box(b"free") * (MAX_PARTS + 1)),
        f"HEIF has more than {MAX_PARTS} boxes in one",
    ),
}

TRUNCATED = {
    "PNG": (png()[:32], "PNG ends after 32 of the 33 bytes up to the end of IHDR"),
    "JPEG": (jpeg(segment(0xFE, b"note")), "JPEG ends before its frame header, which holds its size"),
    "WEBP": (webp()[:12], "WEBP ends after 12 of the 20 bytes before its first payload"),
    "WEBP, payload": (
        webp(riff_chunk(b"VP8 ", VP8))[:29],
        "WEBP ends after 29 of the 30 bytes that hold its size",
    ),
    "WEBP, lossless payload": (
        webp(riff_chunk(b"VP8L", b"\x2f\0\0\0\0"))[:24],
        "WEBP ends after 24 of the 25 bytes that hold its size",
    ),
    "HEIC": (FTYP, "HEIF ends before its meta box, which holds the size of the image"),
    "HEIC, inside": (heic()[:-1], "HEIF ends inside its 'meta' box, before the size of the image"),
}

MISSING = {
    "PNG, a chunk": (png(png_chunk(b"IDAT", b"pixels"))[:-3], "3 bytes of the IDAT chunk and more"),
    "PNG, the end": (png(png_chunk(b"IDAT", b"pixels")), "everything up to the IEND chunk"),
    "JPEG, pixels": (jpeg(sof()), "all of its pixels and the EOI marker"),
    "JPEG, the end": (jpeg(sof(), SCAN), "the end of its pixels and the EOI marker"),
    "WEBP": (webp(riff_chunk(b"VP8 ", VP8), more=9), "9 bytes that RIFF announces"),
    "HEIC, pixels": (
        heic(PITM, iprp(ISPE, ipma(1))),
        "the mdat box, which holds the pixels",
    ),
    "HEIC, some pixels": (
        heic(PITM, iprp(ISPE, ipma(1)), after=MDAT[:-2]),
        "2 bytes of the 'mdat' box and more",
    ),
}

WHOLE = {
    "PNG": png(png_chunk(b"IDAT"), png_chunk(b"IEND")),
    "JPEG": jpeg(sof(), SCAN, EOI),
    "WEBP": webp(riff_chunk(b"VP8 ", VP8)),
    "WEBP, lossless": webp(riff_chunk(b"VP8L", b"\x2f" + (4 | 3 << 14).to_bytes(4, "little"))),
    "WEBP, extended": webp(riff_chunk(b"VP8X", VP8X), riff_chunk(b"VP8 ", VP8)),
    "HEIC": heic(PITM, iprp(ISPE, ipma(1)), after=MDAT),
    "HEIC, cut off behind its pixels": heic(PITM, iprp(ISPE, ipma(1)), after=MDAT + box(b"free", says=90)),
    "HEIC, pixels in the meta box": heic(PITM, iprp(ISPE, ipma(1)), box(b"idat", b"pixels")),
}


@pytest.mark.parametrize("name", CORRUPT)
def test_corrupt(name: str) -> None:
    data, said = CORRUPT[name]
    with pytest.raises(CorruptMedia) as caught:
        read_info(data)
    assert str(caught.value) == f"corrupt image: {said} [rule media.corrupt]"
    assert caught.value.rule == "media.corrupt"


@pytest.mark.parametrize("name", TRUNCATED)
def test_truncated(name: str) -> None:
    data, said = TRUNCATED[name]
    with pytest.raises(TruncatedMedia) as caught:
        read_info(data)
    assert str(caught.value) == f"truncated image: {said} [rule media.truncated]"
    assert caught.value.rule == "media.truncated"


@pytest.mark.parametrize("name", MISSING)
def test_missing(name: str) -> None:
    data, missing = MISSING[name]
    info = read_info(data)
    assert (info.width_px, info.height_px, info.complete, info.missing) == (5, 4, False, missing)


@pytest.mark.parametrize("name", WHOLE)
def test_whole(name: str) -> None:
    info = read_info(WHOLE[name])
    assert (info.width_px, info.height_px, info.orientation, info.complete) == (5, 4, 1, True)


@pytest.mark.parametrize("name", WHOLE)
def test_no_prefix_is_taken_for_the_whole(name: str) -> None:
    whole = WHOLE[name]
    if "cut off" in name:
        whole = whole[: -len(box(b"free"))]
    for length in range(1, len(whole)):
        try:
            info = read_info(whole[:length])
        except InvalidMedia:
            continue
        assert not info.complete, length


@pytest.mark.parametrize(
    ("data", "error", "said", "given"),
    [
        (
            b"GIF89a",
            UnsupportedMedia,
            (
                "the content is image/gif; supported are image/png, image/jpeg, image/webp, image/heic, "
                "image/heif: convert it [rule media.refused-by-name]"
            ),
            "image/gif",
        ),
        (
            b"no image, and rather long",
            UnsupportedMedia,
            "no known type of image begins with b'no image, and ra' [rule media.supported-types]",
            b"no image, and ra",
        ),
        (
            b"iVBORw0KGgoAAAAN",
            UnsupportedMedia,
            (
                "no known type of image begins with b'iVBORw0KGgoAAAAN'; it looks like base64, which has to be "
                "decoded first [rule media.supported-types]"
            ),
            b"iVBORw0KGgoAAAAN",
        ),
        (17, InvalidMedia, "an image is given as bytes, not as int", 17),
    ],
)
def test_no_image(data: bytes, error: type[InvalidMedia], said: str, given: object) -> None:
    with pytest.raises(error) as caught:
        read_info(data)
    assert (str(caught.value), caught.value.given) == (said, given)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PN",
        b"\xff\xd8",
        b"RI",
        b"RIFF\0\0\0\0",
        b"RIFF\0\0\0\0WEB",
        b"\0\0\0\x14f",
        b"\0\0\0\x14fty",
    ],
)
def test_a_few_bytes_that_may_become_an_image_are_truncated(data: bytes) -> None:
    with pytest.raises(TruncatedMedia) as caught:
        read_info(data)
    said = f"truncated image: {len(data)} bytes are too few to tell the type [rule media.truncated]"
    assert str(caught.value) == said


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNg",
        b"\xff\xd9",
        b"RIFF\0\0\0\0WAV",
        b"RIFF\0\0\0\0WEBp",
        b"\0\0\0\x14",
        b"\0\0\0\x14g",
    ],
)
def test_a_few_other_bytes_are_not(data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        read_info(data)
