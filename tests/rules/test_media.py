"""Bytes of images: what they are, how large, which way up, and whether they are whole."""

from __future__ import annotations

import base64
import dataclasses
import io
import struct
import time
import zlib
from typing import Any

import pillow_heif
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from visionspec import spec
from visionspec.errors import CorruptMedia, InvalidMedia, TruncatedMedia, UnsupportedMedia
from visionspec.rules.containers import MAX_PARTS
from visionspec.rules.media import (
    MIME_TYPES,
    ImageInfo,
    check_declared,
    check_matches,
    decode_base64,
    read_info,
    sniff,
)

FORMATS = ("PNG", "JPEG", "WEBP", "HEIC", "HEIF")
ORIENTATION = 0x0112


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case.id) for case in spec.vectors()[name].cases]


def explained(error: InvalidMedia) -> None:
    assert str(error).endswith(f" [rule {error.rule}]")
    assert len(str(error)) < 300


def error_name(error: InvalidMedia) -> dict[str, str]:
    return {"error": type(error).__name__}


class TestVectors:
    @pytest.mark.parametrize("case", cases("sniff"))
    def test_sniff(self, case: spec.Case) -> None:
        assert sniff(base64.b64decode(case.input["base64"])) == case.expected

    @pytest.mark.parametrize("case", cases("media_info"))
    def test_media_info(self, case: spec.Case) -> None:
        data = base64.b64decode(case.input["base64"])
        if case.result == "invalid":
            with pytest.raises(InvalidMedia) as caught:
                read_info(data)
            assert error_name(caught.value) == case.expected
            assert caught.value.rule == case.rule
            return
        info = read_info(data)
        assert case.expected == {
            "mime_type": info.mime_type,
            "width_px": info.width_px,
            "height_px": info.height_px,
            "orientation": info.orientation,
            "complete": info.complete,
        }

    @pytest.mark.parametrize("case", cases("check_declared"))
    def test_check_declared(self, case: spec.Case) -> None:
        given_type = case.input["mime_type"]
        if case.result == "invalid":
            with pytest.raises(UnsupportedMedia) as caught:
                check_declared(given_type)
            assert error_name(caught.value) == case.expected
            assert str(caught.value).startswith(f"Unsupported MIME type: {given_type}")
            return
        assert check_declared(given_type) == case.expected

    @pytest.mark.parametrize("case", cases("decode_base64"))
    def test_decode_base64(self, case: spec.Case) -> None:
        if case.result == "invalid":
            with pytest.raises(InvalidMedia) as caught:
                decode_base64(case.input["text"])
            assert error_name(caught.value) == case.expected
            return
        assert {"hex": decode_base64(case.input["text"]).hex()} == case.expected


