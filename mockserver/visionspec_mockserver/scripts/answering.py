"""From a script's answer to the reply that both dialects send."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from visionspec_mockserver.asked import Function, Reply, cut, pieces
from visionspec_mockserver.http import ApiFault
from visionspec_mockserver.scripts.directions import Directions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from visionspec_mockserver.asked import Ask
    from visionspec_mockserver.scripts.models import Answer, Item
    from visionspec_mockserver.scripts.parts import Failure

    StandIn = Callable[[Ask], Awaitable[Reply]]


async def reply(answer: Answer, ask: Ask, *, script: str, streams: bool, stand_in: StandIn) -> Reply:
    """What ``answer`` says to ``ask``, after its delay.

    Raises:
        ApiFault: the error that the script has, or what is wrong with the script for this question.
    """
    await anyio.sleep(answer.delay_s)
    fault = _fault(answer.error) if answer.error else None
    if fault and not (streams and (answer.text or answer.chunks)):
        raise fault
    thoughts = tuple(answer.thoughts)
    if answer.function_call is not None:
        call = answer.function_call
        made = Reply(call=Function(call.name), arguments=dict(call.arguments), thoughts=thoughts)
    elif answer.stand_in:
        made = await stand_in(ask)
        made = replace(made, thoughts=thoughts or made.thoughts)
    else:
        made = replace(cut(await _text(answer, ask, script), ask), thoughts=thoughts)
    return replace(made, directions=_directions(answer, made, script, fault))


def _directions(answer: Answer, made: Reply, script: str, fault: ApiFault | None) -> Directions:
    blocked = answer.blocked
    return Directions(
        script=script,
        finish_reason=answer.finish_reason,
        finish_message=answer.finish_message,
        block_reason=blocked.reason if blocked else None,
        block_message=blocked.message if blocked else None,
        safety_ratings=tuple(one.model_dump(exclude_none=True) for one in answer.safety_ratings),
        status=answer.status,
        chunks=_chunks(answer, made.text),
        fault=fault,
        hop_tokens=answer.continue_after_tokens,
    )


async def _text(answer: Answer, ask: Ask, script: str) -> str:
    if answer.items is not None:
        try:
            entries = await anyio.to_thread.run_sync(_entries, answer, answer.items, ask)
        except (ValueError, OSError) as error:  # Pillow's own errors are of both kinds
            raise ApiFault(500, f"visionspec: script {script!r} cannot answer: {error}") from None
        return json.dumps({answer.wrap: entries} if answer.wrap else entries, ensure_ascii=False)
    if answer.chunks is not None:
        return "".join(chunk.text for chunk in answer.chunks)
    if answer.text is not None:
        return answer.text
    if "json_" in answer.model_fields_set:
        return json.dumps(answer.json_, ensure_ascii=False)
    return ""


def _entries(answer: Answer, items: Sequence[Item], ask: Ask) -> list[dict[str, Any]]:
    from visionspec_mockserver.scripts.items import entry  # noqa: PLC0415 - loads numpy and Pillow

    polygons = answer.masks == "polygon" if answer.masks else "polygon" in ask.text.lower()
    return [entry(item, answer.size or _size(item, ask), polygons=polygons) for item in items]


def _size(item: Item, ask: Ask) -> tuple[int, int]:
    if item.image >= len(ask.pictures):
        raise ValueError(
            f"item {item.label!r} is in image {item.image}, and the question has {len(ask.pictures)}; "
            "say size for an answer that needs none"
        )
    picture = ask.pictures[item.image]
    return picture.width_px, picture.height_px


def _chunks(answer: Answer, text: str) -> tuple[tuple[str, float], ...]:
    """The pieces of the script as far as ``text`` goes, which may have been cut off."""
    if answer.chunks is None:
        if not answer.chunk_delay_s:
            return ()
        return tuple(
            (piece, answer.chunk_delay_s if number else 0.0) for number, piece in enumerate(pieces(text))
        )
    found = []
    left = len(text)
    for number, chunk in enumerate(answer.chunks):
        usual = answer.chunk_delay_s if number else 0.0
        if left > 0:
            found.append((chunk.text[:left], usual if chunk.delay_s is None else chunk.delay_s))
        left -= len(chunk.text)
    return tuple(found)


def _fault(error: Failure) -> ApiFault:
    return ApiFault(
        error.status,
        error.message,
        name=error.name,
        code=error.code,
        details=list(error.details),
        headers=error.headers or None,
    )
