"""A question and its answer, as both dialects and everything between them put them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Scope

    from visionspec_mockserver.catalog import Entry
    from visionspec_mockserver.pictures import Picture
    from visionspec_mockserver.scripts.directions import Directions

BYTES_PER_TOKEN = 4
SIGNATURE = "dmlzaW9uc3BlYw=="  # of a thought: base64 that says where it comes from


def text_tokens(text: str) -> int:
    """Tokens of a text: a quarter of its UTF-8 bytes, rounded up (rule generate.text-tokens: our own)."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


# Nothing changes these four once a question is read. That they are not frozen is for speed: every request
# makes some, and a frozen one takes three times as long.


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
        asked: the text of the turn.
        pictures: of the turn, or of the last turn that had any.
        counts: tokens of the whole prompt, history included.
        system: the system instruction.
        schema: the JSON schema of the answer.
        wants_json: whether JSON was asked for, with or without a schema.
        bare: whether a JSON string is to be answered without its quotes (``text/x.enum``).
        functions: those of which one has to be called; none: text is answered.
        max_output_tokens: where the answer is cut off.
        stop_sequences: before the first of which it ends.
        thoughts: whether to say what was thought.
    """

    model: Entry
    asked: str
    pictures: Sequence[Picture]
    counts: Counts
    system: str = ""
    schema: dict[str, Any] | None = None
    wants_json: bool = False
    bare: bool = False
    functions: tuple[Function, ...] = ()
    max_output_tokens: int | None = None
    stop_sequences: tuple[str, ...] = ()
    thoughts: bool = False

    @property
    def text(self) -> str:
        """The prompt: the system instruction, and below it what is asked."""
        return f"{self.system}\n{self.asked}" if self.system and self.asked else self.system or self.asked


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


def thoughts_of(ask: Ask) -> tuple[str, ...]:
    """What is said to have been thought."""
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
    return Reply(text=text, thoughts=thoughts_of(ask), truncated=truncated)


def pieces(text: str) -> list[str]:
    """``text`` in the pieces in which it is streamed: at least two if it can be, at most 32."""
    count = min(max(2, -(-len(text) // 24)), 32)
    size = -(-len(text) // count) or 1
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]
