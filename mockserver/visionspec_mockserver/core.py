"""One server's state, and the way from a question to an answer that both dialects share."""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import anyio.to_thread

from visionspec.errors import InvalidMedia
from visionspec_mockserver import standin
from visionspec_mockserver.faults.plan import Faults
from visionspec_mockserver.journal.keeping import Journal
from visionspec_mockserver.metrics import Metrics
from visionspec_mockserver.pictures import Known, unreadable
from visionspec_mockserver.scripts.book import Scripts
from visionspec_mockserver.sources import SystemClock
from visionspec_mockserver.verdict.judging import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from starlette.types import Scope

    from visionspec_mockserver.catalog import Entry
    from visionspec_mockserver.pictures import Picture
    from visionspec_mockserver.scripts.directions import Directions
    from visionspec_mockserver.settings import Settings
    from visionspec_mockserver.sources import Clock, Ids
    from visionspec_mockserver.store.base import Store

BYTES_PER_TOKEN = 4
_THREADS = max(2, min(4, os.cpu_count() or 1))
SIGNATURE = "dmlzaW9uc3BlYw=="  # of a thought: base64 that says where it comes from
_KEPT_BYTES = 4 * 1024 * 1024
_ENTRY_BYTES = 300  # of the containers, about


def text_tokens(text: str) -> int:
    """Tokens of a text: a quarter of its UTF-8 bytes, rounded up (rule generate.text-tokens: our own)."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


# Nothing changes these four once they are made. That they are not frozen is for speed: every request makes
# some, and a frozen one takes three times as long.


@dataclass(slots=True)
class Counts:
    """Tokens by modality."""

    text: int = 0
    image: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.text + other.text, self.image + other.image)

    def plus_text(self, tokens: int) -> Counts:
        """With so much more text."""
        return Counts(self.text + tokens, self.image)

    @property
    def total(self) -> int:
        """All of them."""
        return self.text + self.image


@dataclass(slots=True)
class Function:
    """A declared function with the JSON schema of its arguments."""

    name: str
    description: str = ""
    schema: dict[str, Any] | None = None


@dataclass(slots=True)
class Ask:
    """A question as both dialects put it.

    Attributes:
        model: who is asked.
        text: the prompt of the turn, the system instruction before it.
        pictures: of the turn, or of the last turn that had any.
        counts: tokens of the whole prompt, history included.
        schema: the JSON schema of the answer.
        wants_json: whether JSON was asked for, with or without a schema.
        bare: whether a JSON string is to be answered without its quotes (``text/x.enum``).
        functions: those of which one has to be called; none: text is answered.
        max_output_tokens: where the answer is cut off.
        stop_sequences: before the first of which it ends.
        thoughts: whether to say what was thought.
        asked: the text of the turn alone.
        system: the system instruction alone.
    """

    model: Entry
    text: str
    pictures: Sequence[Picture]
    counts: Counts
    schema: dict[str, Any] | None = None
    wants_json: bool = False
    bare: bool = False
    functions: tuple[Function, ...] = ()
    max_output_tokens: int | None = None
    stop_sequences: tuple[str, ...] = ()
    thoughts: bool = False
    asked: str = ""
    system: str = ""


class Call(NamedTuple):
    """How a question came: by which endpoint, whether its answer is streamed, and what it goes on from.

    ``again`` marks a further hop of a question that was answered before.
    """

    scope: Scope
    endpoint: str
    streams: bool = False
    previous_id: str | None = None
    previous_script: str | None = None
    again: bool = False


@dataclass(slots=True)
class Reply:
    """An answer: a text or a call. ``truncated`` where ``max_output_tokens`` cut it off."""

    text: str = ""
    call: Function | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    thoughts: tuple[str, ...] = ()
    truncated: bool = False
    directions: Directions | None = None

    @property
    def output_tokens(self) -> int:
        """Tokens of the answer without the thought."""
        return text_tokens(self.text) if self.call is None else text_tokens(json.dumps(self.arguments))

    @property
    def thought_tokens(self) -> int:
        """Tokens of the thoughts."""
        return sum(map(text_tokens, self.thoughts))


class Mock:
    """Everything that the routes of one server share."""

    def __init__(self, settings: Settings, *, store: Store, clock: Clock, ids: Ids) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.ids = ids
        self.metrics = Metrics()
        self.journal = Journal(
            settings.journal_bytes, keep_pixels=settings.keep_pixels, tally=self.metrics.saw
        )
        self.verdict = Verdict(self.journal, basis=settings.basis)
        self.urls: dict[str, Path | bytes] = dict(settings.url_map)
        self.scripts = Scripts(settings.scripts, strict=settings.strict)
        self.faults = Faults(settings.faults, clock=clock, filed=self.scripts.planned)
        self._limiter: anyio.CapacityLimiter | None = None
        self.known = Known()
        self._answers = _Answers()

    async def reset(self) -> None:
        """Forget everything but the settings."""
        await self.store.reset()
        if isinstance(self.clock, SystemClock):
            self.clock.rewind()
        self.journal.clear()
        self.metrics.forget_uploads()
        self.verdict.clear()
        self.urls = dict(self.settings.url_map)
        self.scripts.reset()
        self.faults.reset()
        self._answers = _Answers()

    async def answer(self, ask: Ask, call: Call) -> Reply:
        """What a script says, or else the stand-in, spoiled if a fault says so: the one way to an answer.

        Raises:
            ApiFault: if a script says so, if no script matches and one has to, if a picture cannot be decoded.
        """
        reply = None
        if self.scripts.active:
            reply = await self.scripts.answer(ask, call, stand_in=self._stand_in)
        if reply is None:
            reply = await self._stand_in(ask)
        return self.faults.spoil(reply, call.scope) if self.faults.active else reply

    async def _stand_in(self, ask: Ask) -> Reply:
        """Look and answer. What takes work is done in a thread, a few at a time."""
        if ask.functions:
            function = _choose(ask)
            text = await self._look(ask, function.schema or {"type": "object"})
            arguments = json.loads(text)
            return Reply(
                call=function,
                arguments=arguments if isinstance(arguments, dict) else {},
                thoughts=_thoughts(ask),
            )
        text = await self._look(ask, ask.schema)
        if ask.bare:
            value = json.loads(text)
            text = value if isinstance(value, str) else text
        return cut(text, ask)

    async def _look(self, ask: Ask, schema: dict[str, Any] | None) -> str:
        wants_json = ask.wants_json or bool(schema)
        digests = [picture.sha256 for picture in ask.pictures]
        key = (ask.text, json.dumps(schema) if schema else "", wants_json, *digests)
        known = self._answers.get(key)
        if known is not None:
            return known
        pictures = [standin.Picture(picture.data, picture.mime_type) for picture in ask.pictures]
        question = standin.Question(ask.text, pictures, schema, wants_json=wants_json)
        if not pictures and not schema and not standin.may_have_schema(ask.text):
            text = standin.answer(question)
        else:
            text = await self._in_thread(question)
        self._answers.put(key, text)
        return text

    async def _in_thread(self, question: standin.Question) -> str:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_THREADS)
        try:
            return await anyio.to_thread.run_sync(standin.answer, question, limiter=self._limiter)
        except InvalidMedia:
            raise unreadable() from None


class _Answers:
    """The last answers, in at most `_KEPT_BYTES`: the same question needs no work, and no thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, tuple[str, int]] = OrderedDict()
        self._size_bytes = 0

    def get(self, key: tuple[object, ...]) -> str | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: tuple[object, ...], text: str) -> None:
        size_bytes = sum(map(sys.getsizeof, (text, key, *key)), _ENTRY_BYTES)
        self._size_bytes += size_bytes - self._kept.pop(key, ("", 0))[1]
        self._kept[key] = (text, size_bytes)
        while self._size_bytes > _KEPT_BYTES:
            self._size_bytes -= self._kept.popitem(last=False)[1][1]


