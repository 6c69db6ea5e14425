"""What is too many or too much. A ``check_*`` returns None, or raises in the API's words if they are known.

Where the sources give two numbers, the second one is a reading that can be chosen by name.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

from visionspec._registry import rule
from visionspec.errors import InvalidInput, LimitExceeded, UnsupportedMedia, show
from visionspec.rules._check import check_word, is_number
from visionspec.rules.families import bare_name, family_of

MIB = 1024 * 1024  # the one size in a published error text, 20971520, is 20 of these
GIB = 1024 * MIB

MAX_IMAGES_PER_REQUEST = 3600
MAX_IMAGES_PER_REQUEST_1_0 = 16
MAX_INLINE_REQUEST_BYTES = 20 * MIB
MAX_PDF_BYTES = 50 * MIB
MAX_PDF_PAGES = 1000
MAX_URL_INPUT_BYTES = 100 * MIB
MAX_FILE_BYTES = 2 * GIB
MAX_PROJECT_BYTES = 20 * GIB
FILE_LIFETIME_S = 48 * 3600
DEFAULT_PAGE_SIZE = 10
MAX_PAGE_SIZE = 100
MAX_FILE_ID_LENGTH = 40
MAX_DISPLAY_NAME_LENGTH = 512
URL_MIME_TYPES = ("image/bmp", "image/jpeg", "image/png", "image/webp")

ImageCountReading: TypeAlias = Literal["inclusive", "strict"]
InlineReading: TypeAlias = Literal["20-mib", "20-mb", "100-mib", "4-mib"]

INLINE_READINGS: dict[InlineReading, int] = {
    "20-mib": MAX_INLINE_REQUEST_BYTES,
    "20-mb": 20_000_000,
    "100-mib": 100 * MIB,
    "4-mib": 4 * MIB,
}

_FILE_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def _at_most(value: int, limit: int, message: str, rule_id: str) -> None:
    if _whole(value, rule_id) > limit:
        raise LimitExceeded(message, rule=rule_id, given=value)


def _whole(value: int, rule_id: str) -> int:
    if type(value) is not int or value < 0:
        raise InvalidInput(f"{show(value)} is no whole number >= 0", rule=rule_id, given=value)
    return value


@rule("limits.image-count", "limits.image-count-1-0")
def check_image_count(
    count: int, *, model: str | None = None, reading: ImageCountReading = "inclusive"
) -> None:
    """At most 3,600 images in a request; 16 with Gemini 1.0.

    Args:
        count: images in the request, however they are given.
        model: the model asked.
        reading: "inclusive" allows 3,600 ("maximum of 3,600"), "strict" does not ("fewer than 3600").

    Raises:
        LimitExceeded: if there are more.
        InvalidModel: if the name is of no known family.
        InvalidInput: if the count is no whole number, or there is no such reading.
    """
    check_word(reading, get_args(ImageCountReading), "reading", "limits.image-count")
    if model is not None and family_of(model) == "1.0":
        limit, rule_id = MAX_IMAGES_PER_REQUEST_1_0, "limits.image-count-1-0"
    else:
        limit, rule_id = MAX_IMAGES_PER_REQUEST, "limits.image-count"
    where = f" to models/{bare_name(model)}" if model else ""
    message = f"Please use fewer than {limit} images in your request{where}: {show(count)} given"
    _at_most(count, limit - (reading == "strict"), message, rule_id)


@rule("limits.inline-request")
def check_inline_size(size_bytes: int, *, reading: InlineReading = "20-mib") -> None:
    """A request with inline data, prompts and base64 and all, is at most 20 MB.

    Args:
        size_bytes: of the whole body as it is sent.
        reading: which number: "20-mib" (the error text), "20-mb" (decimal), "100-mib" (a later page), "4-mib"
            (the early API).

    Raises:
        LimitExceeded: if the body is larger.
        InvalidInput: if the size is no whole number, or there is no such reading.
    """
    check_word(reading, INLINE_READINGS, "reading", "limits.inline-request")
    limit = INLINE_READINGS[reading]
    message = f"Request payload size exceeds the limit: {limit} bytes. {show(size_bytes)} given"
    _at_most(size_bytes, limit, message, "limits.inline-request")


@rule("limits.pdf-size", "limits.pdf-pages")
def check_pdf(size_bytes: int, *, pages: int | None = None) -> None:
    """A PDF has at most 50 MB and 1,000 pages.

    Raises:
        LimitExceeded: if it has more.
        InvalidInput: if a number is no whole number.
    """
    message = f"a PDF of {show(size_bytes)} bytes exceeds the limit: {MAX_PDF_BYTES} bytes"
    _at_most(size_bytes, MAX_PDF_BYTES, message, "limits.pdf-size")
    if pages is not None:
        message = f"a PDF of {show(pages)} pages exceeds the limit: {MAX_PDF_PAGES} pages"
        _at_most(pages, MAX_PDF_PAGES, message, "limits.pdf-pages")


@rule("limits.url-input-size", "limits.url-input-family", "limits.url-input-type")
def check_url_input(size_bytes: int, *, model: str | None = None, mime_type: str | None = None) -> None:
    """What a request makes the API fetch: at most 100 MB, of four image types, and not for Gemini 2.0.

    Args:
        size_bytes: of all that one request makes the API fetch.
        model: the model asked.
        mime_type: of one image that is fetched.

    Raises:
        LimitExceeded: if there is more.
        UnsupportedMedia: if the type is none of the four.
        InvalidModel: if the name is of no known family.
        InvalidInput: if the model takes no URLs, or the size is no whole number.
    """
    if model is not None and family_of(model) == "2.0":
        raise InvalidInput(
            f"{show(model)}: Gemini 2.0 takes no URLs of the web as input",
            rule="limits.url-input-family",
            given=model,
        )
    if mime_type is not None and not (isinstance(mime_type, str) and mime_type in URL_MIME_TYPES):
        raise UnsupportedMedia(
            f"{show(mime_type)} is not fetched from a URL: {', '.join(URL_MIME_TYPES)} are",
            rule="limits.url-input-type",
            given=mime_type,
        )
    message = f"{show(size_bytes)} bytes of URL inputs exceed the limit: {MAX_URL_INPUT_BYTES} bytes"
    _at_most(size_bytes, MAX_URL_INPUT_BYTES, message, "limits.url-input-size")


@rule("limits.file-size")
def check_file_size(size_bytes: int) -> None:
    """A file of the Files API has at most 2 GB.

    Raises:
        LimitExceeded: if it has more.
        InvalidInput: if the size is no whole number.
    """
    message = f"a file of {show(size_bytes)} bytes exceeds the limit: {MAX_FILE_BYTES} bytes"
    _at_most(size_bytes, MAX_FILE_BYTES, message, "limits.file-size")


@rule("limits.project-size")
def check_project_size(size_bytes: int) -> None:
    """The files of one project have at most 20 GB together.

    Raises:
        LimitExceeded: if they have more.
        InvalidInput: if the size is no whole number.
    """
    message = f"files of {show(size_bytes)} bytes in one project exceed the limit: {MAX_PROJECT_BYTES} bytes"
    _at_most(size_bytes, MAX_PROJECT_BYTES, message, "limits.project-size")


@rule("limits.file-lifetime")
def expiration_s(created_s: float) -> float:
    """When a file created at ``created_s`` expires, in seconds since the same start: 48 hours later.

    Raises:
        InvalidInput: if the time is no finite number.
    """
    if not is_number(created_s):
        raise InvalidInput(
            f"time {show(created_s)} is no finite number of seconds",
            rule="limits.file-lifetime",
            given=created_s,
        )
    return created_s + FILE_LIFETIME_S


@rule("limits.page-size")
def page_size(requested: int | None) -> int:
    """How many files one page of the list holds: 10 if nothing or 0 is asked for, never more than 100.

    Raises:
        InvalidInput: if the number is no whole number.
    """
    if requested is None:
        return DEFAULT_PAGE_SIZE
    return min(_whole(requested, "limits.page-size") or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


@rule("limits.file-id")
def check_file_id(file_id: str) -> None:
    """What follows ``files/``: at most 40 of a-z, 0-9 and ``-``, with no ``-`` at either end.

    Raises:
        LimitExceeded: if it is longer.
        InvalidInput: if it has another character, is empty, or is no string.
    """
    _not_longer(file_id, MAX_FILE_ID_LENGTH, "file id", "limits.file-id")
    if not _FILE_ID.fullmatch(file_id):
        raise InvalidInput(
            f"file id {show(file_id)} is not made of a-z, 0-9 and inner -",
            rule="limits.file-id",
            given=file_id,
        )


@rule("limits.display-name")
def check_display_name(name: str) -> None:
    """The name shown for a file: at most 512 characters, spaces and all.

    Raises:
        LimitExceeded: if it is longer.
        InvalidInput: if it is no string.
    """
    _not_longer(name, MAX_DISPLAY_NAME_LENGTH, "display name", "limits.display-name")


def _not_longer(text: str, limit: int, what: str, rule_id: str) -> None:
    if not isinstance(text, str):
        raise InvalidInput(f"{what} {show(text)} is no string", rule=rule_id, given=text)
    if len(text) > limit:
        message = f"{what} {show(text)} has {len(text)} characters, more than {limit}"
        raise LimitExceeded(message, rule=rule_id, given=text)
