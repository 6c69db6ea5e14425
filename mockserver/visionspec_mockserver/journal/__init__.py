"""The request log.

==============  ============================================================================
``record``      one request: what is kept of it while it is answered, in next to no time
``middleware``  makes the records
``keeping``     the last records in so many bytes; large ones are made small in a thread
``images``      thumbnails, and the images themselves where they were asked for
``bodies``      what a body says, without pixels
``redaction``   what a key is replaced by, wherever it stands
``entries``     a record as it is shown, and which records are meant
``marks``       what an answer says about places in its images
``har``         the same for the tools that read HTTP archives
==============  ============================================================================

A record is raw until somebody asks for it: JSON, text, gzip and pixels are looked into then, in a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from visionspec_mockserver.verdict.seen import ended

if TYPE_CHECKING:
    from starlette.types import Scope

MOCK = "visionspec.mock"
RECEIVE = "visionspec.receive"  # as the server gave it: through it a fault finds the connection
FACTS = "visionspec.journal"
ENTER = "visionspec.enter"


def note(scope: Scope, **facts: Any) -> None:
    """Add what a route knows to the entry of its request."""
    scope.setdefault(FACTS, {}).update(facts)


def unanswered(scope: Scope) -> None:
    """Enter a request that will not be answered; one that has been answered already is left alone."""
    scope[ENTER](None)
    ended(scope)
