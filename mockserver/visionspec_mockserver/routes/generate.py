"""generateContent, streamGenerateContent and countTokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pydantic_core
from starlette.responses import StreamingResponse
from starlette.routing import Route

from visionspec.models.generate import CountTokensRequest, GenerateContentRequest
from visionspec_mockserver import catalog
from visionspec_mockserver.asked import SIGNATURE, Call, pieces
from visionspec_mockserver.asks import generate as asking
from visionspec_mockserver.core import mock_of
from visionspec_mockserver.http import JSON, ApiFault, json_response, read_message, require_key
from visionspec_mockserver.journal import note
from visionspec_mockserver.scripts.directions import Directions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from visionspec_mockserver.asked import Ask, Counts, Reply

_PLAIN = Directions(script="")


def routes(version: str) -> list[Route]:
    """The routes of one version of the API."""
    methods: dict[str, Callable[[Request], Any]] = {
        "generateContent": generate,
        "streamGenerateContent": stream,
        "countTokens": count,
    }
    return [
        Route(f"/{version}/{kind}/{{model}}:{name}", endpoint, methods=["POST"])
        for kind in ("models", "tunedModels")
        for name, endpoint in methods.items()
    ]


async def generate(request: Request) -> Response:
    """One answer."""
    answer = await _answer(request, "generateContent")
    return json_response(request, answer.whole())


async def stream(request: Request) -> Response:
    """The same answer in pieces: server-sent events with ``alt=sse``, else a JSON array."""
    answer = await _answer(request, "streamGenerateContent")
    if request.query_params.get("alt") == "sse":
        return StreamingResponse(_events(answer.chunks()), media_type="text/event-stream")
    return StreamingResponse(_array(answer.chunks()), headers={"Content-Type": JSON})


async def count(request: Request) -> Response:
    """The tokens that the same prompt costs when it is answered."""
    require_key(request)
    model = _model(request, "countTokens")
    message = await read_message(request, CountTokensRequest)
    whole = message.generate_content_request
    if whole is not None and message.contents is not None:
        raise ApiFault(400, "Only one of contents and generate_content_request can be set.")
    whole = whole or GenerateContentRequest(contents=message.contents)
    ask = await asking.read(request, model, whole, kind="CountTokensRequest")
    counted = {"totalTokens": ask.counts.total, "promptTokensDetails": _details(ask.counts)}
    return json_response(request, counted)


async def _answer(request: Request, endpoint: str) -> _Answer:
    require_key(request)
    model = _model(request, "generateContent")
    message = await read_message(request, GenerateContentRequest)
    mock = mock_of(request)
    ask = await asking.read(request, model, message)
    call = Call(request.scope, endpoint, streams=endpoint == "streamGenerateContent")
    reply = await mock.answer(ask, call)
    candidates = (message.generation_config.candidate_count if message.generation_config else None) or 1
    answer = _Answer(ask, reply, candidates, mock.ids.response_id())
    note(request.scope, tokens=answer.tokens)
    return answer


def _model(request: Request, method: str) -> catalog.Entry:
    name = request.scope["path_params"]["model"]
    _, version, kind, _ = request.scope["path"].split("/", 3)
    model = catalog.find(name) if kind == "models" else None
    if model is None:
        raise ApiFault(
            404,
            f"{kind}/{name} is not found for API version {version}, or is not supported for {method}. "
            "Call ListModels to see the list of available models and their supported methods.",
        )
    return model


class _Answer:
    """A reply in the shape of this dialect, whole or in chunks; plain values, for this is the hot path."""

    def __init__(self, ask: Ask, reply: Reply, candidates: int, response_id: str) -> None:
        self._ask = ask
        self._reply = reply
        self._candidates = candidates
        self._response_id = response_id
        self._thoughts = [{"text": thought, "thought": True} for thought in reply.thoughts]
        self._directions = reply.directions or _PLAIN
        self.tokens = {
            "text": ask.counts.text,
            "image": ask.counts.image,
            "output": 0 if self._directions.block_reason else reply.output_tokens * candidates,
            "thought": reply.thought_tokens,
        }

    def whole(self) -> dict[str, Any]:
        """The answer at once."""
        return self._response([*self._thoughts, *self._rest([self._reply.text])], last=True)

    def chunks(self) -> Iterator[tuple[float, bytes]]:
        """One part per chunk, a text in several, each with the seconds to wait before it.

        The reason of the end is in the last one only, and in none where the end is an error.
        """
        fault, chunks = self._directions.fault, self._directions.chunks
        texts = [text for text, _ in chunks] if chunks else pieces(self._reply.text)
        parts: list[dict[str, Any] | None] = [*self._thoughts, *self._rest(texts)]
        waits = [0.0] * len(self._thoughts) + [delay_s for _, delay_s in chunks]
        for number, part in enumerate(parts or [None], 1):
            last = number >= len(parts) and fault is None
            response = self._response([part] if part else [], last=last)
            yield waits[number - 1] if number <= len(waits) else 0.0, pydantic_core.to_json(response)
        if fault is not None:
            yield 0.0, pydantic_core.to_json(fault.body(interactions=False))

    def _rest(self, texts: list[str]) -> list[dict[str, Any]]:
        if self._reply.call is None:
            return [{"text": text} for text in texts if text or self._reply.directions is None]
        call = {"name": self._reply.call.name, "args": self._reply.arguments}
        return [{"functionCall": call, "thoughtSignature": SIGNATURE}]

    def _response(self, parts: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
        directions = self._directions
        if directions.block_reason:
            about: dict[str, Any] = {"promptFeedback": _blocked(directions)}
        else:
            candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}} if parts else {}
            if last:
                self._end(candidate)
            candidate["index"] = 0
            about = {"candidates": [candidate]}
            for index in range(1, self._candidates):
                about["candidates"].append({**candidate, "index": index})
        about["usageMetadata"] = self._usage(last=last)
        about["modelVersion"] = self._ask.model.name
        about["responseId"] = self._response_id
        return about

    def _end(self, candidate: dict[str, Any]) -> None:
        directions = self._directions
        usual = "MAX_TOKENS" if self._reply.truncated else "STOP"
        candidate["finishReason"] = directions.finish_reason or usual
        if directions.finish_message:
            candidate["finishMessage"] = directions.finish_message
        if directions.safety_ratings:
            candidate["safetyRatings"] = directions.safety_ratings

    def _usage(self, *, last: bool) -> dict[str, Any]:
        counts, tokens = self._ask.counts, self.tokens
        total = counts.total
        usage: dict[str, Any] = {"promptTokenCount": total}
        if last:
            total += tokens["output"]
            if not self._directions.block_reason:
                usage["candidatesTokenCount"] = tokens["output"]
        if thoughts := tokens["thought"]:
            total += thoughts
            usage["thoughtsTokenCount"] = thoughts
        usage["totalTokenCount"] = total
        usage["promptTokensDetails"] = _details(counts)
        return usage


def _blocked(directions: Directions) -> dict[str, Any]:
    return {
        "blockReason": directions.block_reason,
        **({"blockReasonMessage": directions.block_message} if directions.block_message else {}),
        **({"safetyRatings": directions.safety_ratings} if directions.safety_ratings else {}),
    }


def _details(counts: Counts) -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = []
    if counts.text:
        details.append({"modality": "TEXT", "tokenCount": counts.text})
    if counts.image:
        details.append({"modality": "IMAGE", "tokenCount": counts.image})
    return details


async def _events(chunks: Iterator[tuple[float, bytes]]) -> AsyncIterator[bytes]:
    # Python's SDK is no parser of server-sent events: "data: ", JSON, a blank line, and nothing else
    for wait_s, chunk in chunks:
        if wait_s:
            await anyio.sleep(wait_s)
        yield b"data: " + chunk + b"\r\n\r\n"


async def _array(chunks: Iterator[tuple[float, bytes]]) -> AsyncIterator[bytes]:
    before = b"["
    for wait_s, chunk in chunks:
        if wait_s:
            await anyio.sleep(wait_s)
        yield before + chunk
        before = b",\r\n"
    yield b"]"
