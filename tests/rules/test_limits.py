"""Limits: the vectors, the sentences of the errors, and that every number is the last one allowed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visionspec import errors, spec
from visionspec.rules import limits

FUNCTIONS = (
    "check_image_count",
    "check_inline_size",
    "check_file_size",
    "check_project_size",
    "check_pdf",
    "check_url_input",
    "expiration_s",
    "page_size",
    "check_file_id",
    "check_display_name",
)


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}/{case.id}")
        for name in FUNCTIONS
        for case in spec.vectors()[name].cases
    ],
)
def test_vector(name: str, case: spec.Case) -> None:
    function = getattr(limits, name)
    if case.result == "invalid":
        with pytest.raises(errors.InvalidInput) as caught:
            function(**case.input)
        assert type(caught.value).__name__ == case.expected["error"]
        assert caught.value.rule == case.rule
    else:
        assert function(**case.input) == case.expected


@pytest.mark.parametrize(
    ("call", "given_", "message"),
    [
        (
            lambda: limits.check_image_count(3601, model="models/gemini-1.5-flash"),
            3601,
            (
                "Please use fewer than 3600 images in your request to models/gemini-1.5-flash: 3601 given "
                "[rule limits.image-count]"
            ),
        ),
        (
            lambda: limits.check_image_count(3600, reading="strict"),
            3600,
            "Please use fewer than 3600 images in your request: 3600 given [rule limits.image-count]",
        ),
        (
            lambda: limits.check_image_count(17, model="gemini-1.0-pro-vision"),
            17,
            (
                "Please use fewer than 16 images in your request to models/gemini-1.0-pro-vision: 17 given "
                "[rule limits.image-count-1-0]"
            ),
        ),
        (
            lambda: limits.check_image_count(1, reading="loose"),
            "loose",
            "reading 'loose' is none of inclusive, strict [rule limits.image-count]",
        ),
        (
            lambda: limits.check_image_count(-1),
            -1,
            "-1 is no whole number >= 0 [rule limits.image-count]",
        ),
        (
            lambda: limits.check_inline_size(20971521),
            20971521,
            (
                "Request payload size exceeds the limit: 20971520 bytes. 20971521 given "
                "[rule limits.inline-request]"
            ),
        ),
        (
            lambda: limits.check_inline_size(1, reading="1-gb"),
            "1-gb",
            "reading '1-gb' is none of 20-mib, 20-mb, 100-mib, 4-mib [rule limits.inline-request]",
        ),
        (
            lambda: limits.check_pdf(52428801),
            52428801,
            "a PDF of 52428801 bytes exceeds the limit: 52428800 bytes [rule limits.pdf-size]",
        ),
        (
            lambda: limits.check_pdf(1, pages=1001),
            1001,
            "a PDF of 1001 pages exceeds the limit: 1000 pages [rule limits.pdf-pages]",
        ),
        (
            lambda: limits.check_url_input(104857601),
            104857601,
            "104857601 bytes of URL inputs exceed the limit: 104857600 bytes [rule limits.url-input-size]",
        ),
        (
            lambda: limits.check_url_input(1, model="gemini-2.0-flash"),
            "gemini-2.0-flash",
            "'gemini-2.0-flash': Gemini 2.0 takes no URLs of the web as input [rule limits.url-input-family]",
        ),
        (
            lambda: limits.check_url_input(1, mime_type="image/heic"),
            "image/heic",
            (
                "'image/heic' is not fetched from a URL: image/bmp, image/jpeg, image/png, image/webp are "
                "[rule limits.url-input-type]"
            ),
        ),
        (
            lambda: limits.check_file_size(2147483649),
            2147483649,
            "a file of 2147483649 bytes exceeds the limit: 2147483648 bytes [rule limits.file-size]",
        ),
        (
            lambda: limits.check_project_size(21474836481),
            21474836481,
            (
                "files of 21474836481 bytes in one project exceed the limit: 21474836480 bytes "
                "[rule limits.project-size]"
            ),
        ),
        (
            lambda: limits.page_size(-1),
            -1,
            "-1 is no whole number >= 0 [rule limits.page-size]",
        ),
        (
            lambda: limits.check_file_id("A"),
            "A",
            "file id 'A' is not made of a-z, 0-9 and inner - [rule limits.file-id]",
        ),
        (
            lambda: limits.check_file_id("a" * 41),
            "a" * 41,
            f"file id '{'a' * 41}' has 41 characters, more than 40 [rule limits.file-id]",
        ),
        (
            lambda: limits.check_display_name(7),
            7,
            "display name 7 is no string [rule limits.display-name]",
        ),
    ],
)
def test_an_error_shows_what_was_given_and_names_the_rule(call: Any, given_: object, message: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        call()
    assert str(caught.value) == message
    assert caught.value.given == given_


def test_a_long_name_is_shortened_in_its_error() -> None:
    with pytest.raises(errors.LimitExceeded) as caught:
        limits.check_display_name("n" * 10_000_000)
    assert len(str(caught.value)) < 250
    assert "has 10000000 characters, more than 512" in str(caught.value)


def test_an_unknown_model_is_not_guessed() -> None:
    with pytest.raises(errors.InvalidModel):
        limits.check_image_count(1, model="gpt-4o")
    with pytest.raises(errors.InvalidModel):
        limits.check_url_input(1, model="gpt-4o")


def test_a_pdf_is_judged_by_its_size_and_by_its_pages() -> None:
    limits.check_pdf(52428800, pages=1000)
    with pytest.raises(errors.LimitExceeded):
        limits.check_pdf(52428801, pages=1)


@pytest.mark.prop
@pytest.mark.rule("limits.image-count")
@pytest.mark.rule("limits.inline-request")
@pytest.mark.rule("limits.file-size")
class TestThresholds:
    """Whatever is at most the limit passes, and whatever is more fails."""

    @given(st.integers(0, 10_000))
    def test_images(self, count: int) -> None:
        assert passes(lambda: limits.check_image_count(count)) == (count <= 3600)
        assert passes(lambda: limits.check_image_count(count, reading="strict")) == (count < 3600)

    @given(st.integers(0, 3 * 10**10), st.sampled_from([10**6, 2 * 10**7, 20 * 2**20, 2 * 2**30]))
    def test_bytes(self, size: int, around: int) -> None:
        for value in (size, around + size % 3 - 1):
            assert passes(lambda value=value: limits.check_inline_size(value)) == (value <= 20 * 1024 * 1024)
            assert passes(lambda value=value: limits.check_file_size(value)) == (value <= 2 * 1024**3)
            assert passes(lambda value=value: limits.check_project_size(value)) == (value <= 20 * 1024**3)

    @given(st.text("abz019-AZ_ /é", max_size=45))
    def test_file_ids(self, text: str) -> None:
        inner = all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in text)
        good = inner and 1 <= len(text) <= 40 and text[0] != "-" and text[-1] != "-"
        assert passes(lambda: limits.check_file_id(text)) == good


def passes(check: Any) -> bool:
    try:
        check()
    except errors.InvalidInput:
        return False
    return True
