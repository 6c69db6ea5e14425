"""The stand-in for the model: looks at the picture and says what it sees, the same every time.

Importing this loads no library for pixels; the first look does.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from .forms import Seen, caption, listed
from .prompted import may_have_schema, prompted_schema
from .question import Picture, Question, intent, named

if TYPE_CHECKING:
    from .scene import Scene

__all__ = ["Picture", "Question", "Standin", "answer", "look", "may_have_schema"]

KEPT_BYTES = 8 * 1024 * 1024


class Standin:
    """Looks and answers, and keeps what it saw last in at most ``kept_bytes``; threads may share it."""

    def __init__(self, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._kept: OrderedDict[bytes, Scene] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    def look(self, data: bytes) -> Scene:
        """Find the things in a picture.

        Raises:
            InvalidMedia: if it cannot be decoded.
        """
        key = hashlib.sha256(data).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        from .looking import look as look_at  # noqa: PLC0415 - loads numpy and OpenCV

        scene = look_at(data)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = scene
                self._size_bytes += scene.size_bytes
            while self._size_bytes > self._kept_bytes:
                self._size_bytes -= self._kept.popitem(last=False)[1].size_bytes
        return scene

    def answer(self, question: Question) -> str:
        """Answer a question: an instance of its schema, else in the form that its words call for.

        Its schema is the one that was given with it, or else one that its words contain.

        Raises:
            InvalidMedia: if a picture cannot be decoded.
        """
        scenes = [self.look(picture.data) for picture in question.images]
        prompted, words = prompted_schema(question.text)
        seen = [
            Seen(region, scene, image)
            for image, scene in enumerate(scenes)
            for region in named(words, scene.regions)
        ]
        if schema := question.schema or prompted:
            from .instances import instance  # noqa: PLC0415 - not before the first schema

            return json.dumps(instance(schema, scenes, seen))
        form = intent(question)
        if form == "caption":
            return caption(scenes)
        entries = listed(seen, form, several=len(scenes) > 1)
        if form == "json":
            return json.dumps({"caption": caption(scenes), "objects": entries})
        return json.dumps(entries)


_standin = Standin()


def look(data: bytes) -> Scene:
    """`Standin.look` of the one that all share."""
    return _standin.look(data)


def answer(question: Question) -> str:
    """`Standin.answer` of the one that all share."""
    return _standin.answer(question)
