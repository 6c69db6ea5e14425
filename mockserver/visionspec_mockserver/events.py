"""The events of an interaction's stream: they follow from the interaction, and their ids from their order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pydantic_core

from visionspec.protocol import sse
from visionspec_mockserver.asked import pieces
from visionspec_mockserver.http import ApiFault

if TYPE_CHECKING:
    from collections.abc import Iterator

Event = dict[str, Any]


def opening(resource: dict[str, Any]) -> Iterator[Event]:
    """What is said before there is an answer."""
    begun = {name: resource[name] for name in ("id", "object", "model", "created") if name in resource}
    yield {"event_type": "interaction.created", "interaction": {**begun, "status": "in_progress"}}
    yield {
        "event_type": "interaction.status_update",
        "interaction_id": resource["id"],
        "status": "in_progress",
    }


def rest(doc: dict[str, Any]) -> Iterator[tuple[float, Event]]:
    """The steps in pieces, and the end, each with the seconds to wait before it; the end carries no steps.

    A script may say how the answer is to be cut, when the pieces come, and that the stream ends in an error.
    """
    resource, chunks = doc["resource"], doc.get("chunks") or ()
    for index, step in enumerate(resource.get("steps", ())):
        start, deltas = _deltas(step, [text for text, _ in chunks])
        waits = [wait_s for _, wait_s in chunks] if step["type"] == "model_output" else []
        yield 0.0, {"event_type": "step.start", "index": index, "step": start}
        for number, delta in enumerate(deltas):
            wait_s = waits[number] if number < len(waits) else 0.0
            yield wait_s, {"event_type": "step.delta", "index": index, "delta": delta}
        yield 0.0, {"event_type": "step.stop", "index": index}
    if doc.get("error"):
        yield 0.0, {"event_type": "error", "error": doc["error"]}
        return
    ended = {name: value for name, value in resource.items() if name not in ("steps", "input")}
    yield 0.0, {"event_type": "interaction.completed", "interaction": ended}


def frame(event: Event, number: int) -> bytes:
    """One event on the wire. The SDKs read its type from the data, not from ``event:``."""
    data = pydantic_core.to_json({**event, "event_id": f"e{number}"}).decode()
    return sse.encode(data, event=event["event_type"])


def number_of(event_id: str) -> int:
    """The place in the stream of the event with this id.

    Raises:
        ApiFault: 400, if no event has it.
    """
    number = event_id.removeprefix("e")
    if not number.isdecimal() or len(number) > 9:
        raise ApiFault(400, f"Invalid value for 'last_event_id': {event_id[:40]!r}.")
    return int(number)


def _deltas(step: dict[str, Any], chunks: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a step begins, and what is added to it; ``chunks`` are the pieces of a text, if they are given."""
    if step["type"] == "thought":
        deltas = [{"type": "thought_summary", "content": content} for content in step["summary"]]
        return {"type": "thought"}, [
            *deltas,
            {"type": "thought_signature", "signature": step["signature"]},
        ]
    if step["type"] == "function_call":
        arguments = json.dumps(step["arguments"], ensure_ascii=False)
        return {**step, "arguments": {}}, [{"type": "arguments_delta", "arguments": arguments}]
    texts = [content["text"] for content in step["content"]]
    return {"type": step["type"]}, [
        {"type": "text", "text": piece} for text in texts for piece in chunks or pieces(text)
    ]