class TestMessages:
    def test_a_wrong_name_is_explained_by_the_registered_one(self) -> None:
        with pytest.raises(UnsupportedMedia, match=r"image/jpg \(the registered name is image/jpeg\)"):
            check_declared("image/jpg")

    @pytest.mark.parametrize("name", ["x" * 10_000, "image/\n\x1b[31mpng", "\udc80"])
    def test_a_strange_name_is_shown_shortened_and_escaped(self, name: str) -> None:
        with pytest.raises(UnsupportedMedia) as caught:
            check_declared(name)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 250

    def test_a_type_of_no_other_name_is_answered_with_the_supported_ones(self) -> None:
        with pytest.raises(UnsupportedMedia, match="supported are image/png, image/jpeg, image/webp"):
            check_declared("image/gif")

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            (b"GIF89a\x01\x00\x01\x00", "image/gif"),
            (b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp"),
            (b"MM\0*\0\0\0\x08", "image/tiff"),
            (b"\0\0\0\x14ftypavif\0\0\0\0mif1", "image/avif"),
        ],
    )
    def test_what_is_recognised_is_refused_by_name(self, data: bytes, name: str) -> None:
        with pytest.raises(UnsupportedMedia, match=f"the content is {name}") as caught:
            read_info(data)
        assert caught.value.given == name

    @pytest.mark.parametrize(
        "text",
        [
            *(
                base64.b64encode(start + bytes(40))
                for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF")
            ),
            base64.urlsafe_b64encode(b"\xff\xd8\xff\xe0" + bytes(40)),
            b"data:image/png;base64,iVBORw0KGgo=",
        ],
    )
    def test_base64_that_nobody_decoded_is_pointed_out(self, text: bytes) -> None:
        with pytest.raises(UnsupportedMedia, match="looks like base64"):
            read_info(text)

    def test_other_text_is_not_called_base64(self) -> None:
        with pytest.raises(UnsupportedMedia) as caught:
            read_info(b"hello")
        assert "base64" not in str(caught.value)

    def test_text_is_shown_by_its_first_bytes_only(self) -> None:
        with pytest.raises(UnsupportedMedia, match=r"begins with b'xxxxxxxxxxxxxxxx'") as caught:
            read_info(b"x" * 1000)
        assert len(str(caught.value)) < 200

    @pytest.mark.parametrize("thing", ["text", 3, None, ["list"]])
    def test_only_bytes_are_bytes(self, thing: Any) -> None:
        with pytest.raises(InvalidMedia, match="given as bytes, not as"):
            read_info(thing)

    @pytest.mark.parametrize("kind", [bytearray, memoryview])
    def test_other_buffers_are_bytes_too(self, kind: Any) -> None:
        assert read_info(kind(encoded("PNG", (3, 2)))).displayed_size == (3, 2)

    def test_what_is_missing_is_said(self) -> None:
        assert read_info(encoded("PNG", (3, 2))[:-12]).missing == "everything up to the IEND chunk"
        assert read_info(encoded("JPEG", (3, 2))[:-2]).missing == "the end of its pixels and the EOI marker"
        assert read_info(encoded("WEBP", (3, 2))[:-2]).missing == "2 bytes that RIFF announces"
        assert read_info(encoded("HEIC", (3, 2))[:-2]).missing == "2 bytes of the 'mdat' box and more"

    def test_how_much_is_missing_is_said(self) -> None:
        cut = PNG_START + png_chunk(b"IDAT", bytes(100))[:-30]
        assert read_info(cut).missing == "30 bytes of the IDAT chunk and more"

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI", "begins with the chunk 'CgBI' instead of a 13-byte IHDR"),
            (b"\x89PNG\r\n\x1a\n\0\0", "PNG ends after 10 of the 33 bytes up to the end of IHDR"),
            (b"\xff\xd8\xff\xe0\0\1", "JPEG segment FFE0 at byte 2 has a length of 1"),
            (b"\xff\xd8\xff\xd9", "no frame header before its marker FFD9 at byte 2"),
            (b"\xff\xd8\xff\xe0\0\x04ab\xff\x05", "the reserved marker FF05 at byte 8"),
            (b"\xff\xd8\xff\xc0\0\x0b\x08\0\0\0\x07\1\1\x11\0", "frame header FFC0 says 7x0 px"),
            (b"RIFF\x20\0\0\0WEBPJUNK\0\0\0\0", "begins with the chunk 'JUNK'; VP8, VP8L or VP8X is due"),
            (b"RIFF\x20\0\0\0WEBPVP8 \x09\0\0\0\x10", "too short for its own header of 10 bytes"),
            (
                b"RIFF\x20\0\0\0WEBPVP8 \x0a\0\0\0\x10\0\0\x9d\x01\x2a\0\0\1\0",
                "WEBP's VP8  chunk says 0x1 px",
            ),
            (b"RIFF\x20\0\0\0WEBPVP8 \x0a\0\0\0ab", "WEBP ends after 22 of the 30 bytes that hold its size"),
            (b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\7meta", "HEIF box 'meta' at byte 16 has a size of 7"),
            (b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x20meta", "HEIF ends inside its 'meta' box"),
        ],
    )
    def test_an_error_says_what_and_where(self, data: bytes, message: str) -> None:
        with pytest.raises((CorruptMedia, TruncatedMedia)) as caught:
            read_info(data)
        assert message in str(caught.value)

    def test_a_data_url_is_explained_and_nothing_else_is(self) -> None:
        with pytest.raises(InvalidMedia, match=r"leave out the 'data:\.\.\.;base64,' in front"):
            decode_base64("data:image/png;base64,iVBORw0KGgo=")
        with pytest.raises(InvalidMedia) as caught:
            decode_base64("!")
        assert "leave out" not in str(caught.value)

    def test_a_damaged_signature_names_the_usual_cause(self) -> None:
        with pytest.raises(CorruptMedia, match="transfer in text mode"):
            read_info(encoded("PNG", (3, 2)).replace(b"\r\n", b"\n"))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_from_orientation_5_on_the_sides_change_places(orientation: int) -> None:
    info = ImageInfo("image/png", 30, 20, orientation)
    assert info.displayed_size == ((20, 30) if orientation in {5, 6, 7, 8} else (30, 20))
    assert info.complete
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.orientation = 1  # type: ignore[misc]  # that is what is tested


