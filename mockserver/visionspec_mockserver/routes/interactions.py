"""Interactions: create, get, delete, cancel, stream and the resumption of a stream.

A stored interaction is one document with its end in it from the start. What a reader sees follows from the
clock: before ``ready_at`` a background interaction is in progress, afterwards it is what it ends as. Nothing
runs in between, so nothing is lost when the server dies. The events of a stream follow from the document too
(`visionspec_mockserver.events`), so that a stream can be resumed behind any of them.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
from pydantic.alias_generators import to_camel
from starlette.responses import StreamingResponse
from starlette.routing import Route

from visionspec.models.interactions import (
    CreateInteraction,
    Fault,
    FunctionCallStep,
    Interaction,
    ModalityTokens,
    ModelOutput,
    TextContent,
    Thought,
    Usage,
)
from visionspec.protocol import sse
from visionspec_mockserver import catalog, continuation, events
from visionspec_mockserver.asked import SIGNATURE, Call, text_tokens
from visionspec_mockserver.asks import interactions as asking
from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import ApiFault, json_response, read_message, require_key
from visionspec_mockserver.journal import note

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from visionspec_mockserver.asked import Ask, Counts, Reply
    from visionspec_mockserver.core import Mock

_POLL_S = 0.02

# Fact 4.15: the answer to a client of the time before steps. The SDKs of Go and Java know them in 1.x already.
_STEPS_SINCE = "2026-05-20"
_OLD_SDK = re.compile(r"google-genai-sdk/[01]\.\S+ gl-(python|node)/")
_LEGACY = (
    "The legacy Interactions API schema is no longer supported. Please upgrade your client SDK to "
    "Python >= 2.0.0 or JavaScript/TypeScript >= 2.0.0 to adopt the new 'steps' schema. "
    "For details and migration examples, see: "
    "https://ai.google.dev/gemini-api/docs/interactions-breaking-changes-may-2026"
)
_NOT_FOUND = "Requested entity was not found."

Doc = dict[str, Any]


def routes(version: str) -> list[Route]:
    """The routes of one version of the API."""
    one = f"/{version}/interactions/{{id}}"
    return [
        Route(f"/{version}/interactions", create, methods=["POST"]),
        Route(f"{one}/cancel", cancel, methods=["POST"]),
        Route(one, get, methods=["GET"]),
        Route(one, delete, methods=["DELETE"]),
    ]


async def create(request: Request) -> Response:
    """Answer, and keep the answer unless told not to."""
    require_key(request)
    _check_revision(request)
    message = await read_message(request, CreateInteraction)
    mock = mock_of(request)
    model = _model(message)
    stored = message.store is not False
    for name in ("background", "previous_interaction_id"):
        if getattr(message, name) and not stored:
            raise ApiFault(400, f"'{name}' cannot be used if 'store' is false.")
    before = await _previous(mock, message)
    previous_id = message.previous_interaction_id
    if message.input is None and message.continuation_token and before is not None:
        message = _continued(message, before)
        before = await mock.store.get_interaction(message.previous_interaction_id or "")
    if message.input is None:
        raise ApiFault(400, "Missing required parameter 'input'.")
    ask = await asking.read(request, model, message, before)
    call = Call(
        request.scope,
        "interactions",
        streams=bool(message.stream),
        previous_id=message.previous_interaction_id,
        previous_script=before.get("script") if before else None,
        again=message.continuation_token is not None,
    )
    reply = await mock.answer(ask, call)
    doc = _build(mock, message, ask, reply, previous_id=previous_id)
    usage = doc["resource"]["usage"]
    note(
        request.scope,
        tokens={
            "text": ask.counts.text,
            "image": ask.counts.image,
            "output": usage["total_output_tokens"],
            "thought": usage["total_thought_tokens"],
        },
    )
    while stored and not await mock.store.add_interaction(doc["resource"]["id"], doc):
        doc["resource"]["id"] = mock.ids.interaction_id()  # a seed repeats its ids, the store may know them
    if message.stream:
        return _stream(mock, doc)
    return json_response(request, _view(doc, mock.clock.now()))


async def get(request: Request) -> Response:
    """A stored interaction as it is now, or its events from the start or behind one of them."""
    require_key(request)
    mock = mock_of(request)
    doc = await _found(mock, request)
    query = request.query_params
    last_event_id = query.get("last_event_id", query.get("lastEventId"))
    if _flag(request, "stream"):
        return _stream(mock, doc, after=last_event_id)
    if last_event_id is not None:
        raise ApiFault(400, "'last_event_id' can only be used if 'stream' is true.")
    resource = _view(doc, mock.clock.now())
    if _flag(request, "include_input"):
        resource = {
            **resource,
            "input": doc["input"],
            "steps": [*doc["input"], *resource.get("steps", ())],
        }
    return json_response(request, resource)


async def delete(request: Request) -> Response:
    """Forget a stored interaction."""
    require_key(request)
    mock = mock_of(request)
    if not await mock.store.delete_interaction(request.path_params["id"]):
        raise ApiFault(404, _NOT_FOUND)
    return json_response(request, {})


async def cancel(request: Request) -> Response:
    """End a background interaction that is still in progress."""
    require_key(request)
    mock = mock_of(request)
    doc = await _found(mock, request)
    now = mock.clock.now()
    resource = _view(doc, now)
    if resource["status"] == "in_progress":
        resource = {**resource, "status": "cancelled", "updated": _stamp(now)}
        cancelled = {**doc, "resource": resource, "ready_at": None}
        if not await mock.store.replace_interaction(resource["id"], cancelled):
            raise ApiFault(404, _NOT_FOUND)
    elif resource["status"] != "cancelled":
        raise ApiFault(
            400,
            f"Only a background interaction in progress can be cancelled; this one is {resource['status']}.",
            name="FAILED_PRECONDITION",
            code="failed_precondition",
        )
    return json_response(request, resource)


def _check_revision(request: Request) -> None:
    revision = request.headers.get("api-revision")
    sdk = request.headers.get("x-goog-api-client", "")
    if revision < _STEPS_SINCE if revision else _OLD_SDK.match(sdk):
        raise ApiFault(400, _LEGACY)


def _model(message: CreateInteraction) -> catalog.Entry:
    if message.agent is not None:
        if message.model:
            raise ApiFault(400, "Only one of 'model' and 'agent' can be set.")
        raise ApiFault(
            404, f"Agent '{message.agent}' was not found: this server has models only.", code="not_found"
        )
    if not message.model:
        raise ApiFault(400, "Missing required parameter 'model'.")
    model = catalog.find(message.model)
    if model is None:
        raise ApiFault(404, f"Model '{message.model}' was not found.", code="model_not_found")
    return model


async def _previous(mock: Mock, message: CreateInteraction) -> Doc | None:
    if message.previous_interaction_id is None:
        return None
    doc = await mock.store.get_interaction(message.previous_interaction_id)
    if doc is None:
        raise ApiFault(404, f"Previous interaction '{message.previous_interaction_id}' was not found.")
    if _view(doc, mock.clock.now())["status"] == "in_progress":
        raise ApiFault(
            400,
            f"Previous interaction '{message.previous_interaction_id}' is still in progress.",
            code="failed_precondition",
        )
    return doc


async def _found(mock: Mock, request: Request) -> Doc:
    doc = await mock.store.get_interaction(request.path_params["id"])
    if doc is None:
        raise ApiFault(404, _NOT_FOUND)
    return doc


def _flag(request: Request, name: str) -> bool:
    """A boolean of the query. Python's SDK always sends ``stream=false``: presence says nothing."""
    query = request.query_params
    value = (query.get(name) or query.get(to_camel(name)) or "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise ApiFault(400, f"Invalid value for '{name}': {value[:40]!r} is neither true nor false.")
    return value in ("true", "1")


def _continued(message: CreateInteraction, before: Doc) -> CreateInteraction:
    """The next hop of ``before``: the same question; what the hop itself sent stands."""
    sent = {name: value for name, value in message.wire().items() if name != "previous_interaction_id"}
    return CreateInteraction.model_validate({**before["request"], "input": before["input"], **sent})


def _build(
    mock: Mock,
    message: CreateInteraction,
    ask: Ask,
    reply: Reply,
    *,
    previous_id: str | None,
) -> Doc:
    now = mock.clock.now()
    ready_at = now + timedelta(seconds=mock.settings.background_s) if message.background else None
    text, token = continuation.cut(
        reply.text, message.continuation_token, limit_tokens=_hop_tokens(mock, reply)
    )
    steps = _steps(mock, reply, text)
    resource = Interaction(
        id=mock.ids.interaction_id(),
        object="interaction",
        status=_status(reply, token),
        model=message.model,
        created=_stamp(now),
        updated=_stamp(ready_at or now),
        steps=steps,
        usage=_usage(ask.counts, reply, text),
        errors=_errors(reply),
        previous_interaction_id=previous_id,
        continuation_token=token,
        service_tier=message.service_tier or "standard",
        labels=message.labels,
    )
    sent = message.wire()
    output = reply.output_tokens if reply.call else text_tokens(text)
    context = ask.counts.plus_text(output - asking.passing_tokens(message))
    return {
        "resource": resource.wire(),
        "input": sent.pop("input", []),
        "request": sent,
        "context": [context.text, context.image],
        "ready_at": ready_at.isoformat() if ready_at else None,
        **_scripted(reply, text),
    }


def _hop_tokens(mock: Mock, reply: Reply) -> int | None:
    scripted = reply.directions.hop_tokens if reply.directions else None
    return scripted or mock.settings.continuation_tokens


def _status(reply: Reply, token: str | None) -> str:
    directions = reply.directions
    reason = directions.finish_reason if directions else None
    if directions and directions.status:
        return directions.status
    if directions and (directions.block_reason or directions.fault):
        return "failed"
    if reply.call:
        return "requires_action"
    if token:
        return "requires_continuation"
    return "incomplete" if (reason != "STOP" if reason else reply.truncated) else "completed"


def _errors(reply: Reply) -> list[Fault] | None:
    """What a script says went wrong. Codes made of a reason of generateContent are ours."""
    directions = reply.directions
    if directions is None:
        return None
    if directions.fault:
        return [Fault(code=directions.fault.code, message=directions.fault.message)]
    if reason := directions.block_reason:
        return [Fault(code=reason.lower(), message=directions.block_message or f"Prompt blocked: {reason}.")]
    if (reason := directions.finish_reason) not in (None, "STOP", "MAX_TOKENS"):
        message = directions.finish_message or f"The answer ended early: {reason}."
        return [Fault(code=reason.lower(), message=message)]
    return None


def _scripted(reply: Reply, text: str) -> Doc:
    """What a stream of this interaction needs to know of the script, and a later script of this one."""
    directions = reply.directions
    if directions is None:
        return {}
    found: Doc = {"script": directions.script}
    if text == "".join(piece for piece, _ in directions.chunks):  # not one hop of several
        found["chunks"] = [list(chunk) for chunk in directions.chunks]
    if directions.fault:
        found["error"] = directions.fault.body(interactions=True)["error"]
    return found


def _steps(mock: Mock, reply: Reply, text: str) -> list[Any]:
    steps: list[Any] = [  # thoughts before the output: the documents read steps[-1] (trap 11)
        Thought(signature=SIGNATURE, summary=[TextContent(text=thought)]) for thought in reply.thoughts
    ]
    if reply.call:
        steps.append(FunctionCallStep(id=mock.ids.call_id(), name=reply.call.name, arguments=reply.arguments))
    elif text or reply.directions is None:
        steps.append(ModelOutput(content=[TextContent(text=text)]))
    return steps


def _usage(counts: Counts, reply: Reply, text: str) -> Usage:
    output = reply.output_tokens if reply.call else text_tokens(text)
    found = (("text", counts.text), ("image", counts.image))
    return Usage(
        total_input_tokens=counts.total,
        input_tokens_by_modality=[
            ModalityTokens(modality=name, tokens=number) for name, number in found if number
        ],
        total_cached_tokens=0,
        total_output_tokens=output,
        output_tokens_by_modality=[ModalityTokens(modality="text", tokens=output)],
        total_tool_use_tokens=0,
        total_thought_tokens=reply.thought_tokens,
        total_tokens=counts.total + output + reply.thought_tokens,
    )


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _view(doc: Doc, now: datetime) -> dict[str, Any]:
    """The resource as it is to be seen at ``now``."""
    resource: dict[str, Any] = doc["resource"]
    if _is_ready(doc, now):
        return resource
    begun = {
        name: value
        for name, value in resource.items()
        if name not in ("steps", "usage", "continuation_token")
    }
    return {**begun, "status": "in_progress", "updated": resource["created"]}


def _is_ready(doc: Doc, now: datetime) -> bool:
    return doc["ready_at"] is None or now >= datetime.fromisoformat(doc["ready_at"])


def _stream(mock: Mock, doc: Doc, *, after: str | None = None) -> Response:
    frames = _frames(mock, doc, 0 if after is None else events.number_of(after))
    return StreamingResponse(frames, media_type=sse.MEDIA_TYPE, headers={"Cache-Control": "no-cache"})


async def _frames(mock: Mock, doc: Doc, skipped: int) -> AsyncIterator[bytes]:
    number = 0
    for event in events.opening(doc["resource"]):
        number += 1
        if number > skipped:
            yield events.frame(event, number)
    while not _is_ready(doc, mock.clock.now()):
        await anyio.sleep(_POLL_S)
        doc = await mock.store.get_interaction(doc["resource"]["id"]) or {**doc, "ready_at": None}
    for wait_s, event in events.rest(doc):
        number += 1
        if number > skipped:
            if wait_s:
                await anyio.sleep(wait_s)
            yield events.frame(event, number)
    yield sse.encode(sse.DONE, event="done")
