"""Servers that get exactly the vectors of one rule wrong, where one check decides many rules by their vectors."""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from visionspec_conformance.breaks.generate import counts
from visionspec_conformance.broken import Answer, Call, Server, breaks, each, edited, refuse
from visionspec_conformance.server import check_media, check_tokens
from visionspec_mockserver import catalog

if TYPE_CHECKING:
    from visionspec import spec
    from visionspec_conformance.broken import Break

_IHDR_PX = struct.Struct(">16xII")  # width and height of a PNG
_TOO_MANY = 7


class _Image(NamedTuple):
    """An image whose tokens are counted."""

    model: str
    width_px: int
    height_px: int
    resolution: str

    @classmethod
    def of(cls, case: spec.Case) -> _Image:
        """The image of a vector."""
        asked = case.input
        resolution = str(asked.get("resolution") or "").upper().removeprefix("MEDIA_RESOLUTION_")
        return cls(
            str(asked["model"]).removeprefix("models/"), asked["width_px"], asked["height_px"], resolution
        )

    @classmethod
    def in_call(cls, call: Call) -> _Image | None:
        """The image of a call of countTokens; None if there is none."""
        found: dict[str, Any] = {}
        each(call.json(), found.update)
        if not isinstance(found.get("data"), str):
            return None
        head = base64.b64decode(found["data"][:32])
        level = found.get("level", found.get("mediaResolution", ""))
        model = call.parts[-1].removesuffix(":countTokens")
        resolution = str(level).removeprefix("MEDIA_RESOLUTION_")
        if len(head) != _IHDR_PX.size:
            return None
        width_px, height_px = _IHDR_PX.unpack(head)
        return cls(model, width_px, height_px, resolution)


def _counts_too_many(images: frozenset[_Image]) -> Break:
    def change(body: dict[str, Any]) -> None:
        for one in body.get("promptTokensDetails", []):
            one["tokenCount"] += _TOO_MANY if one["modality"] == "IMAGE" else 0

    async def costs_more(call: Call, server: Server) -> Answer:
        answer = await server(call)
        return edited(answer, change) if _Image.in_call(call) in images else answer

    return costs_more


def _counts_none(images: frozenset[_Image]) -> Break:
    async def does_not_count(call: Call, server: Server) -> Answer:
        return refuse(400) if _Image.in_call(call) in images else await server(call)

    return does_not_count


def _takes(mime_types: frozenset[str]) -> Break:
    async def refused_types_are_taken(call: Call, server: Server) -> Answer:
        def change(one: dict[str, Any]) -> None:
            if one.get("mimeType") in mime_types:
                one["mimeType"] = "image/png"

        body = call.json()
        each(body, change)
        return await server(call.but(json_body=body))

    return refused_types_are_taken


def _by_rule(cases: list[spec.Case]) -> dict[str, list[spec.Case]]:
    found: dict[str, list[spec.Case]] = {}
    for case in cases:
        found.setdefault(case.rule, []).append(case)
    return found


for _rule, _cases in _by_rule(check_tokens.asked()).items():
    _known = [case for case in _cases if catalog.find(_Image.of(case).model)]  # others are skipped
    _images = frozenset(map(_Image.of, _known))
    _open = all(case.result == "acceptable" for case in _known)  # any number will do
    if _known:
        breaks(_rule, "test_an_image_costs_what_was_recorded", where=counts)(
            _counts_none(_images) if _open else _counts_too_many(_images)
        )

for _rule, _cases in _by_rule(check_media.asked()).items():
    breaks(_rule, "test_a_declared_type_is_taken_or_refused", where=counts)(
        _takes(frozenset(case.input["mime_type"] for case in _cases if case.result == "invalid"))
    )
