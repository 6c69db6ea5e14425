"""The request log.

==============  ============================================================================
``record``      one request: what is kept of it while it is answered, in next to no time
``keeping``     the last records in so many bytes, packed many at a time
``images``      thumbnails, and the images themselves where they were asked for
``short``       JSON without pixels
``bodies``      what a body says
``redaction``   what a key is replaced by, wherever it stands
``entries``     a record as it is shown, and which records are meant
``marks``       what an answer says about places in its images
``har``         the same for the tools that read HTTP archives
==============  ============================================================================

A record is raw until somebody asks for it: JSON, text, gzip and pixels are looked into then, in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MOCK = "visionspec.mock"
RECORD = "visionspec.record"
HEADERS = "visionspec.headers"  # by name, of several the first


def header(scope: Mapping[str, Any], name: bytes) -> str:
    """A header of the request; empty where there is none."""
    value = scope[HEADERS].get(name)
    return "" if value is None else str(value, "latin-1")


def note(scope: Mapping[str, Any], **facts: Any) -> None:
    """Add what a route knows to the entry of its request."""
    record = scope.get(RECORD)
    if record is not None:
        record.facts.update(facts)


def tell(scope: Mapping[str, Any], name: str, value: object) -> None:
    """Add what is not shown: the parsed ``body``, the ``file`` that was made, why it was ``refused``."""
    record = scope.get(RECORD)
    if record is not None:
        setattr(record, name, value)


def unanswered(scope: Mapping[str, Any]) -> None:
    """Enter a request that will not be answered; one that has been answered already is left alone."""
    scope[RECORD].end()
