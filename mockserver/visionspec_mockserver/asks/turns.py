"""What both dialects have in common: a conversation of turns, the last of which is the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from visionspec_mockserver.asked import Ask, Counts
from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault
from visionspec_mockserver.journal import note
from visionspec_mockserver.pictures import Picture, Source, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from visionspec_mockserver.catalog import Entry


_NOTED_CHARS = 2000
NO_CACHE = "CachedContent not found (or permission denied)"  # as observed; this server never has one


class Turn(NamedTuple):
    """One message. ``text_tokens`` are of all that counts as text in it, calls of functions too."""

    by_user: bool
    texts: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    text_tokens: int = 0


async def question(request: Request, model: Entry, turns: Sequence[Turn]) -> Ask:
    """Load the pictures of all turns, note them in the log, and find the question.

    The question is the last text of the user, about the pictures beside it, or else the last ones shown. What
    else a dialect says of it is for who asked here.

    Raises:
        ApiFault: if a picture is not to be had.
    """
    counts = Counts()
    sources: list[Source] = []
    for turn in turns:
        counts.text += turn.text_tokens
        sources += turn.sources
    start = _asked_at(turns)
    asked = "\n".join([text for turn in turns[start:] if turn.by_user for text in turn.texts])
    pictures: list[Picture] = []
    if sources:
        pictures = await load(mock_of(request), model, sources, host=request.headers.get("host", ""))
        counts.image = sum([picture.tokens for picture in pictures])
    note(request.scope, model=model.name, text=asked[:_NOTED_CHARS], images=pictures)
    if pictures:
        shown_at = max(at for at, turn in enumerate(turns) if turn.sources)
        skipped = sum(len(turn.sources) for turn in turns[: min(start, shown_at)])
        pictures = pictures[skipped:]
    return Ask(model, asked, pictures, counts)


def check_total(model: Entry, tokens: int) -> None:
    """That a model takes so many tokens; the sentence is as observed.

    Raises:
        ApiFault: 400, if it does not.
    """
    most = model.input_tokens
    if tokens > most:
        raise ApiFault(
            400,
            f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({most}).",
            rule="errors.too-many-tokens",
        )


def _asked_at(turns: Sequence[Turn]) -> int:
    start = 0
    for at, turn in enumerate(turns):
        if turn.by_user and turn.texts and (at == 0 or not turns[at - 1].by_user):
            start = at
    return start
