"""Interactions as a stream of server-sent events, over a real socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given

from visionspec_conformance.judge import broken, expect, expect_that
from visionspec_conformance.server import talk
from visionspec_conformance.server.check_interactions import CAPTION, DOT, image
from visionspec_conformance.strategies import pictures

if TYPE_CHECKING:
    from visionspec_conformance.strategies import Picture
    from visionspec_conformance.target import Target

DONE = "[DONE]"
_READ_EVENTS = 2  # before the connection is broken off


class Event(NamedTuple):
    """One server-sent event, read here and not by the library that is under test elsewhere."""

    name: str
    data: str

    def json(self) -> dict[str, Any]:
        """The data as a JSON object; a failure of the check if it is none."""
        try:
            value = json.loads(self.data)
        except ValueError:
            broken("JSON as data", self.data[:200])
        expect_that(isinstance(value, dict), "a JSON object as data", self.data[:200])
        return dict(value)


def read(body: bytes) -> list[Event]:
    """The events of a body."""
    found = []
    for block in body.decode("utf-8").replace("\r\n", "\n").split("\n\n"):
        fields: dict[str, list[str]] = {"event": [], "data": []}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
        if fields["data"]:
            found.append(Event((fields["event"] or [""])[-1], "\n".join(fields["data"])))
    return found


def streamed(target: Target, body: dict[str, Any], *, accept: str = "text/event-stream") -> list[Event]:
    """Create an interaction as a stream."""
    reply = talk.interact(target, {**body, "stream": True}, accept=accept)
    expect(reply.status, 200, "status")
    kind = reply.headers.get("content-type", "")
    expect_that(kind.startswith("text/event-stream"), "Content-Type: text/event-stream", kind)
    return read(reply.body)


def payloads(events: list[Event]) -> list[dict[str, Any]]:
    """The data of all events but the closing one."""
    return [event.json() for event in events if event.data != DONE]


@pytest.mark.schema
@pytest.mark.rule("interactions.stream-asked")
def test_the_body_asks_for_a_stream_and_not_accept(target: Target) -> None:
    events = streamed(target, {"input": "hi"}, accept="application/json;q=1, text/event-stream;q=0")
    expect_that(len(events) > 1, "events", [event.name for event in events])
    whole = talk.interact(target, {"input": "hi"}, accept="text/event-stream")
    kind = whole.headers.get("content-type", "")
    expect_that(kind.startswith("application/json"), "Content-Type: application/json", kind)


@pytest.mark.schema
@pytest.mark.rule("interactions.stream-event-type")
def test_every_event_names_its_type_in_its_data(target: Target) -> None:
    for event in streamed(target, {"input": [CAPTION, DOT]}):
        if event.data == DONE:
            continue
        kind = event.json().get("event_type")
        expect_that(isinstance(kind, str) and kind, "an event_type in the data", event.data[:200])
        if event.name:
            expect(event.name, kind, "event: line beside the event_type")


@pytest.mark.schema
@pytest.mark.rule("interactions.stream-done")
def test_a_stream_ends_with_done(target: Target) -> None:
    events = streamed(target, {"input": "hi"})
    expect(events[-1].data, DONE, "data of the last event")


@pytest.mark.rule("interactions.stream-order")
@given(pictures(["image/png"]))
def test_events_come_in_their_order(target: Target, picture: Picture) -> None:
    events = payloads(streamed(target, {"input": [CAPTION, image(picture)]}))
    kinds = [event["event_type"] for event in events]
    expect(kinds[0], "interaction.created", "the first event")
    expect(kinds[-1], "interaction.completed", "the last event before the end")
    open_step: int | None = None
    for event in events:
        kind, index = event["event_type"], event.get("index")
        if kind == "step.start":
            expect(open_step, None, "a step that is still open when the next one starts")
            open_step = index
        elif kind in {"step.delta", "step.stop"}:
            expect(index, open_step, f"index of {kind}")
            open_step = None if kind == "step.stop" else open_step
    expect(open_step, None, "a step that is still open at the end")


@pytest.mark.rule("interactions.stream-text")
def test_the_deltas_are_the_text_that_is_stored(target: Target) -> None:
    events = payloads(streamed(target, {"input": [CAPTION, DOT]}))
    deltas = [event["delta"] for event in events if event["event_type"] == "step.delta"]
    text = "".join(delta.get("text", "") for delta in deltas if delta.get("type") == "text")
    interaction_id = talk.dig(events[0], "interaction", "id")
    stored = talk.there(target.send("GET", f"/{{v}}/interactions/{interaction_id}?stream=false")).object()
    expect(text, talk.dig(stored, "steps", -1, "content", 0, "text"), "text of the deltas")


@pytest.mark.rule("interactions.stream-resume")
def test_a_stream_can_be_taken_up_again(target: Target) -> None:
    events = payloads(streamed(target, {"input": [CAPTION, DOT]}))
    interaction_id = talk.dig(events[0], "interaction", "id")
    middle = len(events) // 2
    after = talk.dig(events[middle], "event_id")
    reply = target.send(
        "GET",
        f"/{{v}}/interactions/{interaction_id}?last_event_id={talk.word(after)}&stream=true",
        headers={"accept": "text/event-stream"},
    )
    expect(reply.status, 200, "status")
    rest = payloads(read(reply.body))
    ids = [event.get("event_id") for event in events[middle + 1 :]]
    expect([event.get("event_id") for event in rest], ids, f"event_id of what follows {after}")


@pytest.mark.rule("interactions.stream-resume")
def test_a_stream_that_broke_off_can_be_taken_up(target: Target) -> None:
    body = {"model": target.model, "input": [CAPTION, DOT], "stream": True}
    received = bytearray()
    accept = {"accept": "text/event-stream"}
    with target.stream("POST", "/{v}/interactions", json=body, headers=accept) as reply:
        expect(reply.status, 200, "status")
        for piece in reply.pieces:
            received += piece
            if received.replace(b"\r\n", b"\n").count(b"\n\n") >= _READ_EVENTS:
                break
    whole, _, _ = received.replace(b"\r\n", b"\n").rpartition(b"\n\n")
    events = payloads(read(bytes(whole)))
    path = f"/{{v}}/interactions/{talk.dig(events[0], 'interaction', 'id')}?stream=true"
    last = talk.dig(events[-1], "event_id")
    replies = [
        target.send("GET", path + query, headers=accept)
        for query in ("", f"&last_event_id={talk.word(last)}")
    ]
    everything, rest = (
        [event.get("event_id") for event in payloads(read(talk.there(reply).body))] for reply in replies
    )
    expect_that(last in everything, f"{last} among the events of the whole stream", everything)
    expect(rest, everything[everything.index(last) + 1 :], f"event_id of what follows {last}")
