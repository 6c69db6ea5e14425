"""One server's state, and the way from a question to an answer that both dialects share."""

from __future__ import annotations

import base64
import json
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from visionspec.errors import InvalidMedia
from visionspec_mockserver import standin
from visionspec_mockserver.journal import Journal
from visionspec_mockserver.pictures import unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from visionspec_mockserver.catalog import Entry
    from visionspec_mockserver.pictures import Picture
    from visionspec_mockserver.settings import Settings
    from visionspec_mockserver.sources import Clock, Ids
    from visionspec_mockserver.store.base import Store

BYTES_PER_TOKEN = 4
_THREADS = max(2, min(4, os.cpu_count() or 1))
SIGNATURE = "dmlzaW9uc3BlYw=="  # of a thought: base64 that says where it comes from
_KEPT_BYTES = 4 * 1024 * 1024


def text_tokens(text: str) -> int:
    """Tokens of a text: a quarter of its UTF-8 bytes, rounded up (rule generate.text-tokens: our own)."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Function:
    """A declared function with the JSON schema of its arguments."""

    name: str
    description: str = ""
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a text or a call. ``truncated`` where ``max_output_tokens`` cut it off."""

    text: str = ""
    call: Function | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    thought: str | None = None
    truncated: bool = False

    @property
    def output_tokens(self) -> int:
        """Tokens of the answer without the thought."""
        return text_tokens(self.text) if self.call is None else text_tokens(json.dumps(self.arguments))

    @property
    def thought_tokens(self) -> int:
        """Tokens of the thought."""
        return text_tokens(self.thought or "")


# A PNG of 1x1 px.
_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)


def warm() -> None:
    """Look at something once: the first look loads the libraries for pixels, a third of a second of work."""
    standin.answer(standin.Question("", [standin.Picture(_DOT, "image/png")], None, wants_json=False))


class Mock:
    """Everything that the routes of one server share."""

    def __init__(self, settings: Settings, *, store: Store, clock: Clock, ids: Ids) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.ids = ids
        self.journal = Journal(settings.journal_bytes)
        self.urls: dict[str, Path | bytes] = dict(settings.url_map)
        self._limiter: anyio.CapacityLimiter | None = None
        self._answers = _Answers()

    async def reset(self) -> None:
        """Forget everything but the settings."""
        await self.store.reset()
        self.journal.clear()
        self.urls = dict(self.settings.url_map)
        self._answers = _Answers()

    async def answer(self, ask: Ask) -> Reply:
        """Look and answer. What takes work is done in a thread, a few at a time.

        Raises:
            ApiFault: if a picture cannot be decoded.
        """
        if ask.functions:
            function = _choose(ask)
            text = await self._look(ask, function.schema or {"type": "object"})
            arguments = json.loads(text)
            return Reply(
                call=function,
                arguments=arguments if isinstance(arguments, dict) else {},
                thought=_thought(ask),
            )
        text = await self._look(ask, ask.schema)
        if ask.bare:
            value = json.loads(text)
            text = value if isinstance(value, str) else text
        return _cut(text, ask)

    async def _look(self, ask: Ask, schema: dict[str, Any] | None) -> str:
        wants_json = ask.wants_json or bool(schema)
        pictures = [standin.Picture(picture.data, picture.mime_type) for picture in ask.pictures]
        question = standin.Question(ask.text, pictures, schema, wants_json=wants_json)
        if not pictures and not schema:
            return standin.answer(question)
        key = (ask.text, json.dumps(schema), wants_json, *(picture.sha256 for picture in ask.pictures))
        known = self._answers.get(key)
        if known is not None:
            return known
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_THREADS)
        try:
            text = await anyio.to_thread.run_sync(standin.answer, question, limiter=self._limiter)
        except InvalidMedia:
            raise unreadable() from None
        self._answers.put(key, text)
        return text


class _Answers:
    """The last answers that took work, in at most `_KEPT_BYTES`: the same question needs no thread."""

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
        size_bytes = len(text) + sum(len(str(part)) for part in key)
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


def _thought(ask: Ask) -> str | None:
    if not ask.thoughts:
        return None
    sizes = ", ".join(f"{picture.width_px}x{picture.height_px}" for picture in ask.pictures[:3])
    seen = f"{len(ask.pictures)} image(s), {sizes} pixels" if sizes else "no image"
    return f"I was given {seen}. I look for regions that differ from the background and describe those."


def _cut(text: str, ask: Ask) -> Reply:
    for stop in ask.stop_sequences:
        if stop:
            text = text.partition(stop)[0]
    limit = ask.max_output_tokens
    truncated = limit is not None and text_tokens(text) > limit
    if truncated and limit is not None:
        text = text.encode()[: limit * BYTES_PER_TOKEN].decode(errors="ignore")
    return Reply(text=text, thought=_thought(ask), truncated=truncated)


def pieces(text: str) -> list[str]:
    """``text`` in the pieces in which it is streamed: at least two if it can be, at most 32."""
    count = min(max(2, -(-len(text) // 24)), 32)
    size = -(-len(text) // count) or 1
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]
