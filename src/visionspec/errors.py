"""One tree of errors. Every one of them shows what was given; most name the rule that was broken.

::

    VisionSpecError
    ├── InvalidInput (ValueError)     something given breaks a rule: .rule, .given
    │   ├── InvalidSize               a width or height that no image has
    │   ├── InvalidModel              a model name of no known family
    │   ├── InvalidResolution         a media resolution that the family does not have
    │   ├── InvalidBox                a box or point that is not numbers in the documented order
    │   ├── InvalidMask               a mask that cannot be decoded
    │   ├── InvalidAnswer             text that holds no answer at all
    │   ├── InvalidMedia              bytes that are no image of a supported type
    │   │   ├── UnsupportedMedia      recognised, and not among the supported MIME types
    │   │   ├── TruncatedMedia        begins as an image and ends too early
    │   │   └── CorruptMedia          begins as an image and contradicts its own format
    │   └── LimitExceeded             too many images, too many bytes
    ├── UploadError                   the resumable protocol was broken: .status is what a server answers
    ├── APIError                      a server said no: .status, .code, .message, .details
    ├── TransportError                no answer came, or one that is not of this API
    ├── MissingExtra                  an optional part is not installed
    └── SpecError                     spec/ is missing or damaged
"""

from __future__ import annotations

import reprlib
from typing import Any

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 80


def show(value: object) -> str:
    """Render a value for an error message, shortened, never with its whole content."""
    return _repr.repr(value)


class VisionSpecError(Exception):
    """The root of everything that this library raises on purpose."""


class InvalidInput(VisionSpecError, ValueError):
    """Something given breaks a rule.

    Attributes:
        rule: the id of the rule, as in ``visionspec rules ID``; None where no rule is at stake.
        given: the offending value.
        status: the HTTP status that a server answers for it.
    """

    status = 400

    def __init__(self, message: str, *, rule: str | None = None, given: Any = None) -> None:
        super().__init__(f"{message} [rule {rule}]" if rule else message)
        self.rule = rule
        self.given = given


class InvalidSize(InvalidInput):
    """A width or height that no image has."""


class InvalidModel(InvalidInput):
    """A model name of no known family."""

    status = 404


class InvalidResolution(InvalidInput):
    """A media resolution that the family, or the basis, does not have."""


class InvalidBox(InvalidInput):
    """A box or a point that is not numbers in the documented order."""


class InvalidMask(InvalidInput):
    """A mask that cannot be decoded."""


class InvalidAnswer(InvalidInput):
    """Text that holds no answer at all."""


class InvalidMedia(InvalidInput):
    """Bytes that are no image of a supported type."""


class UnsupportedMedia(InvalidMedia):
    """Recognised, and not among the supported MIME types."""


class TruncatedMedia(InvalidMedia):
    """Begins as an image and ends too early."""


class CorruptMedia(InvalidMedia):
    """Begins as an image and contradicts its own format."""


class LimitExceeded(InvalidInput):
    """Too many images, or too many bytes."""


class UploadError(VisionSpecError):
    """The resumable protocol was broken.

    Attributes:
        rule: the id of the rule.
        status: the HTTP status that a server answers for it.
    """

    def __init__(self, message: str, *, rule: str, status: int) -> None:
        super().__init__(f"{message} [rule {rule}]")
        self.rule = rule
        self.status = status


class APIError(VisionSpecError):
    """A server said no.

    Attributes:
        status: the HTTP status.
        code: the API's own word for it: ``INVALID_ARGUMENT`` (generateContent, files) or
            ``invalid_request`` (interactions).
        message: the API's sentence.
        details: the ``details`` of a ``google.rpc.Status``.
    """

    def __init__(self, status: int, code: str, message: str, details: list[Any] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details or []


class TransportError(VisionSpecError):
    """No answer came, or one that is not of this API."""


class MissingExtra(VisionSpecError):
    """An optional part is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed: pip install 'visionspec[{extra}]'")
        self.extra = extra


class SpecError(VisionSpecError):
    """``spec/`` is missing or damaged."""
