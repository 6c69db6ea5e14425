"""One server's state, and the way from a question to an answer that both dialects share."""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from visionspec.errors import InvalidMedia
from visionspec_mockserver import standin
from visionspec_mockserver.asked import Reply, cut, thoughts_of
from visionspec_mockserver.faults.plan import Faults
from visionspec_mockserver.journal import MOCK
from visionspec_mockserver.journal.keeping import Journal
from visionspec_mockserver.metrics import Metrics
from visionspec_mockserver.pictures import Known, unreadable
from visionspec_mockserver.scripts.book import Scripts
from visionspec_mockserver.sources import SystemClock
from visionspec_mockserver.verdict.judging import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from visionspec_mockserver.asked import Ask, Call, Function
    from visionspec_mockserver.settings import Settings
    from visionspec_mockserver.sources import Clock, Ids
    from visionspec_mockserver.store.base import Store

_THREADS = max(2, min(4, os.cpu_count() or 1))
_KEPT_BYTES = 4 * 1024 * 1024
_ENTRY_BYTES = 300  # of the containers, about


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
        self.faults = Faults(
            settings.faults, clock=clock, filed=self.scripts.planned if self.scripts.filed else tuple
        )
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
            reply = Reply(
                call=function,
                arguments=arguments if isinstance(arguments, dict) else {},
                thoughts=thoughts_of(ask),
            )
            most = ask.max_output_tokens
            if most is not None and reply.output_tokens > most:  # half a call is none
                return Reply(thoughts=reply.thoughts, truncated=True)
            return reply
        text = await self._look(ask, ask.schema)
        if ask.bare:
            value = json.loads(text)
            text = value if isinstance(value, str) else text
        return cut(text, ask)

    async def _look(self, ask: Ask, schema: dict[str, Any] | None) -> str:
        wants_json = ask.wants_json or bool(schema)
        key = (
            ask.text,
            json.dumps(schema) if schema else "",
            wants_json,
            *[one.sha256 for one in ask.pictures],
        )
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


def mock_of(request: Request) -> Mock:
    """The server that the request came to."""
    mock: Mock = request.scope[MOCK]
    return mock


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