class TestMatches:
    def test_a_type_matches_its_content(self) -> None:
        for name in FORMATS:
            check_matches(f"image/{name.lower()}", encoded(name, (3, 2)))

    def test_heic_and_heif_name_one_container(self) -> None:
        check_matches("image/heif", encoded("HEIC", (3, 2)))
        check_matches("image/heic", encoded("HEIF", (3, 2)))

    def test_another_type_does_not(self) -> None:
        with pytest.raises(
            InvalidMedia, match="declared as image/jpeg, but the content is image/png"
        ) as caught:
            check_matches("image/jpeg", encoded("PNG", (3, 2)))
        assert caught.value.rule == "media.declared-matches"

    def test_one_of_the_two_heif_types_is_not_enough(self) -> None:
        with pytest.raises(InvalidMedia, match="but the content is image/heic"):
            check_matches("image/png", encoded("HEIC", (3, 2)))
        with pytest.raises(InvalidMedia, match="declared as image/heic, but the content is image/png"):
            check_matches("image/heic", encoded("PNG", (3, 2)))

    def test_an_unknown_content_is_said_to_be_unknown(self) -> None:
        with pytest.raises(InvalidMedia, match="of no known type"):
            check_matches("image/png", b"hello")

    def test_an_unsupported_declaration_is_refused_as_such(self) -> None:
        with pytest.raises(UnsupportedMedia):
            check_matches("image/gif", b"GIF89a")


def encoded(
    name: str, size: tuple[int, int], *, exif: bytes = b"", mode: str = "RGB", **options: Any
) -> bytes:
    """An image of one colour, written by Pillow or libheif."""
    image, out = Image.new(mode, size, 90 if mode in ("L", "P") else None), io.BytesIO()
    if name in ("HEIC", "HEIF"):
        pillow_heif.from_pillow(image.convert("RGB")).save(out, exif=exif or None, quality=30)
        data = out.getvalue()
        # libheif always writes heic; the same file under the generic brand is what image/heif is for
        return data if name == "HEIC" else data[:8] + b"mif1" + data[12:]
    if exif:
        options["exif"] = exif
    image.save(out, name, **options)
    return out.getvalue()


def exif_block(orientation: int, *, big_endian: bool) -> bytes:
    exif = Image.Exif()
    exif.endian = ">" if big_endian else "<"
    exif[0x010F] = "maker"
    exif[ORIENTATION] = orientation
    return exif.tobytes()