def _choose(ask: Ask) -> Function:
    """The function whose words meet most of the prompt's longer words; the first of equals."""
    words = {word for word in ask.text.lower().split() if len(word) > 3}

    def meets(function: Function) -> int:
        told = f"{function.name} {function.description}".lower().replace("_", " ")
        return len(words.intersection(told.split()))

    return max(ask.functions, key=meets)


def _thoughts(ask: Ask) -> tuple[str, ...]:
    if not ask.thoughts:
        return ()
    sizes = ", ".join(f"{picture.width_px}x{picture.height_px}" for picture in ask.pictures[:3])
    seen = f"{len(ask.pictures)} image(s), {sizes} pixels" if sizes else "no image"
    return (f"I was given {seen}. I look for regions that differ from the background and describe those.",)


def cut(text: str, ask: Ask) -> Reply:
    """``text`` up to the first stop sequence, and no longer than the question allows."""
    for stop in ask.stop_sequences:
        if stop:
            text = text.partition(stop)[0]
    limit = ask.max_output_tokens
    truncated = limit is not None and text_tokens(text) > limit
    if truncated and limit is not None:
        text = text.encode()[: limit * BYTES_PER_TOKEN].decode(errors="ignore")
    return Reply(text=text, thoughts=_thoughts(ask), truncated=truncated)


def pieces(text: str) -> list[str]:
    """``text`` in the pieces in which it is streamed: at least two if it can be, at most 32."""
    count = min(max(2, -(-len(text) // 24)), 32)
    size = -(-len(text) // count) or 1
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]