sides = st.integers(1, 70)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[str, tuple[int, int], int, bytes]:
    """Format, size as stored, orientation (0: no tag), file."""
    name = draw(st.sampled_from(FORMATS))
    size = draw(sides), draw(sides)
    orientation = draw(st.integers(0, 8))
    exif = exif_block(orientation, big_endian=draw(st.booleans())) if orientation else b""
    options: dict[str, Any] = {}
    mode = "RGB"
    if name == "PNG":
        mode = draw(st.sampled_from(["1", "L", "P", "RGB", "RGBA"]))
    if name == "JPEG":
        mode = draw(st.sampled_from(["L", "RGB", "CMYK"]))
        options = {"progressive": draw(st.booleans()), "restart_marker_rows": draw(st.integers(0, 2))}
    if name == "WEBP":
        mode = draw(st.sampled_from(["RGB", "RGBA"]))
        options = {"lossless": draw(st.booleans())}
    return name, size, orientation, encoded(name, size, exif=exif, mode=mode, **options)


@pytest.mark.prop
@pytest.mark.rule("media.dimensions")
@pytest.mark.rule("media.orientation")
class TestAgainstDecoders:
    """Size and orientation from the header are those that Pillow and libheif arrive at."""

    @given(pictures())
    def test_size_and_orientation(self, picture: tuple[str, tuple[int, int], int, bytes]) -> None:
        name, size, orientation, data = picture
        info = read_info(data)
        assert info == ImageInfo(f"image/{name.lower()}", *size, orientation or 1)
        if name in ("HEIC", "HEIF"):
            assert info.displayed_size == pillow_heif.open_heif(io.BytesIO(data)).size
        else:
            with Image.open(io.BytesIO(data)) as image:
                assert (info.width_px, info.height_px) == image.size
                assert image.getexif().get(ORIENTATION, 1) == info.orientation
                assert info.displayed_size == ImageOps.exif_transpose(image).size

    @given(pictures(), st.data())
    def test_a_prefix_is_truncated_or_says_what_is_missing(
        self, picture: tuple[str, tuple[int, int], int, bytes], data: st.DataObject
    ) -> None:
        name, size, _, whole = picture
        part = whole[: data.draw(st.integers(0, len(whole) - 1))]
        try:
            info = read_info(part)
        except TruncatedMedia:
            return
        except UnsupportedMedia:
            assert name in ("HEIC", "HEIF")
            assert 0 < len(part) < 5  # the size of a box, before its kind
            return
        assert (info.width_px, info.height_px) == size
        assert not info.complete

    @given(pictures(), st.data())
    def test_no_mutation_raises_anything_but_our_errors(
        self, picture: tuple[str, tuple[int, int], int, bytes], data: st.DataObject
    ) -> None:
        mutant = bytearray(picture[3])
        for _ in range(data.draw(st.integers(1, 6))):
            at = data.draw(st.integers(0, len(mutant) - 1))
            mutant[at : at + 1] = data.draw(st.binary(max_size=4))
            assume(mutant)
        try:
            info = read_info(bytes(mutant))
        except InvalidMedia as error:
            explained(error)
            return
        assert info.mime_type in MIME_TYPES
        assert min(info.displayed_size) > 0
        assert 1 <= info.orientation <= 8

    @given(
        st.sampled_from(
            [
                b"\x89PNG\r\n\x1a\n",
                b"\xff\xd8\xff",
                b"RIFF\xff\0\0\0WEBPVP8X",
                b"\0\0\0\x10ftypheic\0\0\0\0",
                b"",
            ]
        ),
        st.binary(max_size=200),
    )
    def test_no_bytes_raise_anything_but_our_errors(self, start: bytes, rest: bytes) -> None:
        try:
            read_info(start + rest)
        except InvalidMedia as error:
            explained(error)


@pytest.mark.prop
@pytest.mark.rule("media.inline-base64")
class TestBase64:
    """Inline data is base64 in either alphabet, padded or not; the bytes come back as they were."""

    @given(st.binary(max_size=100))
    def test_round_trip(self, data: bytes) -> None:
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(data).decode()
            assert decode_base64(text) == decode_base64(text.rstrip("=")) == data

    @given(st.text(max_size=30))
    def test_anything_else_is_our_error(self, text: str) -> None:
        try:
            decode_base64(text)
        except InvalidMedia as error:
            explained(error)


def png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PNG_START = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 0, 0, 0, 0))


# W3C PNG, table 11.1: colour type and the bit depths that it allows
DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}


@pytest.mark.parametrize("colour", range(8))
@pytest.mark.parametrize("depth", range(18))
def test_colour_and_depth_of_a_png(colour: int, depth: int) -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, depth, colour, 0, 0, 0))
    data = PNG_START[:8] + header + png_chunk(b"IDAT") + png_chunk(b"IEND")
    if depth in DEPTHS.get(colour, ()):
        assert read_info(data).complete
    else:
        with pytest.raises(CorruptMedia, match=f"no PNG has: 0000000300000002{depth:02x}{colour:02x}000000 "):
            read_info(data)


def heic_of_associations(entries: bytes) -> bytes:
    """Item 1 is the primary one, has no size, and as many properties as ``entries`` says."""
    ipco = struct.pack(">I4sI4sB", 8 + 9, b"ipco", 9, b"irot", 1)
    ipma = struct.pack(">I4sII", 16 + len(entries), b"ipma", 0, 0xFFFFFFFF) + entries
    iprp = struct.pack(">I4s", 8 + len(ipco) + len(ipma), b"iprp") + ipco + ipma
    pitm = struct.pack(">I4sIH", 14, b"pitm", 0, 1)
    meta = struct.pack(">I4sI", 12 + len(pitm) + len(iprp), b"meta", 0) + pitm + iprp
    return b"\0\0\0\x10ftypheic\0\0\0\0" + meta


class TestHostileFiles:
    """Bytes that were made to cost time, memory, or both."""

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(PNG_START + png_chunk(b"tEXt") * 2_000_000, id="png-chunks"),
            pytest.param(b"\xff\xd8" + b"\xff\xe0\0\2" * 5_000_000, id="jpeg-segments"),
            pytest.param(b"\xff\xd8\xff\xe0\0\2" + b"\xff\xd0" * 10_000_000, id="jpeg-restarts"),
            pytest.param(
                b"RIFF\xf0\xff\xff\0WEBPVP8X\x0a\0\0\0" + bytes(10) + b"ABCD\0\0\0\0" * 2_097_000,
                id="webp-chunks",
            ),
            pytest.param(b"\0\0\0\x10ftypheic\0\0\0\0" + b"\0\0\0\x08free" * 2_500_000, id="heif-boxes"),
            pytest.param(
                heic_of_associations((b"\0\1\xff" + b"\1" * 255) * 80_000), id="heif-one-item-many-times"
            ),
            pytest.param(heic_of_associations(b"\0\2\0" * 20_000_000), id="heif-associations"),
        ],
    )
    def test_many_parts_cost_little(self, data: bytes) -> None:
        start = time.perf_counter()
        with pytest.raises((CorruptMedia, TruncatedMedia)):
            read_info(data)
        assert time.perf_counter() - start < 60  # no measurement: without its bound it would not end

    def test_more_parts_than_any_file_has_are_refused(self) -> None:
        with pytest.raises(CorruptMedia, match=f"more than {MAX_PARTS} chunks"):
            read_info(PNG_START + png_chunk(b"tEXt") * (MAX_PARTS + 1))

    def test_a_bomb_is_only_a_header(self) -> None:
        header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 6, 0, 0, 0)
        data = (
            PNG_START[:8]
            + png_chunk(b"IHDR", header)
            + png_chunk(b"IDAT", bytes(10_000_000))
            + png_chunk(b"IEND")
        )
        start = time.perf_counter()
        assert read_info(data).displayed_size == (30_000, 30_000)
        assert time.perf_counter() - start < 60  # no measurement: without its bound it would not end
